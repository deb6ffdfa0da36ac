/**
 * One process at a time.
 * Guarantees: of any number of processes that ask at once, one gets the lock; it is the operating system that
 * holds it (a file lock, through SQLite), so it ends with the process that had it, however that died.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'

const SQLITE_BUSY = 5

/** Long enough for a look of `isHeld` to end, in milliseconds. */
const PATIENCE = 250

/**
 * @param file where the lock lives; its folder is made
 * @param what what it guards, for the message: "run X"
 * @throws OperatorError with exit code 6 where another process has it
 */
export function acquireLock(file: string, what: string, clock: Clock): Disposable {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(file, { timeout: PATIENCE })
  try {
    db.exec('BEGIN EXCLUSIVE')
    chmodSync(file, 0o600)
  } catch (error) {
    db.close()
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error
    throw new OperatorError({
      what: `Another process works on ${what}${holder(file)}.`,
      safe: 'Nothing was changed by this one.',
      next: 'Wait until it has ended; `engage-migrate status` shows how far it is.',
      exit: EXIT.locked,
      cause: error,
    })
  }
  writeFileSync(
    `${file}.holder`,
    `process ${process.pid} on ${hostname()} since ${new Date(clock.now()).toISOString()}`,
    {
      mode: 0o600,
    },
  )
  return { [Symbol.dispose]: () => db.close() }
}

function holder(file: string): string {
  try {
    return `: ${readFileSync(`${file}.holder`, 'utf8')}`
  } catch {
    return ''
  }
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
