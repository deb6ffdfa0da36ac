/**
 * What is in one snapshot and not in another, contact by contact.
 * Guarantees: flat memory (one contact of each); interactions are told apart by their ids, and those of one id are held
 * against each other; a contact that could not be read in either is counted, and nothing is said of what it has.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Interaction } from '../model.ts'
import type { MergedContact } from './chain.ts'
import { merged } from './merged.ts'

export type Change = 'added' | 'gone' | 'altered'

export interface Changed {
  readonly change: Change
  /** As the later snapshot has it, where it does. */
  readonly interaction: Interaction
}

export interface DifferenceCounts {
  /** Interactions that only the second has, only the first has, and that both have with another content. */
  added: number
  gone: number
  altered: number
  /** Interactions that both have. */
  same: number
  /** Contacts that only the second has, or has again; and that only the first has. */
  contactsAdded: number
  contactsGone: number
  /** Contacts that could not be read in one of them: not compared. */
  contactsUnknown: number
}

export interface Comparing {
  /** Each difference, one at a time, in the order of the contacts. */
  onChange(changed: Changed): Promise<void>
  /** How many contacts have been looked at, before each of them; what it throws ends the comparison. */
  onContact(contacts: number): void
}

/**
 * @param a contacts sorted by name; the earlier snapshot
 * @param b the same of the later one
 * @throws what reading them throws, and what is told of it
 */
export async function compareContacts(
  a: AsyncIterable<MergedContact>,
  b: AsyncIterable<MergedContact>,
  { onChange, onContact }: Comparing,
): Promise<DifferenceCounts> {
  const counts: DifferenceCounts = {
    ...{ added: 0, gone: 0, altered: 0, same: 0 },
    ...{ contactsAdded: 0, contactsGone: 0, contactsUnknown: 0 },
  }
  let contacts = 0
  const streams = [
    { from: 'the earlier snapshot', entries: a[Symbol.asyncIterator]() },
    { from: 'the later snapshot', entries: b[Symbol.asyncIterator]() },
  ]
  for await (const { entries } of merged(streams, ({ name }) => name)) {
    const [before, after] = [0, 1].map((side) => entries.find(({ index }) => index === side)?.entry)
    contacts += 1
    onContact(contacts)
    if (before?.state === 'failed' || after?.state === 'failed') {
      counts.contactsUnknown += 1
      continue
    }
    const [was, is] = [before?.state === 'read', after?.state === 'read']
    if (is && !was) counts.contactsAdded += 1
    if (was && !is) counts.contactsGone += 1
    const old = new Map(before?.interactions.map((each) => [each.id, each]))
    for (const interaction of after?.interactions ?? []) {
      const known = old.get(interaction.id)
      old.delete(interaction.id)
      const same = known !== undefined && isDeepStrictEqual(known, interaction)
      const change = known === undefined ? 'added' : 'altered'
      counts[same ? 'same' : change] += 1
      if (!same) await onChange({ change, interaction })
    }
    for (const interaction of old.values()) {
      counts.gone += 1
      await onChange({ change: 'gone', interaction })
    }
  }
  return counts
}
