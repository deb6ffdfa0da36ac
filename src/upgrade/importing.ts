/**
 * The import, and what it leaves for people and other systems.
 * Guarantees: nothing is posted but through the journal, nor into another schema than the plan's; whatever was refused can
 * be read in the run's folder.
 */
import type { Json, JsonObject } from '../json.ts'
import { writeEvidence } from '../transfer/evidence.ts'
import { importSnapshot } from '../transfer/import.ts'
import { countRefusals, type Refusals } from '../transfer/refusals.ts'
import { figuresOf } from './comparison.ts'
import { contactMapOf } from './contact-map.ts'
import { assertLotSchema, toldOfDrift } from './drift.ts'
import { goneWithContacts } from './gone.ts'
import { importedResult, importedSnapshot } from './imported.ts'
import { BACK, deskOf, itemsOf, type Lot } from './lot.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Posts everything that is not decided yet; what was refused before is tried once more. */
export async function importHistory(context: WriteContext, lot: Lot): Promise<Json> {
  const items = itemsOf(context.journal, lot)
  const refused = await knownRefusals(context, lot)
  const reopened = await items.reopenRejected()
  if (reopened > 0) context.say(`interactions that were refused before, and are tried once more: ${reopened}`)
  await postAll(context, lot, refused)
  return { ...items.counts() }
}

/**
 * @returns what has been refused before, and may be again without being taken for a sign of trouble. It is noted before
 *   it is tried once more: a process that is killed while it tries has changed what the journal says of it
 */
async function knownRefusals(context: ReadContext, lot: Lot): Promise<Refusals> {
  const { journal } = context
  const snapshot = await importedSnapshot(context)
  const now = await countRefusals(snapshot, contactMapOf(context), itemsOf(journal, lot), context.stop)
  const name = `${lot.name}:refused-before`
  const noted = journal.events.latest(name, 'note')?.detail as JsonObject | undefined
  const known = {
    items: Math.max(now.items, Number(noted?.['items'] ?? 0)),
    goneContacts: Math.max(now.goneContacts, Number(noted?.['goneContacts'] ?? 0)),
  }
  if (known.items > 0) journal.events.append('note', name, known)
  return known
}

/** Brings every item of a lot to a decision. */
export async function postAll(
  context: WriteContext,
  lot: Lot,
  refused: Refusals = { items: 0, goneContacts: 0 },
): Promise<void> {
  const { journal, settings } = context
  const snapshot = await importedSnapshot(context)
  const map = contactMapOf(context)
  const items = itemsOf(journal, lot)
  const { sent } = items.counts()
  if (sent > 0) {
    context.say(
      `interactions sent without a known outcome: ${sent}; Engage is asked about them, after a wait, before anything is sent again`,
    )
  }
  const { refusable, refusableBack = 0 } = importedResult(context).tally
  const told = lot === BACK ? refusableBack : refusable
  try {
    const desk = deskOf(context, lot)
    await toldOfDrift(context, lot, () =>
      importSnapshot(desk, snapshot, {
        concurrency: settings.concurrency,
        map,
        tolerated: refused.items + told,
        // Those that a restore has found gone were told, and signed for.
        toleratedGone: Math.max(refused.goneContacts, figuresOf(journal)?.goneContacts ?? 0),
        refusedAtMost: settings.refusedAtMost,
        assertSchema: () => assertLotSchema(context, lot),
        onProgress: (decided, total, here, inDoubt) =>
          context.progress({
            phase: lot.amongOthers ? 'import: interactions there or posted' : 'import: interactions posted',
            done: decided,
            total,
            doneHere: here,
            ...(inDoubt > 0 ? { note: `${inDoubt} in doubt` } : {}),
          }),
      }),
    )
  } catch (error) {
    // Whoever is told to look at what was refused must find it; what went wrong is told even where that fails.
    if (items.counts().rejected > 0) await leaveEvidence(context, lot).catch(() => undefined)
    throw error
  }
}

/** Writes the files that other systems and people need: old id → new id, and what was refused. */
export async function leaveEvidence(context: ReadContext, lot: Lot): Promise<Json> {
  const snapshot = await importedSnapshot(context)
  const items = itemsOf(context.journal, lot)
  const left = goneWithContacts(context)
  const counts = await writeEvidence(context.folder, snapshot, items, contactMapOf(context), left)
  return { ...counts }
}
