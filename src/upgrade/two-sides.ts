/**
 * What Engage holds and what the source system holds, contact by contact, in the order of the run's list.
 * Guarantees: flat memory (the source is sorted on disk, in a folder of this run that is gone afterwards); every contact of
 * Engage's snapshot comes once, and every record of the source with one of them; one that the list lacks is an Error. What the
 * source has of a contact that goes by another id now, and that Engage has nothing of, is that one's: the run's contact map says.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Json, parseJson, stringifyJson } from '../json.ts'
import type { Interaction } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { Sorter } from '../snapshot/sort.ts'
import { Interrupted } from '../transfer/progress.ts'
import { contactMapOf } from './contact-map.ts'
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
    await fill(context, sorter, source, await homesIn(context, engage))
    held = sorter.sorted()
    let next = await held.next()
    const total = engage.manifest.contacts.listed
    for await (const contact of engage.contacts()) {
      if (stop.aborted) throw new Interrupted()
      const done = contact.ordinal + 1
      progress({ phase: 'comparing with the source: contacts', done, total, doneHere: done })
      const theirs: Interaction[] = []
      // Where contacts were merged, the source may have several that are one in Engage.
      for (; next.done !== true && next.value.ordinal === contact.ordinal; next = await held.next())
        theirs.push(...next.value.interactions)
      yield { contact, ...pairUp(contact.interactions, theirs, keyOf) }
    }
    if (next.done !== true) throw new Error('the source has a contact that no pass has read')
  } finally {
    await held?.return()
    await sorter.discard()
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * The import takes what Engage has of a mapped contact to the other one, and what the source has besides with it: only of a
 * contact that Engage has nothing of, what it had is to be looked for where it went.
 * @returns a function from a contact of the source to the one that its records are held against
 */
async function homesIn(context: ReadContext, engage: Snapshot): Promise<(contactId: string) => string> {
  const map = contactMapOf(context)
  if (map.size === 0) return (contactId) => contactId
  const withOwn = new Set<string>()
  for await (const { contactId, interactions } of engage.contacts()) {
    if (context.stop.aborted) throw new Interrupted()
    if (map.has(contactId) && interactions.length > 0) withOwn.add(contactId)
  }
  return (contactId) => (withOwn.has(contactId) ? contactId : (map.get(contactId) ?? contactId))
}

async function fill(
  { journal, stop }: ReadContext,
  sorter: Sorter<Held>,
  source: Snapshot,
  homeOf: (contactId: string) => string,
): Promise<void> {
  for await (const { contactId: known, interactions: records } of source.contacts()) {
    if (stop.aborted) throw new Interrupted()
    if (records.length === 0) continue
    const contactId = homeOf(known)
    const interactions =
      contactId === known ? records : records.map((record): Interaction => ({ ...record, contactId }))
    const ordinal = journal.contacts.ordinalOf(contactId)
    if (ordinal === undefined) throw new Error(`contact ${contactId} of the source is not in the list`)
    await sorter.add({ ordinal, interactions }, stringifyJson(interactions as unknown as Json).length)
  }
}
