/**
 * Time, passed in. Everything that waits or dates something asks a Clock, so that a test owns both.
 * Guarantees: `sleep` never ends early; an aborted sleep rejects with the signal's reason and leaves no timer.
 */
export interface Clock {
  /** Milliseconds since the epoch: for dates that are kept. */
  now(): number
  /** Milliseconds of a clock that never goes back: for intervals. */
  elapsed(): number
  /** Waits `ms` milliseconds at least (0 or less: one turn of the event loop at most). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted()
    const end = performance.now() + ms
    // Node's timers count in whole milliseconds and may fire a fraction early: the loop makes up for it.
    for (let left = ms; left > 0; left = end - performance.now()) await timer(left, signal)
  },
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(handle)
      reject(signal?.reason)
    }
    const handle = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.min(Math.ceil(ms), 2 ** 31 - 1),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
