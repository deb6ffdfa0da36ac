/**
 * What is imported where the source system's history comes in: merged of that and of what Engage holds, as a snapshot of its
 * own.
 * Guarantees: the history is proven first, and is the very one that was planned with; every contact of the final pass is in
 * the merged snapshot once, in its place, and each event as often as it is to be imported; it is proven on disk before
 * anything rests on it; begun again after a kill, it starts anew. Nothing is read from the tenant.
 */
import { join } from 'node:path'
import type { Json, JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { MERGED, type PartProof } from '../snapshot/format.ts'
import { openParts } from '../snapshot/parts.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { finishSnapshot, writeSchema } from '../snapshot/writer.ts'
import { sourceText } from '../transfer/contact-source.ts'
import { beginDerived } from './derived.ts'
import type { HistoryMode } from './history-terms.ts'
import { MERGE, type MergeResult } from './imported.ts'
import { type HistoryFigures, historyLine, keepLedger } from './ledger.ts'
import { assertProven, type Intent, passFolder, passResult, passSnapshot } from './pass.ts'
import { type PassTally, refusablesIn } from './pass-tally.ts'
import { openHistory } from './source.ts'
import { assertSpace, bytesToMerge, volumeOf } from './space.ts'
import type { ReadContext } from './strategy.ts'
import type { TwoSides } from './two-sides.ts'

/**
 * Writes it beside the schema's snapshots.
 * @returns a MergeResult
 * @throws OperatorError (exit 4) where a snapshot is damaged, or the history is another one by now; Interrupted after a stop
 */
export async function merge(context: ReadContext): Promise<Json> {
  const { plan, clock } = context
  const final = passResult(context, 'final-pass')
  await assertProven(passFolder(context, 'final-pass'), final.manifestDigest)
  const engage = await passSnapshot(context, 'final-pass')
  const source = await openHistory(context)
  const merged = { ...volumeOf(engage), interactions: 0, recordBytes: 0 }
  await assertSpace(context, merged, 0, bytesToMerge(volumeOf(engage), plan.history))
  const { snapshot, compression } = await beginDerived(context, MERGE)
  const folder = join(context.snapshots, snapshot)
  const startedAt = new Date(clock.now()).toISOString()
  const schema = await writeSchema(folder, plan.after)
  const { parts, figures, ...found } = await write(context, engage, source, { folder, compression })
  const at = new Date(clock.now()).toISOString()
  const { listed, counted } = engage.manifest.contacts
  const manifest = await finishSnapshot(
    folder,
    {
      ...{ tool: context.tool, tenant: plan.tenant, schemaId: plan.schemaId, pass: MERGED },
      ...{ createdAt: at, startedAt, finishedAt: at, compression, schema },
      contacts: {
        ...{ source: sourceText(plan.contacts.source), listed },
        ...(counted !== undefined && { counted }),
      },
    },
    parts,
  )
  await assertProven(folder)
  if (source.manifest.encryption !== undefined)
    context.say(`what is imported is kept unencrypted in ${folder} until it is removed`)
  context.say(historyLine(figures))
  const { gone, empty } = manifest.contacts
  const { unfit, refusableOfSource, ...refusable } = found
  const result: MergeResult = {
    ...final,
    ...{ snapshot, manifestDigest: manifest.digest, interactions: manifest.interactions.records },
    contactsWithHistory: listed - gone - empty,
    tally: { ...final.tally, ...refusable },
    ...{ of: final.manifestDigest, figures, unfit, refusableOfSource },
  }
  return result as unknown as Json
}

type Refusable = Pick<PassTally, 'refusable' | 'refusableExample' | 'refusableBack' | 'refusableBackExample'>

interface Written extends Pick<MergeResult, 'unfit' | 'figures'>, Refusable {
  readonly refusableOfSource: number
  readonly parts: readonly PartProof[]
}

async function write(
  context: ReadContext,
  engage: Snapshot,
  source: Snapshot,
  { folder, compression }: Pick<Intent, 'compression'> & { readonly folder: string },
): Promise<Written> {
  const { plan, settings } = context
  const mode = plan.history?.mode ?? 'besides'
  const check = createPayloadCheck(plan.after)
  const checkBefore = createPayloadCheck(plan.before)
  const enriched = enricher(context, check)
  const parts = openParts(folder, settings.contactsPerPart, { compression, schemaId: plan.schemaId })
  let [unfit, refusable, refusableOfSource, refusableBack] = [0, 0, 0, 0]
  let refusableExample: string | null = null
  let refusableBackExample: string | null = null
  const put = async (sides: TwoSides): Promise<void> => {
    const { contactId, state, readAt } = sides.contact
    const pairs = sides.both.map(([ours, theirs]) => enriched(ours, theirs))
    unfit += pairs.filter((each) => each.unfit).length
    const interactions = recordsOf(
      sides,
      pairs.map(({ record }) => record),
      mode,
    )
    const [forth, back] = [refusablesIn(interactions, check), refusablesIn(interactions, checkBefore)]
    refusable += forth.count
    if (state === 'read') refusableOfSource += refusablesIn(sides.onlyInSource, check).count
    refusableExample ??= forth.example
    refusableBack += back.count
    refusableBackExample ??= back.example
    await parts.add({ contactId, state, readAt, interactions })
  }
  try {
    const figures: HistoryFigures = await keepLedger(context, engage, source, put)
    const found = { refusable, refusableExample, refusableOfSource, refusableBack, refusableBackExample }
    return { parts: await parts.close(), figures, unfit, ...found }
  } finally {
    await parts.abandon()
  }
}

/**
 * @param both records that both sides have, as they are to be imported
 * @returns all records of a contact that are to be imported, sorted by id
 */
function recordsOf(
  { contact, onlyInEngage, onlyInSource }: TwoSides,
  both: readonly Interaction[],
  mode: HistoryMode,
): readonly Interaction[] {
  if (contact.state !== 'read') return []
  // Also those of Engage that are left out: whoever looks for what the deletion took away tells it by its id.
  const taken = new Set([...contact.interactions, ...onlyInSource].map(({ id }) => id))
  const engageIds = new Set(contact.interactions.map(({ id }) => id))
  const theirs = onlyInSource.map((record) =>
    engageIds.has(record.id) ? { ...record, id: freeId(record.id, taken) } : record,
  )
  return [...both, ...(mode === 'only' ? [] : onlyInEngage), ...theirs].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** An id of the source that is another record's in Engage: both are told apart from here on. */
function freeId(id: string, taken: Set<string>): string {
  let number = 1
  while (taken.has(`${id}-source-${number}`)) number += 1
  const free = `${id}-source-${number}`
  taken.add(free)
  return free
}

/**
 * @returns what to import of an event that both sides have: Engage's record and, of the source's, the properties that the new
 *   schema names and the old one did not keep; without these where they break the new schema's rules, so that what Engage had
 *   accepted once is not refused for them
 */
function enricher(
  { plan }: ReadContext,
  check: (payload: JsonObject) => readonly string[],
): (ours: Interaction, theirs: Interaction) => { readonly record: Interaction; readonly unfit: boolean } {
  const known = plan.before.jsonSchema.properties
  const added = Object.keys(plan.after.jsonSchema.properties).filter((name) => !Object.hasOwn(known, name))
  return (ours, theirs) => {
    const more = added.flatMap((name) => {
      const value = Object.hasOwn(theirs.payload, name) ? theirs.payload[name] : undefined
      return value === undefined ? [] : [[name, value] as const]
    })
    if (more.length === 0) return { record: ours, unfit: false }
    const payload: JsonObject = { ...ours.payload, ...Object.fromEntries(more) }
    const unfit = check(payload).length > check(ours.payload).length
    return { record: unfit ? ours : { ...ours, payload }, unfit }
  }
}
