/**
 * How many interactions arrive a day, of late.
 * Guarantees: flat memory: as many counts as there are days in the window, in whatever order the interactions come.
 */
import { DAY_MS } from './instant.ts'
import type { RecentRate } from './profile.ts'

/** Four weeks: each day of the week counts as often as any other. */
const DAYS = 28

export class Recent {
  readonly #asOf: number
  /** Of the days of the window as it is so far, by their number since the epoch. */
  readonly #counts = new Map<number, number>()
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  /** @param asOf when the snapshot was read, in milliseconds since the epoch: what is dated later says nothing of the rate */
  constructor(asOf: number) {
    this.#asOf = asOf
  }

  /** @param instant in milliseconds since the epoch */
  add(instant: number): void {
    if (instant > this.#asOf) return
    const day = Math.floor(instant / DAY_MS)
    this.#first = Math.min(this.#first, day)
    if (day > this.#last) {
      this.#last = day
      for (const each of this.#counts.keys()) if (each <= day - DAYS) this.#counts.delete(each)
    }
    if (day > this.#last - DAYS) this.#counts.set(day, (this.#counts.get(day) ?? 0) + 1)
  }

  /** @returns null where nothing was added; of several days with as many, the first */
  rate(): RecentRate | null {
    if (this.#counts.size === 0) return null
    let [busiest, most, sum] = [0, 0, 0]
    for (const [day, count] of this.#counts) {
      sum += count
      if (count > most || (count === most && day < busiest)) [busiest, most] = [day, count]
    }
    return {
      days: Math.min(DAYS, this.#last - this.#first + 1),
      interactions: sum,
      busiestDay: { day: new Date(busiest * DAY_MS).toISOString().slice(0, 10), interactions: most },
    }
  }
}
