/** Short ways to ask a sandbox, in process or over HTTP. */
import { isObject, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/json.ts'

export const HEADERS = {
  apikey: 'sandbox-key',
  'user-agent': 'Test/1.0',
  'content-type': 'application/json',
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
  /** The body where it is an object. */
  readonly fields: JsonObject
}

export type Ask = (method: string, path: string, body?: Json) => Promise<Answer>

/** @param path behind the host; without a leading slash it is one of the API's third version. */
export function caller(send: (request: Request) => Promise<Response>, url = 'http://sandbox'): Ask {
  return async (method, path, body) => {
    const target = path.startsWith('/') ? `${url}${path}` : `${url}/api/v3/${path}`
    const init = { method, headers: HEADERS }
    const response = await send(
      new Request(target, body === undefined ? init : { ...init, body: stringifyJson(body) }),
    )
    const text = await response.text()
    const json = text === '' ? null : parseJson(text)
    return {
      status: response.status,
      headers: response.headers,
      body: json,
      fields: isObject(json) ? json : {},
    }
  }
}

export const CONTACT = 'cf6d21fa-6e2b-481c-ab38-afa1012233ff'

/** The smallest schema with one property of each type. */
export function smallSchema(id = 'visit', properties: JsonObject = {}): JsonObject {
  return {
    id,
    displayName: 'Visit',
    jsonSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        note: { type: 'string' },
        at: { type: 'string', format: 'date-time' },
        amount: { type: 'number' },
        count: { type: 'integer' },
        first: { type: 'boolean' },
        ...properties,
      },
    },
  }
}

/** Creates CONTACT and the small schema. */
export async function prepare(ask: Ask): Promise<void> {
  await ask('POST', '/sandbox/contacts', { id: CONTACT })
  await ask('POST', 'interactionschemas', smallSchema())
}

export function visit(payload: JsonObject = {}, createdDate?: string): JsonObject {
  const interaction = { contactId: CONTACT, schemaId: 'visit', payload }
  return createdDate === undefined ? interaction : { ...interaction, createdDate }
}

export const VISITS = `interactions?contactId=${CONTACT}&schemaId=visit`

/** @returns the items of a list answer. */
export function itemsOf(answer: Answer): readonly JsonObject[] {
  const { items } = answer.fields
  return Array.isArray(items) ? items.filter(isObject) : []
}

/** @returns where the next page is, or undefined. */
export function nextOf(answer: Answer): string | undefined {
  const { links } = answer.fields
  const [link]: readonly Json[] = Array.isArray(links) ? links : []
  return isObject(link) && typeof link['href'] === 'string' ? link['href'] : undefined
}
