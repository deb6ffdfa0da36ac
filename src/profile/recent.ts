/**
 * How many interactions arrive a day, of late.
 * Guarantees: of late is up to when the snapshot was read, so that a stream that has dried up is not told as if it went on; flat
 * memory: as many counts as there are days in the window, in whatever order the interactions come.
 */
import { DAY_MS } from './instant.ts'
import type { RecentRate } from './profile.ts'

/** Four weeks: each day of the week counts as often as any other. */
const DAYS = 28

export class Recent {
  readonly #asOf: number
  /** Of the days of the window, by their number since the epoch. */
  readonly #counts = new Map<number, number>()
  #first = Number.POSITIVE_INFINITY
  #newest = Number.NEGATIVE_INFINITY

  /** @param asOf when the snapshot was read, in milliseconds since the epoch: what is dated later says nothing of the rate */
  constructor(asOf: number) {
    this.#asOf = asOf
  }

  /** @param instant in milliseconds since the epoch */
  add(instant: number): void {
    if (instant > this.#asOf) return
    const day = Math.floor(instant / DAY_MS)
    this.#first = Math.min(this.#first, day)
    this.#newest = Math.max(this.#newest, day)
    if (day > this.#today() - DAYS) this.#counts.set(day, (this.#counts.get(day) ?? 0) + 1)
  }

  /** @returns null where nothing was added; of several days with as many, the first */
  rate(): RecentRate | null {
    if (this.#first === Number.POSITIVE_INFINITY) return null
    let [busiest, most, sum] = [0, 0, 0]
    for (const [day, count] of this.#counts) {
      sum += count
      if (count > most || (count === most && day < busiest)) [busiest, most] = [day, count]
    }
    return {
      days: Math.min(DAYS, this.#today() - this.#first + 1),
      interactions: sum,
      busiestDay: sum === 0 ? null : { day: dayText(busiest), interactions: most },
      newest: dayText(this.#newest),
    }
  }

  #today(): number {
    return Math.floor(this.#asOf / DAY_MS)
  }
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
