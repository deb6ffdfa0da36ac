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
  /** Records equal to one of the snapshot's, there more often than they should be. */
  readonly extra: number
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
  rejected: 0,
  live: 0,
}

/** What differs at one contact, by name. */
export interface Difference {
  readonly contactId: string
  /** Numbers of the records that should be there and aren't. */
  readonly missing: readonly number[]
  /** Server ids of the records that are there too often. */
  readonly extra: readonly string[]
  /** Server ids of the records that the tenant keeps with another content than it was given. */
  readonly altered: readonly string[]
}

export interface Comparison {
  readonly tally: Tally
  readonly missing: readonly number[]
  readonly extra: readonly string[]
  readonly altered: readonly string[]
}

export interface Expected {
  readonly seq: number
  readonly key: string
  readonly state: Item['state'] | undefined
  readonly newId: string | undefined
}

/**
 * Compares one contact, purely.
 * @param expected the contact's records in the snapshot, with what the journal says of each
 * @param found the records that the tenant shows
 */
export function compareContact(
  expected: readonly Expected[],
  found: ReadonlyArray<{ readonly id: string; readonly key: string }>,
): Comparison {
  const kept = new Map(found.map(({ id, key }) => [id, key]))
  const wanted = expected.filter(({ state }) => state !== 'rejected')
  // Found by its own id with another content: it is neither missing nor somebody else's.
  const altered = wanted.filter(
    ({ key, newId }) => newId !== undefined && kept.has(newId) && kept.get(newId) !== key,
  )
  const alteredIds = new Set(altered.map(({ newId }) => newId))
  const due = wanted.filter(({ newId }) => newId === undefined || !alteredIds.has(newId))
  const dueByKey = Map.groupBy(due, ({ key }) => key)
  const others = found.filter(({ id }) => !alteredIds.has(id))
  const foundByKey = Map.groupBy(others, ({ key }) => key)
  const missing: number[] = []
  const extra: string[] = []
  for (const [key, records] of dueByKey) {
    const there = foundByKey.get(key) ?? []
    if (there.length < records.length) {
      const ids = new Set(there.map(({ id }) => id))
      const lacking = records.toSorted(
        (a, b) => Number(ids.has(a.newId ?? '')) - Number(ids.has(b.newId ?? '')),
      )
      missing.push(...lacking.slice(0, records.length - there.length).map(({ seq }) => seq))
    } else if (there.length > records.length) {
      const claimed = new Set(records.map(({ newId }) => newId))
      const surplus = there.toSorted((a, b) => Number(claimed.has(a.id)) - Number(claimed.has(b.id)))
      extra.push(...surplus.slice(0, there.length - records.length).map(({ id }) => id))
    }
  }
  return {
    missing,
    extra,
    altered: altered.flatMap(({ newId }) => newId ?? []),
    tally: {
      expected: wanted.length,
      found: due.length - missing.length,
      missing: missing.length,
      altered: altered.length,
      extra: extra.length,
      rejected: expected.length - wanted.length,
      live: others.filter(({ key }) => !dueByKey.has(key)).length,
    },
  }
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    expected: a.expected + b.expected,
    found: a.found + b.found,
    missing: a.missing + b.missing,
    altered: a.altered + b.altered,
    extra: a.extra + b.extra,
    rejected: a.rejected + b.rejected,
    live: a.live + b.live,
  }
}

export interface VerifyCheckpoint {
  /** Deliveries before this ordinal are in `tally`. */
  readonly ordinal: number
  readonly tally: Tally
  readonly differences: readonly Difference[]
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
  /** Ids that don't count: of records that a deletion took away and that a lagging read may still show. */
  oldIds(read: { readonly interactions: readonly Interaction[] }, firstSeq: number): ReadonlySet<string>
  /** Contacts that lack something are read once more after this wait, in milliseconds. */
  readonly settleMs: number
  readonly concurrency: number
  /** Checkpoints that are durable already, in order. */
  readonly done: readonly VerifyCheckpoint[]
  checkpoint(checkpoint: VerifyCheckpoint): void
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
        .filter(({ result }) => result.missing.length + result.extra.length + result.altered.length > 0)
        .map(({ contact, result }) => ({
          contactId: contact.contactId,
          missing: result.missing,
          extra: result.extra,
          altered: result.altered,
        })),
    }
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

/** A read may lag behind the write: what is missing now may be there in a moment. One wait serves all of them. */
async function lookAgain(job: Verification, compared: readonly Compared[]): Promise<readonly Compared[]> {
  if (!compared.some(({ result }) => result.missing.length > 0)) return compared
  await job.clock.sleep(job.settleMs, job.stop)
  return Array.fromAsync(
    inOrder(
      compared,
      async ({ contact, result }) => ({
        contact,
        result: result.missing.length > 0 ? await compareLive(job, contact) : result,
      }),
      { concurrency: job.concurrency, window: job.concurrency * 4 },
    ),
  )
}

async function compareLive(job: Verification, { contactId, pieces }: Delivery): Promise<Comparison> {
  const expected = pieces.flatMap(({ firstSeq, interactions }) => {
    const items = new Map(job.itemsOf(firstSeq, interactions.length).map((item) => [item.seq, item]))
    return interactions.map((record, index) => {
      const item = items.get(firstSeq + index)
      return { seq: firstSeq + index, key: job.keyOf(record), state: item?.state, newId: item?.newId }
    })
  })
  const old = new Set(pieces.flatMap((piece) => [...job.oldIds(piece, piece.firstSeq)]))
  const read = await readContact(job.reader, job.clock, contactId, job.schemaId)
  return compareContact(
    expected,
    read.interactions
      .filter(({ id }) => !old.has(id))
      .map((record) => ({ id: record.id, key: job.keyOf(record) })),
  )
}
