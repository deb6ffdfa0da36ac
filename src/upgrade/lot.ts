/**
 * A lot: one import of a run. The way forth and, where it is taken, the way back; or what is restored.
 * Guarantees: all works on a lot measure with the same canonical form, wait the same time, and pass over the same
 * records of the past. Where others took the schema away in the midst of it, the lot begins anew, with items of their
 * own: what was posted before is never taken for there, nor forgotten.
 */
import PQueue from 'p-queue'
import type { Item, ItemJournal } from '../journal/items.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { ContactRead, Interaction, InteractionSchema } from '../model.ts'
import { canonicalForm, commonForm } from '../schema/canonical.ts'
import type { ImportDesk } from '../transfer/contact-import.ts'
import { type Piece, recordsOf } from '../transfer/deliveries.ts'
import { type Reconciliation, reconcile } from '../transfer/reconcile.ts'
import type { Remembered } from '../transfer/verify.ts'
import { contactMapOf } from './contact-map.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** One import of a run: which schema it goes into, and under which name the journal keeps it. */
export interface Lot {
  readonly name: 'import' | 'roll-back-import'
  /**
   * Whether it goes into a schema that may hold its records already, and others' that are equal to them: each contact is
   * asked first, and what is there too often is a difference only where it can be ours.
   */
  readonly amongOthers?: true
  schema(context: ReadContext): InteractionSchema
}

export const FORTH: Lot = { name: 'import', schema: ({ plan }) => plan.after }
export const BACK: Lot = { name: 'roll-back-import', schema: ({ plan }) => plan.before }
export const RESTORE: Lot = { name: 'import', amongOthers: true, schema: ({ plan }) => plan.after }

