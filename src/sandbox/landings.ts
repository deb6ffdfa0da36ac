/**
 * Requests that the server acts on long after it has lost touch with whoever sent them.
 * Guarantees: each acts once, on the tenant as it is then, or not at all where the sandbox was closed before, or its
 * process ended; nothing that goes wrong then reaches anyone, as no one waits for it; closing leaves no timer.
 */
import type { Clock } from '../clock.ts'

export class Landings {
  readonly #clock: Clock
  readonly #closed = new AbortController()
  #pending = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many are still to land. */
  get pending(): number {
    return this.#pending
  }

  /** Acts in `seconds` seconds. Never rejects. */
  async later(seconds: number, act: () => void): Promise<void> {
    const { signal } = this.#closed
    this.#pending++
    try {
      await this.#clock.sleep(seconds * 1000, signal)
      // A sleep that ended in the turn in which the sandbox was closed isn't aborted.
      if (!signal.aborted) act()
    } catch {
      // Closed meanwhile; or the server failed, which it would tell its caller, who has long gone.
    } finally {
      this.#pending--
    }
  }

  close(): void {
    this.#closed.abort()
  }
}
