/**
 * Step 1: the base pass, while the tenant lives.
 * Guarantees: the list of contacts is frozen before the first of them is read, and is the one that the plan was
 * made from.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { addCreatedSince, digestFile, loadContacts } from '../transfer/contact-source.ts'
import type { ContactTask } from '../transfer/export.ts'
import { assertNoDrift, runPass } from './pass.ts'
import { assertSpace } from './space.ts'
import type { ReadContext } from './strategy.ts'

/** Freezes the contact list and reads every contact. */
export async function basePass(context: ReadContext): Promise<Json> {
  const { journal, plan, reader, clock } = context
  await assertNoDrift(context)
  if (journal.events.latest('contacts', 'finished') === undefined) {
    await assertSameList(context)
    const loaded = await loadContacts(plan.contacts.source, journal.contacts, reader)
    const since = Date.parse(plan.contacts.source.asOf)
    const createdSince = await addCreatedSince(since, journal.contacts, reader, clock.now())
    journal.events.append('finished', 'contacts', { ...loaded, createdSince: createdSince ?? null })
  }
  const { interactions, recordBytes } = plan.estimate
  if (recordBytes !== undefined && journal.events.latest('base-pass', 'intent') === undefined)
    await assertSpace(context, { contacts: journal.contacts.count(), interactions, recordBytes }, 2)
  const result = await runPass(context, {
    name: 'base-pass',
    tasksFrom: (ordinal) => unread(context, ordinal),
    tally: (_task, _read, tally) => tally,
    createdSince: () => createdWhenListed(context),
  })
  return result as unknown as Json
}

/** @returns contacts that were created between the making of the list and its freezing; null where not known */
export function createdWhenListed({ journal }: Pick<ReadContext, 'journal'>): number | null {
  const detail = journal.events.latest('contacts', 'finished')?.detail as JsonObject | undefined
  return (detail?.['createdSince'] as number | null | undefined) ?? null
}

/** Contacts of the list that no pass has read yet. */
export async function* unread({ journal }: ReadContext, from: number): AsyncGenerator<ContactTask> {
  for (let at = from; at < journal.contacts.count(); ) {
    const ids = journal.contacts.slice(at, 1_000)
    for (const contactId of ids) yield { contactId, earlier: undefined, carried: undefined }
    at += ids.length
  }
}

async function assertSameList({ plan }: ReadContext): Promise<void> {
  const { source } = plan.contacts
  if (source.kind !== 'file' || (await digestFile(source.file)) === source.sha256) return
  throw new OperatorError({
    what: `The contacts file ${source.file} has changed since the plan was made.`,
    safe: 'Nothing was changed.',
    next: `Put the file back as it was, or make a new plan: engage-migrate plan ${plan.schemaId} …`,
    exit: EXIT.precondition,
  })
}
