/**
 * How often requests may leave: one even schedule for all attempts of all kinds (GCRA).
 * Guarantees: first come, first served; never early; never more than `burst` together, not even after the
 * process was held up, since a slot is given out when its turn comes and not before. One timer at a time.
 */
import type { Clock } from '../clock.ts'
import type { Send } from './types.ts'

export interface LimiterOptions {
  /** Requests per second, above 0. The vendor asks to stay below 50 in normal operation. */
  readonly ratePerSecond: number
  /** How many may leave together after a pause: 1 to 3, 3 if absent. */
  readonly burst?: number
  readonly clock: Clock
}

export interface Limiter {
  /**
   * Waits for the next slot.
   * @throws the signal's reason, at once when it is aborted; the slot then goes to the next in line.
   */
  take(signal?: AbortSignal): Promise<void>
}

const LARGEST_BURST = 3

/**
 * @returns a limiter; share one among everything that uses the same API key, as the vendor counts by key.
 * @throws RangeError where the rate or the burst is out of range.
 */
export function createLimiter({ ratePerSecond, burst = LARGEST_BURST, clock }: LimiterOptions): Limiter {
  if (!(ratePerSecond > 0 && Number.isFinite(ratePerSecond))) {
    throw new RangeError(`ratePerSecond must be above 0, not ${ratePerSecond}`)
  }
  if (!Number.isInteger(burst) || burst < 1 || burst > LARGEST_BURST) {
    throw new RangeError(`burst must be 1 to ${LARGEST_BURST}, not ${burst}`)
  }
  const interval = 1000 / ratePerSecond
  let nextSlot = Number.NEGATIVE_INFINITY
  let last: Promise<void> = Promise.resolve()

  /** The earliest slot that may be had now: what was not used is kept for a burst, the rest is lost. */
  const slotAt = (now: number): number => Math.max(nextSlot, now - (burst - 1) * interval)

  async function leave(signal: AbortSignal | undefined): Promise<void> {
    const now = clock.elapsed()
    const wait = slotAt(now) - now
    if (wait > 0) await clock.sleep(wait, signal)
    // Only now: whoever gave up while asleep has used nothing, and a sleep may have lasted longer than asked.
    nextSlot = slotAt(clock.elapsed()) + interval
  }

  return {
    async take(signal) {
      signal?.throwIfAborted()
      const before = last
      const turn = Promise.withResolvers<void>()
      last = turn.promise
      try {
        await orAborted(before, signal)
        await leave(signal)
      } finally {
        // Whoever gave up while still in line must not let the next one past those ahead.
        before.then(turn.resolve)
      }
    },
  }
}

/** @returns a Send in which every request first takes a slot. */
export function limited(send: Send, limiter: Limiter): Send {
  return async (request) => {
    await limiter.take(request.signal)
    return send(request)
  }
}

async function orAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
