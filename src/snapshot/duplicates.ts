/**
 * Finds whether a value was given more than once, among millions.
 * Guarantees: eight bytes a value; no repetition goes unseen. Two different values are taken for one with a
 * probability of 1 in a million at six million values.
 */
import { createHash } from 'node:crypto'

export class Duplicates {
  #prints = new BigUint64Array(1024)
  #length = 0

  add(value: string): void {
    if (this.#length === this.#prints.length) {
      const larger = new BigUint64Array(this.#length * 2)
      larger.set(this.#prints)
      this.#prints = larger
    }
    // A GUID's own bits are not evenly spread: those of one server share whole fields.
    this.#prints[this.#length] = createHash('sha256').update(value).digest().readBigUInt64LE()
    this.#length += 1
  }

  /** @returns how many of the values given were a repetition. Sorts: to be asked once, at the end. */
  count(): number {
    const sorted = this.#prints.subarray(0, this.#length).sort()
    let repeated = 0
    for (let at = 1; at < sorted.length; at += 1) if (sorted[at] === sorted[at - 1]) repeated += 1
    return repeated
  }
}
