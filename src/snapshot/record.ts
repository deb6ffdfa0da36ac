/**
 * What a part may hold: contacts before they are written, and lines once they are read.
 * Guarantees: what is returned has the shape that the format gives it; anything else is an Error that says why.
 */
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import type { ContactRead, Interaction } from '../model.ts'

/**
 * `failed`: it could not be read, and what was known of it is known still. `dropped`: an increment says that it is not in
 * the list any more.
 */
export type ContactState = ContactRead['state'] | 'failed' | 'dropped'

const STATES: readonly ContactState[] = ['read', 'gone', 'failed', 'dropped']

/** What a part holds of a contact: all that it has or, in an increment, how that differs from the parent. */
export interface ContactChange extends Omit<ContactRead, 'state'> {
  readonly state: ContactState
  /** What a dropped contact is called where whoever wrote it does not know its id; `contactId` is empty then. */
  readonly name?: string
  /** In an increment: names (see digests.ts) of interactions that are gone; all are, where the contact is gone or dropped. */
  readonly removed?: readonly string[]
}

/** A line of a contacts file: `interactions` is how many lines of the other file are this contact's. */
export interface ContactEntry
  extends Pick<ContactChange, 'contactId' | 'state' | 'readAt' | 'removed' | 'name'> {
  readonly interactions: number
}

/** A line of an index file: the same as a contact's, in names that tell nothing. */
export interface IndexEntry {
  readonly name: string
  readonly state: ContactState
  /** Names of its interactions (in an increment: of the new ones), in the order of their ids. */
  readonly added: readonly string[]
  readonly removed?: readonly string[]
}

/** Throws an Error where the line is not one of an index. */
export function parseIndexEntry(line: string): IndexEntry {
  const value = objectOf(line)
  const state = STATES.find((each) => each === value['state'])
  const { added = null, removed } = value
  if (state === undefined) throw new Error(`state is neither ${STATES.join(' nor ')}`)
  if (!isListOfTexts(added)) throw new Error('added is not a list of names')
  if (removed === undefined) return { name: textOf(value, 'name'), state, added }
  if (!isListOfTexts(removed)) throw new Error('removed is not a list of names')
  return { name: textOf(value, 'name'), state, added, removed }
}

/** Throws an Error where the line is not a contact's. */
export function parseContact(line: string): ContactEntry {
  const value = objectOf(line)
  const state = STATES.find((each) => each === value['state'])
  const removed = value['removed']
  const readAt = Date.parse(textOf(value, 'readAt'))
  const interactions = value['interactions']
  if (state === undefined) throw new Error(`state is neither ${STATES.join(' nor ')}`)
  if (Number.isNaN(readAt)) throw new Error('readAt is not a date')
  if (typeof interactions !== 'number' || !Number.isSafeInteger(interactions) || interactions < 0)
    throw new Error('interactions is not a count')
  if (state !== 'read' && interactions > 0) throw new Error(`a ${state} contact has no interactions`)
  if (removed !== undefined && (state !== 'read' || !isListOfTexts(removed)))
    throw new Error('removed is not a list of names')
  if (value['name'] !== undefined && state !== 'dropped') throw new Error('only a dropped contact has a name')
  return {
    ...{ contactId: textOf(value, 'contactId'), state, readAt, interactions },
    ...(removed !== undefined && { removed }),
    ...(value['name'] !== undefined && { name: textOf(value, 'name') }),
  }
}

/** Throws an Error where the line is not an interaction. */
export function parseInteraction(line: string): Interaction {
  const value = objectOf(line)
  const payload = value['payload']
  if (payload === undefined || !isObject(payload)) throw new Error('payload is not an object')
  return {
    id: textOf(value, 'id'),
    contactId: textOf(value, 'contactId'),
    schemaId: textOf(value, 'schemaId'),
    createdDate: textOf(value, 'createdDate'),
    payload,
  }
}

function isListOfTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((each: Json) => typeof each === 'string')
}

function objectOf(line: string): JsonObject {
  let value: Json
  try {
    value = parseJson(line)
  } catch {
    // The parser's own message quotes the line, which is personal data.
    throw new Error('not JSON')
  }
  if (!isObject(value)) throw new Error('not a JSON object')
  return value
}

function textOf(value: JsonObject, key: string): string {
  const text = value[key]
  if (typeof text !== 'string') throw new Error(`${key} is not a text`)
  return text
}

/**
 * Throws an Error where a contact read is none that a part may hold: interactions of another contact or schema, or
 * not sorted by id (code units), each id once.
 */
export function checkRead(read: ContactChange, schemaId: string | undefined): void {
  let last: string | undefined
  if (read.state !== 'read' && read.interactions.length > 0)
    throw new Error(`contact ${read.contactId} is ${read.state} and yet has interactions`)
  for (const record of read.interactions) {
    const where = `interaction ${record.id} of contact ${read.contactId}`
    if (record.contactId !== read.contactId)
      throw new Error(`${where} belongs to contact ${record.contactId}`)
    if (schemaId !== undefined && record.schemaId !== schemaId)
      throw new Error(`${where} follows the schema ${record.schemaId}, not ${schemaId}`)
    if (last !== undefined && record.id <= last) throw new Error(`${where} does not come after ${last}`)
    last = record.id
  }
}
