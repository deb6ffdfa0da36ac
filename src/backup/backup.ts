/**
 * A backup: of one schema or several, in one pass over the contacts.
 * Guarantees: it only reads, by type (an EngageReader); where it writes is decided once and kept in its journal, so a
 * killed one goes on there; a snapshot gets its manifest only when every contact of the list is accounted for, and is proven
 * where it is kept; a schema that changed meanwhile makes no snapshot.
 */
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Manifest, SecondLook } from '../snapshot/format.ts'
import type { Place } from '../snapshot/place.ts'
import { writeSchema } from '../snapshot/writer.ts'
import { addCreatedSince, loadContacts, sourceText } from '../transfer/contact-source.ts'
import type { Look } from './change.ts'
import { countedOnce, finishLane } from './finishing.ts'
import { assertUnchanged, type BackupLane, GIVEN_UP, lanesOf } from './lanes.ts'
import { latestBackup } from './latest.ts'
import type { ParentView } from './parent.ts'
import { backupPass, type PassCheckpoint, sumOf } from './pass.ts'
import { type BackupContext, type BackupRequest, namesFor } from './request.ts'
import { type FirstLook, lookAgain } from './second-look.ts'

/** What became of one schema. */
export interface BackupOutcome {
  readonly schemaId: string
  readonly place: Place
  readonly manifest: Manifest
  /** Bytes that this snapshot takes where it is kept. */
  readonly bytes: number
  /** Interactions that the parent lacks, and those of the parent's that are gone; null where nothing is followed. */
  readonly added: number | null
  readonly removed: number | null
  /** Contacts in the list of the latest backup before it; null where there is none. */
  readonly listedBefore: number | null
  /** Contacts of the parent that are not in the list any more. */
  readonly dropped: number
  /** Snapshots that it is read from, itself counted. */
  readonly links: number
}

/**
 * Makes the snapshots, from where an earlier process was.
 * @returns what became of each schema; one with contacts that could not be read has a manifest that says so
 * @throws Interrupted after a stop; OperatorError (exit 4) where a schema is not there, or has changed meanwhile;
 *   EngageError or OperatorError where the tenant can't be read, or the disk or the place refuses
 */
export async function backUp(
  request: BackupRequest,
  context: BackupContext,
): Promise<readonly BackupOutcome[]> {
  try {
    return await backUpAll(request, context)
  } catch (error) {
    // What a precondition has ended would end there each night: the next one begins anew.
    const hopeless =
      error instanceof OperatorError && (error.exit === EXIT.precondition || error.exit === EXIT.differences)
    if (hopeless) context.journal.events.append('note', GIVEN_UP, { why: error.message })
    throw error
  }
}

async function backUpAll(request: BackupRequest, context: BackupContext): Promise<readonly BackupOutcome[]> {
  const lanes = await lanesOf(request, context)
  await freezeContacts(request, context)
  const checkpoints = await readAll(request, context, lanes)
  // Where somebody has taken a schema away meanwhile, what was read last was not its history: no manifest, no snapshot.
  await assertUnchanged(context, lanes)
  const counted = await countedOnce(context)
  const secondLooks = await secondLooksOf(context)
  const outcomes: BackupOutcome[] = []
  for (const lane of lanes) {
    const { schemaId, place, parent } = lane
    const manifest = await finishLane(request, context, lane, { checkpoints, counted, secondLooks })
    const bytes = (await place.list()).files.reduce((sum, file) => sum + file.bytes, 0)
    const { dropped } = sumOf(checkpoints, schemaId)
    const links = (parent?.links ?? 0) + 1
    const before = await latestBackup(context.root.at(request.tenant).at(schemaId), place.base)
    const listedBefore = before?.manifest.contacts.listed ?? null
    const changes = changesOf(manifest, parent)
    outcomes.push({ schemaId, place, manifest, bytes, ...changes, listedBefore, dropped, links })
  }
  context.journal.events.append('finished', 'backup')
  return outcomes
}

