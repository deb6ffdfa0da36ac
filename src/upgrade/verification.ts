/**
 * The read-back: what the snapshot holds, against what the tenant holds.
 * Guarantees: what is missing is asked about and, where it is not there, posted through the same door as everything
 * else; what is accepted in every round and never kept is refused; it is done only when nothing is missing and nothing
 * doubled.
 */
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Interaction } from '../model.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import type { Difference, Move, Tally } from '../transfer/compare.ts'
import { deliveries, recordsOf } from '../transfer/deliveries.ts'
import { writeLines } from '../transfer/evidence.ts'
import { inOrder } from '../transfer/pump.ts'
import { type VerifyCheckpoint, verifyLive } from '../transfer/verify.ts'
import { contactMapOf } from './contact-map.ts'
import { assertLotSchema } from './drift.ts'
import { importedSnapshot } from './imported.ts'
import { postAll } from './importing.ts'
import {
  comparisonOf,
  itemsOf,
  type Lot,
  MENDING_ROUNDS,
  roundCursor,
  roundName,
  verificationNote,
} from './lot.ts'
import type { ReadContext, WriteContext } from './strategy.ts'
import { refuseUnkept, unkeptReason } from './unkept.ts'

/**
 * Reads every contact with history back, posts again what is missing, and says what differs.
 * @throws OperatorError (exit 5) where something is missing or doubled at the end
 */
export async function verifyHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const { journal, clock } = context
  const items = itemsOf(journal, lot)
  const { settleMs } = comparisonOf(context, lot)
  await assertLotSchema(context, lot)
  for (;;) {
    // A kill in the midst of posting again what was missing may have left something undecided.
    const { sent, unsent } = items.counts()
    if (sent + unsent > 0) {
      await postAll(context, lot)
      await clock.sleep(settleMs, context.stop)
    }
    const round = journal.cursor(roundCursor(lot)) ?? 0
    const pass = roundName(lot, round)
    const tally = await readBack(context, lot, pass)
    const checkpoints = (): readonly VerifyCheckpoint[] =>
      journal.parts(pass) as unknown as readonly VerifyCheckpoint[]
    for (const { adopted, moved = [] } of checkpoints()) {
      await Promise.all([
        ...adopted.map(({ seq, newId }) => items.confirmed(seq, newId)),
        ...moved.map((each) => items.moved(each.seq, each.newId, movedTo(each))),
      ])
    }
    await writeDifferences(
      context.folder,
      checkpoints().flatMap(({ differences }) => differences),
    )
    journal.events.append('note', verificationNote(lot), { ...tally })
    const last = (round + 1) % (MENDING_ROUNDS + 1) === 0
    const missing = checkpoints().flatMap(({ differences }) => differences.flatMap((each) => each.missing))
    const refused = last && (await refuseUnkept(context, lot, missing, MENDING_ROUNDS))
    if (tally.missing > 0 && !last) {
      context.say(
        `interactions missing: ${tally.missing}; they are asked about, and posted again where they are not there`,
      )
      await items.setWatermark(0)
      await doubt(context, lot, new Set(missing))
    }
    journal.setCursor(roundCursor(lot), round + 1)
    // The figures are those of a read-back, so one more is made where that has changed what is to be there.
    if (refused) continue
    if (tally.missing === 0 || last) {
      if (tally.missing + tally.extra > 0) throw different(context, tally)
      return { ...tally }
    }
  }
}

/** Leaves what differs for the operator, contact by contact. @throws OperatorError where the disk refuses */
export async function writeDifferences(folder: string, differences: readonly Difference[]): Promise<void> {
  await writeLines(join(folder, 'differences.ndjson'), async function* () {
    yield* differences
  })
}

/**
 * Makes doubtful what a read-back missed, so that it goes through the door that asks before it posts. What the tenant
 * still shows under its own id is there: only the listing lags. What it shows under another contact went there with a
 * merge, and what breaks the schema's rules would only be ignored once more: neither is posted again.
 * @param missing numbers of records
 */
async function doubt(context: WriteContext, lot: Lot, missing: ReadonlySet<number>): Promise<void> {
  const { settings, stop } = context
  const items = itemsOf(context.journal, lot)
  const check = createPayloadCheck(lot.schema(context))
  const judged = inOrder(
    soughtIn(context, missing),
    async ({ seq, record, contactId }) => {
      stop.throwIfAborted()
      const [{ newId, posts } = { newId: undefined, posts: 0 }] = items.range(seq, seq + 1)
      const live = newId === undefined ? undefined : await context.reader.getInteraction(newId)
      if (live?.contactId === contactId) return
      const problems = check(record.payload)
      if (live !== undefined) {
        await items.moved(seq, live.id, movedTo({ newId: live.id, contactId: live.contactId }))
      } else if (newId !== undefined && problems.length > 0) {
        await items.rejected(seq, unkeptReason(posts, problems))
      } else await items.doubted([seq])
    },
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  for await (const _ of judged);
  stop.throwIfAborted()
}

/** @returns the reason that names where a record stands now */
function movedTo({ newId, contactId }: Pick<Move, 'newId' | 'contactId'>): string {
  return `it went along with a merge: it is under contact ${contactId} now, as ${newId}`
}

interface Sought {
  readonly seq: number
  readonly record: Interaction
  /** Where it was posted to. */
  readonly contactId: string
}

async function* soughtIn(context: ReadContext, seqs: ReadonlySet<number>): AsyncGenerator<Sought> {
  const snapshot = await importedSnapshot(context)
  for await (const { contactId, pieces } of deliveries(snapshot, contactMapOf(context), 0, context.stop)) {
    for (const [seq, record] of recordsOf(pieces)) if (seqs.has(seq)) yield { seq, record, contactId }
  }
}

async function readBack(context: ReadContext, lot: Lot, pass: string): Promise<Tally> {
  const snapshot = await importedSnapshot(context)
  const { journal, settings } = context
  const done = journal.parts(pass) as unknown as readonly VerifyCheckpoint[]
  let number = done.length
  return verifyLive({
    ...comparisonOf(context, lot),
    snapshot,
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

function different({ plan, folder }: ReadContext, tally: Tally): OperatorError {
  const again =
    'Run the same command again: it asks for what is missing, posts what is not there, and reads back again.'
  return new OperatorError({
    what: `The read-back found ${tally.missing} interactions missing and ${tally.extra} there too often.`,
    safe: `Every one of them is named in ${join(folder, 'differences.ndjson')}; the snapshot holds all history.`,
    next:
      tally.missing > 0
        ? again
        : `engage-migrate repair ${plan.run}   (lists what is there too often; with --apply it deletes exactly that). Then run the same command again.`,
    exit: EXIT.differences,
  })
}
