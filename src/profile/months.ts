/**
 * Interactions by month.
 * Guarantees: at most one row for each month from 1990 to a year after the snapshot was read, whatever dates the data has.
 */

import { DAY_MS, instantIn } from './instant.ts'
import type { MonthCount, Profile } from './profile.ts'

/**
 * Earlier ones are what programs write that have no date (the first day of the year 1, 1900 or 1970), not one: as rows of a
 * table, they would be all that a reader sees of it.
 */
const EARLIEST = Date.UTC(1990, 0, 1)

/** Clocks go wrong by some time; the year 9999 means "never". */
const AHEAD_MS = 366 * DAY_MS

type MonthFacts = Pick<Profile, 'oldestCreated' | 'newestCreated' | 'months' | 'undated'>

export class Months {
  readonly #latest: number
  readonly #counts = new Map<number, number>()
  #oldest = Number.POSITIVE_INFINITY
  #newest = Number.NEGATIVE_INFINITY
  #undated = 0

  /** @param asOf when the snapshot was read, in milliseconds since the epoch */
  constructor(asOf: number) {
    this.#latest = asOf + AHEAD_MS
  }

  /**
   * @param createdDate as the server wrote it
   * @returns the instant, in milliseconds since the epoch; undefined where the interaction is in no month
   */
  add(createdDate: string): number | undefined {
    const instant = instantIn(createdDate)
    if (instant === undefined || instant < EARLIEST || instant > this.#latest) {
      this.#undated += 1
      return undefined
    }
    const date = new Date(instant)
    const month = date.getUTCFullYear() * 12 + date.getUTCMonth()
    this.#counts.set(month, (this.#counts.get(month) ?? 0) + 1)
    if (instant < this.#oldest) this.#oldest = instant
    if (instant > this.#newest) this.#newest = instant
    return instant
  }

  facts(): MonthFacts {
    const undated = this.#undated
    if (this.#counts.size === 0) return { oldestCreated: null, newestCreated: null, months: [], undated }
    const [oldestCreated, newestCreated] = [this.#oldest, this.#newest].map((each) =>
      new Date(each).toISOString(),
    ) as [string, string]
    return { oldestCreated, newestCreated, months: this.#rows(), undated }
  }

  #rows(): readonly MonthCount[] {
    const known = [...this.#counts.keys()]
    const first = Math.min(...known)
    return Array.from({ length: Math.max(...known) - first + 1 }, (_, index) => {
      const at = first + index
      const month = `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`
      return { month, interactions: this.#counts.get(at) ?? 0 }
    })
  }
}
