/**
 * How the server behaves where the real one may differ from day to day or isn't known: all of it can be changed
 * while it runs.
 * Guarantees: a change is checked whole before any of it is taken over.
 */
import { FORMS, type Keeps } from './forms.ts'
import type { Amount } from './random.ts'

export interface Behaviour {
  /** Milliseconds between doing what was asked and answering; a range is drawn from with the seed. */
  readonly latency: Amount
  /** Milliseconds until a new interaction can be read; a range is drawn from for each with the seed. */
  readonly lag: Amount
  /** Milliseconds until a new schema can be read and posted to. */
  readonly schemaLag: number
  /** Milliseconds until reads no longer show a deleted schema, even where it was recreated meanwhile. */
  readonly schemaGoneLag: number
  /** Milliseconds until reads no longer show the interactions of a deleted schema. */
  readonly deletionLag: number
  /** The form in which posted payloads are kept; history of the seed stays as it is. */
  readonly keeps: Keeps
  /** An interaction that breaks its schema: refused with 400, or answered 200 with an id and not stored. */
  readonly invalid: 'refuse' | 'ignore'
  /** Requests of one key within any second; one more answers 429. */
  readonly limit: number
  /** Seconds, sent as Retry-After with every 429 of the limit; null: no such header, as none is documented. */
  readonly retryAfter: number | null
  /** Whether the vendor activated contacts/changes. */
  readonly changesActivated: boolean
  /** Ids that contacts/changes answers at most; more are a 400. */
  readonly changesCap: number
  /** Whether a full page always has a next one, which may turn out to be empty. */
  readonly emptyLastPage: boolean
  /** Where a next page begins: behind the last item seen, or at a count of items, whatever came or went before. */
  readonly pages: 'stable' | 'shifting'
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  latency: 0,
  lag: 0,
  schemaLag: 0,
  schemaGoneLag: 0,
  deletionLag: 0,
  keeps: 'as-is',
  invalid: 'refuse',
  limit: 200,
  retryAfter: null,
  changesActivated: true,
  changesCap: 250_000,
  emptyLastPage: false,
  pages: 'stable',
}

const CHECKS: { readonly [Name in keyof Behaviour]: (value: unknown) => boolean } = {
  latency: (value) => isAmount(value) || isRange(value),
  lag: (value) => isAmount(value) || isRange(value),
  schemaLag: isAmount,
  schemaGoneLag: isAmount,
  deletionLag: isAmount,
  keeps: (value) => FORMS.some((form) => form === value),
  invalid: (value) => value === 'refuse' || value === 'ignore',
  limit: isAmount,
  retryAfter: (value) => value === null || isAmount(value),
  changesActivated: (value) => typeof value === 'boolean',
  changesCap: isAmount,
  emptyLastPage: (value) => typeof value === 'boolean',
  pages: (value) => value === 'stable' || value === 'shifting',
}

/** @returns the behaviour with the changes. Throws RangeError on an unknown name or a value out of place. */
export function changedBehaviour(behaviour: Behaviour, changes: object): Behaviour {
  for (const [name, value] of Object.entries(changes)) {
    if (!isName(name)) throw new RangeError(`There is no option '${name}'`)
    if (!CHECKS[name](value)) throw new RangeError(`Option '${name}' can't be ${JSON.stringify(value)}`)
  }
  return { ...behaviour, ...changes }
}

function isName(name: string): name is keyof Behaviour {
  return Object.hasOwn(CHECKS, name)
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function isRange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('min' in value) || !('max' in value)) return false
  return isAmount(value.min) && isAmount(value.max) && value.min <= value.max
}
