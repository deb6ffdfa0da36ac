/**
 * Counts the contacts of a snapshot that were read before the producers stopped: a hot pass takes them over.
 * Guarantees: changes nothing of what goes by.
 */
import type { SnapshotContact } from '../snapshot/reader.ts'

export class CarriedCount {
  count = 0
  readonly #since: number

  /** @param since milliseconds since the epoch: what was read from then on is not carried over */
  constructor(since: number) {
    this.#since = since
  }

  /** @returns the same contacts; `count` is known once they have all gone by */
  async *over(contacts: AsyncIterable<SnapshotContact>): AsyncGenerator<SnapshotContact> {
    for await (const contact of contacts) {
      this.count += Number(contact.readAt < this.#since)
      yield contact
    }
  }
}
