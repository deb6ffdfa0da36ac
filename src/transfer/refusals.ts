/**
 * What an import has refused: why, where the contact is gone, and how much so far, counted before it is tried once more.
 * Guarantees: reads the snapshot and the journal only.
 */
import type { ContactMap } from '../contacts/map.ts'
import type { ItemJournal } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { deliveries } from './deliveries.ts'

/** @returns whether an item was refused because its contact was gone */
export function saysGone(reason: string | undefined): boolean {
  return reason !== undefined && /^the contact .*is gone( \(|$)/.test(reason)
}

/** @param unknown whether a POST of it may have landed while the contact was there */
export function goneReason(record: Interaction, contactId: string, unknown: boolean): string {
  const gone =
    record.contactId === contactId
      ? 'the contact is gone'
      : `the contact ${contactId}, under which it is now, is gone`
  return unknown ? `${gone} (it was posted before, and what became of that can't be asked about)` : gone
}

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
