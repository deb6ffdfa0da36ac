/**
 * Counts the pages that the API takes for what a snapshot holds.
 * Guarantees: changes nothing of what goes by.
 */
import { PAGE_SIZE } from '../engage/guesses.ts'
import type { SnapshotContact } from '../snapshot/reader.ts'

export class PageCount {
  /** Pages beyond the first of each contact. */
  further = 0

  /** @returns the same contacts; `further` is known once they have all gone by */
  async *over(contacts: AsyncIterable<SnapshotContact>): AsyncGenerator<SnapshotContact> {
    for await (const contact of contacts) {
      this.further += Math.max(0, Math.ceil(contact.interactions.length / PAGE_SIZE) - 1)
      yield contact
    }
  }
}
