/**
 * The read-back: what the snapshot holds, against what the tenant holds.
 * Guarantees: what is missing is asked about and, where it is not there, posted through the same door as everything
 * else; it is done only when nothing is missing and nothing doubled.
 */
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { writeLines } from '../transfer/evidence.ts'
import { inOrder } from '../transfer/pump.ts'
import { type Tally, type VerifyCheckpoint, verifyLive } from '../transfer/verify.ts'
import { assertLotSchema } from './drift.ts'
import { postAll } from './importing.ts'
import { comparisonOf, type Lot, roundCursor, roundName, verificationNote } from './lot.ts'
import { passSnapshot } from './pass.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** How often what is missing is posted again before it is reported as it is. */
export const MENDING_ROUNDS = 2

/**
 * Reads every contact with history back, posts again what is missing, and says what differs.
 * @throws OperatorError (exit 5) where something is missing or doubled at the end
 */
export async function verifyHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const { journal, clock } = context
  const items = journal.items(lot.name)
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
    await writeLines(join(context.folder, 'differences.ndjson'), async function* () {
      for (const { differences } of checkpoints()) yield* differences
    })
    journal.events.append('note', verificationNote(lot), { ...tally })
    const last = (round + 1) % (MENDING_ROUNDS + 1) === 0
    if (tally.missing > 0 && !last) {
      context.say(
        `${tally.missing} interactions are missing: they are asked about, and posted again where they are not there`,
      )
      await items.setWatermark(0)
      for (const { differences } of checkpoints())
        await doubt(
          context,
          lot,
          differences.flatMap(({ missing }) => missing),
        )
    }
    journal.setCursor(roundCursor(lot), round + 1)
    if (tally.missing === 0 || last) {
      if (tally.missing + tally.extra > 0) throw different(context, tally)
      return { ...tally }
    }
  }
}

/**
 * Makes doubtful what a read-back missed, so that it goes through the door that asks before it posts. What the tenant
 * still shows under its own id is there: only the listing lags.
 */
async function doubt(context: WriteContext, lot: Lot, seqs: readonly number[]): Promise<void> {
  const { reader, settings, stop } = context
  const items = context.journal.items(lot.name)
  const asked = inOrder(
    seqs,
    async (seq) => {
      stop.throwIfAborted()
      const [item] = items.range(seq, seq + 1)
      const there = item?.newId !== undefined && (await reader.getInteraction(item.newId)) !== undefined
      return there ? [] : [seq]
    },
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  const absent = (await Array.fromAsync(asked)).flat()
  if (absent.length > 0) await items.sent(absent)
}

async function readBack(context: ReadContext, lot: Lot, pass: string): Promise<Tally> {
  const snapshot = await passSnapshot(context, 'final-pass')
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

function different(context: ReadContext, tally: Tally): OperatorError {
  return new OperatorError({
    what: `The read-back found ${tally.missing} interactions missing and ${tally.extra} there too often.`,
    safe: `Every one of them is named in ${join(context.folder, 'differences.ndjson')}; the snapshot holds all history.`,
    next: 'Run the same command again: it asks for what is missing, posts what is not there, and reads back again. What is there too often is left to you: delete those ids in Engage first, if they should go.',
    exit: EXIT.differences,
  })
}
