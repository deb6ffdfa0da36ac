/**
 * Who asks how often: the limit of the API, and what the statistics say.
 * Guarantees: the limit counts every window of 1,000 ms, for each key on its own; a request that was refused for
 * it doesn't use it up. The worst second counts all requests, refused or not.
 */

const SECOND = 1000

/** Counts of all requests since the start. */
export interface TrafficCounts {
  readonly requests: number
  /** By method and route without its version: `GET /interactions/{id}`. */
  readonly byRoute: { readonly [route: string]: number }
  readonly byStatus: { readonly [status: string]: number }
  /** The most requests of one key that arrived within any second. */
  readonly worstSecond: number
}

export class Traffic {
  readonly #arrived = new Map<string, Window>()
  readonly #admitted = new Map<string, Window>()
  readonly #byRoute = new Map<string, number>()
  readonly #byStatus = new Map<string, number>()
  #requests = 0
  #worst = 0

  /**
   * Counts a request.
   * @param elapsed milliseconds of a clock that never goes back.
   * @returns whether the key has stayed within `limit` requests a second with this one.
   */
  admit(key: string, route: string, elapsed: number, limit: number): boolean {
    this.#requests++
    increment(this.#byRoute, route)
    this.#worst = Math.max(this.#worst, windowOf(this.#arrived, key).add(elapsed))
    const admitted = windowOf(this.#admitted, key)
    if (admitted.count(elapsed) >= limit) return false
    admitted.add(elapsed)
    return true
  }

  /** Counts an answer that left the server. */
  answered(status: number): void {
    increment(this.#byStatus, String(status))
  }

  counts(): TrafficCounts {
    return {
      requests: this.#requests,
      byRoute: Object.fromEntries(this.#byRoute),
      byStatus: Object.fromEntries(this.#byStatus),
      worstSecond: this.#worst,
    }
  }
}

/** The moments of the last second. */
class Window {
  #times: number[] = []
  #first = 0

  count(now: number): number {
    while ((this.#times[this.#first] ?? now) <= now - SECOND) this.#first++
    if (this.#first > 1024) {
      this.#times = this.#times.slice(this.#first)
      this.#first = 0
    }
    return this.#times.length - this.#first
  }

  add(now: number): number {
    this.#times.push(now)
    return this.count(now)
  }
}

function windowOf(windows: Map<string, Window>, key: string): Window {
  const window = windows.get(key) ?? new Window()
  windows.set(key, window)
  return window
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
