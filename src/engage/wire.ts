/**
 * From what the API answers to our own shapes.
 * Guarantees: what we rely on is checked, and a Mismatch says what is missing without quoting data; fields that we
 * don't know are let pass. Ids of contacts come out in lower case.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Interaction, InteractionSchema, JsonSchema } from '../model.ts'
import { Mismatch } from './answer.ts'
import { CONTINUATION, isNext, leadsBack, PAGE_SIZE } from './guesses.ts'
import type { Page, SchemaSummary } from './types.ts'

export function schemaSummaries(json: Json): readonly SchemaSummary[] {
  return list(json, 'the answer').map((each, at) => {
    const what = `[${at}]`
    const id = text(object(each, what), 'id', what)
    return { id, displayName: displayName(object(each, what), id) }
  })
}

/** @throws Mismatch unless `properties` is an object of objects that each have a `type`. */
export function interactionSchema(json: Json): InteractionSchema {
  const schema = object(json, 'the answer')
  const jsonSchema = object(schema['jsonSchema'], 'jsonSchema')
  for (const [name, property] of Object.entries(object(jsonSchema['properties'], 'jsonSchema.properties'))) {
    if (object(property, `property "${name}"`)['type'] === undefined) {
      throw new Mismatch(`property "${name}" has no type`)
    }
  }
  const id = text(schema, 'id', 'the answer')
  return { id, displayName: displayName(schema, id), jsonSchema: jsonSchema as JsonSchema }
}

/** @param used the continuation that this page was asked for with. */
export function page(json: Json, used: string | undefined): Page {
  const answer = object(json, 'the answer')
  const items = list(answer['items'], 'items').map((each, at) => interaction(each, `items[${at}]`))
  return { items, continuation: nextToken(answer, used, items.length) }
}

export function interaction(json: Json, what = 'the answer'): Interaction {
  const from = object(json, what)
  return {
    id: text(from, 'id', what),
    contactId: text(from, 'contactId', what).toLowerCase(),
    schemaId: text(from, 'schemaId', what),
    createdDate: text(from, 'createdDate', what),
    payload: object(from['payload'] ?? {}, `${what}.payload`),
  }
}

/** @returns the id of something created. */
export function createdId(json: Json): string {
  return text(object(json, 'the answer'), 'id', 'the answer')
}

/** @returns a bare number, which may come as text. */
export function count(json: Json): number {
  const value = typeof json === 'string' && /^\d+$/.test(json) ? Number(json) : json
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Mismatch('not a count')
}

export function contactIds(json: Json): readonly string[] {
  return list(json, 'the answer').map((each, at) => {
    if (typeof each === 'string' && each !== '') return each.toLowerCase()
    throw new Mismatch(`[${at}] isn't an id`)
  })
}

/**
 * The token only, never the link's host. A link that says "next" counts even if its token is the one just used: that
 * is a listing that doesn't move, and must not pass for one that ends.
 */
function nextToken(answer: JsonObject, used: string | undefined, items: number): string | undefined {
  const links = Array.isArray(answer['links']) ? answer['links'].filter(isObject) : []
  const next = links.filter((link) => isNext(link['rel']) && typeof link['href'] === 'string')
  const token = next.map(tokenOf).find((each) => each !== undefined)
  if (token !== undefined) return token
  if (next.length > 0 && items >= PAGE_SIZE) {
    throw new Mismatch(`the page is full, and its link to the next has no ${CONTINUATION}`)
  }
  return links
    .filter((link) => !leadsBack(link['rel']))
    .map(tokenOf)
    .find((each) => each !== undefined && each !== used)
}

function tokenOf(link: JsonObject): string | undefined {
  const href = typeof link['href'] === 'string' ? URL.parse(link['href'], 'https://any.invalid') : null
  const pair = [...(href?.searchParams ?? [])].find(([name]) => name.toLowerCase() === CONTINUATION)
  return pair?.[1] || undefined
}

export function object(json: Json | undefined, what: string): JsonObject {
  if (isObject(json)) return json
  throw new Mismatch(`${what} isn't an object`)
}

function list(json: Json | undefined, what: string): readonly Json[] {
  if (Array.isArray(json)) return json
  throw new Mismatch(`${what} isn't a list`)
}

function text(from: JsonObject, field: string, what: string): string {
  const value = from[field]
  if (typeof value === 'string' && value !== '') return value
  throw new Mismatch(`${what} has no ${field}`)
}

function displayName(from: JsonObject, otherwise: string): string {
  return typeof from['displayName'] === 'string' ? from['displayName'] : otherwise
}
