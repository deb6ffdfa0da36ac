/**
 * What an import has refused so far, counted before it is tried once more.
 * Guarantees: reads the snapshot and the journal only.
 */
import type { ContactMap } from '../contacts/map.ts'
import type { ItemJournal } from '../journal/items.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { saysGone } from './contact-import.ts'
import { deliveries } from './deliveries.ts'

export interface Refusals {
  readonly items: number
  /** Contacts with items that were refused because the contact was gone. */
  readonly goneContacts: number
}

/** @returns how much an import has refused */
export async function countRefusals(
  snapshot: Snapshot,
  map: ContactMap,
  items: ItemJournal,
  stop: AbortSignal,
): Promise<Refusals> {
  const { rejected } = items.counts()
  let goneContacts = 0
  if (rejected === 0) return { items: 0, goneContacts }
  for await (const { pieces } of deliveries(snapshot, map, 0, stop)) {
    const gone = pieces.some(({ firstSeq, interactions }) =>
      items.range(firstSeq, firstSeq + interactions.length).some(({ reason }) => saysGone(reason)),
    )
    if (gone) goneContacts += 1
  }
  return { items: rejected, goneContacts }
}
