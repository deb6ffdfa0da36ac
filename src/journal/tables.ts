/**
 * The journal's file: one SQLite database a run.
 * Guarantees: a commit that returned survives a crash of the process and of the machine (WAL with
 * synchronous=FULL); a file of an older version is brought up to date by whoever writes it; one of a newer version, or
 * that is no journal, is refused and left as it is; a damaged one is written by nobody.
 */
import { chmodSync, existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { GuardedDatabase } from './damage.ts'

const VERSION = 2
const SQLITE_IOERR = 10
const SQLITE_FULL = 13

const TABLES = `
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE TABLE contacts (ordinal INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE parts (
  pass TEXT NOT NULL, number INTEGER NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (pass, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE items (
  lot TEXT NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL, new_id TEXT, reason TEXT,
  posts INTEGER NOT NULL, PRIMARY KEY (lot, seq)
) STRICT, WITHOUT ROWID;
`

/** Version 1 did not count POSTs: as many as it may have sent at least, one for each item. */
const FROM_VERSION_1 = 'ALTER TABLE items ADD COLUMN posts INTEGER NOT NULL DEFAULT 1;'

/**
 * @param file path of the journal; the empty text is a temporary one that lives as long as it is open
 * @throws OperatorError where the file is no journal, is damaged, or is of a newer version
 */
export function openDatabase(file: string, mode: 'write' | 'read'): DatabaseSync {
  const fresh = file === '' || !existsSync(file)
  if (fresh && mode === 'read') {
    throw new OperatorError({ what: `There is no journal at ${file}.`, exit: EXIT.usage })
  }
  let db: GuardedDatabase | undefined
  try {
    db = new GuardedDatabase(file, { readOnly: mode === 'read', timeout: 5_000 })
    if (mode === 'write') db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    if (mode === 'write' && !fresh) db.assertWhole()
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version === 0 && mode === 'write') {
      db.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA user_version = ${VERSION}; COMMIT`)
      if (file !== '') chmodSync(file, 0o600)
    } else if (version === 0) {
      throw new OperatorError({ what: `The journal ${file} has not been begun.`, exit: EXIT.usage })
    } else if (version === 1) {
      // A reader leaves it as it is, and gets by without.
      if (mode === 'write')
        db.exec(`BEGIN IMMEDIATE; ${FROM_VERSION_1} PRAGMA user_version = ${VERSION}; COMMIT`)
    } else if (version !== VERSION) {
      throw new OperatorError({
        what: `The journal ${file} has format version ${version}; this engage-migrate knows version ${VERSION}.`,
        safe: 'Nothing was changed in it.',
        next: 'Use the version of engage-migrate that wrote it, or a newer one.',
        exit: EXIT.precondition,
      })
    }
    return db
  } catch (error) {
    db?.close()
    if (error instanceof OperatorError) throw error
    // Whoever only reads needs a little room as well, for what SQLite keeps beside the file.
    if (error instanceof Error && isOfTheDisk(error)) throw cannotWrite(error, file)
    throw new OperatorError({
      what: `The journal ${file} can't be opened: ${messageOf(error)}.`,
      safe: 'Nothing was changed in it, nor in the tenant.',
      next: 'Make sure that the file and its folder can be read and written, then run the same command again.',
      exit: EXIT.precondition,
      cause: error,
    })
  }
}

/**
 * Runs a change as one transaction: all of it is durable on return, or nothing of it is there. Within another one it is
 * a part of that.
 * @throws OperatorError (exit 1) where the disk refuses it
 */
export function transaction(db: DatabaseSync, change: () => void): void {
  if (db.isTransaction) {
    change()
    return
  }
  try {
    db.exec('BEGIN IMMEDIATE')
    try {
      change()
      db.exec('COMMIT')
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  } catch (error) {
    throw error instanceof Error && 'errcode' in error ? cannotWrite(error, db.location()) : error
  }
}

/** A quota, or a limit of the size of a file, is to SQLite an error like any other of the disk. */
function isOfTheDisk(error: Error): boolean {
  return 'errcode' in error && [SQLITE_IOERR, SQLITE_FULL].includes(Number(error.errcode) & 0xff)
}

/** @param file null of a temporary one */
function cannotWrite(error: Error, file: string | null): OperatorError {
  const which = file === null || file === '' ? 'A temporary list of contacts' : `The journal ${file}`
  return new OperatorError({
    what: `${which} can't be written: ${error.message}.`,
    safe: 'What it holds stays as it is; nothing is sent that it has not recorded.',
    next: 'Make room on its disk, or mend it, then run the same command again.',
    exit: EXIT.failed,
    cause: error,
  })
}
