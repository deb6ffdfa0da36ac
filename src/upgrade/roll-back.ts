/**
 * The way back to the old schema.
 * Guarantees: it can only be begun once the old schema has been deleted by this run; what it would take away from
 * the tenant is looked at first, and only what this run itself has posted may go.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { canonicalForm } from '../schema/canonical.ts'
import { sameSchema } from '../schema/diff.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { passResult } from './passes.ts'
import { isDone } from './runner.ts'
import { deleteSchema } from './schema-effects.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Turns a run round. Asked again, it changes nothing. @throws OperatorError (exit 4) where there is nothing to undo */
export async function beginRollBack(context: ReadContext): Promise<void> {
  const { journal, plan } = context
  if (journal.events.latest('roll-back', 'intent') !== undefined) return
  if (!isDone(journal, { name: 'deletion' })) {
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
  journal.events.append('intent', 'roll-back', {})
}

/**
 * Takes the new schema away where it is there already. Reads every contact first: what is in it must be history that
 * the snapshot holds.
 * @throws OperatorError (exit 4) where something has arrived live
 */
export async function clearNewSchema(context: WriteContext): Promise<Json> {
  const { plan, reader, clock, settings } = context
  const live = await reader.getSchema(plan.schemaId)
  if (live === undefined || sameSchema(live, plan.before)) return { removed: false }
  const keyOf = canonicalForm(plan.after)
  const snapshot = await openSnapshot(passResult(context, 'final-pass').folder)
  let done = 0
  const looks = inOrder(
    snapshot.contacts(),
    async (contact) => ({ contact, now: await readContact(reader, clock, contact.contactId, plan.schemaId) }),
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  for await (const { contact, now } of looks) {
    context.stop.throwIfAborted()
    const known = new Set(contact.interactions.map(keyOf))
    const stranger = now.interactions.find((each) => !known.has(keyOf(each)))
    if (stranger !== undefined) throw arrived(plan.schemaId, stranger.id, contact.contactId)
    done += 1
    context.progress({
      phase: 'looking for live arrivals: contacts read',
      done,
      total: snapshot.manifest.contacts.listed,
      doneHere: done,
    })
  }
  await deleteSchema(context, plan.schemaId)
  return { removed: true }
}

function arrived(schemaId: string, id: string, contactId: string): OperatorError {
  return new OperatorError({
    what: `The new schema ${schemaId} holds interactions that are not history, such as ${id} of contact ${contactId}: the way back would delete them.`,
    safe: 'Nothing was deleted.',
    next: 'Stop the producers. If these may go, delete them one by one in Engage, then run the same command again.',
    exit: EXIT.precondition,
  })
}
