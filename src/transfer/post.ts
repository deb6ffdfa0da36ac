/**
 * What the answer to one POST of an interaction means.
 * Guarantees: pure; an answer that leaves open whether the server acted is always `doubt`, never a reason to send
 * again; a failure that concerns the whole run is `fatal`, so that it stops at once.
 */
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'

export type PostOutcome =
  | { readonly kind: 'confirmed'; readonly newId: string }
  /** The server has refused this one for good, and says why; `absent`: because something is not there. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly absent: boolean }
  /** It may or may not have landed; `said`: status and words of the answer that leaves it open. */
  | { readonly kind: 'doubt'; readonly said: string }
  /** It certainly has not been sent, or was turned away unread. */
  | { readonly kind: 'unsent'; readonly waitMs: number }
  /** It certainly has not been sent: no connection came about. */
  | { readonly kind: 'unreached' }
  | { readonly kind: 'fatal'; readonly error: unknown }

/** Statuses that speak of the one interaction: bad payload, contact gone, conflict, too large. */
const ITEM_STATUSES: ReadonlySet<number> = new Set([400, 404, 409, 410, 413, 422])

/** A 429 without Retry-After waits as long as the vendor's retry policy begins with. */
export const THROTTLED_MS = 10_000

/** @param error what the POST threw */
export function classifyPostError(error: unknown): PostOutcome {
  if (!(error instanceof EngageError)) return { kind: 'fatal', error }
  if (error.outcome === 'unsent') return { kind: 'unreached' }
  if (error.outcome === 'unknown') return { kind: 'doubt', said: saidBy(error) }
  if (error.status === 429) return { kind: 'unsent', waitMs: error.retryAfterMs ?? THROTTLED_MS }
  const ofTheItem = error.kind !== 'not-the-api' && !saysSchemaNotFound(error)
  if (error.status !== undefined && ITEM_STATUSES.has(error.status) && ofTheItem) {
    return {
      kind: 'rejected',
      reason: saidBy(error),
      absent: error.kind === 'absent',
    }
  }
  return { kind: 'fatal', error }
}

function saidBy({ status, serverMessage }: EngageError): string {
  return `${status ?? 'no answer'}: ${serverMessage}`
}

/** Percent: five in the first hundred. */
const REFUSED_AT_MOST = 5

/**
 * Something is wrong with the whole when more than a few of the first are refused.
 * @param rejected items refused, but for those of contacts that are gone and those known to be refused; or contacts
 *   found gone, but for those known to be
 * @param decided all items refused or accepted so far; or all contacts worked on
 * @param atMost the share, in percent, from which on it is too many; it is at least one, and with 100 never too many
 */
export function tooManyRejected(rejected: number, decided: number, atMost = REFUSED_AT_MOST): boolean {
  return rejected > 0 && atMost < 100 && rejected * 100 >= atMost * Math.max(decided, 100)
}
