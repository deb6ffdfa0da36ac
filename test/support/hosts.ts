/**
 * Command lines in processes that are up already: most of a short command is the start of its process.
 * Guarantees: what a command line does, prints and ends with is what a process of its own would, but for how processes
 * begin and die, which is for those that are started for it; two at once are in two processes; a process that a
 * command line has brought down is its end, and is replaced.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Carried, Order } from './host.ts'
import { type Ended, type Env, environment, lastLine } from './process.ts'

const HOST = fileURLToPath(new URL('host.ts', import.meta.url))

interface Host {
  readonly process: ChildProcess
  /** What it has printed past what command lines print: warnings of Node's, and what it died of. */
  besides: string
}

const idle: Host[] = []

/** @returns how a command line ended; `code` is null where a signal has ended its process */
export async function carryOut(args: readonly string[], cwd: string, env: Env): Promise<Ended> {
  const host = idle.pop() ?? start()
  host.besides = ''
  const { code, stdout, stderr } = await new Promise<Carried>((resolve) => {
    const carried = (answer: Carried): void => {
      host.process.off('close', died)
      idle.push(host)
      resolve(answer)
    }
    const died = (code: number | null): void => resolve({ code, stdout: '', stderr: '' })
    host.process.once('message', carried)
    host.process.once('close', died)
    host.process.send({ args, cwd, env: environment(env) } satisfies Order)
  })
  return { code, stdout, stderr: stderr + host.besides, json: lastLine(stdout) }
}

/** Whoever started it may end without a word to it: it ends with them, and keeps them from nothing. */
function start(): Host {
  const started = fork(HOST, { env: environment({}), stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const host: Host = { process: started, besides: '' }
  const stderr = started.stderr as Socket
  stderr.setEncoding('utf8').on('data', (text: string) => {
    host.besides += text
  })
  for (const each of [started, started.channel, stderr]) each?.unref()
  started.once('close', (code) => {
    // Of something that a command line has left behind, after its end.
    if (idle.includes(host)) throw new Error(`a process that was done ended with ${code}: ${host.besides}`)
  })
  return host
}
