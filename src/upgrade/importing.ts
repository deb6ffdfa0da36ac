/**
 * Step 5: the canary, the import, the read-back and the id map; the same for the way forth and the way back.
 * Guarantees: nothing is posted but through the journal; what is missing at the read-back is posted again through
 * the same door; the run is done only when the read-back finds nothing missing and nothing doubled.
 */
import { join } from 'node:path'
import PQueue from 'p-queue'
import { EXIT, OperatorError } from '../errors.ts'
import { type Json, type JsonObject, stringifyJson } from '../json.ts'
import type { ContactRead, InteractionSchema } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { chooseCanary, flyCanary } from '../transfer/canary.ts'
import type { ImportDesk } from '../transfer/contact-import.ts'
import { writeEvidence, writeLines } from '../transfer/evidence.ts'
import { importSnapshot } from '../transfer/import.ts'
import { type Difference, type Tally, type VerifyCheckpoint, verifyLive } from '../transfer/verify.ts'
import { passResult } from './passes.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** One import of a run: which schema it goes into, and under which name the journal keeps it. */
export interface Lot {
  readonly name: 'import' | 'roll-back-import'
  schema(context: ReadContext): InteractionSchema
}

export const FORTH: Lot = { name: 'import', schema: ({ plan }) => plan.after }
export const BACK: Lot = { name: 'roll-back-import', schema: ({ plan }) => plan.before }

/** How often what is missing is posted again before it is reported as it is. */
const MENDING_ROUNDS = 2

/** Posts one interaction and looks at what became of it. */
export async function canary(context: WriteContext, lot: Lot): Promise<Json> {
  const snapshot = await finalSnapshot(context)
  const choice = await chooseCanary(snapshot)
  if (choice === undefined) return { skipped: 'the snapshot has no interactions' }
  await waitForEmptyTenant(context, choice.contact)
  const desk = deskOf(context, lot)
  // Refused by an earlier run of this command: what was wrong may have been mended since.
  if (desk.items.range(choice.seq, choice.seq + 1)[0]?.state === 'rejected')
    await desk.items.unsent([choice.seq])
  const result = await flyCanary(desk, choice, context.settings.visibleWithinMs)
  if (result.equal) {
    context.say(
      `the canary (${result.newId}, contact ${result.contactId}) was visible after ${result.lagMs} ms`,
    )
    return { contactId: result.contactId, newId: result.newId, lagMs: result.lagMs }
  }
  const sent = stringifyJson({ createdDate: result.sent.createdDate, payload: result.sent.payload })
  throw new OperatorError({
    what:
      result.refused !== undefined
        ? `Engage refuses the first interaction (contact ${result.contactId}): ${result.refused}. It was sent as ${sent}.`
        : result.kept === undefined
          ? `Engage accepted the first interaction as ${result.newId} (contact ${result.contactId}) but does not show it.`
          : `Engage keeps the first interaction in another form. Sent: ${sent}. Kept: ${stringifyJson({
              createdDate: result.kept.createdDate,
              payload: result.kept.payload,
            })}.`,
    safe: `Only this one was posted. All history is in ${snapshot.folder}.`,
    next: 'Find out what Engage makes of it before anything else is posted; then run the upgrade again.',
    exit: EXIT.precondition,
  })
}

/** A deletion may take a while to reach all of the tenant: old records must not be taken for imported ones. */
async function waitForEmptyTenant(
  context: WriteContext,
  { contactId, interactions }: ContactRead,
): Promise<void> {
  const { reader, clock, settings } = context
  const old = new Set(interactions.map(({ id }) => id))
  const began = clock.elapsed()
  for (;;) {
    const found = await reader.interactionsOf(contactId, context.plan.schemaId)
    const left = found.find(({ id }) => old.has(id))
    if (left === undefined) return
    if (clock.elapsed() - began > settings.visibleWithinMs) {
      throw new OperatorError({
        what: `The old interaction ${left.id} of contact ${contactId} is still there, though its schema was deleted.`,
        safe: 'Nothing was posted.',
        next: 'Wait until Engage has carried the deletion through, then run the same command again.',
        exit: EXIT.failed,
      })
    }
    context.say(`waiting until the old interactions are gone from contact ${contactId}`)
    await clock.sleep(1_000, context.stop)
  }
}

/** Posts everything that is not decided yet. */
export async function importHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const snapshot = await finalSnapshot(context)
  await importSnapshot(deskOf(context, lot), snapshot, importOptions(context))
  return { ...context.journal.items(lot.name).counts() }
}

