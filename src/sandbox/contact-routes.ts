/**
 * /contacts: counts, changes within a window, one by its id.
 * Guarantees: a deleted contact is counted nowhere and read nowhere, but named under Deleted.
 */
import { answer, failure } from './answers.ts'
import { parseWindowTime } from './dates.ts'
import { CHANGES_NOT_ACTIVATED_STATUS } from './guesses.ts'
import type { Call, Desk, Route } from './router.ts'
import type { Contact } from './tenant.ts'

export const CONTACT_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/contacts/count', handle: countContacts },
  { method: 'GET', template: '/contacts/changes', handle: listChanges },
  { method: 'GET', template: '/contacts/{type}/count', handle: countContacts },
  { method: 'GET', template: '/contacts/{id}', handle: readContact },
]

/** When a contact was changed in the way that a changeType names; undefined: never, or no longer of interest. */
const CHANGED_AT: { readonly [changeType: string]: (contact: Contact) => number | undefined } = {
  Created: (contact) => (contact.deletedAt === undefined ? contact.createdAt : undefined),
  Updated: (contact) => (contact.deletedAt === undefined ? contact.updatedAt : undefined),
  Deleted: (contact) => contact.deletedAt,
}

function countContacts(call: Call, desk: Desk): Response {
  const type = call.params['type']?.toLowerCase()
  let count = 0
  for (const contact of desk.state.tenant.contacts()) {
    if (contact.deletedAt !== undefined) continue
    if (type === undefined || contact.contactType.toLowerCase() === type) count++
  }
  return answer(200, count)
}

function listChanges(call: Call, desk: Desk): Response {
  const { behaviour, now, state } = desk
  if (!behaviour.changesActivated) return failure(CHANGES_NOT_ACTIVATED_STATUS, 'Not activated')
  const changedAt = ownValue(CHANGED_AT, call.query.get('changeType') ?? '')
  if (changedAt === undefined) return failure(400, 'changeType must be Created, Updated or Deleted')
  const from = parseWindowTime(call.query.get('fromDate') ?? '')
  const toDate = call.query.get('toDate')
  const to = toDate === null ? now : parseWindowTime(toDate)
  if (from === undefined || to === undefined) {
    return failure(400, 'fromDate and toDate must be of the form yyyy-MM-dd HH:mm:ss.fff')
  }
  const ids: string[] = []
  for (const contact of state.tenant.contacts()) {
    const at = changedAt(contact)
    if (at !== undefined && at >= from && at <= to) ids.push(contact.id)
  }
  if (ids.length > behaviour.changesCap) {
    return failure(400, `More than ${behaviour.changesCap} contacts: narrow the window`)
  }
  return answer(200, ids)
}

function readContact(call: Call, desk: Desk): Response {
  const contact = desk.state.tenant.contact(call.params['id'] ?? '')
  if (contact === undefined || contact.deletedAt !== undefined) return failure(404, 'Contact not found')
  return answer(200, {
    id: contact.id,
    contactType: contact.contactType,
    createdOn: new Date(contact.createdAt).toISOString(),
    updatedOn: contact.updatedAt === undefined ? null : new Date(contact.updatedAt).toISOString(),
  })
}

function ownValue<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
