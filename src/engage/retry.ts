/**
 * Which requests are sent again, and after how long.
 * Guarantees: only a GET is ever sent again (the vendor: retrying a POST without knowing whether the first one
 * went through is dangerous); waits grow, and are never shorter than the server asked for, up to a cap; an
 * aborted request ends at once.
 */
import pRetry from 'p-retry'
import type { Clock } from '../clock.ts'
import { NoAnswer } from './errors.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Send } from './types.ts'

export interface RetryPolicy {
  /** How often a request is sent at most, the first time included. */
  readonly attempts: number
  /** The longest first wait, in milliseconds; each further one is three times as long. */
  readonly firstWaitMs: number
  /** No wait of our own is longer than this, in milliseconds. */
  readonly longestWaitMs: number
  /** A Retry-After is followed up to this, in milliseconds. */
  readonly longestRetryAfterMs: number
}

/** Waits of up to 1, 3, 9, 27 and 60 s: the growth of the vendor's 10, 30, 60, 300 s, for reads that harm nothing. */
export const RETRY_POLICY: RetryPolicy = {
  attempts: 6,
  firstWaitMs: 1_000,
  longestWaitMs: 60_000,
  longestRetryAfterMs: 300_000,
}

export interface Attempt {
  readonly method: string
  /** 1 for the first. */
  readonly attempt: number
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** One wait before another attempt, for a log. */
export interface Retry extends Attempt {
  readonly url: string
  readonly waitMs: number
  /** "503", or why no answer came. */
  readonly reason: string
}

/**
 * What to do after an attempt that failed.
 * @param random 0 to 1: shortens the wait by up to half, so that requests that failed together part.
 * @returns how many milliseconds to wait before the next attempt, or that there is none.
 */
export function retryDecision(made: Attempt, policy: RetryPolicy, random: number): number | 'give up' {
  if (made.method !== 'GET' || made.attempt >= policy.attempts || !isPassing(made.status)) return 'give up'
  const longest = Math.min(policy.firstWaitMs * 3 ** (made.attempt - 1), policy.longestWaitMs)
  const asked = Math.min(made.retryAfterMs ?? 0, policy.longestRetryAfterMs)
  return Math.max(longest * (1 - random / 2), asked)
}

/** No answer, the server's own failures, and "later": the rest would be answered the same way again. */
function isPassing(status: number | undefined): boolean {
  return status === undefined || status >= 500 || status === 408 || status === 429
}

export interface RetryingOptions extends Partial<RetryPolicy> {
  readonly clock: Clock
  /** 0 to 1, as Math.random. */
  readonly random: () => number
  /** Told before each wait. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
  /** Once aborted, nothing is sent again: the request fails with the signal's reason instead of waiting. */
  readonly stop?: AbortSignal | undefined
}

/** Carries an unwelcome answer through p-retry, which knows only errors. */
class Unwelcome extends Error {
  readonly response: Response

  constructor(response: Response) {
    super(String(response.status))
    this.response = response
  }
}

/**
 * @returns a Send that sends a GET again as the policy says, and anything else exactly once. After the last
 * attempt its answer is returned, or its error thrown, as it came.
 */
export function retrying(send: Send, { clock, random, onRetry, stop, ...settings }: RetryingOptions): Send {
  const policy: RetryPolicy = { ...RETRY_POLICY, ...settings }

  async function attempt(request: Request): Promise<Response> {
    const response = await send(new Request(request))
    if (isPassing(response.status)) throw new Unwelcome(response)
    return response
  }

  return async (request) => {
    if (request.method !== 'GET') return send(request)

    const waitOrGiveUp = async (error: Error, attempt: number): Promise<boolean> => {
      if (!(error instanceof NoAnswer || error instanceof Unwelcome)) return false
      const response = error instanceof Unwelcome ? error.response : undefined
      const made: Attempt = {
        method: request.method,
        attempt,
        status: response?.status,
        retryAfterMs: response && retryAfterMs(response.headers, clock.now()),
      }
      const waitMs = retryDecision(made, policy, random())
      if (waitMs === 'give up') return false
      onRetry?.({ ...made, url: request.url, waitMs, reason: error.message })
      await response?.body?.cancel()
      await clock.sleep(waitMs, stop === undefined ? request.signal : AbortSignal.any([request.signal, stop]))
      return true
    }

    try {
      return await pRetry(() => attempt(request), {
        retries: policy.attempts - 1,
        // p-retry's own waits are off, since they would go by the machine's clock.
        minTimeout: 0,
        shouldRetry: ({ error, attemptNumber }) => waitOrGiveUp(error, attemptNumber),
        signal: request.signal,
      })
    } catch (error) {
      if (error instanceof Unwelcome) return error.response
      throw error
    }
  }
}
