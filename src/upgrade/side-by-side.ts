/**
 * Two snapshots of one list of contacts, read side by side.
 * Guarantees: flat memory (one contact of each at a time); the list only grows, so the earlier one's contacts are the
 * beginning of the later one's: anything else is an Error, never a contact held against another one.
 */
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'

export interface Pair {
  /** undefined for a contact that joined the list since. */
  readonly earlier: SnapshotContact | undefined
  readonly now: SnapshotContact
}

/**
 * @param from ordinal of the first contact to consider
 * @returns all contacts of the later snapshot, each with what the earlier one has of it
 * @throws OperatorError where a part is damaged
 */
export async function* sideBySide(
  earlier: Snapshot,
  later: Snapshot,
  from = 0,
): AsyncGenerator<Pair, void, undefined> {
  const before = earlier.contacts(earlier.partOf(from))[Symbol.asyncIterator]()
  try {
    let known = await before.next()
    for await (const now of later.contacts(later.partOf(from))) {
      if (now.ordinal < from) continue
      while (known.done !== true && known.value.ordinal < now.ordinal) known = await before.next()
      if (known.done !== true && known.value.contactId !== now.contactId)
        throw new Error(`contact ${now.contactId} is in the place of ${known.value.contactId}`)
      yield { earlier: known.done === true ? undefined : known.value, now }
    }
  } finally {
    await before.return?.()
  }
}
