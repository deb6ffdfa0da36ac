/**
 * /interactionschemas: list, read, create, delete.
 * Guarantees: a schema is stored only if it breaks no rule, has a free id and room (15 in all); there is no
 * update; a deleted schema takes all its interactions with it. Reads may show it for a while, writes never take it
 * for there.
 */
import { isObject, type JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { answer, created, failure } from './answers.ts'
import type { Behaviour } from './behaviour.ts'
import type { TenantEvent } from './events.ts'
import { BAD_SCHEMA_STATUS, DELETED_STATUS, DUPLICATE_SCHEMA_STATUS } from './guesses.ts'
import type { Call, Desk, Route } from './router.ts'
import { MAX_SCHEMAS, schemaProblems } from './schema-rules.ts'

export const SCHEMA_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/interactionschemas', handle: listSchemas },
  { method: 'POST', template: '/interactionschemas', handle: createSchema },
  { method: 'GET', template: '/interactionschemas/{id}', handle: readSchema },
  { method: 'DELETE', template: '/interactionschemas/{id}', handle: deleteSchema },
]

/** @returns the schema if it is there and can be seen by now: what is posted has to follow this one. */
export function visibleSchema(desk: Desk, id: string): InteractionSchema | undefined {
  const stored = desk.state.tenant.schema(id)
  return stored !== undefined && stored.visibleAt <= desk.now ? stored.schema : undefined
}

function listSchemas(_call: Call, desk: Desk): Response {
  const shown = desk.state.tenant.shownSchemas(desk.now)
  return answer(
    200,
    shown.map(({ id, displayName }) => ({ id, displayName })),
  )
}

function readSchema(call: Call, desk: Desk): Response {
  const schema = desk.state.tenant.shownSchema(call.params['id'] ?? '', desk.now)
  if (schema === undefined) return notFound(call)
  const { id, displayName, jsonSchema } = schema
  return answer(200, { id, displayName, jsonSchema })
}

function createSchema(call: Call, desk: Desk): Response {
  const [problem] = schemaProblems(call.body)
  if (problem !== undefined) return failure(BAD_SCHEMA_STATUS, problem)
  const schema = asSchema(isObject(call.body) ? call.body : {})
  const { tenant } = desk.state
  if (tenant.schema(schema.id) !== undefined) {
    return failure(DUPLICATE_SCHEMA_STATUS, `Schema '${schema.id}' already exists`)
  }
  if (tenant.schemas().length >= MAX_SCHEMAS) {
    return failure(BAD_SCHEMA_STATUS, `There can be at most ${MAX_SCHEMAS} interaction schemas`)
  }
  desk.state.record({ type: 'schema-created', schema, visibleAt: desk.now + desk.behaviour.schemaLag })
  return created(200, schema.id, `${call.base}/interactionschemas/${schema.id}`)
}

function deleteSchema(call: Call, desk: Desk): Response {
  const id = call.params['id'] ?? ''
  const { state, behaviour, now } = desk
  if (state.tenant.schema(id) === undefined) return notFound(call)
  state.record(deletionOf(id, behaviour, now))
  return answer(DELETED_STATUS)
}

/** @returns what the deletion of a schema is to the tenant, whoever deletes it */
export function deletionOf(
  id: string,
  { schemaGoneLag, deletionLag }: Pick<Behaviour, 'schemaGoneLag' | 'deletionLag'>,
  now: number,
): TenantEvent {
  return {
    type: 'schema-deleted',
    id,
    ...(schemaGoneLag > 0 && { shownUntil: now + schemaGoneLag }),
    ...(deletionLag > 0 && { interactionsShownUntil: now + deletionLag }),
  }
}

/** The body broke no rule, so its shape is known; anything beside the three fields isn't kept. */
function asSchema(body: JsonObject): InteractionSchema {
  const { id, displayName, jsonSchema } = body as unknown as InteractionSchema
  return { id, displayName, jsonSchema }
}

function notFound(call: Call): Response {
  return failure(404, `Schema '${call.params['id']}' not found`)
}