/** Interactions of gone and dropped contacts are in no count of a part's: what is gone follows from the sums. */
function changesOf(
  { parts, interactions }: Manifest,
  parent: ParentView | undefined,
): Pick<BackupOutcome, 'added' | 'removed'> {
  if (parent === undefined) return { added: null, removed: null }
  const added = parts.reduce((sum, { records }) => sum + records, 0)
  return { added, removed: parent.records + added - interactions.records }
}

/** The list is read once, and sorted: contacts stand in it as they will stand in the snapshots. */
async function freezeContacts(
  request: BackupRequest,
  { journal, reader, clock, say }: BackupContext,
): Promise<void> {
  if (journal.events.latest('contacts', 'finished') !== undefined) return
  const loaded = await loadContacts(request.contacts, journal.contacts, reader)
  const asOf = Date.parse(request.contacts.asOf)
  const createdSince = await addCreatedSince(asOf, journal.contacts, reader, clock.now())
  journal.contacts.sort(namesFor(request).contact)
  const source = sourceText(request.contacts)
  for (const { line, problem } of loaded.unreadableExamples) say(`${source}, line ${line}: ${problem}`)
  if (createdSince === undefined)
    say('Contacts created since the list was made could not be asked for: "changes" is not activated.')
  journal.events.append('finished', 'contacts', { ...loaded, source, createdSince: createdSince ?? null })
}

/** Contacts that could not be read, told one by one. */
const SHOWN = 20

async function readAll(
  request: BackupRequest,
  context: BackupContext,
  lanes: readonly BackupLane[],
): Promise<readonly PassCheckpoint[]> {
  const { journal, clock } = context
  const done = journal.parts('backup') as unknown as readonly PassCheckpoint[]
  if (done.at(-1)?.ended === true) return done
  for (const { folder, schema } of lanes) await writeSchema(folder, schema)
  const total = journal.contacts.count()
  const first: FirstLook[] = []
  let number = done.length
  let failures = 0
  const names = namesFor(request)
  if (journal.events.latest('pass', 'started') === undefined) journal.events.append('started', 'pass')
  const checkpoints = await backupPass({
    ...{ reader: context.reader, clock, lanes, contacts: journal.contacts, names, done },
    ...{ compression: request.compression, seal: request.seal, indexed: request.indexKey !== undefined },
    hot: request.hot && new Set([...request.hot].map((id) => names.contact(id))),
    concurrency: context.concurrency,
    contactsPerPart: context.contactsPerPart,
    stop: context.stop,
    checkpoint(each) {
      if (number === 0) journal.events.append('note', 'first-looks', first as unknown as Json)
      journal.addPart('backup', ++number, each as unknown as Json)
    },
    onLook(contactId, looks) {
      if (number === 0 && first.length < request.secondLook) first.push({ contactId, ids: idsOf(looks) })
      for (const look of looks.values())
        if (look.state === 'failed' && failures++ < SHOWN)
          context.say(`contact ${contactId} could not be read: ${look.why}`)
    },
    onProgress: (contacts, here) =>
      context.progress({ phase: 'backup: contacts read', done: contacts, total, doneHere: here }),
  }).catch(async (error: unknown) => {
    if (error instanceof EngageError && saysSchemaNotFound(error)) await assertUnchanged(context, lanes)
    throw error
  })
  journal.events.append('finished', 'pass')
  return checkpoints
}

function idsOf(looks: ReadonlyMap<string, Look>): FirstLook['ids'] {
  const ids: Record<string, readonly string[]> = {}
  for (const [schemaId, look] of looks)
    if (look.state === 'read') ids[schemaId] = look.interactions.map(({ id }) => id)
  return ids
}

async function secondLooksOf(context: BackupContext): Promise<ReadonlyMap<string, SecondLook>> {
  const { events } = context.journal
  const known = events.latest('second-look', 'finished')?.detail as JsonObject | undefined
  if (known !== undefined) return new Map(Object.entries(known)) as unknown as ReadonlyMap<string, SecondLook>
  const first = events.latest('first-looks', 'note')?.detail as unknown as readonly FirstLook[] | undefined
  const found = await lookAgain(context, first ?? [], context.stop)
  events.append('finished', 'second-look', Object.fromEntries(found) as unknown as Json)
  return found
}
