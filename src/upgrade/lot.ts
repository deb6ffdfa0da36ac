/**
 * A lot: one import of a run. The way forth and, where it is taken, the way back.
 * Guarantees: all works on a lot measure with the same canonical form, wait the same time, and pass over the same
 * records of the past.
 */
import PQueue from 'p-queue'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { ContactRead, InteractionSchema } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import type { ImportDesk } from '../transfer/contact-import.ts'
import { contactMapOf } from './contact-map.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** One import of a run: which schema it goes into, and under which name the journal keeps it. */
export interface Lot {
  readonly name: 'import' | 'roll-back-import'
  schema(context: ReadContext): InteractionSchema
}

export const FORTH: Lot = { name: 'import', schema: ({ plan }) => plan.after }
export const BACK: Lot = { name: 'roll-back-import', schema: ({ plan }) => plan.before }

/** @returns the name of the notes that hold a lot's figures, round by round */
export function verificationNote(lot: Pick<Lot, 'name'>): string {
  return `${lot.name}:verified`
}

/** @returns the name of the cursor that counts a lot's read-backs */
export function roundCursor(lot: Pick<Lot, 'name'>): string {
  return `${lot.name}:verification-round`
}

/** @returns the name of the checkpoints of one read-back of a lot */
export function roundName(lot: Pick<Lot, 'name'>, round: number): string {
  return `${lot.name}:verification:${round}`
}

/** What a contact's records in the tenant are held against, and by which measure. */
export function comparisonOf(context: ReadContext, lot: Lot) {
  const items = context.journal.items(lot.name)
  return {
    reader: context.reader,
    clock: context.clock,
    schemaId: context.plan.schemaId,
    map: contactMapOf(context),
    keyOf: canonicalForm(lot.schema(context)),
    itemsOf: (first: number, count: number) => items.range(first, first + count),
    isClaimed: items.isClaimed,
    oldIds: (read: Pick<ContactRead, 'interactions'>, firstSeq: number) =>
      oldIds(context.journal, lot, read, firstSeq),
    settleMs: settleMsOf(context, lot),
  }
}

/** @returns ids that deletions took away: the snapshot's own and, on the way back, what the way forth had posted */
export function oldIds(
  journal: Journal,
  lot: Lot,
  read: Pick<ContactRead, 'interactions'>,
  firstSeq: number,
): ReadonlySet<string> {
  const ids = new Set(read.interactions.map(({ id }) => id))
  if (lot === FORTH) return ids
  for (const { newId } of journal.items(FORTH.name).range(firstSeq, firstSeq + read.interactions.length)) {
    if (newId !== undefined) ids.add(newId)
  }
  return ids
}

/** The canary has shown how long a read lags here: what is in doubt waits three times that at least. */
function settleMsOf({ journal, settings }: ReadContext, lot: Lot): number {
  const detail = journal.events.latest(lot === FORTH ? 'canary' : 'roll-back-canary', 'finished')?.detail
  const lagMs = Number((detail as JsonObject | undefined)?.['lagMs'] ?? 0)
  return Math.max(settings.settleMs, lagMs * 3)
}

export function deskOf(context: WriteContext, lot: Lot): ImportDesk {
  return {
    ...comparisonOf(context, lot),
    writer: context.writer,
    items: context.journal.items(lot.name),
    beganAt: context.clock.elapsed(),
    requests: new PQueue({ concurrency: context.settings.concurrency }),
    stop: context.stop,
  }
}
