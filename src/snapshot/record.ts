/**
 * What a part may hold: contacts before they are written, and lines once they are read.
 * Guarantees: what is returned has the shape that the format gives it; anything else is an Error that says why.
 */
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import type { ContactRead, Interaction } from '../model.ts'

/** A line of a contacts file: `interactions` is how many lines of the other file are this contact's. */
export interface ContactEntry extends Pick<ContactRead, 'contactId' | 'state' | 'readAt'> {
  readonly interactions: number
}

/** Throws an Error where the line is not a contact's. */
export function parseContact(line: string): ContactEntry {
  const value = objectOf(line)
  const state = value['state']
  const readAt = Date.parse(textOf(value, 'readAt'))
  const interactions = value['interactions']
  if (state !== 'read' && state !== 'gone') throw new Error('state is neither read nor gone')
  if (Number.isNaN(readAt)) throw new Error('readAt is not a date')
  if (typeof interactions !== 'number' || !Number.isSafeInteger(interactions) || interactions < 0)
    throw new Error('interactions is not a count')
  if (state === 'gone' && interactions > 0) throw new Error('a gone contact has no interactions')
  return { contactId: textOf(value, 'contactId'), state, readAt, interactions }
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
export function checkRead(read: ContactRead, schemaId: string | undefined): void {
  let last: string | undefined
  if (read.state === 'gone' && read.interactions.length > 0)
    throw new Error(`contact ${read.contactId} is gone and yet has interactions`)
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
