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
import { passFolder } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/** Contacts with history that stand for all. */
export const SAMPLE = 50

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
  const { oldIds } = comparisonOf(context, lot)
  const { gone, left } = await awaitWithout(context, contacts, (each, now) =>
    shownOf(oldIds(each, each.firstSeq), now),
  )
  const [first] = left
  if (first !== undefined) throw notCleared(context, first)
  return gone
}

/** What contacts showed at last. */
export interface Cleared {
  /** Ids of contacts that are gone themselves. */
  readonly gone: ReadonlySet<string>
  /** Contacts that still show something of the past, with the id of one such record. */
  readonly left: ReadonlyArray<{ readonly contactId: string; readonly id: string }>
}

/**
 * Waits until none of the contacts shows any of its old records, or until a change must long be visible.
 * @param oldIn finds, in what a contact shows, the id of a record that a deletion has taken away
 */
export async function awaitWithout<C extends Pick<SnapshotContact, 'contactId'>>(
  context: ReadContext,
  contacts: readonly C[],
  oldIn: (contact: C, now: ContactRead) => string | undefined,
): Promise<Cleared> {
  const { clock, settings, stop, plan } = context
  const gone = new Set<string>()
  const began = clock.elapsed()
  let left = contacts
  for (let wait = 1_000; ; wait = Math.min(wait * 2, 10_000)) {
    const looks = inOrder(
      left,
      async (contact) => {
        const now = await readContact(context.reader, clock, contact.contactId, plan.schemaId)
        if (now.state === 'gone') gone.add(contact.contactId)
        return { contact, id: oldIn(contact, now) }
      },
      { concurrency: settings.concurrency, window: settings.concurrency * 4 },
    )
    const still = (await Array.fromAsync(looks)).flatMap(({ contact, id }) =>
      id === undefined ? [] : [{ contact, id }],
    )
    const [first] = still
    const late = clock.elapsed() - began > settings.visibleWithinMs
    if (first === undefined || late)
      return { gone, left: still.map(({ contact, id }) => ({ contactId: contact.contactId, id })) }
    left = still.map(({ contact }) => contact)
    context.say(
      `waiting until Engage has carried the deletion through: of ${contacts.length} contacts looked at, ${left.length} still show old interactions, such as ${first.contact.contactId}`,
    )
    await clock.sleep(wait, stop)
  }
}

/** @returns the first of those ids that a contact shows */
export function shownOf(ids: ReadonlySet<string>, { interactions }: ContactRead): string | undefined {
  return interactions.find(({ id }) => ids.has(id))?.id
}

/** @returns the error of a deletion that has still not been carried through */
export function notCleared(
  context: ReadContext,
  { contactId, id }: { readonly contactId: string; readonly id: string },
): OperatorError {
  return new OperatorError({
    what: `The old interaction ${id} of contact ${contactId} is still there, though its schema was deleted.`,
    safe: 'Nothing was posted.',
    next:
      'Wait until Engage has carried the deletion through, then run the same command again. Where the tenant was put back ' +
      `to what it was before, its history is there already: engage-migrate verify ${passFolder(context, 'final-pass')} --live`,
    exit: EXIT.failed,
  })
}
