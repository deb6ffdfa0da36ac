/**
 * Answers as the API shapes them.
 * Guarantees: every body but an empty one is JSON, numbers written as they came; a failure has a `message`.
 */
import { type Json, stringifyJson } from '../json.ts'

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

export function answer(status: number, body?: Json): Response {
  if (body === undefined) return new Response(null, { status })
  return new Response(stringifyJson(body), { status, headers: JSON_TYPE })
}

/** @param retryAfter seconds, for the header of that name; absent: no header. */
export function failure(status: number, message: string, retryAfter?: number): Response {
  const headers = retryAfter === undefined ? JSON_TYPE : { ...JSON_TYPE, 'retry-after': String(retryAfter) }
  return new Response(stringifyJson({ message }), { status, headers })
}

/** The answer to something created: its id and where it is found. */
export function created(status: number, id: string, href: string): Response {
  return answer(status, { id, self: { href, method: 'GET', rel: 'self' } })
}
