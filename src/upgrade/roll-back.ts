/**
 * The way back to the old schema.
 * Guarantees: it can only be begun once the old schema has been deleted by this run; what it would take away from
 * the tenant is looked at first, and only what this run itself has posted may go.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { ContactRead, Interaction } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import { sameSchema } from '../schema/diff.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { type Found, reconcile } from '../transfer/reconcile.ts'
import { addCreatedSince } from './contact-source.ts'
import { FORTH } from './lot.ts'
import { passSnapshot } from './pass.ts'
import { isDone } from './runner.ts'
import { assertSame, deleteSchema } from './schema-effects.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** @throws OperatorError (exit 4) where there is nothing to undo, or no way back any more */
export function assertRollBack({ journal, plan }: Pick<ReadContext, 'journal' | 'plan'>): void {
  if (journal.events.latest('roll-back', 'signed') !== undefined) return
  if (journal.events.latest('deletion', 'finished') === undefined) {
    throw new OperatorError({
      what: `Run ${plan.run} has not deleted ${plan.schemaId}: there is nothing to roll back.`,
      safe: 'The schema and its interactions are untouched.',
      next: 'Leave the run as it is, or make a new plan.',
      exit: EXIT.precondition,
    })
  }
  if (isDone(journal, { name: 'verification' })) {
    throw new OperatorError({
      what: `Run ${plan.run} is done: the new schema holds the whole history.`,
      safe: 'Nothing was changed.',
      next: `To go back to the old definition, plan an upgrade to it: engage-migrate plan ${plan.schemaId} --to FILE …`,
      exit: EXIT.precondition,
    })
  }
}

/**
 * Takes the new schema away where it is there already. Every contact of the list, and those created since, is read
 * first: what is in the new schema must be what this run has posted.
 * @throws OperatorError (exit 4) where it is another schema, or where something has arrived live
 */
export async function clearNewSchema(context: WriteContext): Promise<Json> {
  const { plan, reader, clock, settings, journal } = context
  const live = await reader.getSchema(plan.schemaId)
  if (live === undefined || sameSchema(live, plan.before)) return { removed: false }
  assertSame(plan.after, live)
  await addCreatedSince(
    journal.events.latest('contacts', 'finished')?.at ?? 0,
    journal.contacts,
    reader,
    clock.now(),
  )
  const snapshot = await passSnapshot(context, 'final-pass')
  let done = 0
  const looks = inOrder(
    everyContact(context, snapshot),
    async (contact) => ({
      contact,
      now: await readContact(reader, clock, contact.contactId, plan.schemaId),
    }),
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  for await (const { contact, now } of looks) {
    context.stop.throwIfAborted()
    const [stranger] = strangers(context, contact, now)
    if (stranger !== undefined) throw arrived(plan.schemaId, stranger.id, contact.contactId)
    done += 1
    context.progress({
      phase: 'looking for live arrivals: contacts read',
      done,
      total: journal.contacts.count(),
      doneHere: done,
    })
  }
  journal.events.append('intent', 'roll-back-clearing', { schemaId: plan.schemaId })
  await deleteSchema(context, plan.schemaId)
  return { removed: true }
}

type Expected = Pick<SnapshotContact, 'contactId' | 'interactions' | 'firstSeq'>

async function* everyContact({ journal }: ReadContext, snapshot: Snapshot): AsyncGenerator<Expected> {
  yield* snapshot.contacts()
  const { listed } = snapshot.manifest.contacts
  for (let at = listed; at < journal.contacts.count(); at += 1) {
    const [contactId = ''] = journal.contacts.slice(at, 1)
    yield { contactId, interactions: [], firstSeq: snapshot.manifest.interactions.records }
  }
}

/** @returns records of a contact that this run has not posted; what it posted without an answer counts as posted */
function strangers(
  { journal, plan }: ReadContext,
  { firstSeq, interactions }: Expected,
  now: ContactRead,
): readonly Found[] {
  const keyOf = canonicalForm(plan.after)
  const items = journal.items(FORTH.name).range(firstSeq, firstSeq + interactions.length)
  const sought = items
    .filter(({ state }) => state === 'sent')
    .map(({ seq }) => ({ seq, key: keyOf(interactions[seq - firstSeq] as Interaction) }))
  const claimed = new Set(items.flatMap(({ newId }) => newId ?? []))
  const found = now.interactions.map((record) => ({ id: record.id, key: keyOf(record) }))
  return reconcile(sought, found, claimed).unclaimed
}

function arrived(schemaId: string, id: string, contactId: string): OperatorError {
  return new OperatorError({
    what: `The new schema ${schemaId} holds interactions that this run has not imported, such as ${id} of contact ${contactId}: the way back would delete them.`,
    safe: 'Nothing was deleted.',
    next: 'Stop the producers. If these may go, delete them one by one in Engage, then run the same command again.',
    exit: EXIT.precondition,
  })
}
