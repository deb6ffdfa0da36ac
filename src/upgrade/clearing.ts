/**
 * A deletion that lags: its interactions may be readable after the schema has been recreated.
 * Guarantees: returns only when none of the contacts asked about shows any of them; changes nothing.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { ContactRead } from '../model.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { withHistory } from '../transfer/history.ts'
import { inOrder } from '../transfer/pump.ts'
import { comparisonOf, type Lot } from './lot.ts'
import type { ReadContext } from './strategy.ts'

/** Contacts with history that stand for all. */
const SAMPLE = 50

/** @returns contacts with history, spread over the whole snapshot */
export async function sampleOf(
  { snapshot, contactsWithHistory }: { readonly snapshot: Snapshot; readonly contactsWithHistory: number },
  stop: AbortSignal,
): Promise<readonly SnapshotContact[]> {
  const every = Math.max(1, Math.ceil(contactsWithHistory / SAMPLE))
  const sample: SnapshotContact[] = []
  let number = 0
  for await (const contact of withHistory(snapshot, 0, stop)) {
    if (number % every === 0) sample.push(contact)
    number += 1
  }
  stop.throwIfAborted()
  return sample
}

/**
 * Waits until none of the contacts shows what the deletion took away.
 * @returns the ids of those that are gone themselves
 * @throws OperatorError (exit 1) where one still does when a change must long be visible
 */
export async function awaitCleared(
  context: ReadContext,
  lot: Lot,
  contacts: readonly SnapshotContact[],
): Promise<ReadonlySet<string>> {
  const { clock, settings, stop, plan } = context
  const { oldIds } = comparisonOf(context, lot)
  const leftAt = (contact: SnapshotContact, now: ContactRead): string | undefined => {
    const old = oldIds(contact, contact.firstSeq)
    return now.interactions.find(({ id }) => old.has(id))?.id
  }
  const gone = new Set<string>()
  const began = clock.elapsed()
  let left = contacts
  for (let wait = 1_000; ; wait = Math.min(wait * 2, 10_000)) {
    const looks = inOrder(
      left,
      async (contact) => ({
        contact,
        now: await readContact(context.reader, clock, contact.contactId, plan.schemaId),
      }),
      { concurrency: settings.concurrency, window: settings.concurrency * 4 },
    )
    const seen = (await Array.fromAsync(looks)).map(({ contact, now }) => {
      if (now.state === 'gone') gone.add(contact.contactId)
      return { contact, id: leftAt(contact, now) }
    })
    const still = seen.filter(({ id }) => id !== undefined)
    const [first] = still
    if (first === undefined) return gone
    if (clock.elapsed() - began > settings.visibleWithinMs)
      throw notCleared(first.contact.contactId, first.id)
    left = still.map(({ contact }) => contact)
    context.say(
      `waiting until Engage has carried the deletion through: of ${contacts.length} contacts looked at, ${left.length} still show old interactions, such as ${first.contact.contactId}`,
    )
    await clock.sleep(wait, stop)
  }
}

function notCleared(contactId: string, id: string | undefined): OperatorError {
  return new OperatorError({
    what: `The old interaction ${id} of contact ${contactId} is still there, though its schema was deleted.`,
    safe: 'Nothing was posted.',
    next: 'Wait until Engage has carried the deletion through, then run the same command again.',
    exit: EXIT.failed,
  })
}
