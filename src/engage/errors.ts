/**
 * What can go wrong between us and Engage.
 * Guarantees: the API key is in no message; `outcome` says of a call whether the server certainly did not act
 * ("refused", "unsent") or may have ("unknown"), which alone decides whether something may be sent again.
 */

/** `refused`: the answer was no. `unsent`: no connection came about, so nothing left. `unknown`: it may have acted. */
export type Outcome = 'refused' | 'unsent' | 'unknown'

/**
 * `absent`: the API itself says that what was asked for is not there (404).
 * `not-the-api`: a web page, or anything else that isn't JSON: a gateway or another server has answered, so its
 * status says nothing of the tenant.
 */
export type ErrorKind = 'absent' | 'not-the-api'

export interface EngageErrorParts {
  readonly method: string
  /** Path and query, without the host. */
  readonly path: string
  /** HTTP status; undefined where no answer came. */
  readonly status?: number
  /** The server's own words, or the network's. */
  readonly serverMessage: string
  readonly outcome: Outcome
  /** What the answer is beyond its status; see ErrorKind. */
  readonly kind?: ErrorKind
  /** What the server asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

export class EngageError extends Error {
  readonly method: string
  readonly path: string
  readonly status: number | undefined
  readonly serverMessage: string
  readonly outcome: Outcome
  readonly retryAfterMs: number | undefined
  readonly kind: ErrorKind | undefined

  constructor(parts: EngageErrorParts) {
    const answer = parts.status === undefined ? 'no answer' : String(parts.status)
    super(
      `${parts.method} ${parts.path}: ${answer}: ${parts.serverMessage}`,
      parts.cause === undefined ? undefined : { cause: parts.cause },
    )
    this.name = 'EngageError'
    this.method = parts.method
    this.path = parts.path
    this.status = parts.status
    this.serverMessage = parts.serverMessage
    this.outcome = parts.outcome
    this.retryAfterMs = parts.retryAfterMs
    this.kind = parts.kind
  }
}

/** No whole answer came: the connection failed, the body was cut short, or time ran out. */
export class NoAnswer extends Error {
  readonly timedOut: boolean
  /** Whether there was no connection to begin with: the request certainly did not leave. */
  readonly unsent: boolean

  constructor(message: string, timedOut: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NoAnswer'
    this.timedOut = timedOut
    this.unsent = !timedOut && wasNeverConnected(cause)
  }
}

/** Nobody listens there, or the name leads nowhere: what a connection that is only to be made can fail with. */
const UNCONNECTED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/**
 * An error that has causes speaks for them, and one of several addresses that were tried for none but itself: there all
 * must have failed so.
 */
function wasNeverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(wasNeverConnected)
  if (!(error instanceof Error)) return false
  if (error.cause !== undefined) return wasNeverConnected(error.cause)
  return 'code' in error && UNCONNECTED.has(error.code)
}

/** fetch never sends anything to such an address, whatever is there: asking again is of no use. */
export class NeverSent extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'NeverSent'
  }
}

/**
 * @returns whether the server says that the schema is not there: a matter of the whole run, never of one contact
 *   or one interaction. Its wording, `Schema '<id>' not found`, was seen in public clients.
 */
export function saysSchemaNotFound(error: EngageError): boolean {
  return /schema\b.{0,200}\bnot found/is.test(error.serverMessage)
}