/**
 * Reads every contact with history back, posts again what is missing, and says what differs.
 * @throws OperatorError (exit 5) where something is missing or doubled at the end
 */
export async function verifyHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const { journal } = context
  const items = journal.items(lot.name)
  const snapshot = await finalSnapshot(context)
  const roundName = `${lot.name}:verification-round`
  // A kill in the midst of posting again what was missing may have left something undecided.
  const { sent, unsent } = items.counts()
  if (sent + unsent > 0) await importSnapshot(deskOf(context, lot), snapshot, importOptions(context))
  for (;;) {
    const round = journal.cursor(roundName) ?? 0
    const pass = `${lot.name}:verification:${round}`
    const { tally, differences } = await readBack(context, lot, pass)
    const missing = differences.flatMap((each) => each.missing)
    await writeLines(join(context.folder, 'differences.ndjson'), async function* () {
      yield* differences
    })
    journal.events.append('note', 'verification', { ...tally })
    journal.setCursor(roundName, round + 1)
    if (missing.length === 0 || (round + 1) % (MENDING_ROUNDS + 1) === 0) {
      if (missing.length + tally.extra > 0) throw different(context, tally)
      return { ...tally }
    }
    context.say(`${missing.length} interactions are missing: they are posted again`)
    await items.unsent(missing)
    await items.setWatermark(0)
    await importSnapshot(deskOf(context, lot), snapshot, importOptions(context))
  }
}

async function readBack(
  context: ReadContext,
  lot: Lot,
  pass: string,
): Promise<{ tally: Tally; differences: readonly Difference[] }> {
  const { journal, settings } = context
  const snapshot = await finalSnapshot(context)
  const done = journal.parts(pass) as unknown as readonly VerifyCheckpoint[]
  let number = done.length
  return verifyLive({
    reader: context.reader,
    clock: context.clock,
    snapshot,
    schemaId: context.plan.schemaId,
    keyOf: canonicalForm(lot.schema(context)),
    itemsOf: (first, count) => journal.items(lot.name).range(first, first + count),
    settleMs: settings.settleMs,
    concurrency: settings.concurrency,
    done,
    checkpoint: (each) => journal.addPart(pass, ++number, each as unknown as Json),
    stop: context.stop,
    onProgress: (records, here) =>
      context.progress({
        phase: 'verification: interactions read back',
        done: records,
        total: snapshot.manifest.interactions.records,
        doneHere: here,
      }),
  })
}

/** Writes the files that other systems and people need: old id → new id, and what was refused. */
export async function leaveEvidence(context: ReadContext, lot: Lot): Promise<Json> {
  const snapshot = await finalSnapshot(context)
  const counts = await writeEvidence(context.folder, snapshot, context.journal.items(lot.name))
  return { ...counts }
}

function importOptions(context: WriteContext): Parameters<typeof importSnapshot>[2] {
  return {
    concurrency: context.settings.concurrency,
    onProgress: (decided, total, here) =>
      context.progress({ phase: 'import: interactions posted', done: decided, total, doneHere: here }),
  }
}

function deskOf(context: WriteContext, lot: Lot): ImportDesk {
  const canaryResult = context.journal.events.latest(
    lot.name === 'import' ? 'canary' : 'roll-back-canary',
    'finished',
  )
  const lagMs = Number((canaryResult?.detail as JsonObject | undefined)?.['lagMs'] ?? 0)
  return {
    reader: context.reader,
    writer: context.writer,
    items: context.journal.items(lot.name),
    clock: context.clock,
    schemaId: context.plan.schemaId,
    keyOf: canonicalForm(lot.schema(context)),
    // The canary has shown how long a read lags here: what is in doubt waits three times that at least.
    settleMs: Math.max(context.settings.settleMs, lagMs * 3),
    requests: new PQueue({ concurrency: context.settings.concurrency }),
    stop: context.stop,
  }
}

function finalSnapshot(context: ReadContext) {
  return openSnapshot(passResult(context, 'final-pass').folder)
}

function different(context: ReadContext, tally: Tally): OperatorError {
  return new OperatorError({
    what: `The read-back found ${tally.missing} interactions missing and ${tally.extra} there too often.`,
    safe: `Every one of them is named in ${join(context.folder, 'differences.ndjson')}; the snapshot holds all history.`,
    next: 'Run the same command again: it posts what is missing and reads back again. What is there too often is left to you.',
    exit: EXIT.differences,
  })
}
