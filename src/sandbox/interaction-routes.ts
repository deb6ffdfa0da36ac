/**
 * /interactions: a contact's interactions page by page, one by its id, create, delete.
 * Guarantees: newest first (for pages see pages.ts); every POST makes a new interaction (there is no idempotency
 * key); reads may show what is deleted for a while, writes never take it for there.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Interaction, InteractionSchema } from '../model.ts'
import { answer, created, failure } from './answers.ts'
import { parseDateTime } from './dates.ts'
import { keptDate, keptPayload, namedOnly, readPayload } from './forms.ts'
import {
  CREATED_INTERACTION_STATUS,
  DELETED_STATUS,
  IGNORED_INTERACTION_STATUS,
  UNKNOWN_CONTACT_STATUS,
  UNKNOWN_SCHEMA_STATUS,
} from './guesses.ts'
import { pageOf, startOf } from './pages.ts'
import { countedGuid, drawn, isGuid, seededRandom } from './random.ts'
import type { Call, Desk, Route } from './router.ts'
import { visibleSchema } from './schema-routes.ts'
import { payloadProblem } from './schema-rules.ts'

export const INTERACTION_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/interactions', handle: listInteractions },
  { method: 'POST', template: '/interactions', handle: createInteraction },
  { method: 'GET', template: '/interactions/{id}', handle: readInteraction },
  { method: 'DELETE', template: '/interactions/{id}', handle: deleteInteraction },
]

/** What a request about a contact and a schema may be about, or why it can't be. */
type Subject = { readonly contactId: string; readonly schema: InteractionSchema } | Response

function listInteractions(call: Call, desk: Desk): Response {
  const { state, behaviour, now, pages } = desk
  const shown = (id: string): InteractionSchema | undefined => state.tenant.shownSchema(id, now)
  const subject = subjectOf(call.query.get('contactId'), call.query.get('schemaId'), desk, shown)
  if (subject instanceof Response) return subject
  const token = call.query.get('continuation')
  const start = token === null ? 0 : startOf(token)
  if (start === undefined) return failure(400, 'continuation is not valid')

  const { contactId, schema } = subject
  const before = desk.again && token !== null ? pages.before(contactId, schema.id, token) : undefined
  if (before !== undefined) return answer(200, before)
  const page = pageOf(state.tenant.shownInteractionsOf(schema.id, contactId, now), start, behaviour)
  const body = {
    items: page.items.map((stored) => wire(stored.interaction)),
    links: page.next === undefined ? [] : [nextLink(call, page.next)],
  }
  if (page.next !== undefined) pages.keep(contactId, schema.id, page.next, body)
  return answer(200, body)
}

function readInteraction(call: Call, desk: Desk): Response {
  const stored = desk.state.tenant.shownInteraction(call.params['id'] ?? '', desk.now)
  if (stored === undefined) return failure(404, 'Interaction not found')
  if (!isLive(desk, stored.interaction.contactId)) return failure(404, 'Interaction not found')
  return answer(200, wire(stored.interaction))
}

function createInteraction(call: Call, desk: Desk): Response {
  if (!isObject(call.body)) return failure(400, 'The body must be an object')
  const { contactId, schemaId, createdDate, payload } = call.body
  const subject = subjectOf(contactId, schemaId, desk, (id) => visibleSchema(desk, id))
  if (subject instanceof Response) {
    noteMissedTrigger(schemaId, desk)
    return subject
  }
  if (!isObject(payload)) return failure(400, 'payload is required')
  const { state, behaviour, now } = desk
  const instant = createdInstant(createdDate, now)
  if (instant === undefined) return failure(400, 'createdDate must be a date-time')
  const id = countedGuid(desk.idSeed, state.tenant.issued)
  const given = readPayload(payload, behaviour.keeps)
  const problem = payloadProblem(subject.schema, given)
  if (problem !== undefined && behaviour.invalid === 'refuse') return failure(400, problem)
  if (problem !== undefined) {
    state.record({ type: 'interaction-ignored' })
    return created(IGNORED_INTERACTION_STATUS, id, `${call.base}/interactions/${id}`)
  }
  const interaction: Interaction = {
    id,
    contactId: subject.contactId,
    schemaId: subject.schema.id,
    createdDate: keptDate(instant, behaviour.keeps),
    payload: keptPayload(subject.schema, namedOnly(subject.schema, given), behaviour.keeps),
  }
  // Drawn from the count, as ids are: a restart doesn't change what the next ones draw.
  const lag = drawn(behaviour.lag, seededRandom(`${desk.seed}/lag/${state.tenant.issued}`))
  const visibleAt = now + lag
  state.record({ type: 'interaction-created', origin: 'api', interaction, at: now, visibleAt })
  return created(CREATED_INTERACTION_STATUS, id, `${call.base}/interactions/${id}`)
}

function deleteInteraction(call: Call, desk: Desk): Response {
  const id = call.params['id'] ?? ''
  if (desk.state.tenant.interaction(id) === undefined) return failure(404, 'Interaction not found')
  desk.state.record({ type: 'interaction-deleted', id })
  return answer(DELETED_STATUS)
}

/** @param find the schema as those see it who ask. */
function subjectOf(
  contactId: Json | undefined,
  schemaId: Json | undefined,
  desk: Desk,
  find: (id: string) => InteractionSchema | undefined,
): Subject {
  if (typeof contactId !== 'string' || !isGuid(contactId)) {
    return failure(400, 'contactId is required and must be a GUID')
  }
  if (typeof schemaId !== 'string' || schemaId === '') return failure(400, 'schemaId is required')
  const schema = find(schemaId)
  if (schema === undefined) return failure(UNKNOWN_SCHEMA_STATUS, `Schema '${schemaId}' not found`)
  if (!isLive(desk, contactId)) return failure(UNKNOWN_CONTACT_STATUS, `Contact '${contactId}' not found`)
  return { contactId: contactId.toLowerCase(), schema }
}

/** While a schema is missing, triggers set up for it end in dead letters ("/interactionschemas"). */
function noteMissedTrigger(schemaId: Json | undefined, desk: Desk): void {
  const { state } = desk
  if (typeof schemaId !== 'string' || state.tenant.schema(schemaId) !== undefined) return
  if (state.tenant.automations.waitsFor(schemaId)) state.record({ type: 'interaction-missed', schemaId })
}

function createdInstant(createdDate: Json | undefined, now: number): number | undefined {
  if (createdDate === undefined || createdDate === null) return now
  return typeof createdDate === 'string' ? parseDateTime(createdDate)?.ms : undefined
}

function isLive(desk: Desk, contactId: string): boolean {
  const contact = desk.state.tenant.contact(contactId)
  return contact !== undefined && contact.deletedAt === undefined
}

function wire({ id, contactId, schemaId, createdDate, payload }: Interaction): JsonObject {
  return { id, contactId, schemaId, createdDate, payload }
}

function nextLink(call: Call, continuation: string): JsonObject {
  const query = new URLSearchParams(call.query)
  query.set('continuation', continuation)
  return { href: `${call.base}/interactions?${query}`, method: 'GET', rel: 'next' }
}
