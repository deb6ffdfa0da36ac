/**
 * The contacts to be removed, and how a snapshot tells them.
 * Guarantees: a contact is told by its id or, where that is not written, by its name under the snapshot's own key; what is
 * encrypted and can't be read is told, never taken for a snapshot without them.
 */
import { type Link, namesIn } from '../snapshot/chain.ts'
import { forgottenDigestOf, type Names } from '../snapshot/digests.ts'
import { assertReadable } from '../snapshot/readable.ts'
import type { ContactChange } from '../snapshot/record.ts'
import { locked, type Opener } from '../snapshot/seal.ts'

/** @returns which of the contacts a line is about; undefined where it is about none */
export type Telling = (line: Pick<ContactChange, 'contactId' | 'name'>) => string | undefined

export interface Told {
  readonly names: Names
  readonly tell: Telling
}

/**
 * @param contacts lower-case GUIDs
 * @throws OperatorError (exit 4) where the snapshot is encrypted and there is no identity that can read it
 */
export async function tellerOf(
  link: Link,
  contacts: ReadonlySet<string>,
  opener: Opener | undefined,
): Promise<Told> {
  if (link.manifest.encryption !== undefined && opener === undefined) throw locked(link.place.name)
  await assertReadable([link], opener)
  const names = await namesIn([link], opener)
  const byName = new Map([...contacts].map((id) => [names.contact(id), id]))
  return {
    names,
    tell: ({ contactId, name }) => (name === undefined ? only(contacts, contactId) : byName.get(name)),
  }
}

function only(contacts: ReadonlySet<string>, id: string): string | undefined {
  return contacts.has(id) ? id : undefined
}

/** @returns whether a snapshot says that the contact was removed from it */
export function hasForgotten({ manifest }: Pick<Link, 'manifest'>, contactId: string): boolean {
  const digest = forgottenDigestOf(contactId)
  return manifest.forgotten?.some(({ contact }) => contact === digest) ?? false
}
