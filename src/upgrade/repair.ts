/**
 * Orphans: interactions that were accepted but invisible when they were asked about, and so were posted again.
 * Guarantees: deletes nothing but records that are equal to one of the snapshot's, are known to the journal as no
 * record's own, and are too many by no more than the POSTs of the run that may have been carried out; each is read again
 * right before, its deletion is journaled before and after, and it has ended only when the tenant answers that it is
 * gone. What another system has posted is never deleted, with one exception: a record that is equal in contact, instant
 * and payload to one of ours that may have been posted twice can't be told from ours.
 */
import type { EngageError } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'
import {
  addTallies,
  type Comparison,
  type Difference,
  differenceOf,
  differs,
  type Surplus,
  subtractTally,
  type Tally,
} from '../transfer/compare.ts'
import type { Delivery } from '../transfer/deliveries.ts'
import { inOrder } from '../transfer/pump.ts'
import { compareLive, verifyLive } from '../transfer/verify.ts'
import { attemptTo } from './attempt.ts'
import { assertStillThere } from './drift.ts'
import { importedResult, importedSnapshot } from './imported.ts'
import { comparisonOf, type Lot, madeBy, verificationNote } from './lot.ts'
import { isDone } from './runner.ts'
import { holdsHistory } from './status.ts'
import type { ReadContext, WriteContext } from './strategy.ts'
import { assertKept } from './unavailable.ts'
import { writeDifferences } from './verification.ts'

/** Name of the events that a deletion leaves. */
const ORPHAN = 'orphan'

/** How often an unclear deletion is tried in all. */
const TRIES = 4

export type Orphan = Pick<Interaction, 'id' | 'contactId' | 'createdDate'>

interface Found {
  readonly contact: Delivery
  readonly result: Comparison
}

export interface Survey {
  readonly tally: Tally
  readonly found: readonly Found[]
  readonly orphans: readonly Orphan[]
  /** There too often, and not for this run to delete. */
  readonly foreign: readonly Orphan[]
}

/**
 * Reads every contact with history, and looks at each record that is there too often by its id.
 * @throws OperatorError (exit 4) where the import has not ended, its snapshot was removed, or the schema is another one by now
 */
export async function findOrphans(context: ReadContext, lot: Lot): Promise<Survey> {
  assertImported(context, lot)
  assertKept(context, importedResult(context).snapshot)
  await assertStillThere(context, lot)
  const snapshot = await importedSnapshot(context)
  const { reader, settings, stop } = context
  const found: Found[] = []
  const tally = await verifyLive({
    ...comparisonOf(context, lot),
    snapshot,
    concurrency: settings.concurrency,
    done: [],
    checkpoint: () => undefined,
    onDifference: (contact, result) => found.push({ contact, result }),
    stop,
    onProgress: (records, here) =>
      context.progress({
        phase: 'looking for orphans: interactions read back',
        done: records,
        total: snapshot.manifest.interactions.records,
        doneHere: here,
      }),
  })
  const look = async (ids: readonly string[]): Promise<readonly Orphan[]> => {
    const looks = inOrder(ids, (id) => reader.getInteraction(id), {
      concurrency: settings.concurrency,
      window: settings.concurrency * 4,
    })
    return (await Array.fromAsync(looks)).flatMap((each) => (each === undefined ? [] : orphanOf(each)))
  }
  return {
    tally,
    found,
    orphans: await look(found.flatMap(({ result }) => result.extra.map(({ id }) => id))),
    foreign: await look(found.flatMap(({ result }) => result.foreign)),
  }
}

/**
 * Deletes the orphans, contact by contact, and compares those contacts once more.
 * @returns the figures as they are then
 * @throws Interrupted after a stop; OperatorError where Engage refuses, or goes on showing what it has deleted
 */
export async function repairOrphans(context: WriteContext, lot: Lot, survey: Survey): Promise<Tally> {
  const { journal } = context
  await finishEarlier(context, lot)
  let { tally } = survey
  const differences: Difference[] = []
  for (const { contact, result } of survey.found) {
    const after = result.extra.length === 0 ? result : await repairContact(context, lot, contact)
    tally = addTallies(subtractTally(tally, result.tally), after.tally)
    if (differs(after.tally)) differences.push(differenceOf(contact, after))
  }
  journal.events.append('note', verificationNote(lot), { ...tally })
  await writeDifferences(context.folder, differences)
  return tally
}

