/**
 * The read-back: what the tenant holds, against what the snapshot holds.
 * Guarantees: every contact with history is read; records are compared as multisets of canonical forms, so twins
 * count as often as they are; what arrived live is counted and left alone.
 */
import type { Clock } from '../clock.ts'
import { type ContactMap, NO_MAP } from '../contacts/map.ts'
import type { Item } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { type Delivery, deliveries } from './deliveries.ts'
import { type ContactReader, readContact } from './export.ts'
import { Interrupted } from './progress.ts'
import { inOrder } from './pump.ts'

export interface Tally {
  /** Records that should be there: the snapshot's, but for the rejected. */
  readonly expected: number
  /** How many of them are. */
  readonly found: number
  readonly missing: number
  /** Records that are there under the id they were given, but with another content than they were sent with. */
  readonly altered: number
  /** Orphans: records equal to one of the snapshot's, there too often by no more than the POSTs that we sent for it. */
  readonly extra: number
  /** Records equal to one of the snapshot's, there more often than we can have posted it: somebody else's, or some are. */
  readonly foreign: number
  readonly rejected: number
  /** Records that are none of the snapshot's: arrived since. */
  readonly live: number
}

export const EMPTY_TALLY: Tally = {
  expected: 0,
  found: 0,
  missing: 0,
  altered: 0,
  extra: 0,
  foreign: 0,
  rejected: 0,
  live: 0,
}

/** What differs at one contact, by name. */
export interface Difference {
  readonly contactId: string
  /** Whether the contact is not in the tenant any more. */
  readonly gone: boolean
  /** Numbers of the records that should be there and aren't. */
  readonly missing: readonly number[]
  /** Server ids of the records that are there too often, and are ours: they may be deleted. */
  readonly extra: readonly string[]
  /** Server ids of the records that are there too often, of which some at least are not ours: nobody's but the operator's. */
  readonly foreign: readonly string[]
  /** Server ids of the records that the tenant keeps with another content than it was given. */
  readonly altered: readonly string[]
}

/** What counts as refused, or is known by an id that is gone, and is in the tenant after all. */
export interface Adoption {
  readonly seq: number
  readonly newId: string
}

/** A record that is there too often, with the number of the record that was posted once too often. */
export interface Surplus {
  readonly id: string
  readonly seq: number
}

export interface Comparison extends Omit<Difference, 'contactId' | 'extra'> {
  readonly tally: Tally
  readonly extra: readonly Surplus[]
  readonly adopted: readonly Adoption[]
}

/** @returns what differs at a contact, by name */
export function differenceOf(
  { contactId }: Pick<Delivery, 'contactId'>,
  { gone, missing, extra, foreign, altered }: Comparison,
): Difference {
  return { contactId, gone, missing, extra: extra.map(({ id }) => id), foreign, altered }
}

export interface Expected {
  readonly seq: number
  readonly key: string
  readonly state: Item['state'] | undefined
  readonly newId: string | undefined
  /** How many POSTs of it may have been carried out. */
  readonly posts: number
}

type Held = Pick<Interaction, 'id'> & { readonly key: string }

/**
 * Compares one contact, purely.
 * @param expected the contact's records in the snapshot, with what the journal says of each
 * @param found the records that the tenant shows
 * @param gone whether the contact is not there any more
 */
