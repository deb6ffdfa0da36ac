/**
 * The read-back: what the tenant holds, against what the snapshot holds.
 * Guarantees: every contact with history is read, and once more after a wait where anything differs; what has moved to
 * another contact is asked for by its id, and is missing where it is not there either; what arrived live is counted and
 * left alone.
 */
import type { Clock } from '../clock.ts'
import { type ContactMap, NO_MAP } from '../contacts/map.ts'
import type { EngageReader } from '../engage/types.ts'
import type { Item } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import {
  type Adoption,
  addTallies,
  type Comparison,
  compareContact,
  type Difference,
  differenceOf,
  differs,
  EMPTY_TALLY,
  type Expected,
  type Move,
  type Tally,
} from './compare.ts'
import { type Delivery, deliveries } from './deliveries.ts'
import { readContact } from './export.ts'
import { Interrupted } from './progress.ts'
import { inOrder } from './pump.ts'

export interface VerifyCheckpoint {
  /** Deliveries before this ordinal are in `tally`. */
  readonly ordinal: number
  readonly tally: Tally
  readonly differences: readonly Difference[]
  readonly adopted: readonly Adoption[]
  /** Absent in those of an earlier version. */
  readonly moved?: readonly Move[]
}

/** What the journal knows of the records of a lot. */
export interface Remembered {
  /** What became of a contact's items. */
  itemsOf(firstSeq: number, count: number): readonly Item[]
  /** Whether a record of the tenant is some item's own, of whatever contact. */
  isClaimed(id: string): boolean
  /** Ids that don't count: of records that a deletion took away and that a lagging read may still show. */
  oldIds(read: { readonly interactions: readonly Interaction[] }, firstSeq: number): ReadonlySet<string>
  /** Whether equal records of others are no difference; see compareContact. */
  readonly amongOthers?: boolean
}

/** Of a snapshot on its own. */
export const NOTHING_REMEMBERED: Remembered = {
  itemsOf: () => [],
  isClaimed: () => false,
  oldIds: () => new Set(),
}

