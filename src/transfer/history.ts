/**
 * The contacts of a snapshot that have anything to import or to look for.
 * Guarantees: in the snapshot's order, from a given contact on; ends early after a stop.
 */
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'

/** @param start ordinal of the first contact to consider */
export async function* withHistory(
  snapshot: Snapshot,
  start: number,
  stop: AbortSignal,
): AsyncGenerator<SnapshotContact, void, undefined> {
  for await (const contact of snapshot.contacts(snapshot.partOf(start))) {
    if (stop.aborted) return
    if (contact.ordinal >= start && contact.interactions.length > 0) yield contact
  }
}
