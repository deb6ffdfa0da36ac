/**
 * A lot: one import of a run. The way forth and, where it is taken, the way back.
 * Guarantees: all works on a lot measure with the same canonical form, wait the same time, and pass over the same
 * records of the past.
 */
import PQueue from 'p-queue'
import type { Item, ItemJournal } from '../journal/items.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { ContactRead, InteractionSchema } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import type { ImportDesk } from '../transfer/contact-import.ts'
import type { Remembered } from '../transfer/verify.ts'
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
  return {
    ...remembered(context.journal, lot),
    reader: context.reader,
    clock: context.clock,
    schemaId: context.plan.schemaId,
    map: contactMapOf(context),
    keyOf: canonicalForm(lot.schema(context)),
    settleMs: settleMsOf(context, lot),
  }
}

/** @returns what a run's journal knows of the records of a lot */
export function remembered(journal: Journal, lot: Lot): Remembered {
  return {
    itemsOf: (first, count) => itemsOf(journal, lot, first, first + count),
    isClaimed: journal.items(lot.name).isClaimed,
    oldIds: (read, firstSeq) => oldIds(journal, lot, read, firstSeq),
  }
}

/** @returns how many POSTs of an item may have made, or may yet make, another record than the one that it is known by */
export function unaccounted({ posts, newId }: Item): number {
  return Math.max(0, posts - (newId === undefined ? 0 : 1))
}

/** A POST of the way forth may land when the old schema is back: it counts among the item's own. */
function itemsOf(journal: Journal, lot: Lot, from: number, to: number): readonly Item[] {
  const items = journal.items(lot.name).range(from, to)
  if (lot === FORTH) return items
  const late = new Map(
    journal
      .items(FORTH.name)
      .range(from, to)
      .map((item) => [item.seq, unaccounted(item)]),
  )
  return items.map((item) => ({ ...item, posts: item.posts + (late.get(item.seq) ?? 0) }))
}

/** @returns the items whose POST a surplus record of a lot may come from, the earlier ones first */
export function madeBy(journal: Journal, lot: Lot, seq: number): ItemJournal {
  const forth = journal.items(FORTH.name)
  return forth.range(seq, seq + 1).some((item) => unaccounted(item) > 0) ? forth : journal.items(lot.name)
}

/** @returns ids that deletions took away: the snapshot's own and, on the way back, what the way forth had posted */
function oldIds(
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
