/**
 * What a tenant holds of one contact, against what it should hold.
 * Guarantees: pure; records are compared as multisets of canonical forms, so twins count as often as they are; a record
 * is called ours to delete only where no more are there than this run's POSTs can have made.
 */
import type { Item } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import type { Delivery } from './deliveries.ts'

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
  /**
   * Records that are none of the snapshot's: arrived since. Where an import goes among others' records, those that are
   * equal to one of the snapshot's and can't be ours, too.
   */
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

/** What was confirmed at a contact that is gone, and stands under another one, where it went with a merge. */
export interface Move {
  readonly seq: number
  readonly newId: string
  readonly contactId: string
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
 * @param amongOthers whether equal records of others are no difference: where none of those that are too many can be
 *   ours, they are live
 */
export function compareContact(
  expected: readonly Expected[],
  found: readonly Held[],
  gone = false,
  amongOthers = false,
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
  const compared = [...known].map(([key, records]) =>
    compareEqual(records, foundByKey.get(key) ?? [], amongOthers),
  )
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
      live:
        others.filter(({ key }) => !known.has(key)).length +
        compared.reduce((sum, { live }) => sum + live, 0),
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
  amongOthers: boolean,
): Pick<Comparison, 'missing' | 'adopted' | 'extra' | 'foreign'> & { readonly live: number } {
  const due = records.filter(({ state }) => state !== 'rejected')
  const lacking = due.length - there.length
  if (lacking > 0) {
    const ids = new Set(there.map(({ id }) => id))
    const least = due.toSorted((a, b) => Number(ids.has(a.newId ?? '')) - Number(ids.has(b.newId ?? '')))
    const missing = least.slice(0, lacking).map(({ seq }) => seq)
    return { missing, adopted: standIns(least.slice(lacking), there), extra: [], foreign: [], live: 0 }
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
  if (surplus.length > spare.length) {
    const theirs = amongOthers && spare.length === 0
    return {
      missing: [],
      adopted: known,
      extra: [],
      foreign: theirs ? [] : surplus,
      live: theirs ? surplus.length : 0,
    }
  }
  return {
    missing: [],
    adopted: known,
    extra: surplus.map((id, index) => ({ id, seq: spare[index] ?? 0 })),
    foreign: [],
    live: 0,
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
