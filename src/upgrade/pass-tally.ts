/**
 * What a pass found besides what it writes: against an earlier pass, and against the schemas.
 * Guarantees: pure; tallies of parts add up to that of the pass; of what is counted one example is kept, the first.
 */
import type { JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'

export interface PassTally {
  readonly arrived: number
  /** Seen by the earlier pass, but not any more: deleted in the tenant since. */
  readonly vanished: number
  /** Contacts that had history in the earlier pass and are gone from the tenant now. */
  readonly goneWithHistory: number
  /** Arrivals dated after the producers' stop. */
  readonly late: number
  readonly lateExample: string | null
  /** Of the contacts that a hot pass read only as a sample: how many had something all the same. */
  readonly surprises: number
  /** Records that break the new schema's rules. */
  readonly refusable: number
  readonly refusableExample: string | null
  /** Records that break the old schema's rules: the way back can't import them. Absent in those of an earlier version. */
  readonly refusableBack?: number
  readonly refusableBackExample?: string | null
}

/**
 * @param check says what a payload breaks of a schema's rules
 * @returns how many records break them, and one of these for people; null where none does
 */
export function refusablesIn(
  records: readonly Interaction[],
  check: (payload: JsonObject) => readonly string[],
): { readonly count: number; readonly example: string | null } {
  const bad = records
    .map(({ id, payload }) => ({ id, problems: check(payload) }))
    .filter(({ problems }) => problems.length > 0)
  const [first] = bad
  return {
    count: bad.length,
    example: first === undefined ? null : `${first.id}: ${first.problems.join(', ')}`,
  }
}

/** What a pass has found before it has begun. */
export const NOTHING: PassTally = {
  arrived: 0,
  vanished: 0,
  goneWithHistory: 0,
  late: 0,
  lateExample: null,
  surprises: 0,
  refusable: 0,
  refusableExample: null,
}

/** @returns the sum of two parts */
export function addTallies(a: PassTally, b: PassTally): PassTally {
  return {
    arrived: a.arrived + b.arrived,
    vanished: a.vanished + b.vanished,
    goneWithHistory: a.goneWithHistory + b.goneWithHistory,
    late: a.late + b.late,
    lateExample: a.lateExample ?? b.lateExample,
    surprises: a.surprises + b.surprises,
    refusable: a.refusable + b.refusable,
    refusableExample: a.refusableExample ?? b.refusableExample,
    refusableBack: (a.refusableBack ?? 0) + (b.refusableBack ?? 0),
    refusableBackExample: a.refusableBackExample ?? b.refusableBackExample ?? null,
  }
}
