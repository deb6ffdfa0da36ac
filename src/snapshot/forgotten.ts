/**
 * What links of a chain have forgotten, and what therefore does not count of those before them.
 * Guarantees: pure; where all links of a chain have forgotten a contact, as they have when that has ended, nothing is left to
 * be told apart.
 */
import { forgottenDigestOf } from './digests.ts'
import type { Manifest } from './format.ts'
import type { Merged } from './merged.ts'
import type { ContactChange } from './record.ts'

type Entries = Merged<ContactChange>['entries']

interface Named {
  readonly manifest: Manifest
}

/** Links for which the same entries count: from the one that has the first of them up to, not with, another one. */
export interface Stretch {
  readonly entries: Entries
  readonly upTo: number
}

/**
 * Where a link has forgotten a contact, what those before it say does not count for it, nor for those behind it.
 * @param half as of `halfForgotten`
 * @param links how many there are
 */
export function stretchesOf(entries: Entries, half: HalfForgotten, links: number): readonly Stretch[] {
  const [first] = entries
  const resets = half.size > 0 && first && half.get(forgottenDigestOf(first.entry.contactId))
  if (!resets) return [{ entries, upTo: links }]
  return [...resets, links].map((upTo, number) => {
    const from = resets[number - 1] ?? 0
    return { entries: entries.filter(({ index }) => index >= from && index < upTo), upTo }
  })
}

/** By the digest of a contact: the links, from 0, that have forgotten it where one before them may have it still. */
export type HalfForgotten = ReadonlyMap<string, readonly number[]>

/**
 * A chain's contacts are forgotten from its end backwards, so that whatever ends that in between, each link says what is
 * true of it.
 * @returns what was forgotten in a part of the chain only; nothing, as a rule
 */
export function halfForgotten(links: readonly Named[]): HalfForgotten {
  const found = new Map<string, readonly number[]>()
  for (const [index, { manifest }] of links.entries()) {
    for (const { contact } of manifest.forgotten ?? []) {
      const lack = ({ manifest: { forgotten } }: Named): boolean =>
        !forgotten?.some((each) => each.contact === contact)
      if (links.slice(0, index).some(lack)) found.set(contact, [...(found.get(contact) ?? []), index])
    }
  }
  return found
}
