/**
 * The time of a simulation: it moves only when nothing else can.
 * Guarantees: sleepers wake in the order of their ends, those of the same end in the order in which they lay down; a
 * dead process's sleepers never wake.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../src/clock.ts'
import { currentLife, type Life, never } from './life.ts'

interface Sleeper {
  readonly end: number
  readonly order: number
  readonly life: Life | undefined
  wake(): void
}

/** Turns of the event loop after which whatever was woken has come to its next wait. */
const TURNS = 3

export class SimTime implements Clock {
  readonly #start: number
  #elapsed = 0
  #order = 0
  #sleepers: Sleeper[] = []
  /** Servers that are in the midst of something: time waits for them. */
  busy = 0

  constructor(start: number) {
    this.#start = start
  }

  readonly now = (): number => Math.floor(this.#start + this.#elapsed)
  readonly elapsed = (): number => this.#elapsed

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    const life = currentLife()
    if (life?.dead === true) return never()
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => {
      const at = this.#sleepers.indexOf(sleeper)
      if (at >= 0) this.#sleepers.splice(at, 1)
      if (life?.dead !== true) reject(signal?.reason)
    }
    const sleeper: Sleeper = {
      end: this.#elapsed + Math.max(0, ms),
      order: this.#order++,
      life,
      wake() {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#insert(sleeper)
    return promise
  }

  #insert(sleeper: Sleeper): void {
    let low = 0
    let high = this.#sleepers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = this.#sleepers[middle] as Sleeper
      if (at.end < sleeper.end || (at.end === sleeper.end && at.order < sleeper.order)) low = middle + 1
      else high = middle
    }
    this.#sleepers.splice(low, 0, sleeper)
  }

  /**
   * Lets time pass until the promise has settled.
   * @throws Error where nothing sleeps any more and it still hasn't: the program would hang for ever
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    let open = true
    const settled = (): void => {
      open = false
    }
    promise.then(settled, settled)
    let idle = 0
    for (;;) {
      for (let turns = 0; turns < TURNS || this.busy > 0; turns++) await turn()
      if (!open) return promise
      const next = this.#sleepers.shift()
      if (next === undefined) {
        if (++idle > 100) throw new Error('it hangs: nothing is left to wait for')
        continue
      }
      idle = 0
      this.#elapsed = Math.max(this.#elapsed, next.end)
      if (next.life?.dead !== true) next.wake()
    }
  }

  /** Lets that many milliseconds pass, with all that happens in them. */
  pass(ms: number): Promise<void> {
    return this.until(this.sleep(ms))
  }
}