/** By what records are told to be the same event. */
export interface Measure {
  keyOf(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** See Verification. */
  fullKeyOf?(event: Pick<Interaction, 'createdDate' | 'payload'>): string
}

/**
 * What is restored may come from an earlier form of the schema: what is there with more than that one named is no other event.
 * @returns what all of a lot's work measures by, in every process of the run
 */
export function measureOf(context: ReadContext, lot: Lot): Measure {
  const schema = lot.schema(context)
  const known = lot === RESTORE ? context.plan.restore?.properties : undefined
  const fullKeyOf = canonicalForm(schema)
  return known === undefined ? { keyOf: fullKeyOf } : { keyOf: commonForm(schema, known), fullKeyOf }
}

/** Where the journal keeps what a lot has posted. */
type Posted = Pick<Journal, 'items' | 'cursor'>

/** How often a lot has begun anew. */
function generationCursor({ name }: Pick<Lot, 'name'>): string {
  return `${name}:generation`
}

/** @returns the items of each generation of a lot, the current one last */
function generationsOf(journal: Posted, lot: Lot): readonly ItemJournal[] {
  const current = journal.cursor(generationCursor(lot)) ?? 0
  return Array.from({ length: current + 1 }, (_, number) => generation(journal, lot, number))
}

/** @returns a lot's items, as far as the schema that is there now is concerned */
export function itemsOf(journal: Posted, lot: Lot): ItemJournal {
  return generationsOf(journal, lot).at(-1) as ItemJournal
}

/**
 * Everything that a lot has posted is gone with its schema: from now on nothing of it counts as posted.
 * @param doubted how many items, from the first, may have been posted since by a process whose journal was lost: they are
 *   asked about before anything is posted
 */
export function beginAnew(journal: Journal, lot: Lot, doubted = 0): void {
  const next = generationsOf(journal, lot).length
  // First: where the process dies in between, the generation has not begun, and all of this is done again.
  generation(journal, lot, next).doubtAll(doubted)
  journal.setCursor(generationCursor(lot), next)
}

function generation(journal: Posted, lot: Lot, number: number): ItemJournal {
  return journal.items(number === 0 ? lot.name : `${lot.name}#${number + 1}`)
}

/** @returns the items of imports that a deletion has taken away since, the earliest first */
function bygone(journal: Posted, lot: Lot): readonly ItemJournal[] {
  return [...(lot === BACK ? generationsOf(journal, FORTH) : []), ...generationsOf(journal, lot).slice(0, -1)]
}

/** @returns whether anything was sent for a lot, or for what was there before it */
export function hasSent(journal: Posted, lot: Lot): boolean {
  return [...bygone(journal, lot), itemsOf(journal, lot)].some((items) => !isUntouched(items))
}

/** @returns whether nothing was sent of these, or decided */
export function isUntouched(items: Pick<ItemJournal, 'counts'>): boolean {
  return Object.values(items.counts()).every((count) => count === 0)
}

/** @returns what the names of a lot's actions begin with */
export function prefixOf(lot: Lot): '' | 'roll-back-' {
  return lot === BACK ? 'roll-back-' : ''
}

/** @returns the name of the action that brings a lot's schema back */
export function recreationOf(lot: Lot): string {
  return `${prefixOf(lot)}recreation`
}

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

/** How often what is missing is posted again before it is reported as it is. */
export const MENDING_ROUNDS = 2

/** What is missing is to be mended as often as the first time; and no read-back goes on that was begun before. */
export function startRoundsAnew(journal: Journal, lot: Lot): void {
  const round = journal.cursor(roundCursor(lot)) ?? 0
  const next = journal.parts(roundName(lot, round)).length > 0 ? round + 1 : round
  const rounds = MENDING_ROUNDS + 1
  journal.setCursor(roundCursor(lot), Math.ceil(next / rounds) * rounds)
}

/** What a contact's records in the tenant are held against, and by which measure. */
export function comparisonOf(context: ReadContext, lot: Lot) {
  return {
    ...remembered(context.journal, lot),
    reader: context.reader,
    clock: context.clock,
    schemaId: context.plan.schemaId,
    map: contactMapOf(context),
    ...measureOf(context, lot),
    settleMs: settleMsOf(context, lot),
  }
}

/** @returns what a run's journal knows of the records of a lot */
export function remembered(journal: Journal, lot: Lot): Remembered {
  return {
    itemsOf: (first, count) => withLateOnes(journal, lot, first, first + count),
    isClaimed: itemsOf(journal, lot).isClaimed,
    oldIds: (read, firstSeq) => oldIds(journal, lot, read, firstSeq),
    amongOthers: lot.amongOthers === true,
  }
}

/** @returns whether a record of the tenant is one that a lot has posted, now or before the schema last came back */
export function wasPosted(journal: Posted, lot: Lot, id: string): boolean {
  return generationsOf(journal, lot).some((items) => items.isClaimed(id))
}

/** @returns how many POSTs of an item may have made, or may yet make, another record than the one that it is known by */
export function unaccounted({ posts, newId }: Item): number {
  return Math.max(0, posts - (newId === undefined ? 0 : 1))
}

/** @returns what a lot knows of a contact's records, those of imports that are gone included */
export function itemsAt(journal: Journal, lot: Lot, pieces: readonly Piece[]): readonly Item[] {
  return pieces.flatMap(({ firstSeq, interactions }) =>
    withLateOnes(journal, lot, firstSeq, firstSeq + interactions.length),
  )
}

/**
 * What a contact shows, held against the POSTs of a lot whose outcome nobody knows: those of imports that are gone count.
 * @param found records of the contact: `there` are those that these POSTs may have made, `unclaimed` are nobody's
 */
export function reconcileUnaccounted(
  context: ReadContext,
  lot: Lot,
  pieces: readonly Piece[],
  found: readonly Interaction[],
): Reconciliation {
  const { keyOf } = measureOf(context, lot)
  const records = recordsOf(pieces)
  const items = itemsAt(context.journal, lot, pieces)
  const sought = items.flatMap((item) => {
    const key = keyOf(records.get(item.seq) as Interaction)
    return Array.from({ length: unaccounted(item) }, () => ({ seq: item.seq, key }))
  })
  const claimed = new Set(items.flatMap(({ newId }) => newId ?? []))
  return reconcile(
    sought,
    found.map((record) => ({ id: record.id, key: keyOf(record) })),
    claimed,
  )
}

/** A POST of an import that is gone may land when the schema is back: it counts among the item's own. */
function withLateOnes(journal: Journal, lot: Lot, from: number, to: number): readonly Item[] {
  const late = new Map<number, number>()
  for (const item of bygone(journal, lot).flatMap((items) => items.range(from, to))) {
    const count = unaccounted(item)
    if (count > 0) late.set(item.seq, (late.get(item.seq) ?? 0) + count)
  }
  const items = itemsOf(journal, lot)
    .range(from, to)
    .map((item) => ({ ...item, posts: item.posts + (late.get(item.seq) ?? 0) }))
  for (const { seq } of items) late.delete(seq)
  const others = [...late].map(
    ([seq, posts]): Item => ({ seq, state: 'unsent', posts, newId: undefined, reason: undefined }),
  )
  return [...items, ...others]
}

/** @returns the items whose POST a surplus record of a lot may come from, the earlier ones first */
export function madeBy(journal: Journal, lot: Lot, seq: number): ItemJournal {
  const isLate = (items: ItemJournal): boolean =>
    items.range(seq, seq + 1).some((item) => unaccounted(item) > 0)
  return bygone(journal, lot).find(isLate) ?? itemsOf(journal, lot)
}

/**
 * @returns ids that deletions took away: the snapshot's own, and what was posted before the schema last came back. Where
 *   the schema has never been away, what the snapshot was made of may be there still, under its very own ids
 */
function oldIds(
  journal: Journal,
  lot: Lot,
  read: Pick<ContactRead, 'interactions'>,
  firstSeq: number,
): ReadonlySet<string> {
  const ids = new Set(read.interactions.map(({ id }) => id))
  if (lot.amongOthers && journal.events.latest(recreationOf(lot), 'intent') === undefined) ids.clear()
  for (const items of bygone(journal, lot)) {
    for (const { newId } of items.range(firstSeq, firstSeq + read.interactions.length))
      if (newId !== undefined) ids.add(newId)
  }
  return ids
}

/** The canary has shown how long a read lags here: what is in doubt waits three times that at least. */
function settleMsOf({ journal, settings }: ReadContext, lot: Lot): number {
  const detail = journal.events.latest(`${prefixOf(lot)}canary`, 'finished')?.detail
  const lagMs = Number((detail as JsonObject | undefined)?.['lagMs'] ?? 0)
  return Math.max(settings.settleMs, lagMs * 3)
}

export function deskOf(context: WriteContext, lot: Lot): ImportDesk {
  return {
    ...comparisonOf(context, lot),
    writer: context.writer,
    items: itemsOf(context.journal, lot),
    asksFirst: lot.amongOthers === true,
    beganAt: context.clock.elapsed(),
    requests: new PQueue({ concurrency: context.settings.concurrency }),
    stop: context.stop,
  }
}
