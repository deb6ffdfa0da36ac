/**
 * How long a scheduled run may take, and when it begins.
 * Guarantees: time comes from the clock and chance from the source that are passed in; once time is up, the signal
 * says so by its reason, which is not that of a person who stops the run; nothing is left waiting after `dispose`.
 */
import type { Clock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { countOf } from '../words.ts'

/** The time given is over: what was read until then is kept, and the next run goes on from it. */
export class OutOfTime extends OperatorError {
  /** @param maxMs the time that was given, in milliseconds */
  constructor(maxMs: number) {
    super({
      what: `It was not finished within the ${lengthText(maxMs)} that --max-duration gives it.`,
      safe: 'What was read until then is kept.',
      next: 'Run the same command again: it goes on from there. Where this happens every time, give it longer.',
      exit: EXIT.failed,
    })
    this.name = 'OutOfTime'
  }
}

export interface Budget {
  /** Aborted by whichever comes first: the run's own stop, with its reason, or the end of the time, with an OutOfTime. */
  readonly stop: AbortSignal
  /** Whether it was the end of the time that stopped it; false where a person did so before. */
  isSpent(): boolean
  /** Ends the wait; to be called once the run has ended, however it has. */
  dispose(): void
}

/**
 * @param stop the run's own, aborted by a person
 * @param maxMs milliseconds from now; absent: as long as it takes
 */
export function withBudget(stop: AbortSignal, clock: Clock, maxMs?: number): Budget {
  if (maxMs === undefined) return { stop, isSpent: () => false, dispose: () => undefined }
  const over = new AbortController()
  const ended = new AbortController()
  const both = AbortSignal.any([stop, over.signal])
  clock.sleep(maxMs, AbortSignal.any([stop, ended.signal])).then(
    () => over.abort(new OutOfTime(maxMs)),
    () => undefined,
  )
  return {
    stop: both,
    isSpent: () => both.reason instanceof OutOfTime,
    dispose: () => ended.abort(),
  }
}

/**
 * So that many machines with the same schedule do not all begin in the same second.
 * @param random from 0 to less than 1
 * @param maxMs milliseconds; 0 or less: no wait
 * @returns whole milliseconds to wait, less than `maxMs`
 */
export function jitter(random: () => number, maxMs: number): number {
  return Math.floor(random() * Math.max(0, maxMs))
}

function lengthText(ms: number): string {
  return ms % 60_000 === 0 ? countOf(ms / 60_000, 'minute') : countOf(ms / 1_000, 'second')
}
