/**
 * One process at a time.
 * Guarantees: of any number of processes that ask at once, one gets the lock; it is the operating system that
 * holds it (a file lock, through SQLite), so it ends with the process that had it, however that died. Only a file server
 * may go on holding it for a machine that has died; such a lock can be broken, where its holder is provably dead.
 */
import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { holderText, readHolder, thisProcess, whyNotDead, writeHolder } from './holder.ts'

const SQLITE_BUSY = 5

/** Long enough for a look of `isHeld` to end, in milliseconds. */
const PATIENCE = 250

/**
 * @param file where the lock lives; its folder is made
 * @param what what it guards, for the message: "run X"
 * @param breakDead whether to take it from a holder that is provably dead
 * @throws OperatorError with exit code 6 where another process has it, 1 where the disk refuses
 */
export function acquireLock(file: string, what: string, clock: Clock, breakDead = false): Disposable {
  let taking: DatabaseSync | undefined
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // Between taking a lock and leaving word of it, nobody may judge it by what an earlier holder left.
    taking = tryLock(`${file}.taking`)
    if (taking === undefined) throw held(file, what, clock)
    lock = tryLock(file) ?? (breakDead ? breakLock(file, what, clock) : undefined)
    if (lock === undefined) throw held(file, what, clock)
    writeHolder(holderFile(file), thisProcess(clock.now()))
    const taken = lock
    return { [Symbol.dispose]: () => taken.close() }
  } catch (error) {
    lock?.close()
    throw error instanceof OperatorError ? error : notTaken(file, what, error)
  } finally {
    taking?.close()
  }
}

/** @returns the error of a disk that refused, told to the operator */
function notTaken(file: string, what: string, cause: unknown): OperatorError {
  return new OperatorError({
    what: `Cannot take the lock of ${what}, ${file}: ${messageOf(cause)}.`,
    safe: 'Nothing was changed by this command.',
    next: 'Make room on that disk, or make sure that the folder can be written to, then run the same command again.',
    exit: EXIT.failed,
    cause,
  })
}

function holderFile(file: string): string {
  return `${file}.holder`
}

/** @returns undefined where another process has it */
function tryLock(file: string): DatabaseSync | undefined {
  const db = new DatabaseSync(file, { timeout: PATIENCE })
  try {
    db.exec('BEGIN EXCLUSIVE')
    chmodSync(file, 0o600)
    return db
  } catch (error) {
    db.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
}

/** Moves a dead holder's lock aside, and takes a new one in its place. */
function breakLock(file: string, what: string, clock: Clock): DatabaseSync | undefined {
  if (whyNotDead(readHolder(holderFile(file)), thisProcess(clock.now())) !== undefined)
    throw held(file, what, clock, true)
  renameSync(file, `${file}.broken-${clock.now()}`)
  return tryLock(file)
}

function held(file: string, what: string, clock: Clock, breakDead = false): OperatorError {
  const holder = readHolder(holderFile(file))
  const alive = whyNotDead(holder, thisProcess(clock.now()))
  const run = /^run (\S+)$/.exec(what)?.[1]
  return new OperatorError({
    what:
      `Another process works on ${what}${holder === undefined ? '' : `: ${holderText(holder)}`}.` +
      (breakDead && alive !== undefined ? ` The lock is not broken: ${alive}.` : ''),
    safe: 'Nothing was changed by this one.',
    next:
      alive === undefined
        ? 'That process is dead for certain, but the file server still holds its lock: run `engage-migrate upgrade` with --break-lock.'
        : what.startsWith('a backup')
          ? 'Wait until it has ended, then run the same command again.'
          : `Wait until it has ended; \`engage-migrate status${run === undefined ? '' : ` ${run}`}\` shows how far it is.`,
    exit: EXIT.locked,
  })
}

/** @returns whether a process holds the lock now. Only looks: it can't keep anybody from taking it. */
export function isHeld(file: string): boolean {
  if (!existsSync(file)) return false
  const db = new DatabaseSync(file, { readOnly: true, timeout: 0 })
  try {
    db.prepare('SELECT count(*) FROM sqlite_master').get()
    return false
  } catch {
    return true
  } finally {
    db.close()
  }
}
