/**
 * What nobody says about the API, and what is only seen in other clients of it.
 * Guarantees: each such choice is made here and nowhere else, so that finding out better changes this file only.
 */
import type { Json } from '../json.ts'
import { isObject } from '../json.ts'

/** Seen: every public client sends `apikey`; one page of the vendor's says `x-api-key`. Used in call.ts. */
export const KEY_HEADER = 'apikey'

/** Guess, from "the token for the next page can be found in the response". Used in wire.ts, client.ts. */
export const CONTINUATION = 'continuation'

/** Documented as the most that a page holds; that a page of fewer is always the last is not assumed. wire.ts. */
export const PAGE_SIZE = 50

/** Guess: the `rel` of the link to the next page. Used in wire.ts. */
export function isNext(rel: Json | undefined): boolean {
  return typeof rel === 'string' && rel.toLowerCase() === 'next'
}

/** Guess: links that may carry a continuation but never lead on. Used in wire.ts. */
export function leadsBack(rel: Json | undefined): boolean {
  return typeof rel === 'string' && ['self', 'first', 'prev', 'previous'].includes(rel.toLowerCase())
}

/** Guess: what isn't there, or isn't any more, is answered with 404. Used in call.ts. */
export function isAbsent(status: number): boolean {
  return status === 404
}

/** Guess: a key that is unknown, or used from an address that isn't on its list. Used in call.ts. */
export function isKeyRefused(status: number): boolean {
  return status === 401 || status === 403
}

/**
 * Guess: a 4xx says that the request was certainly not carried out, 429 too; but 408 may come from a gateway
 * whose server is still at work. Used in call.ts for POST and DELETE.
 */
export function isCertainlyRefused(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408
}

/** Seen: 200 in some clients, 201 in others. Used in client.ts. */
export function isInteractionCreated(status: number): boolean {
  return status === 200 || status === 201
}

/** Seen: 200 in some clients, 204 in others. Used in client.ts. */
export function isDeleted(status: number): boolean {
  return status === 200 || status === 204
}

/** The form is the documentation's example ("2023-05-04 11:05:00.000"); that it is UTC is a guess. client.ts. */
export function changesDate(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
}

/** Guess: where a server puts its words, in the shapes common among .NET services. Used in server-message.ts. */
export function messagesIn(answer: Json): Json[] {
  if (!isObject(answer)) return [answer]
  const fields = ['message', 'Message', 'title', 'detail', 'error', 'errors']
  return fields.flatMap((field) => flat(answer[field]))
}

function flat(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.flatMap((each: Json) => flat(each))
  if (!isObject(value)) return [value]
  const words = messagesIn(value)
  return words.length > 0 ? words : Object.values(value).flatMap((each) => flat(each))
}
