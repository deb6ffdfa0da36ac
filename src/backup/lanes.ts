/**
 * The schemas of a backup: each with the folder that it is written to, and the snapshot that it follows.
 * Guarantees: both are decided once, by the first process, and kept in the journal; nothing follows a snapshot that is
 * damaged, or of another form of the schema; a schema that has changed since ends the backup.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Json, JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { stamp } from '../names.ts'
import { schemaDigest } from '../schema/diff.ts'
import { type CatalogEntry, catalogOf } from '../snapshot/catalog.ts'
import { digestsOf, type Link, linksOf } from '../snapshot/chain.ts'
import type { Place } from '../snapshot/place.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { schemaText } from '../snapshot/writer.ts'
import { chooseParent } from './following.ts'
import { viewParent } from './parent.ts'
import type { Lane } from './pass.ts'
import type { BackupContext, BackupRequest } from './request.ts'

/** Decided once for each schema, before anything of it is read. */
export interface LaneIntent extends JsonObject {
  readonly schemaId: string
  readonly stamp: string
  /** Stamp of the snapshot that it follows. */
  readonly parent: string | null
  /** Digests of that and of all that it follows itself. */
  readonly chain: readonly string[]
}

/** A schema of a backup. */
export interface BackupLane extends Lane {
  readonly schema: InteractionSchema
  /** Where its snapshot will be kept. */
  readonly place: Place
  /** @throws OperatorError (exit 4) where what it follows is not what it was when it was decided on */
  assertParentUntouched(): Promise<void>
}

/** Name of the note of a backup that must not be gone on with. */
export const GIVEN_UP = 'given-up'
/** Name of the note that says which snapshot was not followed, since it is damaged. */
export const DAMAGED_PARENT = 'damaged-parent'

/** @throws OperatorError (exit 4) where a schema is not in the tenant, or has changed since the backup began */
export async function lanesOf(
  request: BackupRequest,
  context: BackupContext,
): Promise<readonly BackupLane[]> {
  const known = context.journal.events.latest('lanes', 'intent')?.detail as unknown as
    | readonly LaneIntent[]
    | undefined
  const schemaIds = known?.map(({ schemaId }) => schemaId) ?? request.schemaIds
  const schemas = await schemasOf({ ...request, schemaIds }, context)
  const intents = known ?? (await decide(request, context, schemas))
  return Promise.all(
    intents.map(async ({ schemaId, stamp, parent, chain }) => {
      const home = context.root.at(request.tenant).at(schemaId)
      const place = home.at(stamp)
      const links = parent === null ? [] : await linksOf(home.at(parent))
      assertSameChain(schemaId, links, chain)
      return {
        schemaId,
        schema: schemas.get(schemaId) as InteractionSchema,
        place,
        folder: place.folder ?? join(context.spool, schemaId, stamp),
        parent: parent === null ? undefined : viewParent(links, request.seal !== undefined),
        async assertParentUntouched() {
          if (parent !== null) assertSameChain(schemaId, await linksOf(home.at(parent)), chain)
        },
      }
    }),
  )
}

/** No lock reaches another machine, on which somebody may be removing a contact from these very snapshots. */
function assertSameChain(schemaId: string, links: readonly Link[], chain: readonly string[]): void {
  if (isDeepStrictEqual(digestsOf(links), chain)) return
  throw new OperatorError({
    what: `The snapshots of ${schemaId} that this backup follows have been written anew since it was begun: contacts were removed from them.`,
    safe: 'No snapshot was made of what was read; earlier ones are as they are. The tenant was only read.',
    next: 'Run the same command again: it begins anew.',
    exit: EXIT.precondition,
  })
}

