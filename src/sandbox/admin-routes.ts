/**
 * /sandbox/…: what a test or a rehearsal does to the server itself. Needs no key, counts no traffic, has no faults.
 * Guarantees: a request that makes no sense answers 400 and changes nothing.
 */
import { randomUUID } from 'node:crypto'
import { isObject, type Json, stringifyJson, toPlain } from '../json.ts'
import type { Interaction } from '../model.ts'
import { answer, failure } from './answers.ts'
import type { FaultRule } from './faults.ts'
import { isGuid } from './random.ts'
import type { Call, Desk, Route } from './router.ts'

/** What the routes may do beyond the tenant. */
export interface Controls {
  stats(): object
  setFaults(rules: readonly FaultRule[]): void
  configure(changes: object): void
}

/** Lines of an export that are written at once. */
const BATCH = 500

export function adminRoutes(controls: Controls): readonly Route[] {
  return [
    { method: 'GET', template: '/stats', handle: () => answer(200, controls.stats() as Json) },
    { method: 'POST', template: '/faults', handle: (call) => setFaults(call, controls) },
    { method: 'POST', template: '/options', handle: (call) => configure(call, controls) },
    { method: 'GET', template: '/automations', handle: listAutomations },
    { method: 'POST', template: '/automations', handle: setAutomation },
    { method: 'POST', template: '/contacts', handle: createContact },
    { method: 'DELETE', template: '/contacts/{id}', handle: deleteContact },
    { method: 'POST', template: '/contacts/{id}/merge', handle: mergeContact },
    { method: 'GET', template: '/interactions', handle: exportInteractions },
  ]
}

function setFaults(call: Call, controls: Controls): Response {
  const rules = toPlain(call.body ?? null)
  if (!Array.isArray(rules)) return failure(400, 'A list of rules is expected')
  return orRefuse(() => controls.setFaults(rules as readonly FaultRule[]))
}

function configure(call: Call, controls: Controls): Response {
  const { body } = call
  if (!isObject(body)) return failure(400, 'An object of options is expected')
  return orRefuse(() => controls.configure(toPlain(body) as object))
}

function listAutomations(_call: Call, desk: Desk): Response {
  return answer(200, desk.state.tenant.automations.list() as unknown as Json)
}

/** Sets the status of an automation that there is; pausing has no API in Engage: this is the person in its UI. */
function setAutomation(call: Call, desk: Desk): Response {
  if (!isObject(call.body)) return failure(400, 'name and active are expected')
  const { name, active } = call.body
  const known = typeof name === 'string' ? desk.state.tenant.automations.get(name) : undefined
  if (known === undefined) return failure(404, 'There is no such automation')
  if (typeof active !== 'boolean') return failure(400, 'active must be true or false')
  desk.state.record({
    type: 'automation-set',
    automation: { name: known.name, trigger: known.trigger, active },
  })
  return listAutomations(call, desk)
}

/** A new contact; one that exists is updated by it, and one that was deleted comes back. */
function createContact(call: Call, desk: Desk): Response {
  const body = isObject(call.body) ? call.body : {}
  const { id = randomUUID(), contactType = 'Member' } = body
  if (typeof id !== 'string' || !isGuid(id)) return failure(400, 'id must be a GUID')
  if (typeof contactType !== 'string') return failure(400, 'contactType must be a string')
  const contact = desk.state.tenant.contact(id)
  if (contact === undefined) {
    desk.state.record({ type: 'contact-created', id: id.toLowerCase(), contactType, at: desk.now })
  } else desk.state.record({ type: 'contact-updated', id: contact.id, at: desk.now })
  return answer(contact === undefined ? 201 : 200, { id: id.toLowerCase() })
}

function deleteContact(call: Call, desk: Desk): Response {
  const contact = desk.state.tenant.contact(call.params['id'] ?? '')
  if (contact === undefined || contact.deletedAt !== undefined) return failure(404, 'Contact not found')
  desk.state.record({ type: 'contact-deleted', id: contact.id, at: desk.now })
  return answer(200)
}

/**
 * Makes one contact of two, as a person does in Engage's UI. The one that stays isn't marked as updated: nobody says
 * that it is.
 */
function mergeContact(call: Call, desk: Desk): Response {
  const { tenant } = desk.state
  const into = isObject(call.body) ? call.body['into'] : undefined
  if (typeof into !== 'string' || !isGuid(into)) return failure(400, 'into must be a GUID')
  const from = tenant.contact(call.params['id'] ?? '')
  const other = tenant.contact(into)
  if (from === undefined || from.deletedAt !== undefined) return failure(404, 'Contact not found')
  if (other === undefined || other.deletedAt !== undefined) return failure(404, 'Contact of into not found')
  if (from.id === other.id) return failure(400, 'into must be another contact')
  desk.state.record({ type: 'contact-merged', id: from.id, into: other.id, at: desk.now })
  return answer(200, { id: other.id })
}

/** All interactions of a schema, or of all schemas, as NDJSON: also those that can't be read yet, none that is deleted. */
function exportInteractions(call: Call, desk: Desk): Response {
  const { tenant } = desk.state
  const schemaId = call.query.get('schemaId')
  const ids = schemaId === null ? tenant.schemas().map(({ schema }) => schema.id) : [schemaId]
  // Taken at once, so that what is posted while the answer is read doesn't shift it.
  const interactions = ids.flatMap((id) => [...tenant.interactionsOfSchema(id)])
  const encoder = new TextEncoder()
  let done = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const lines = interactions
        .slice(done, done + BATCH)
        .map(line)
        .join('')
      done += BATCH
      if (lines === '') controller.close()
      else controller.enqueue(encoder.encode(lines))
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson; charset=utf-8' } })
}

function line({ id, contactId, schemaId, createdDate, payload }: Interaction): string {
  return `${stringifyJson({ id, contactId, schemaId, createdDate, payload })}\n`
}

function orRefuse(change: () => void): Response {
  try {
    change()
    return answer(200)
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return failure(400, error.message)
    throw error
  }
}
