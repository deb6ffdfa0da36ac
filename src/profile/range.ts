/**
 * From which value to which.
 * Guarantees: memory of one size; numbers are compared as doubles, and written by what they were counted by.
 */
import { shownOf } from './key.ts'
import type { Range } from './profile.ts'
import type { Reading } from './reading.ts'

/** The least and the most of what was added, each with the first text that it had. */
class Ends {
  #least: { readonly at: number; readonly key: string } | undefined
  #most: { readonly at: number; readonly key: string } | undefined

  add(at: number, key: string): void {
    if (this.#least === undefined || at < this.#least.at) this.#least = { at, key }
    if (this.#most === undefined || at > this.#most.at) this.#most = { at, key }
  }

  ends() {
    return this.#least === undefined || this.#most === undefined
      ? undefined
      : ([this.#least, this.#most] as const)
  }
}

export class Ranges {
  readonly #numbers = new Ends()
  readonly #instants = new Ends()
  readonly #lengths = new Ends()

  add({ number, instant, length, key }: Reading): void {
    if (number !== undefined) this.#numbers.add(number, key)
    if (instant !== undefined) this.#instants.add(instant, key)
    if (length !== undefined) this.#lengths.add(length, key)
  }

  /** @returns null where no value is of that kind */
  of(kind: Range['of']): Range | null {
    const ends = { numbers: this.#numbers, instants: this.#instants, lengths: this.#lengths }[kind].ends()
    if (ends === undefined) return null
    const [least, most] = ends
    if (kind === 'numbers') return { of: kind, least: shownOf(least.key), most: shownOf(most.key) }
    if (kind === 'lengths') return { of: kind, least: least.at, most: most.at }
    return { of: kind, least: new Date(least.at).toISOString(), most: new Date(most.at).toISOString() }
  }
}
