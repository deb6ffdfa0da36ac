/**
 * Records that stood elsewhere when the final pass came by: contacts are merged and restored, and pages slip, while it
 * reads.
 * Guarantees: changes nothing; every record that an earlier pass has seen is in the final snapshot under one contact, or
 * the tenant has it no more, or else the contacts are named that must be asked again; memory grows with what has moved,
 * not with what there is.
 */
import type { Snapshot } from '../snapshot/reader.ts'
import { inOrder } from '../transfer/pump.ts'
import { sideBySide } from './side-by-side.ts'
import type { ReadContext } from './strategy.ts'

/** An interaction, and the contact that it is under. */
export type Place = readonly [id: string, contactId: string]

export interface Strays {
  /** Contacts to be asked again; some may not be in the list. */
  readonly contacts: readonly string[]
  /** Interactions that the tenant has, and the snapshot lacks. */
  readonly sought: readonly Place[]
}

/**
 * @param earlier snapshots of the same list: each a pass that has seen what the final one may lack
 * @param final the snapshot to be judged
 * @param sought interactions that were known to be in the tenant before the final snapshot was made
 */
export async function straysOf(
  context: ReadContext,
  earlier: readonly Snapshot[],
  final: Snapshot,
  sought: readonly Place[],
): Promise<Strays> {
  const moves = await movesBetween(earlier, final)
  for (const [id, contactId] of sought) moves.vanished.set(id, contactId)
  const contacts = new Set(await takeFound(moves, final))
  const lacking: Place[] = []
  for await (const { id, was, is } of stillThere(context, moves.vanished)) {
    for (const each of [was, is]) contacts.add(each)
    lacking.push([id, is])
  }
  return { contacts: [...contacts], sought: lacking }
}

interface Moves {
  /** Interactions that a contact had, and does not have in the final snapshot: where they were. */
  readonly vanished: Map<string, string>
  /** Interactions that a contact has in the final snapshot, and did not have. */
  readonly arrived: Set<string>
}

async function movesBetween(earlier: readonly Snapshot[], final: Snapshot): Promise<Moves> {
  const moves: Moves = { vanished: new Map(), arrived: new Set() }
  for (const snapshot of earlier) {
    for await (const { earlier: then, now } of sideBySide(snapshot, final)) {
      const before = new Set(then?.interactions.map(({ id }) => id))
      for (const { id } of now.interactions) if (!before.delete(id)) moves.arrived.add(id)
      for (const id of before) moves.vanished.set(id, now.contactId)
    }
  }
  return moves
}

/**
 * Takes what the final snapshot holds, under whatever contact, from what has vanished: a merge that was seen whole.
 * @returns the contacts that the same interaction stands under: one was merged into the other after it was read
 */
async function takeFound({ vanished, arrived }: Moves, final: Snapshot): Promise<readonly string[]> {
  const places = new Map<string, string>()
  const doubled: string[] = []
  if (vanished.size + arrived.size === 0) return doubled
  for await (const { contactId, interactions } of final.contacts()) {
    for (const { id } of interactions) {
      vanished.delete(id)
      // What stands under two contacts has come to one of them since.
      if (!arrived.has(id)) continue
      const other = places.get(id)
      if (other === undefined) places.set(id, contactId)
      else doubled.push(other, contactId)
    }
  }
  return doubled
}

/** @returns what the tenant shows by its id, under a contact that is there, though the snapshot lacks it */
async function* stillThere(
  { reader, settings, stop, progress }: ReadContext,
  vanished: ReadonlyMap<string, string>,
): AsyncGenerator<{ readonly id: string; readonly was: string; readonly is: string }> {
  const present = new Map<string, Promise<boolean>>()
  const isThere = (contactId: string): Promise<boolean> => {
    const known = present.get(contactId) ?? reader.getContact(contactId).then((each) => each !== undefined)
    present.set(contactId, known)
    return known
  }
  const looks = inOrder(
    vanished,
    async ([id, was]) => {
      stop.throwIfAborted()
      const is = (await reader.getInteraction(id))?.contactId
      // Where its contact is gone nobody can list it, whatever is still shown by its id.
      return is !== undefined && (await isThere(is)) ? { id, was, is } : undefined
    },
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  let done = 0
  for await (const stray of looks) {
    done += 1
    progress({
      phase: 'final pass: asking what became of interactions',
      done,
      total: vanished.size,
      doneHere: done,
    })
    if (stray !== undefined) yield stray
  }
}
