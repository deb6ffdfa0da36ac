/**
 * What a reader and a writer share: where the tenant is, who we are, and the way there.
 * Guarantees: every attempt of every request is paid for at one limiter, and has one time-out of its own.
 */
import type { Clock } from '../clock.ts'
import { checkBaseUrl } from './base-url.ts'
import { networkSend, whole } from './http.ts'
import { createLimiter, limited } from './limiter.ts'
import { type Retry, type RetryPolicy, retrying } from './retry.ts'
import { hideKey } from './scrub.ts'
import type { Send } from './types.ts'

/** v2 has the same interaction paths as v3. */
export type ApiVersion = 'v2' | 'v3'

export interface Connection {
  readonly baseUrl: string
  readonly apiKey: string
  readonly apiVersion: ApiVersion
  /** `Product/version`: the vendor asks for it, so that calls can be traced. */
  readonly userAgent: string
  readonly send: Send
}

export interface ConnectOptions extends Omit<Connection, 'send'> {
  /** Milliseconds for one attempt, until its last byte. The vendor asks always to wait for the answer: be generous. */
  readonly timeoutMs: number
  /** Requests per second of all kinds together. */
  readonly ratePerSecond: number
  readonly clock: Clock
  /** 0 to 1, as Math.random. */
  readonly random: () => number
  /** The network; the machine's own if absent. */
  readonly network?: Send
  readonly retry?: Partial<RetryPolicy>
  /** Once aborted, no request is sent a second time; what is under way may end. */
  readonly stop?: AbortSignal
  /** Told before each wait for another attempt; the API key is hidden from it. */
  readonly onRetry?: (retry: Retry) => void
}

/**
 * Stacks retry, limiter, time-out and network. Connects to nothing yet.
 * @throws OperatorError (usage) where the base URL isn't one to send a key to.
 */
export function connect(options: ConnectOptions): Connection {
  const { apiKey, apiVersion, userAgent, clock, random, onRetry } = options
  const hide = hideKey(apiKey)
  const limiter = createLimiter({ ratePerSecond: options.ratePerSecond, clock })
  const attempt = whole(options.network ?? networkSend, { timeoutMs: options.timeoutMs, clock })
  const send = retrying(limited(attempt, limiter), {
    ...options.retry,
    stop: options.stop,
    clock,
    random,
    onRetry: onRetry && ((retry) => onRetry({ ...retry, url: hide(retry.url), reason: hide(retry.reason) })),
  })
  return { baseUrl: checkBaseUrl(options.baseUrl).href, apiKey, apiVersion, userAgent, send }
}
