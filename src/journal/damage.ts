/**
 * What a damaged journal comes to, wherever the damage is met.
 * Guarantees: SQLite's own words for it never leave this folder: whoever reads or writes the journal is told which file
 * is damaged, what is safe, and how to go on.
 */
import { basename, dirname } from 'node:path'
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementResultingChanges,
  type StatementSync,
} from 'node:sqlite'
import { EXIT, messageOf, OperatorError } from '../errors.ts'

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

type Row = Record<string, SQLOutputValue>

/** A statement, as far as this project calls one: its values by their places. */
interface Calls {
  all(...values: SQLInputValue[]): Row[]
  get(...values: SQLInputValue[]): Row | undefined
  run(...values: SQLInputValue[]): StatementResultingChanges
}

/** A database whose every call says of its file that it is damaged, where that is why it fails. */
export class GuardedDatabase extends DatabaseSync {
  readonly #file: string

  /** @throws what SQLite throws where the file can't be opened at all */
  constructor(file: string, options: { readonly readOnly: boolean; readonly timeout: number }) {
    super(file, options)
    this.#file = file
  }

  override exec(sql: string): void {
    this.#told(() => super.exec(sql))
  }

  override prepare(sql: string): StatementSync {
    const statement = this.#told(() => super.prepare(sql))
    const { all, get, run }: Calls = statement
    return Object.assign(statement, {
      all: (...values: SQLInputValue[]) => this.#told(() => all.apply(statement, values)),
      get: (...values: SQLInputValue[]) => this.#told(() => get.apply(statement, values)),
      run: (...values: SQLInputValue[]) => this.#told(() => run.apply(statement, values)),
    })
  }

  /**
   * Looks through the whole file. Bounded: measured at half a second for a million items and as many contacts.
   * @throws OperatorError (exit 4) where it is damaged
   */
  assertWhole(): void {
    const [found] = this.prepare('PRAGMA quick_check(1)').all()
    const said = String(found?.['quick_check'])
    if (said !== 'ok') throw damagedJournal(this.#file, new Error(said))
  }

  #told<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw isDamage(error) ? damagedJournal(this.#file, error) : error
    }
  }
}

/** The codes of SQLite may carry more in their upper bytes. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

/** @param file path of the journal, in the folder of its run */
export function damagedJournal(file: string, cause: unknown): OperatorError {
  const name = basename(file)
  return new OperatorError({
    what: `The journal ${file} is damaged: ${messageOf(cause)}.`,
    safe: 'The snapshots are not touched by that, and nothing is sent that a journal has not recorded.',
    next:
      `Move ${name} aside, with ${name}-wal and ${name}-shm where they are there. Put ${name} back from a copy, with the ` +
      `copy's own ${name}-wal if it has one, and leave every other file as it is. Then: engage-migrate upgrade ` +
      `${basename(dirname(file))}   (it notices that the journal is older than the run, and asks Engage what it has ` +
      'before anything is posted again). Without a copy, keep everything as it is.',
    exit: EXIT.precondition,
    cause,
  })
}
