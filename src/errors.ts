/**
 * Errors for the operator, and the exit codes of the command line.
 * Guarantees: every failure that a person can act on is an OperatorError, which says what happened, what is
 * safe now and what to run next; each exit code is given a meaning here and nowhere else.
 */

/** Exit codes of every command, as `--help` prints them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  waiting: 3,
  precondition: 4,
  differences: 5,
  locked: 6,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** One line for each exit code, in the words of `--help`. */
export const EXIT_MEANINGS: ReadonlyArray<readonly [ExitCode, string]> = [
  [EXIT.done, 'done'],
  [EXIT.failed, 'failed; run the same command again to go on'],
  [EXIT.usage, 'wrong use or configuration'],
  [EXIT.waiting, 'waiting at a gate for a signature'],
  [EXIT.precondition, 'a precondition does not hold'],
  [EXIT.differences, 'verification found differences'],
  [EXIT.locked, 'another process holds the run'],
  [EXIT.interrupted, 'interrupted; run the same command again to go on'],
]

export interface OperatorErrorParts {
  /** What happened, to which schema, contact or file: one sentence or a few. */
  readonly what: string
  /** What is safe now: what was not changed, what is kept. */
  readonly safe?: string
  /** The command to run next, or the thing to do. */
  readonly next?: string
  readonly exit: ExitCode
  readonly cause?: unknown
}

/** A failure told to the operator: `message` is what happened; `safe` and `next` say where that leaves them. */
export class OperatorError extends Error {
  readonly exit: ExitCode
  readonly safe: string | undefined
  readonly next: string | undefined

  constructor(parts: OperatorErrorParts) {
    super(parts.what, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'OperatorError'
    this.exit = parts.exit
    this.safe = parts.safe
    this.next = parts.next
  }
}

/** @returns the message of anything that was thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** @returns the system's code of an error (`ENOENT`, `ENOSPC`, …), searched through its causes; else undefined. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