export function compareContact(
  expected: readonly Expected[],
  found: readonly Held[],
  gone = false,
): Comparison {
  const kept = new Map(found.map(({ id, key }) => [id, key]))
  // Found by its own id with another content: it is neither missing nor somebody else's.
  const altered = expected.filter(
    ({ key, newId }) => newId !== undefined && kept.has(newId) && kept.get(newId) !== key,
  )
  const alteredIds = new Set(altered.map(({ newId }) => newId))
  const others = found.filter(({ id }) => !alteredIds.has(id))
  const foundByKey = Map.groupBy(others, ({ key }) => key)
  const known = Map.groupBy(
    expected.filter(({ newId }) => newId === undefined || !alteredIds.has(newId)),
    ({ key }) => key,
  )
  const compared = [...known].map(([key, records]) => compareEqual(records, foundByKey.get(key) ?? []))
  const missing = compared.flatMap((each) => each.missing)
  const adopted = compared.flatMap((each) => each.adopted)
  const extra = compared.flatMap((each) => each.extra)
  const foreign = compared.flatMap((each) => each.foreign)
  const back = new Set(adopted.map(({ seq }) => seq))
  const rejected = expected.filter(({ seq, state }) => state === 'rejected' && !back.has(seq)).length
  const wanted = expected.length - rejected
  return {
    gone,
    missing,
    extra,
    foreign,
    altered: altered.flatMap(({ newId }) => newId ?? []),
    adopted,
    tally: {
      expected: wanted,
      found: wanted - altered.length - missing.length,
      missing: missing.length,
      altered: altered.length,
      extra: extra.length,
      foreign: foreign.length,
      rejected,
      live: others.filter(({ key }) => !known.has(key)).length,
    },
  }
}

/**
 * Compares records that are equal to each other.
 * @param records of the snapshot
 * @param there of the tenant
 */
function compareEqual(
  records: readonly Expected[],
  there: readonly Held[],
): Pick<Comparison, 'missing' | 'adopted' | 'extra' | 'foreign'> {
  const due = records.filter(({ state }) => state !== 'rejected')
  const lacking = due.length - there.length
  if (lacking > 0) {
    const ids = new Set(there.map(({ id }) => id))
    const least = due.toSorted((a, b) => Number(ids.has(a.newId ?? '')) - Number(ids.has(b.newId ?? '')))
    const missing = least.slice(0, lacking).map(({ seq }) => seq)
    return { missing, adopted: standIns(least.slice(lacking), there), extra: [], foreign: [] }
  }
  // Refused when its contact was gone, say, though a POST of it had landed.
  const landed = records.filter(({ state, posts }) => state === 'rejected' && posts > 0)
  // An item's own record is never too many; where it is gone, any other stands in its place, one that nobody knows first.
  const rank = rankOf(due, landed)
  const ranked = there.toSorted((a, b) => rank(a.id) - rank(b.id))
  const free = ranked.slice(due.length)
  const adopted = adopt(landed, free)
  const taken = new Set(adopted.map(({ newId }) => newId))
  const surplus = free.flatMap(({ id }) => (taken.has(id) ? [] : id))
  const back = new Set(adopted.map(({ seq }) => seq))
  // POSTs of ours that may have made another record than the one that is due.
  const spare = records.flatMap(({ seq, state, posts }) => {
    const own = state !== 'rejected' || back.has(seq) ? 1 : 0
    return Array.from({ length: Math.max(0, posts - own) }, () => seq)
  })
  // Equal records can't be told apart: where they are more than ours can be, none of them is taken for ours.
  const known = [...adopted, ...standIns(due, ranked.slice(0, due.length))]
  if (surplus.length > spare.length) return { missing: [], adopted: known, extra: [], foreign: surplus }
  return {
    missing: [],
    adopted: known,
    extra: surplus.map((id, index) => ({ id, seq: spare[index] ?? 0 })),
    foreign: [],
  }
}

/** Each item whose own record is gone gets one of those that count in its place. */
function standIns(due: readonly Expected[], counted: readonly Held[]): readonly Adoption[] {
  const ids = new Set(counted.map(({ id }) => id))
  const bereft = due.filter(({ newId }) => newId !== undefined && !ids.delete(newId))
  const free = [...ids]
  return bereft.flatMap(({ seq }, index) => {
    const newId = free[index]
    return newId === undefined ? [] : [{ seq, newId }]
  })
}

function rankOf(due: readonly Expected[], landed: readonly Expected[]): (id: string) => number {
  const own = new Set(due.map(({ newId }) => newId))
  const theirs = new Set(landed.map(({ newId }) => newId))
  return (id) => (own.has(id) ? 0 : theirs.has(id) ? 2 : 1)
}

