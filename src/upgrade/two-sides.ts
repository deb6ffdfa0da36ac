/**
 * What Engage holds and what the source system holds, contact by contact, in the order of the run's list.
 * Guarantees: flat memory (the source is sorted on disk, in a folder of this run that is gone afterwards); every contact of
 * Engage's snapshot comes once, and every record of the source with one of them; one that the list lacks is an Error.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Json, parseJson, stringifyJson } from '../json.ts'
import type { Interaction } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { Sorter } from '../snapshot/sort.ts'
import { Interrupted } from '../transfer/progress.ts'
import { type Pairing, pairUp } from './pairing.ts'
import type { ReadContext } from './strategy.ts'

export interface TwoSides extends Pairing {
  /** As Engage has it. */
  readonly contact: SnapshotContact
}

interface Held {
  readonly ordinal: number
  readonly interactions: readonly Interaction[]
}

/**
 * @param engage a snapshot of the run's list, in its order
 * @param source a proven snapshot of any order
 * @throws Interrupted after a stop; OperatorError where the disk refuses
 */
export async function* twoSides(
  context: ReadContext,
  engage: Snapshot,
  source: Snapshot,
): AsyncGenerator<TwoSides, void, undefined> {
  const { plan, stop, progress } = context
  const keyOf = canonicalForm(plan.before)
  const folder = join(context.folder, 'sorting')
  await rm(folder, { recursive: true, force: true })
  const sorter = new Sorter<Held>({
    ...{ folder, name: 'source', compare: (a, b) => a.ordinal - b.ordinal },
    parse: (line) => parseJson(line) as unknown as Held,
  })
  let held: AsyncGenerator<Held, void, undefined> | undefined
  try {
    await fill(context, sorter, source)
    held = sorter.sorted()
    let next = await held.next()
    const total = engage.manifest.contacts.listed
    for await (const contact of engage.contacts()) {
      if (stop.aborted) throw new Interrupted()
      const done = contact.ordinal + 1
      progress({ phase: 'comparing with the source: contacts', done, total, doneHere: done })
      const mine = next.done !== true && next.value.ordinal === contact.ordinal ? next.value : undefined
      if (mine !== undefined) next = await held.next()
      yield { contact, ...pairUp(contact.interactions, mine?.interactions ?? [], keyOf) }
    }
    if (next.done !== true) throw new Error('the source has a contact that no pass has read')
  } finally {
    await held?.return()
    await sorter.discard()
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill({ journal, stop }: ReadContext, sorter: Sorter<Held>, source: Snapshot): Promise<void> {
  for await (const { contactId, interactions } of source.contacts()) {
    if (stop.aborted) throw new Interrupted()
    if (interactions.length === 0) continue
    const ordinal = journal.contacts.ordinalOf(contactId)
    if (ordinal === undefined) throw new Error(`contact ${contactId} of the source is not in the list`)
    await sorter.add({ ordinal, interactions }, stringifyJson(interactions as unknown as Json).length)
  }
}
