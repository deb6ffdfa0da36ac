/**
 * A look at every contact before a schema is deleted that may hold more than the snapshot does.
 * Guarantees: every contact of the list and those created since are read; one record that is neither in the snapshot,
 * under whatever contact, nor known to be ours ends it.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Interaction, InteractionSchema } from '../model.ts'
import { schemaDifferences } from '../schema/diff.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { addCreatedSince } from '../transfer/contact-source.ts'
import { deliveries, type Piece } from '../transfer/deliveries.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { unread } from './base-pass.ts'
import { contactMapOf } from './contact-map.ts'
import { passSnapshot } from './pass.ts'
import type { ReadContext } from './strategy.ts'
import type { Place } from './strays.ts'

/**
 * A contact with what the snapshot holds of it, and of those that are mapped to it or go with it to another one; nothing
 * for one that was created since.
 */
export interface Known {
  readonly contactId: string
  readonly pieces: readonly Piece[]
}

/** Records that are looked up in the snapshot at once, at most. */
const LOOKED_UP = 100_000

/**
 * @param by the snapshot that tells which records of a contact are known
 * @param strangers which of a contact's records are not known to be ours; those that the snapshot has of it are not asked
 *   about
 * @throws OperatorError (exit 4) naming the first such record that the snapshot has of no contact
 */
export async function assertNoStrangers(
  context: ReadContext,
  by: Snapshot,
  strangers: (known: Known, others: readonly Interaction[]) => readonly Pick<Interaction, 'id'>[],
): Promise<void> {
  const { plan, reader, clock, settings, journal } = context
  const since = journal.events.latest('contacts', 'finished')?.at ?? 0
  await addCreatedSince(since, journal.contacts, reader, clock.now())
  const snapshots = await allSnapshots(context, by)
  const merged = new Map<string, string>()
  let unknown: Place[] = []
  const lookUp = async (): Promise<void> => {
    const holders = new Map<string, string>()
    for (const snapshot of snapshots) {
      const sought = unknown.map(([id]) => id).filter((id) => !holders.has(id))
      for (const [id, holder] of await holdersOf(snapshot, sought)) holders.set(id, holder)
    }
    for (const [id, contactId] of unknown) {
      const holder = holders.get(id)
      if (holder === undefined) throw arrived(plan.schemaId, id, contactId)
      if (holder !== contactId) merged.set(holder, contactId)
    }
    unknown = []
  }
  let done = 0
  // Each look-up reads the whole snapshot: the first is told at once, and many do not make many.
  let most = 1
  const looks = inOrder(
    everyContact(context, by),
    async (known) => ({ known, now: await readContact(reader, clock, known.contactId, plan.schemaId) }),
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  for await (const { known, now } of looks) {
    context.stop.throwIfAborted()
    const own = new Set(known.pieces.flatMap(({ interactions }) => interactions.map(({ id }) => id)))
    const others = now.interactions.filter(({ id }) => !own.has(id))
    for (const { id } of strangers(known, others)) unknown.push([id, known.contactId])
    if (unknown.length >= most) {
      await lookUp()
      most = Math.min(most * 2, LOOKED_UP)
    }
    done += 1
    context.progress({
      phase: 'looking for live arrivals: contacts read',
      done,
      total: journal.contacts.count(),
      doneHere: done,
    })
  }
  if (unknown.length > 0) await lookUp()
  const [example] = merged
  if (example !== undefined)
    context.say(
      `contacts that were merged since the final pass: ${merged.size}, such as ${example.join(' into ')}; --contact-map FILE takes their history there`,
    )
}

/**
 * What a merge has brought to another contact since the final pass is in the snapshot all the same.
 * @returns the contact that the snapshot has each of the interactions under; those that it lacks are not among them
 */
export async function holdersOf(
  snapshot: Snapshot,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const holders = new Map<string, string>()
  const sought = new Set(ids)
  if (sought.size === 0) return holders
  for await (const { contactId, interactions } of snapshot.contacts()) {
    for (const { id } of interactions) if (sought.has(id)) holders.set(id, contactId)
  }
  return holders
}

/** What Engage held and is not imported again may be shown for a while after its deletion: it is in the export all the same. */
async function allSnapshots(context: ReadContext, by: Snapshot): Promise<readonly Snapshot[]> {
  const exported = await passSnapshot(context, 'final-pass')
  return exported.manifestDigest === by.manifestDigest ? [by] : [by, exported]
}

async function* everyContact(context: ReadContext, snapshot: Snapshot): AsyncGenerator<Known> {
  const { listed } = snapshot.manifest.contacts
  // Contacts that go together are not told apart: what was posted for one may stand under any of them.
  const seen = new Set<string>()
  for await (const { contactId, pieces } of deliveries(
    snapshot,
    contactMapOf(context),
    listed,
    context.stop,
  )) {
    for (const each of new Set([contactId, ...pieces.map((piece) => piece.contactId)])) {
      seen.add(each)
      yield { contactId: each, pieces }
    }
  }
  for await (const contact of snapshot.contacts()) {
    if (!seen.has(contact.contactId)) yield { contactId: contact.contactId, pieces: [contact] }
  }
  for await (const { contactId } of unread(context, listed)) {
    if (!seen.has(contactId)) yield { contactId, pieces: [] }
  }
}

function arrived(schemaId: string, id: string, contactId: string): OperatorError {
  return new OperatorError({
    what: `Schema ${schemaId} holds interactions that are not in the snapshot, such as ${id} of contact ${contactId}: they would be deleted with it.`,
    safe: 'It was left as it is; the whole history is in the verified snapshot.',
    next: 'Stop the producers. If these may go, delete them one by one in Engage, then run the same command again.',
    exit: EXIT.precondition,
  })
}

/** @returns the error of a schema that is neither the one that was deleted nor the one that should be there */
export function madeAnew(expected: InteractionSchema, live: InteractionSchema): OperatorError {
  return new OperatorError({
    what: [
      `This run has deleted ${expected.id}, and somebody has since created it anew in another form.`,
      ...schemaDifferences(expected, live),
    ].join('\n  '),
    safe: 'Nothing was deleted by this command; the whole history is in the verified snapshot.',
    next: 'See whether anything has arrived in it. If it may go, delete that schema in Engage, then run the same command again.',
    exit: EXIT.precondition,
  })
}
