/**
 * What goes to which contact: the unit of an import and of its read-back.
 * Guarantees: every contact of the snapshot with history is in one delivery, and all that goes to one contact of the
 * tenant is in the same one, so no two of them are ever about one contact; the order is the same for the same snapshot
 * and map, so a place in it can be kept; memory stays flat however many contacts were merged.
 */
import type { ContactMap } from '../contacts/map.ts'
import type { Interaction } from '../model.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { withHistory } from './history.ts'

/** A contact's records in the snapshot, with the number of the first of them. */
export type Piece = Pick<SnapshotContact, 'contactId' | 'interactions' | 'firstSeq'>

export interface Delivery {
  /** The contact of the tenant. */
  readonly contactId: string
  /** Its place among all deliveries, from 0: the contact's own, or behind all of them where several go together. */
  readonly ordinal: number
  readonly pieces: readonly Piece[]
}

/** Records that are gathered at once, where contacts go together: each such batch is one more read of the snapshot. */
const GATHERED = 20_000

/** @returns what goes to a contact that nothing else goes to */
export function alone(contact: SnapshotContact): Delivery {
  return { contactId: contact.contactId, ordinal: contact.ordinal, pieces: [contact] }
}

/** @returns a delivery's records by their numbers in the snapshot */
export function recordsOf(pieces: readonly Piece[]): ReadonlyMap<number, Interaction> {
  return new Map(
    pieces.flatMap(({ firstSeq, interactions }) =>
      interactions.map((record, index): [number, Interaction] => [firstSeq + index, record]),
    ),
  )
}

/** @param start place of the first delivery to come */
export async function* deliveries(
  snapshot: Snapshot,
  map: ContactMap,
  start: number,
  stop: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const shared = new Set([...map.keys(), ...map.values()])
  for await (const contact of withHistory(snapshot, start, stop)) {
    if (!shared.has(contact.contactId)) yield alone(contact)
  }
  if (shared.size > 0) yield* together(snapshot, map, shared, start, stop)
}

/** Those of contacts that go to another one, or to which another one goes; sorted by the id that they go to. */
async function* together(
  snapshot: Snapshot,
  map: ContactMap,
  shared: ReadonlySet<string>,
  start: number,
  stop: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const { listed } = snapshot.manifest.contacts
  const targetOf = (contactId: string): string => map.get(contactId) ?? contactId
  const records = new Map<string, number>()
  for await (const { contactId, interactions } of withHistory(snapshot, 0, stop)) {
    if (!shared.has(contactId)) continue
    const target = targetOf(contactId)
    records.set(target, (records.get(target) ?? 0) + interactions.length)
  }
  const targets = [...records.keys()].sort()
  for (let at = Math.max(0, start - listed); at < targets.length; ) {
    const batch = new Map<string, SnapshotContact[]>()
    const first = at
    for (let held = 0; at < targets.length && (held === 0 || held < GATHERED); at++) {
      const target = targets[at] ?? ''
      batch.set(target, [])
      held += records.get(target) ?? 0
    }
    for await (const contact of withHistory(snapshot, 0, stop)) {
      if (shared.has(contact.contactId)) batch.get(targetOf(contact.contactId))?.push(contact)
    }
    // Where the reading was stopped, a delivery may lack a part of what it should have.
    if (stop.aborted) return
    for (const [index, [contactId, pieces]] of [...batch].entries()) {
      yield { contactId, ordinal: listed + first + index, pieces }
    }
  }
}
