/**
 * A clock that a test owns.
 * Guarantees: time stands still until `advance` is called, or, in auto-advance, until every pending promise has
 * had its turn; sleepers wake in the order of their ends, each at exactly its own end.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time on by `ms`, waking sleepers on the way; what they start may sleep and wake within it too. */
  advance(ms: number): Promise<void>
  /** How long every sleep so far was asked to last, in order. */
  readonly asked: readonly number[]
  /** How many sleep right now. */
  sleeping(): number
}

export interface ManualClockOptions {
  /** Milliseconds since the epoch; 2024-01-01 if absent. */
  readonly start?: number
  /**
   * Auto-advance: a sleep of at most this many milliseconds needs no `advance`: time moves on by itself, sleepers
   * side by side, not one after the other. Longer sleeps (time-outs; give them 1e9) wait for time to come by.
   */
  readonly autoUpTo?: number
}

interface Sleeper {
  readonly end: number
  readonly auto: boolean
  wake(): void
}

export function createManualClock({
  start = Date.UTC(2024, 0, 1),
  autoUpTo = -1,
}: ManualClockOptions = {}): ManualClock {
  let elapsed = 0
  let moving = false
  const asked: number[] = []
  const sleepers = new Set<Sleeper>()

  function first(eligible: (sleeper: Sleeper) => boolean): Sleeper | undefined {
    let found: Sleeper | undefined
    for (const each of sleepers)
      if (eligible(each) && (found === undefined || each.end < found.end)) found = each
    return found
  }

  async function moveTo(end: number): Promise<void> {
    await turn()
    for (let next = first((each) => each.end <= end); next; next = first((each) => each.end <= end)) {
      elapsed = Math.max(elapsed, next.end)
      next.wake()
      await turn()
    }
    elapsed = Math.max(elapsed, end)
  }

  async function moveOn(): Promise<void> {
    if (moving) return
    moving = true
    await turn()
    for (let next = first((each) => each.auto); next; next = first((each) => each.auto))
      await moveTo(next.end)
    moving = false
  }

  return {
    asked,
    // Whole milliseconds, as Date.now gives them.
    now: () => Math.floor(start + elapsed),
    elapsed: () => elapsed,
    sleeping: () => sleepers.size,
    advance: (ms) => moveTo(elapsed + ms),
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      asked.push(ms)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const onAbort = (): void => {
        sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        end: elapsed + Math.max(0, ms),
        auto: ms <= autoUpTo,
        wake() {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (sleeper.auto) void moveOn()
      return promise
    },
  }
}
