/**
 * Which contacts and which dates a restore wants of a snapshot.
 * Guarantees: the list is the very one that the restore was begun with; a date that can't be read is never taken for one
 * that is wanted.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { type ContactList, openTemporaryContacts } from '../journal/contacts.ts'
import { instantMs } from '../schema/canonical.ts'
import { digestFile, loadContacts } from '../transfer/contact-source.ts'
import type { ReadContext } from './strategy.ts'
import type { RestoreTerms } from './terms.ts'

/** @returns the contacts to restore; undefined where all are @throws OperatorError (exit 4) where the list has changed */
export async function wantedContacts(
  context: ReadContext,
  { contacts }: RestoreTerms,
): Promise<(ContactList & Disposable) | undefined> {
  if (contacts === null) return undefined
  const { file, sha256, column } = contacts
  if ((await digestFile(file)) !== sha256) {
    throw new OperatorError({
      what: `The contacts file ${file} has changed since the restore was begun.`,
      safe: 'Nothing was changed.',
      next: 'Put it back as it was; or restore with it as it is now, which begins another run.',
      exit: EXIT.precondition,
    })
  }
  const list = openTemporaryContacts()
  try {
    const { unreadable } = await loadContacts(
      { kind: 'file', file, sha256, column, asOf: '' },
      list,
      context.reader,
    )
    if (unreadable > 0) context.say(`lines of ${file} without a contact id: ${unreadable}`)
    return list
  } catch (error) {
    list[Symbol.dispose]()
    throw error
  }
}

/** @returns whether a createdDate is one of those selected; undefined where that can't be told, and dates matter */
export function spanOf({ since, until }: RestoreTerms): (createdDate: string) => boolean | undefined {
  if (since === null && until === null) return () => true
  const from = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const to = until === null ? Number.POSITIVE_INFINITY : Date.parse(until)
  return (createdDate) => {
    const at = instantMs(createdDate)
    return at === undefined ? undefined : at >= from && at < to
  }
}