export interface Verification extends Remembered {
  readonly reader: Pick<EngageReader, 'interactionsOf' | 'getContact' | 'getInteraction'>
  readonly clock: Clock
  readonly snapshot: Snapshot
  /** Contacts whose records are under another one: what is there is compared with all that goes there, once. */
  readonly map?: ContactMap
  readonly schemaId: string
  keyOf(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /**
   * Where `keyOf` goes by some of the properties only: by all of them. What is not equal to any of the snapshot's by this one
   * was never sent: it stands for what is due, and is somebody else's where that is there already.
   */
  fullKeyOf?(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** Contacts that lack something are read once more after this wait, in milliseconds; absent: one look will do. */
  readonly settleMs?: number
  readonly concurrency: number
  /** Checkpoints that are durable already, in order. */
  readonly done: readonly VerifyCheckpoint[]
  checkpoint(checkpoint: VerifyCheckpoint): void
  /** Told of each contact at which something differs. */
  onDifference?(contact: Delivery, result: Comparison): void
  readonly stop: AbortSignal
  onProgress?(recordsDone: number, recordsHere: number): void
}

/** Contacts with history between two checkpoints. */
const CHECKPOINT_EVERY = 250

/** What a contact shows against what it should, and what stands elsewhere instead. */
export interface Look extends Comparison {
  readonly moved: readonly Move[]
}

interface Compared {
  readonly contact: Delivery
  readonly result: Look
}

/**
 * @returns what all contacts add up to; what differs at each is in the checkpoints
 * @throws Interrupted after a stop @throws EngageError where a contact can't be read
 */
export async function verifyLive(job: Verification): Promise<Tally> {
  const start = job.done.at(-1)?.ordinal ?? 0
  let tally = job.done.reduce((sum, each) => addTallies(sum, each.tally), EMPTY_TALLY)
  let here = 0
  let open: Compared[] = []
  const close = async (): Promise<void> => {
    if (open.length === 0) return
    const settled = await lookAgain(job, open)
    const checkpoint: VerifyCheckpoint = {
      ordinal: (settled.at(-1)?.contact.ordinal ?? 0) + 1,
      tally: settled.map(({ result }) => result.tally).reduce(addTallies, EMPTY_TALLY),
      differences: settled
        .filter(({ result }) => differs(result.tally))
        .map(({ contact, result }) => differenceOf(contact, result)),
      adopted: settled.flatMap(({ result }) => result.adopted),
      moved: settled.flatMap(({ result }) => result.moved),
    }
    for (const { contact, result } of settled) if (differs(result.tally)) job.onDifference?.(contact, result)
    job.checkpoint(checkpoint)
    tally = addTallies(tally, checkpoint.tally)
    open = []
  }
  const results = inOrder(
    deliveries(job.snapshot, job.map ?? NO_MAP, start, job.stop),
    async (contact): Promise<Compared> => ({ contact, result: await compareLive(job, contact) }),
    { concurrency: job.concurrency, window: job.concurrency * 4 },
  )
  let records = tally.expected + tally.rejected
  for await (const compared of results) {
    open.push(compared)
    const { expected, rejected } = compared.result.tally
    here += expected + rejected
    records += expected + rejected
    if (open.length >= CHECKPOINT_EVERY) await close()
    job.onProgress?.(records, here)
  }
  if (job.stop.aborted) throw new Interrupted()
  await close()
  return tally
}

/** A read may lag behind what was done: what differs now may not in a moment. One wait serves all of them. */
async function lookAgain(job: Verification, compared: readonly Compared[]): Promise<readonly Compared[]> {
  const unsettled = ({ missing, extra, foreign, adopted }: Comparison): boolean =>
    missing.length + extra.length + foreign.length + adopted.length > 0
  if (job.settleMs === undefined || !compared.some(({ result }) => unsettled(result))) return compared
  await job.clock.sleep(job.settleMs, job.stop)
  return Array.fromAsync(
    inOrder(
      compared,
      async ({ contact, result }) => ({
        contact,
        result: unsettled(result) ? await compareLive(job, contact) : result,
      }),
      { concurrency: job.concurrency, window: job.concurrency * 4 },
    ),
  )
}

/** Reads a contact, and compares what it shows with all that should be there. @throws EngageError */
export async function compareLive(
  job: Remembered & Pick<Verification, 'reader' | 'clock' | 'schemaId' | 'keyOf' | 'fullKeyOf'>,
  { contactId, pieces }: Pick<Delivery, 'contactId' | 'pieces'>,
): Promise<Look> {
  const journaled = pieces.flatMap(({ firstSeq, interactions }) => {
    const items = new Map(job.itemsOf(firstSeq, interactions.length).map((item) => [item.seq, item]))
    return interactions.map((record, index): Expected => {
      const seq = firstSeq + index
      const { state, newId, posts = 0 } = items.get(seq) ?? {}
      return { seq, key: job.keyOf(record), state, newId, posts }
    })
  })
  const old = new Set(pieces.flatMap((piece) => [...job.oldIds(piece, piece.firstSeq)]))
  const read = await readContact(job.reader, job.clock, contactId, job.schemaId)
  // What was answered to a POST of ours since is there, whatever had that id elsewhere: in the tenant that a snapshot is of, say.
  const shown = read.interactions.filter(({ id }) => !old.has(id) || job.isClaimed(id))
  const gone = read.state === 'gone'
  const { lost, moved } = await lookElsewhere(job, journaled, new Set(shown.map(({ id }) => id)), gone)
  const expected = journaled.map((each): Expected => {
    if (lost.has(each.seq)) return { ...each, state: 'confirmed' }
    return moved.has(each.seq) ? { ...each, state: 'rejected' } : each
  })
  const found = keyed(job, shown, expected, pieces)
  const compared = { moved: [...moved.values()], ...compareContact(expected, found, gone, job.amongOthers) }
  const own = new Set(expected.map(({ newId }) => newId))
  const strange = [...compared.extra, ...compared.adopted.map(({ newId: id }) => ({ id }))].map(
    ({ id }) => id,
  )
  // With a contact that was merged into this one came its records: equal to some here, perhaps, and none too many.
  const others = new Set([...strange, ...compared.foreign].filter((id) => !own.has(id) && job.isClaimed(id)))
  if (others.size === 0) return compared
  const apart = found.map((record) =>
    others.has(record.id) ? { ...record, key: `${record.key} of another` } : record,
  )
  return { ...compared, ...compareContact(expected, apart, gone, job.amongOthers) }
}

/** @returns the keys of what a contact shows; what can't have been sent, and is not needed for what is due, has one of its own */
function keyed(
  { keyOf, fullKeyOf }: Pick<Verification, 'keyOf' | 'fullKeyOf'>,
  shown: readonly Interaction[],
  expected: readonly Expected[],
  pieces: Delivery['pieces'],
): ReadonlyArray<{ readonly id: string; readonly key: string }> {
  if (fullKeyOf === undefined) return shown.map((record) => ({ id: record.id, key: keyOf(record) }))
  const own = new Set(expected.map(({ newId }) => newId))
  const sent = new Set(pieces.flatMap(({ interactions }) => interactions.map(fullKeyOf)))
  const isOurs = (record: Interaction): boolean => own.has(record.id) || sent.has(fullKeyOf(record))
  const due = new Map<string, number>()
  for (const { key, state } of expected) if (state !== 'rejected') due.set(key, (due.get(key) ?? 0) + 1)
  return shown
    .toSorted((a, b) => Number(isOurs(b)) - Number(isOurs(a)))
    .map((record) => {
      const key = keyOf(record)
      const left = due.get(key) ?? 0
      due.set(key, left - 1)
      return { id: record.id, key: left > 0 || isOurs(record) ? key : `${key} of others` }
    })
}

/**
 * What went to another contact with a merge is asked for by its id: what was named so stays so only while it is there,
 * since somebody may have deleted the schema since, or that contact; and what a contact had that is gone may have gone
 * there. One look at the contact that has one of them answers for all that went there.
 * @param here ids that the contact itself shows
 * @returns those named so that are nowhere any more, and those of a gone contact that are elsewhere, by their numbers
 */
async function lookElsewhere(
  { reader, clock, schemaId }: Pick<Verification, 'reader' | 'clock' | 'schemaId'>,
  journaled: readonly Expected[],
  here: ReadonlySet<string>,
  gone: boolean,
): Promise<{ readonly lost: ReadonlySet<number>; readonly moved: ReadonlyMap<number, Move> }> {
  const ownerOf = new Map<string, string>()
  const looked = new Set<string>()
  const find = async (id: string): Promise<string | undefined> => {
    const known = ownerOf.get(id)
    if (known !== undefined) return known
    const contactId = (await reader.getInteraction(id))?.contactId
    if (contactId === undefined || looked.has(contactId)) return contactId
    looked.add(contactId)
    const { interactions } = await readContact(reader, clock, contactId, schemaId)
    for (const each of interactions) ownerOf.set(each.id, contactId)
    return contactId
  }
  const lost = new Set<number>()
  const moved = new Map<number, Move>()
  for (const { seq, state, newId } of journaled) {
    if (newId === undefined || here.has(newId)) continue
    if (state !== 'rejected' && !(gone && state === 'confirmed')) continue
    const contactId = await find(newId)
    if (contactId === undefined && state === 'rejected') lost.add(seq)
    if (contactId !== undefined && state === 'confirmed') moved.set(seq, { seq, newId, contactId })
  }
  return { lost, moved }
}
