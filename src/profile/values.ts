/**
 * How many different values there are, and which are most frequent.
 * Guarantees: exact as long as there are no more different ones than there is room for; beyond that memory stays as it is, no
 * count is above the truth, and what is said of the error holds.
 */
import type { Distinct } from './profile.ts'
import { Sketch } from './sketch.ts'

export interface Counted {
  readonly key: string
  readonly count: number
}

/** How many different values are counted exactly, of all properties together: some 100 MB where each of them is as long as can be. */
const TOGETHER = 256 * 1024
const MOST_ROOM = 4096
const LEAST_ROOM = 256

/** @returns how many different values of each of so many properties are counted exactly */
export function roomFor(properties: number): number {
  return Math.max(LEAST_ROOM, Math.min(MOST_ROOM, Math.floor(TOGETHER / Math.max(1, properties))))
}

export class ValueCounts {
  readonly #room: number
  readonly #counts = new Map<string, number>()
  #sketch: Sketch | undefined
  #total = 0
  #error = 0

  constructor(room: number) {
    this.#room = room
  }

  /** @param key a short text, as keyOf makes it */
  add(key: string): void {
    this.#total += 1
    const count = this.#counts.get(key)
    if (count !== undefined || this.#counts.size < this.#room) {
      this.#counts.set(key, (count ?? 0) + 1)
      // One that is counted anew may have been taken away before, or be new altogether.
      if (count === undefined) this.#sketch?.add(key)
      return
    }
    if (this.#sketch === undefined) {
      this.#sketch = new Sketch()
      for (const each of this.#counts.keys()) this.#sketch.add(each)
    }
    this.#sketch.add(key)
    this.#takeAway()
  }

  /** Whether all counts are exact so far. */
  get areFew(): boolean {
    return this.#sketch === undefined
  }

  distinct(): Distinct {
    if (this.#sketch === undefined) return { count: this.#counts.size, errorPercent: 0 }
    const count = Math.min(this.#total, Math.max(this.#room + 1, this.#sketch.count()))
    return { count, errorPercent: Sketch.ERROR_PERCENT }
  }

  /** How far each count may lie below the truth; a value that has none at all may have been there so often. */
  get error(): number {
    return this.#error
  }

  /** @returns those with most first, of those with as many the key that sorts first; at most `most` of them */
  mostFrequent(most: number): readonly Counted[] {
    return Array.from(this.#counts, ([key, count]) => ({ key, count }))
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
      .slice(0, most)
  }

  /**
   * Misra and Gries: one of each value that is remembered is cancelled against the one that finds no room. That can happen as
   * often as the room fits into the total, and no oftener: so far are counts from the truth, and it takes no longer than adding.
   */
  #takeAway(): void {
    this.#error += 1
    for (const [key, count] of this.#counts) {
      if (count === 1) this.#counts.delete(key)
      else this.#counts.set(key, count - 1)
    }
  }
}
