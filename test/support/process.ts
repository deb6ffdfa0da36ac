/**
 * The command line as a real process.
 * Guarantees: settings that make an upgrade quick are in its environment; its output is kept whole.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'

/** Of a shape that no other text has, so that it can be looked for in all output. */
export const KEY = 'k7Qd-93hfSECRETxx-Zp20'

export type Env = Readonly<Record<string, string | undefined>>

export interface Ended {
  /** null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What the last line of standard output says; undefined without --json, or where nothing came. */
  readonly json: unknown
}

export interface Running {
  readonly ended: Promise<Ended>
  readonly process: ChildProcess
  /** What came on standard output so far. */
  stdout(): string
  /** What came on standard error so far. */
  stderr(): string
}

export interface Start {
  /** What Node runs. */
  readonly program: string
  /** Largest size of a file that it may write, in units of 512 bytes; absent: any. */
  readonly fileBlocks?: number | undefined
}

/** @returns settings that make an upgrade quick, and what is given besides or instead of them */
export function environment(env: Env): Env {
  return {
    PATH: process.env['PATH'],
    ENGAGE_API_KEY: KEY,
    ENGAGE_MIGRATE_RATE: '190',
    ENGAGE_MIGRATE_SETTLE: '0.2',
    ENGAGE_MIGRATE_VISIBLE_WITHIN: '5',
    ENGAGE_MIGRATE_CHECKPOINT: '50',
    ...env,
  }
}

export function startProcess(
  args: readonly string[],
  cwd: string,
  env: Env,
  { program: bin, fileBlocks }: Start,
): Running {
  const command = [process.execPath, bin, ...args]
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', ...command]
  const [program = '', ...rest] = fileBlocks === undefined ? command : limited
  const child = spawn(program, rest, {
    cwd,
    // What is compiled once needn't be compiled by every process again; it goes with the program.
    env: environment({ NODE_COMPILE_CACHE: join(dirname(bin), 'compiled'), ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).then((code) => ({ code, stdout, stderr, json: lastLine(stdout) }))
  return { ended, process: child, stdout: () => stdout, stderr: () => stderr }
}

/** @returns what no process may ever print, whatever it was asked to do; undefined where it has not */
export function unfit(text: string): string | undefined {
  if (text.includes(KEY)) return 'the API key'
  const stack = /^\s+at .+:\d+/m.exec(text)
  if (stack !== null) return `a stack trace: ${stack[0]}`
  const steering =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/.exec(text)
  return steering === null ? undefined : `a character that steers a terminal: ${JSON.stringify(steering[0])}`
}

/** @returns what the last line of standard output says, where it is an object */
export function lastLine(stdout: string): unknown {
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return last.startsWith('{') ? JSON.parse(last) : undefined
}
