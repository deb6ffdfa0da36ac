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

/** Contacts to restore, and which of them were come across. */
export interface Wanted extends Disposable {
  /** Keeps that the snapshot has a contact. @returns whether it is one of those wanted */
  meet(contactId: string): boolean
  /** @returns in words, which of the contacts were never met; undefined where all were */
  lacking(): string | undefined
}

/** Contacts that are named, of those that a snapshot does not hold. */
const NAMED = 5
/** Contacts that are looked at together. */
const PAGE = 1_000

/** @returns the contacts to restore; undefined where all are @throws OperatorError (exit 4) where the list has changed */
export async function wantedContacts(
  context: ReadContext,
  { contacts }: RestoreTerms,
): Promise<Wanted | undefined> {
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
    return wantedOf(list, file)
  } catch (error) {
    list[Symbol.dispose]()
    throw error
  }
}

function wantedOf(list: ContactList & Disposable, file: string): Wanted {
  const met = openTemporaryContacts()
  return {
    meet(contactId) {
      if (!list.has(contactId)) return false
      met.add([contactId])
      return true
    },
    lacking() {
      const count = list.count() - met.count()
      if (count === 0) return undefined
      const some = notIn(met, list).take(NAMED).toArray()
      const more = count > some.length ? ', …' : ''
      return `contacts of ${file} that the snapshot does not hold: ${count} of ${list.count()}: ${some.join(', ')}${more}`
    },
    [Symbol.dispose]() {
      met[Symbol.dispose]()
      list[Symbol.dispose]()
    },
  }
}

function* notIn(met: ContactList, list: ContactList): Generator<string, void, undefined> {
  for (let at = 0; at < list.count(); at += PAGE) yield* list.slice(at, PAGE).filter((id) => !met.has(id))
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