/** @throws OperatorError (exit 4) where one of them is not in the tenant */
async function schemasOf(
  { schemaIds, tenant }: BackupRequest,
  { reader, journal }: BackupContext,
): Promise<ReadonlyMap<string, InteractionSchema>> {
  const found = new Map<string, InteractionSchema>()
  for (const schemaId of schemaIds) {
    const schema = await reader.getSchema(schemaId)
    if (schema === undefined) {
      throw new OperatorError({
        what: `Schema ${schemaId} is not in ${tenant}.`,
        safe: 'Nothing was changed; earlier snapshots of it are as they were.',
        next: 'Look whether it was deleted, or name another one.',
        exit: EXIT.precondition,
      })
    }
    found.set(schemaId, schema)
  }
  const digests = Object.fromEntries([...found].map(([id, schema]) => [id, schemaDigest(schema)]))
  const before = journal.events.latest('schemas', 'intent')?.detail as JsonObject | undefined
  if (before === undefined) journal.events.append('intent', 'schemas', digests)
  else for (const id of schemaIds) if (before[id] !== digests[id]) throw changed(id)
  return found
}

/** @throws OperatorError (exit 4) where a schema is not the one that was read any more */
export async function assertUnchanged(
  { reader }: BackupContext,
  lanes: readonly BackupLane[],
): Promise<void> {
  for (const { schemaId, schema } of lanes) {
    const live = await reader.getSchema(schemaId)
    if (live === undefined || schemaDigest(live) !== schemaDigest(schema)) throw changed(schemaId)
  }
}

function changed(schemaId: string): OperatorError {
  return new OperatorError({
    what: `Schema ${schemaId} was deleted or recreated while it was read.`,
    safe: 'No snapshot was made of what was read; earlier ones are as they were. The tenant was only read.',
    next: 'Find out who did, then run the same command again: it begins anew.',
    exit: EXIT.precondition,
  })
}

/** Where each schema goes and what it follows: decided by the first process. */
async function decide(
  request: BackupRequest,
  context: BackupContext,
  schemas: ReadonlyMap<string, InteractionSchema>,
): Promise<readonly LaneIntent[]> {
  const at = stamp(context.clock.now())
  const intents: LaneIntent[] = []
  for (const [schemaId, schema] of schemas) {
    const parent = request.sinceLatest ? await parentOf(request, context, schemaId, schema) : undefined
    const chain = parent === undefined ? [] : digestsOf(await linksOf(parent.place))
    intents.push({ schemaId, stamp: at, parent: parent?.stamp ?? null, chain })
  }
  context.journal.events.append('intent', 'lanes', intents as unknown as Json)
  return intents
}

/** @returns what to follow; undefined for a full one. What is damaged is followed by nobody, and told. */
async function parentOf(
  request: BackupRequest,
  context: BackupContext,
  schemaId: string,
  schema: InteractionSchema,
): Promise<CatalogEntry | undefined> {
  const { indexKey, seal, longestChain: longest } = request
  const entries = await catalogOf(context.root, { tenant: request.tenant, schemaId })
  const { entry, ...choice } = chooseParent(entries, {
    order: indexKey === undefined ? 'id' : 'keyed',
    fingerprint: indexKey?.fingerprint,
    encrypted: seal !== undefined,
    recipients: seal?.recipients,
    keys: seal?.keys,
    schemaSha256: createHash('sha256').update(schemaText(schema)).digest('hex'),
    longest,
  })
  if (entry === undefined) {
    context.say(`${schemaId}: a full snapshot, since ${choice.why}`)
    if ('broken' in choice && choice.broken !== undefined)
      noteDamage(context.journal, schemaId, choice.broken, choice.why)
    return undefined
  }
  const proof = await proveSnapshot(entry.place)
  if (proof.ok) return entry
  const [problem] = proof.problems
  context.say(
    `${schemaId}: the latest snapshot, ${entry.place.name}, is DAMAGED: ${problem}; a full one is made`,
  )
  noteDamage(context.journal, schemaId, entry.place.name, problem ?? '')
  return undefined
}

function noteDamage(journal: Journal, schemaId: string, snapshot: string, problem: string): void {
  journal.events.append('note', DAMAGED_PARENT, { schemaId, snapshot, problem })
}
