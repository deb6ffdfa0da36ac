/**
 * What a command is: its words, its flags, and one function.
 * Guarantees: a command gets all it needs handed in, and answers with an exit code; it never ends the process.
 */
import type { Clock } from '../clock.ts'
import type { SETTINGS } from '../config.ts'
import { parseDuration } from '../duration.ts'
import type { Send } from '../engage/types.ts'
import { EXIT, type ExitCode, messageOf, OperatorError } from '../errors.ts'
import type { Output } from './output.ts'

export interface Tools {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: () => number
  /** The way to the tenant; the machine's own network where absent. */
  readonly network?: Send
  readonly output: Output
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal
  readonly tool: { readonly name: string; readonly version: string }
}

export type Args = Readonly<Record<string, unknown>>

export interface Flag {
  readonly type: 'string' | 'boolean' | 'number'
  readonly describe: string
  readonly array?: boolean
  readonly default?: string | boolean | number
  readonly choices?: readonly string[]
  readonly demand?: boolean
}

export interface Command {
  /** In yargs' notation: `plan <schemaId>`. */
  readonly usage: string
  /** The verb that comes before it, where it is one of several that go together: `snapshots`. */
  readonly group?: string
  readonly describe: string
  readonly positionals: { readonly [name: string]: string }
  readonly flags: { readonly [name: string]: Flag }
  /** Settings that its help shows; all where absent. Where there are none, it takes none. */
  readonly settings?: readonly (keyof typeof SETTINGS)[]
  /** Told below its help. */
  readonly epilogue?: string
  /** What is safe where it was interrupted; absent: it has posted, or may have, and goes on from there. */
  readonly interrupted?: string
  run(args: Args, tools: Tools): Promise<ExitCode>
}

/** @throws OperatorError (exit 2) where the flag is given more than once: which one is meant can't be guessed */
export function textOf(args: Args, name: string): string | undefined {
  const value = args[name]
  if (Array.isArray(value)) throw givenTwice(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * @param least the smallest number that makes sense
 * @throws OperatorError (exit 2) where the flag is anything else: yargs makes NaN of what is no number
 */
export function amountOf(args: Args, name: string, least = 0): number {
  const value = args[name]
  if (typeof value === 'number' && value >= least && Number.isFinite(value)) return value
  throw new OperatorError({
    what: `--${name} must be one number, ${least} or more.`,
    safe: 'Nothing was changed.',
    next: 'Mend it and run the same command again.',
    exit: EXIT.usage,
  })
}

/**
 * @returns a length of time in milliseconds; undefined where the flag is not given
 * @throws OperatorError (exit 2) where it is none, see parseDuration
 */
export function durationOf(args: Args, name: string): number | undefined {
  const text = textOf(args, name)
  if (text === undefined) return undefined
  try {
    return parseDuration(text)
  } catch (error) {
    throw new OperatorError({
      what: `--${name} ${messageOf(error)}; it is ${JSON.stringify(text)}.`,
      safe: 'Nothing was changed.',
      next: 'Mend it and run the same command again.',
      exit: EXIT.usage,
    })
  }
}

/** @returns the values of a flag that may come several times, or with commas. */
export function listOf(args: Args, name: string): readonly string[] {
  const value = args[name]
  return (Array.isArray(value) ? value : value === undefined ? [] : [value])
    .flatMap((each) => String(each).split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** @returns the values of a flag that may come several times, each as it was typed: names have commas, too */
export function namesOf(args: Args, name: string): readonly string[] {
  const value = args[name]
  return (Array.isArray(value) ? value : value === undefined ? [] : [value])
    .map((each) => String(each).trim())
    .filter((each) => each !== '')
}

/** @returns what is thrown for flags that make no sense: exit 2, and nothing was changed */
export function wrongUse(what: string, next: string): OperatorError {
  return new OperatorError({ what, safe: 'Nothing was changed.', next, exit: EXIT.usage })
}

function givenTwice(name: string): OperatorError {
  return new OperatorError({
    what: `--${name} is given more than once.`,
    safe: 'Nothing was changed.',
    next: 'Give it once.',
    exit: EXIT.usage,
  })
}
