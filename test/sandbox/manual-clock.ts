/** A clock that stands still until it is told: sleeping moves it on. */
import type { Clock } from '../../src/clock.ts'

export interface ManualClock extends Clock {
  /** Moves it on by `ms` milliseconds. */
  advance(ms: number): void
}

export function manualClock(start: number = Date.UTC(2025, 6, 1)): ManualClock {
  let passed = 0
  return {
    now: () => start + passed,
    elapsed: () => passed,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      passed += Math.max(ms, 0)
    },
    advance(ms) {
      passed += ms
    },
  }
}
