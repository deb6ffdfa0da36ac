/**
 * The import, and what it leaves for people and other systems.
 * Guarantees: nothing is posted but through the journal; whatever was refused can be read in the run's folder.
 */
import type { Json } from '../json.ts'
import { writeEvidence } from '../transfer/evidence.ts'
import { importSnapshot } from '../transfer/import.ts'
import { deskOf, type Lot } from './lot.ts'
import { passResult, passSnapshot } from './pass.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Posts everything that is not decided yet; what was refused before is tried once more. */
export async function importHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const items = context.journal.items(lot.name)
  const reopened = await items.reopenRejected()
  if (reopened > 0) context.say(`${reopened} interactions that were refused before are tried once more`)
  await postAll(context, lot, reopened)
  return { ...items.counts() }
}

/** Brings every item of a lot to a decision. */
export async function postAll(context: WriteContext, lot: Lot, reopened = 0): Promise<void> {
  const snapshot = await passSnapshot(context, 'final-pass')
  const items = context.journal.items(lot.name)
  const { sent } = items.counts()
  if (sent > 0) {
    context.say(
      `${sent} interactions were sent without a known outcome: Engage is asked about them, after a wait, before anything is sent again`,
    )
  }
  try {
    await importSnapshot(deskOf(context, lot), snapshot, {
      concurrency: context.settings.concurrency,
      tolerated: reopened + passResult(context, 'final-pass').tally.refusable,
      onProgress: (decided, total, here) =>
        context.progress({ phase: 'import: interactions posted', done: decided, total, doneHere: here }),
    })
  } catch (error) {
    // Whoever is told to look at what was refused must find it; what went wrong is told even where that fails.
    if (items.counts().rejected > 0)
      await writeEvidence(context.folder, snapshot, items).catch(() => undefined)
    throw error
  }
}

/** Writes the files that other systems and people need: old id → new id, and what was refused. */
export async function leaveEvidence(context: ReadContext, lot: Lot): Promise<Json> {
  const snapshot = await passSnapshot(context, 'final-pass')
  const counts = await writeEvidence(context.folder, snapshot, context.journal.items(lot.name))
  return { ...counts }
}
