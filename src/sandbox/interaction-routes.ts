/**
 * /interactions: a contact's interactions page by page, one by its id, create, delete.
 * Guarantees: 50 a page, newest first; a page starts behind the last item of the one before, whatever was added
 * or deleted meanwhile; every POST makes a new interaction (there is no idempotency key).
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Interaction, InteractionSchema } from '../model.ts'
import { answer, created, failure } from './answers.ts'
import { parseDateTime } from './dates.ts'
import { keptDate, keptPayload, namedOnly } from './forms.ts'
import {
  CREATED_INTERACTION_STATUS,
  DELETED_STATUS,
  IGNORED_INTERACTION_STATUS,
  UNKNOWN_CONTACT_STATUS,
  UNKNOWN_SCHEMA_STATUS,
} from './guesses.ts'
import { countedGuid, isGuid } from './random.ts'
import type { Call, Desk, Route } from './router.ts'
import { visibleSchema } from './schema-routes.ts'
import { payloadProblem } from './schema-rules.ts'
import type { Position, StoredInteraction } from './timeline.ts'

export const INTERACTION_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/interactions', handle: listInteractions },
  { method: 'POST', template: '/interactions', handle: createInteraction },
  { method: 'GET', template: '/interactions/{id}', handle: readInteraction },
  { method: 'DELETE', template: '/interactions/{id}', handle: deleteInteraction },
]

const PAGE_SIZE = 50

/** What a request about a contact and a schema may be about, or why it can't be. */
type Subject = { readonly contactId: string; readonly schema: InteractionSchema } | Response

function listInteractions(call: Call, desk: Desk): Response {
  const subject = subjectOf(call.query.get('contactId'), call.query.get('schemaId'), desk)
  if (subject instanceof Response) return subject
  const token = call.query.get('continuation')
  const after = token === null ? undefined : positionIn(token)
  if (token !== null && after === undefined) return failure(400, 'continuation is not valid')

  const { contactId, schema } = subject
  const found: StoredInteraction[] = []
  for (const stored of desk.state.tenant.interactionsOf(schema.id, contactId, after)) {
    // One more than a page tells whether there is a next one.
    if (stored.visibleAt <= desk.now && found.push(stored) > PAGE_SIZE) break
  }
  const page = found.slice(0, PAGE_SIZE)
  const last = page.at(-1)
  const more = found.length > PAGE_SIZE || (desk.behaviour.emptyLastPage && page.length === PAGE_SIZE)
  return answer(200, {
    items: page.map((stored) => wire(stored.interaction)),
    links: more && last !== undefined ? [nextLink(call, last)] : [],
  })
}

function readInteraction(call: Call, desk: Desk): Response {
  const stored = desk.state.tenant.interaction(call.params['id'] ?? '')
  if (stored === undefined || stored.visibleAt > desk.now) return failure(404, 'Interaction not found')
  if (!isLive(desk, stored.interaction.contactId)) return failure(404, 'Interaction not found')
  return answer(200, wire(stored.interaction))
}

function createInteraction(call: Call, desk: Desk): Response {
  if (!isObject(call.body)) return failure(400, 'The body must be an object')
  const { contactId, schemaId, createdDate, payload } = call.body
  const subject = subjectOf(contactId, schemaId, desk)
  if (subject instanceof Response) {
    noteMissedTrigger(schemaId, desk)
    return subject
  }
  if (!isObject(payload)) return failure(400, 'payload is required')
  const { state, behaviour, now } = desk
  const instant = createdInstant(createdDate, now)
  if (instant === undefined) return failure(400, 'createdDate must be a date-time')
  const id = countedGuid(desk.seed, state.tenant.issued)
  // What an absent value and a null are to .NET is the same thing.
  const given = behaviour.keeps === 'dotnet' ? withoutNulls(payload) : payload
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
  const visibleAt = now + behaviour.lag
  state.record({ type: 'interaction-created', origin: 'api', interaction, at: now, visibleAt })
  return created(CREATED_INTERACTION_STATUS, id, `${call.base}/interactions/${id}`)
}

function deleteInteraction(call: Call, desk: Desk): Response {
  const id = call.params['id'] ?? ''
  if (desk.state.tenant.interaction(id) === undefined) return failure(404, 'Interaction not found')
  desk.state.record({ type: 'interaction-deleted', id })
  return answer(DELETED_STATUS)
}

function subjectOf(contactId: Json | undefined, schemaId: Json | undefined, desk: Desk): Subject {
  if (typeof contactId !== 'string' || !isGuid(contactId)) {
    return failure(400, 'contactId is required and must be a GUID')
  }
  if (typeof schemaId !== 'string' || schemaId === '') return failure(400, 'schemaId is required')
  const schema = visibleSchema(desk, schemaId)
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

function withoutNulls(payload: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null))
}

function isLive(desk: Desk, contactId: string): boolean {
  const contact = desk.state.tenant.contact(contactId)
  return contact !== undefined && contact.deletedAt === undefined
}

function wire({ id, contactId, schemaId, createdDate, payload }: Interaction): JsonObject {
  return { id, contactId, schemaId, createdDate, payload }
}

function nextLink(call: Call, last: StoredInteraction): JsonObject {
  const query = new URLSearchParams(call.query)
  query.set('continuation', tokenOf({ ms: last.ms, id: last.interaction.id }))
  return { href: `${call.base}/interactions?${query}`, method: 'GET', rel: 'next' }
}

function tokenOf({ ms, id }: Position): string {
  return Buffer.from(JSON.stringify([ms, id])).toString('base64url')
}

function positionIn(token: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (!Array.isArray(value)) return undefined
    const [ms, id]: readonly unknown[] = value
    return typeof ms === 'number' && typeof id === 'string' ? { ms, id } : undefined
  } catch {
    return undefined
  }
}
