/** Requests told apart, and answers made up or changed on their way from the sandbox. */
import type { Json, JsonObject } from '../../src/json.ts'
import { isObject, parseJson, stringifyJson } from '../../src/json.ts'
import type { Interaction } from '../../src/model.ts'

/** @returns the contact whose interactions a request lists; undefined where it does something else */
export function listed(request: Request): string | undefined {
  const { pathname, searchParams } = new URL(request.url)
  const contactId = searchParams.get('contactId') ?? undefined
  return request.method === 'GET' && pathname.endsWith('/interactions') ? contactId : undefined
}

/** @returns the id of the interaction that a request reads by itself */
export function readById(request: Request): string | undefined {
  const at = /\/interactions\/([^/]+)$/.exec(new URL(request.url).pathname)
  return request.method === 'GET' ? at?.[1] : undefined
}

/** @returns the id of the schema that a request reads */
export function readSchema(request: Request): string | undefined {
  const at = /\/interactionschemas\/([^/]+)$/.exec(new URL(request.url).pathname)
  return request.method === 'GET' ? at?.[1] : undefined
}

export function isCreation(request: Request): boolean {
  return request.method === 'POST' && new URL(request.url).pathname.endsWith('/interactionschemas')
}

export function json(status: number, body: Json): Response {
  return new Response(stringifyJson(body), { status, headers: { 'content-type': 'application/json' } })
}

/** What a gateway answers in the place of the API. */
export function webPage(status: number): Response {
  return new Response('<!doctype html><title>Not here</title>', {
    status,
    headers: { 'content-type': 'text/html' },
  })
}

/** Changes the JSON of an answer. */
export async function changed(
  response: Response,
  change: (body: JsonObject) => JsonObject,
): Promise<Response> {
  const body = parseJson(await response.text())
  if (!isObject(body)) throw new Error('the answer is no object')
  return json(response.status, change(body))
}

/** An answer to a listing, with other records too. */
export function withAlso(response: Response, records: readonly Interaction[]): Promise<Response> {
  return changed(response, (body) => ({
    ...body,
    items: [...(body['items'] as readonly Json[]), ...(records as unknown as readonly Json[])] as Json[],
  }))
}
