/**
 * What the server answered, as something to ask.
 * Guarantees: JSON is read without loss, and text that isn't UTF-8 is an error, not a guess; every error says
 * whether the server certainly did not act, and holds no API key.
 */
import { type Json, parseJson } from '../json.ts'
import { EngageError, type ErrorKind, type Outcome } from './errors.ts'
import { isAbsent, isCertainlyRefused, isKeyRefused } from './guesses.ts'
import { retryAfterMs } from './retry-after.ts'
import { excerpt, type Hide } from './scrub.ts'
import { isHtml, serverMessage } from './server-message.ts'

/** An answer isn't of the shape that we rely on; thrown by what `read` is given. */
export class Mismatch extends Error {}

export interface Answer {
  readonly status: number
  /** 2xx. */
  readonly ok: boolean
  /** 404 in the API's own words: a web page for a 404 says that this is another server. */
  readonly absent: boolean
  /**
   * Reads a 2xx answer.
   * @throws EngageError where the status is another, the answer isn't JSON, or `parse` throws a Mismatch.
   */
  read<T>(parse: (json: Json) => T): T
  /**
   * @param words what to say; absent: the server's own words. Anything from outside in it must be scrubbed already.
   * @returns the error that this answer is.
   */
  problem(words?: string, kind?: ErrorKind): EngageError
}

export interface AnswerParts {
  readonly method: string
  readonly url: URL
  readonly response: Response
  /** The whole body. */
  readonly bytes: Uint8Array
  readonly hide: Hide
}

export function createAnswer({ method, url, response, bytes, hide }: AnswerParts): Answer {
  const { status, headers } = response
  const ok = status >= 200 && status < 300
  const text = new TextDecoder().decode(bytes)
  const html = isHtml(headers.get('content-type'), text)

  const absent = isAbsent(status) && !html

  function problem(words = wordsOf(), kind = kindOf()): EngageError {
    const wait = retryAfterMs(headers)
    return new EngageError({
      method,
      path: hide(url.pathname + url.search),
      status,
      serverMessage: words,
      outcome: outcomeOf(method, status),
      ...(kind === undefined ? {} : { kind }),
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    })
  }

  function wordsOf(): string {
    const location = status >= 300 && status < 400 ? headers.get('location') : null
    if (location !== null) return redirect(url, location, hide)
    const words = serverMessage(text, hide)
    if (isKeyRefused(status)) return `the API key was refused, or may not be used from here: ${words}`
    return html && status < 500 ? notJson() : words
  }

  function kindOf(): ErrorKind | undefined {
    return absent ? 'absent' : html ? 'not-the-api' : undefined
  }

  function notJson(): string {
    return `the answer isn't JSON; is this the base URL of the API? It begins: "${excerpt(text, 80, hide)}"`
  }

  /** A Mismatch may name a property, and those are the server's. */
  function unexpected(error: Mismatch): string {
    return `not the answer expected: ${excerpt(error.message, 300, hide)}`
  }

  function json(): Json {
    try {
      return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch {
      // What was thrown quotes the answer, and the answer may quote the key.
      throw problem(notJson(), 'not-the-api')
    }
  }

  return {
    status,
    ok,
    absent,
    problem,
    read(parse) {
      if (!ok) throw problem()
      try {
        return parse(json())
      } catch (error) {
        throw error instanceof Mismatch ? problem(unexpected(error)) : error
      }
    },
  }
}

/** An answer of 2xx that is of no use to us may still mean that the server acted. */
function outcomeOf(method: string, status: number): Outcome {
  if (method === 'GET') return status >= 400 && status < 500 ? 'refused' : 'unknown'
  return (status >= 300 && status < 400) || isCertainlyRefused(status) ? 'refused' : 'unknown'
}

function redirect(from: URL, location: string, hide: Hide): string {
  const to = URL.parse(location, from.href)
  if (to === null) return `redirects to "${excerpt(location, 80, hide)}", which is not a URL`
  // Where the same path is asked for elsewhere, what comes before it is the base URL.
  const apiPath = /.*(\/api\/v\d\/.*)$/.exec(from.pathname)?.[1]
  const base =
    apiPath !== undefined && to.pathname.endsWith(apiPath) ? to.pathname.slice(0, -apiPath.length) : ''
  return `redirects to ${excerpt(to.origin + to.pathname, 300, hide)}; set the base URL to ${hide(to.origin + base)}`
}
