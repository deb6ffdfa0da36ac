/**
 * One call of the API: from a path to an answer, or to an EngageError.
 * Guarantees: the three headers that the API needs are on every call; the API key is in no error, nor in its
 * causes or stacks; a redirect is never followed; one call is one `send`.
 */
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { type Json, stringifyJson } from '../json.ts'
import { type Answer, createAnswer } from './answer.ts'
import type { Connection } from './connection.ts'
import { EngageError, NeverSent, NoAnswer, type Outcome } from './errors.ts'
import { KEY_HEADER } from './guesses.ts'
import { excerpt, hideKey, scrubbedError } from './scrub.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The parts of the path below /api/v3, not encoded yet. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: Json
  readonly signal?: AbortSignal | undefined
}

/**
 * @throws EngageError where no whole answer came; OperatorError (usage) where nothing can be sent to the base URL; the
 * signal's own reason where it was aborted.
 */
export type Caller = (call: Call) => Promise<Answer>

/** @throws OperatorError (usage) where the key or the user agent can't be sent in a header. */
export function createCaller(connection: Connection): Caller {
  const headers = headersOf(connection)
  const hide = hideKey(connection.apiKey)

  return async ({ method, path: segments, query = {}, body, signal }) => {
    signal?.throwIfAborted()
    const path = pathOf(connection, segments, query)
    const failure = (serverMessage: string, outcome: Outcome, cause?: Error): EngageError =>
      new EngageError({ method, path: hide(path), serverMessage, outcome, cause })
    const impossible = segments.find((segment) => !canBeSegment(segment))
    if (impossible !== undefined) {
      throw failure(`not sent: "${excerpt(impossible, 80, hide)}" can't be an id`, 'refused')
    }
    // Of our own, so that nothing stays tied to a signal that outlives thousands of calls.
    const own = new AbortController()
    const onAbort = (): void => own.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const request = new Request(new URL(connection.baseUrl).origin + path, {
        method,
        headers,
        signal: own.signal,
        ...(body === undefined ? {} : { body: stringifyJson(body) }),
      })
      const response = await connection.send(request)
      const bytes = new Uint8Array(await response.arrayBuffer())
      return createAnswer({ method, url: new URL(request.url), response, bytes, hide })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof NeverSent) throw noAddress(error)
      const outcome = error instanceof NoAnswer && error.unsent ? 'unsent' : 'unknown'
      throw failure(excerpt(messageOf(error), 300, hide), outcome, scrubbedError(error, hide))
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

/** Content-Type on GETs too: without it the API answers 500, "An error has occurred". */
function headersOf({ apiKey, userAgent }: Connection): Headers {
  const headers = new Headers({ 'Content-Type': 'application/json' })
  try {
    headers.set('User-Agent', userAgent)
    headers.set(KEY_HEADER, apiKey)
  } catch {
    // What was thrown quotes the value, which may be the key.
  }
  if (headers.get(KEY_HEADER) && headers.get('User-Agent')) return headers
  throw new OperatorError({
    what: 'The API key or the user agent is empty, or has characters that a header cannot carry.',
    safe: 'Nothing was sent.',
    next: 'Set the API key again: line breaks and invisible characters are easily copied along.',
    exit: EXIT.usage,
  })
}

function pathOf(
  { baseUrl, apiVersion }: Connection,
  segments: readonly string[],
  query: Call['query'] = {},
): string {
  const prefix = new URL(baseUrl).pathname.replace(/\/+$/, '')
  const path = segments.map((segment) => encodeURIComponent(segment.toWellFormed()))
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value.toWellFormed())}`],
  )
  const question = pairs.length === 0 ? '' : `?${pairs.join('&')}`
  return `${prefix}/api/${apiVersion}/${path.join('/')}${question}`
}

function noAddress({ message }: NeverSent): OperatorError {
  return new OperatorError({
    what: `Nothing can be sent to the base URL: ${message}.`,
    safe: 'Nothing was sent.',
    next: 'Check the base URL, then run the same command again.',
    exit: EXIT.usage,
  })
}

/** Else a URL would leave it out, and the call go to another resource: `DELETE …/interactionschemas/..`. */
function canBeSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && segment.isWellFormed()
}