/** A deletion that an earlier process did not see the end of: where the orphan is gone, it was carried out. */
async function finishEarlier(context: WriteContext, lot: Lot): Promise<void> {
  const events = context.journal.events.all().filter(({ name }) => name === ORPHAN)
  const ended = new Set(events.filter(({ kind }) => kind === 'finished').map(({ detail }) => idOf(detail)))
  const open = new Map(
    events
      .filter(({ kind, detail }) => kind === 'intent' && !ended.has(idOf(detail)))
      .map(({ detail }) => [idOf(detail), detail as unknown as Orphan & Surplus]),
  )
  for (const [id, orphan] of open) {
    if ((await context.reader.getInteraction(id)) === undefined) await noteDeleted(context, lot, orphan)
  }
}

function idOf(detail: Json): string {
  return String((detail as JsonObject)['id'])
}

/** Decides anew from what the contact shows now, and deletes what is an orphan still. */
async function repairContact(context: WriteContext, lot: Lot, contact: Delivery): Promise<Comparison> {
  const now = await compareLive(comparisonOf(context, lot), contact)
  for (const { id, seq } of now.extra) {
    context.stop.throwIfAborted()
    const live = await context.reader.getInteraction(id)
    if (live === undefined) continue
    if (live.schemaId !== context.plan.schemaId || live.contactId !== contact.contactId) throw strange(live)
    await deleteOrphan(context, lot, { ...orphanOf(live), seq })
  }
  return now.extra.length === 0 ? now : afterwards(context, lot, contact)
}

/** A listing may show for a while what is gone. */
async function afterwards(context: WriteContext, lot: Lot, contact: Delivery): Promise<Comparison> {
  const { clock, settings, stop } = context
  const began = clock.elapsed()
  for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
    const now = await compareLive(comparisonOf(context, lot), contact)
    if (now.extra.length === 0 || clock.elapsed() - began > settings.visibleWithinMs) return now
    await clock.sleep(wait, stop)
  }
}

/** A deletion by its id may be sent again: it does nothing the second time. */
async function deleteOrphan(context: WriteContext, lot: Lot, orphan: Orphan & Surplus): Promise<void> {
  const { journal, writer } = context
  journal.events.append('intent', ORPHAN, { ...orphan })
  for (let attempt = 1; ; attempt++) {
    const trouble = await attemptTo(context, () => writer.deleteInteraction(orphan.id))
    if (await isGone(context, orphan.id, trouble)) break
    if (attempt >= TRIES || trouble?.outcome === 'refused') throw notDeleted(context, orphan, trouble)
  }
  await noteDeleted(context, lot, orphan)
  context.say(`deleted the orphan ${orphan.id} of contact ${orphan.contactId}, of ${orphan.createdDate}`)
}

/** The POST that made it counts no more, and no less than once: what is equal to it from now on is not ours. */
async function noteDeleted({ journal }: ReadContext, lot: Lot, orphan: Orphan & Surplus): Promise<void> {
  await madeBy(journal, lot, orphan.seq).undone(orphan.seq, () => {
    journal.events.append('finished', ORPHAN, { ...orphan })
  })
}

async function isGone(
  { reader, clock, settings, stop }: WriteContext,
  id: string,
  trouble: EngageError | undefined,
): Promise<boolean> {
  const began = clock.elapsed()
  // A clear refusal is not waited for; an answer that was lost is asked about once.
  const patient = trouble === undefined
  for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
    if ((await reader.getInteraction(id)) === undefined) return true
    if (!patient || clock.elapsed() - began > settings.visibleWithinMs) return false
    await clock.sleep(wait, stop)
  }
}

function orphanOf({ id, contactId, createdDate }: Interaction): Orphan {
  return { id, contactId, createdDate }
}

function assertImported({ journal, plan }: ReadContext, lot: Lot): void {
  if (isDone(journal, { name: lot.name }) && !holdsHistory(journal)) return
  throw new OperatorError({
    what: `Run ${plan.run} has not brought all of its history back yet: what is there too often can't be told before.`,
    safe: 'Nothing was changed.',
    next: `engage-migrate upgrade ${plan.run}`,
    exit: EXIT.precondition,
  })
}

function strange({ id, contactId, schemaId }: Interaction): OperatorError {
  return new OperatorError({
    what: `Interaction ${id} was listed as an orphan, and is one of contact ${contactId} and schema ${schemaId} now.`,
    safe: 'It was not deleted.',
    next: 'Find out what has changed in the tenant, then run the same command again.',
    exit: EXIT.precondition,
  })
}

function notDeleted({ plan }: ReadContext, { id, contactId }: Orphan, trouble?: EngageError): OperatorError {
  const words =
    trouble === undefined ? 'it said yes, but goes on showing it' : `its last answer: ${trouble.message}`
  return new OperatorError({
    what: `Engage did not delete the orphan ${id} of contact ${contactId}; ${words}.`,
    safe: 'Nothing but orphans was deleted; each is in the journal.',
    next: `Look whether Engage is in trouble, then: engage-migrate repair ${plan.run} --apply`,
    exit: EXIT.failed,
    cause: trouble,
  })
}
