/**
 * Who holds a lock, and whether that process can be proven dead.
 * Guarantees: dead is only what can't be alive: a process of this very machine that is not there any more, or is another
 * one by now, or was there before the machine was started last. Whatever is not known proves nothing.
 */
import { readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { isObject, parseJson } from '../json.ts'

export interface Holder {
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly since: string
  /** These are null where the system has no such thing: the machine's id, its current start, the space of its pids. */
  readonly machine: string | null
  readonly boot: string | null
  readonly pidSpace: string | null
  /** When the process was started, in ticks since the machine was. */
  readonly started: string | null
}

/** @param now milliseconds since the epoch @returns this process, as a holder */
export function thisProcess(now: number): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date(now).toISOString(),
    machine: textOf('/etc/machine-id'),
    boot: textOf('/proc/sys/kernel/random/boot_id'),
    pidSpace: linkOf('/proc/self/ns/pid'),
    started: startedAt(process.pid),
  }
}

/** Leaves word of who holds a lock, whole or not at all. */
export function writeHolder(file: string, holder: Holder): void {
  const temporary = `${file}.${holder.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
}

/** @returns who has left word there; undefined where nobody has, or in another way */
export function readHolder(file: string): Holder | undefined {
  try {
    const value = parseJson(readFileSync(file, 'utf8'))
    return isObject(value) && typeof value['pid'] === 'number' ? (value as unknown as Holder) : undefined
  } catch {
    return undefined
  }
}

/** @returns a holder in words: "process 12 on host since …" */
export function holderText({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host} since ${since}`
}

/**
 * @param here this process, as a holder
 * @param startOf when a process was started; null: it is there, but that is not known; undefined: it is not there
 * @returns why the holder may be alive; undefined where it is dead for certain
 */
export function whyNotDead(
  holder: Holder | undefined,
  here: Holder,
  startOf: (pid: number) => string | null | undefined = startedOrGone,
): string | undefined {
  if (holder === undefined) return 'nobody has left word of who holds it'
  if (holder.host !== here.host) return `it is held from another machine, ${holder.host}`
  if (holder.machine === null || holder.machine !== here.machine)
    return `nothing shows that ${holder.host} is this very machine`
  if (holder.boot === null || here.boot === null) return 'this system does not tell when it was started'
  if (holder.boot !== here.boot) return undefined
  if (holder.pidSpace === null || holder.pidSpace !== here.pidSpace)
    return `process ${holder.pid} can't be looked for from here: it was started in another container`
  const started = startOf(holder.pid)
  if (started === undefined) return undefined
  if (started !== null && holder.started !== null && started !== holder.started) return undefined
  return `process ${holder.pid} is alive`
}

function startedOrGone(pid: number): string | null | undefined {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Not ours to signal, but there.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined
  }
  return startedAt(pid)
}

/** Field 22 of its stat; the second, the name of the program, may have spaces and brackets in it. */
function startedAt(pid: number): string | null {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null
  } catch {
    return null
  }
}

function linkOf(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    return null
  }
}