/** Each refused item gets the record that it is known by, or else one that nobody is. */
function adopt(landed: readonly Expected[], free: readonly Held[]): readonly Adoption[] {
  const ids = new Set(free.map(({ id }) => id))
  const adopted: Adoption[] = []
  const take = (seq: number, newId: string | undefined): void => {
    if (newId === undefined || !ids.delete(newId)) return
    adopted.push({ seq, newId })
  }
  for (const { seq, newId } of landed) take(seq, newId)
  const known = new Set(adopted.map(({ seq }) => seq))
  for (const { seq } of landed) if (!known.has(seq)) take(seq, ids.values().next().value)
  return adopted
}

export function addTallies(a: Tally, b: Tally): Tally {
  return eachOf((name) => a[name] + b[name])
}

export function subtractTally(from: Tally, tally: Tally): Tally {
  return eachOf((name) => from[name] - tally[name])
}

function eachOf(count: (name: keyof Tally) => number): Tally {
  const names = Object.keys(EMPTY_TALLY) as readonly (keyof Tally)[]
  return Object.fromEntries(names.map((name) => [name, count(name)])) as unknown as Tally
}

/** @returns whether a tenant holds something else than it should: what was refused is told apart */
export function differs({ missing, extra, foreign, altered }: Tally): boolean {
  return missing + extra + foreign + altered > 0
}

export interface VerifyCheckpoint {
  /** Deliveries before this ordinal are in `tally`. */
  readonly ordinal: number
  readonly tally: Tally
  readonly differences: readonly Difference[]
  readonly adopted: readonly Adoption[]
}

export interface Verification {
  readonly reader: ContactReader
  readonly clock: Clock
  readonly snapshot: Snapshot
  /** Contacts whose records are under another one: what is there is compared with all that goes there, once. */
  readonly map?: ContactMap
  readonly schemaId: string
  keyOf(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** What the journal says of a contact's items; nothing where there is no journal (a snapshot on its own). */
  itemsOf(firstSeq: number, count: number): readonly Item[]
  /** Whether the journal knows a record of the tenant as some item's own, of whatever contact. */
  isClaimed(id: string): boolean
  /** Ids that don't count: of records that a deletion took away and that a lagging read may still show. */
  oldIds(read: { readonly interactions: readonly Interaction[] }, firstSeq: number): ReadonlySet<string>
  /** Contacts that lack something are read once more after this wait, in milliseconds. */
  readonly settleMs: number
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

interface Compared {
  readonly contact: Delivery
  readonly result: Comparison
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
  if (!compared.some(({ result }) => unsettled(result))) return compared
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
  job: Pick<Verification, 'reader' | 'clock' | 'schemaId' | 'keyOf' | 'itemsOf' | 'isClaimed' | 'oldIds'>,
  { contactId, pieces }: Pick<Delivery, 'contactId' | 'pieces'>,
): Promise<Comparison> {
  const expected = pieces.flatMap(({ firstSeq, interactions }) => {
    const items = new Map(job.itemsOf(firstSeq, interactions.length).map((item) => [item.seq, item]))
    return interactions.map((record, index): Expected => {
      const seq = firstSeq + index
      const { state, newId, posts = 0 } = items.get(seq) ?? {}
      return { seq, key: job.keyOf(record), state, newId, posts }
    })
  })
  const old = new Set(pieces.flatMap((piece) => [...job.oldIds(piece, piece.firstSeq)]))
  const read = await readContact(job.reader, job.clock, contactId, job.schemaId)
  const found = read.interactions
    .filter(({ id }) => !old.has(id))
    .map((record) => ({ id: record.id, key: job.keyOf(record) }))
  const result = compareContact(expected, found, read.state === 'gone')
  const own = new Set(expected.map(({ newId }) => newId))
  const strange = [...result.extra, ...result.adopted.map(({ newId: id }) => ({ id }))].map(({ id }) => id)
  // With a contact that was merged into this one came its records: equal to some here, perhaps, and none too many.
  const others = new Set([...strange, ...result.foreign].filter((id) => !own.has(id) && job.isClaimed(id)))
  if (others.size === 0) return result
  return compareContact(
    expected,
    found.map((record) => (others.has(record.id) ? { ...record, key: `${record.key} of another` } : record)),
  )
}
