/**
 * Step 1: the base pass, while the tenant lives.
 * Guarantees: the list of contacts is frozen before the first of them is read, and is the one that the plan was
 * made from.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { addCreatedSince, digestFile, loadContacts } from '../transfer/contact-source.ts'
import type { ContactTask } from '../transfer/export.ts'
import { contactMapOf } from './contact-map.ts'
import { addContacts } from './history-plan.ts'
import { assertNoDrift, runPass } from './pass.ts'
import { openHistory } from './source.ts'
import { assertSpace, bytesToMerge } from './space.ts'
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
    const all = journal.contacts.count()
    journal.events.append('finished', 'contacts', { ...loaded, createdSince: createdSince ?? null, all })
  }
  await addSource(context)
  const { interactions, recordBytes } = plan.estimate
  if (recordBytes !== undefined && journal.events.latest('base-pass', 'intent') === undefined) {
    const volume = { contacts: journal.contacts.count(), interactions, recordBytes }
    await assertSpace(context, volume, 2, bytesToMerge(volume, plan.history))
  }
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

/** Name of the event that the source's contacts leave, once they are in the list. */
const SOURCE_CONTACTS = 'source-contacts'

/** Whoever the source has history of may have some in Engage, too, whether or not the list names them. */
async function addSource(context: ReadContext): Promise<void> {
  const { journal, plan } = context
  if (plan.history === undefined || journal.events.latest(SOURCE_CONTACTS, 'finished') !== undefined) return
  const { contacts } = await addContacts(await openHistory(context), journal.contacts)
  journal.contacts.add([...contactMapOf(context).values()])
  const listed = journal.events.latest('contacts', 'finished')?.detail as JsonObject
  // A process that was killed here has added some already.
  const added = journal.contacts.count() - Number(listed['all'])
  journal.events.append('finished', SOURCE_CONTACTS, { contacts, added })
  context.say(
    `contacts of the source's history that the contact list did not name, and that are read as well: ${added}`,
  )
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
