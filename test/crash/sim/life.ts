/**
 * One process's life in a simulation: it ends at an effect of its choosing, and nothing of it goes on.
 * Guarantees: every effect (a request, an answer, a commit, a write, a sync, a rename) passes `effect`; once a life is
 * over, nothing that belonged to it has another effect, whatever promises of it are still about.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

export type Ending = 'killed' | 'power-cut'

/** What is thrown where a life can't simply hang: in the midst of a synchronous call. */
export class Dead extends Error {
  constructor() {
    super('this process is dead')
    this.name = 'Dead'
  }
}

export interface Fate {
  /** The effect at which the life ends, counted from 1; absent: it lives to its end. */
  readonly endsAt?: number
  readonly ending?: Ending
  /** The effect at which a person asks it to stop. */
  readonly stopsAt?: number
  /** Writes to the disk, counted from 1, that find it full. */
  readonly fullFrom?: number
  readonly fullFor?: number
}

export class Life {
  readonly #fate: Fate
  readonly #onEnd: (ending: Ending) => void
  readonly #trace: (text: string) => void
  readonly stop = new AbortController()
  readonly died = Promise.withResolvers<Ending>()
  dead = false
  effects = 0
  writes = 0
  /** Disk-full errors that it has met. */
  refusals = 0

  constructor(fate: Fate, trace: (text: string) => void, onEnd: (ending: Ending) => void) {
    this.#fate = fate
    this.#trace = trace
    this.#onEnd = onEnd
  }

  /** An effect is about to happen, or has just happened. @returns whether the life goes on */
  effect(what: string): boolean {
    if (this.dead) return false
    this.effects += 1
    this.#trace(what)
    if (this.effects === this.#fate.stopsAt) this.stop.abort(this.#interruption())
    if (this.effects !== this.#fate.endsAt) return true
    this.dead = true
    const ending = this.#fate.ending ?? 'killed'
    this.#trace(ending)
    this.#onEnd(ending)
    this.died.resolve(ending)
    return false
  }

  /** Set by whoever starts it: the reason that the command line aborts with. */
  interruption: (() => Error) | undefined

  #interruption(): Error {
    return this.interruption?.() ?? new Error('stop')
  }

  /** Something is about to be written. @returns whether the disk is full now */
  isFull(): boolean {
    this.writes += 1
    const { fullFrom, fullFor = 1 } = this.#fate
    if (fullFrom === undefined || this.writes < fullFrom || this.writes >= fullFrom + fullFor) return false
    this.refusals += 1
    this.#trace('disk full')
    return true
  }
}

const storage = new AsyncLocalStorage<Life | undefined>()

/** @returns the life that this code belongs to; undefined for the world around them */
export function currentLife(): Life | undefined {
  return storage.getStore()
}

export function within<T>(life: Life | undefined, act: () => T): T {
  return storage.run(life, act)
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}

/** Where an effect can hang: dead, it does. */
export function passed(what: string): Promise<void> {
  const life = currentLife()
  return life === undefined || life.effect(what) ? Promise.resolve() : never()
}

/** Where it can't: dead, it throws. */
export function passedNow(what: string): void {
  const life = currentLife()
  if (life !== undefined && !life.effect(what)) throw new Dead()
}
