/**
 * One contact: what was found, against what the parent has.
 * Guarantees: pure; what is the same makes no change; the parent with the change applied is what was found, in number and
 * content. Of a contact that could not be read, what was known stays known.
 */
import type { ContactRead, Interaction } from '../model.ts'
import { contentText, type Names } from '../snapshot/digests.ts'
import type { ContactChange } from '../snapshot/record.ts'
import type { KnownContact } from './parent.ts'

/** What came of a look at a contact. */
export type Look =
  | ContactRead
  | { readonly contactId: string; readonly state: 'failed'; readonly readAt: number; readonly why: string }

/**
 * @param known what the parent has of it; undefined where it has nothing, or there is none
 * @returns what is to be written; undefined where nothing has changed
 */
export function changeOf(
  known: KnownContact | undefined,
  look: Look,
  names: Names,
): ContactChange | undefined {
  const { contactId, state, readAt } = look
  const change = { contactId, state, readAt, interactions: [] }
  if (state !== 'read') return known?.state === state ? undefined : change
  if (known === undefined) return { ...change, interactions: look.interactions }
  const found = new Map(look.interactions.map((record) => [names.interaction(record), record]))
  const added = [...found].filter(([name, record]) => isNew(known, name, record)).map(([, record]) => record)
  // Interactions never change once saved; one that did all the same takes the place of the old one.
  const removed = [...known.held.keys()].filter((name) => {
    const record = found.get(name)
    return record === undefined || isNew(known, name, record)
  })
  if (known.state === 'read' && added.length === 0 && removed.length === 0) return undefined
  return { ...change, interactions: added, ...(removed.length > 0 && { removed }) }
}

function isNew({ held }: KnownContact, name: string, record: Interaction): boolean {
  if (!held.has(name)) return true
  const text = held.get(name)
  return text !== undefined && text !== contentText(record)
}
