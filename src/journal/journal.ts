/**
 * What a run remembers. The only folder with SQL; this interface names none, so that another store can keep it.
 * Guarantees: what is written here before an effect is durable before the effect; a reader never harms a writer.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { type Json, parseJson, stringifyJson } from '../json.ts'
import { type ContactList, createContactList } from './contacts.ts'
import { damagedJournal } from './damage.ts'
import { createEventLog, type EventLog } from './events.ts'
import { createGroupCommitter, createItemJournal, type ItemJournal } from './items.ts'
import { createMark, type Mark } from './mark.ts'
import { openDatabase, transaction } from './tables.ts'

export interface Journal extends Disposable {
  readonly events: EventLog
  readonly contacts: ContactList
  readonly mark: Mark
  items(lot: string): ItemJournal
  /** @returns the checkpoints of an export pass, in order: one plain value a finished part. */
  parts(pass: string): readonly Json[]
  addPart(pass: string, number: number, detail: Json): void
  /** A named position that only ever matters to whoever named it; undefined where it was never set. */
  cursor(name: string): number | undefined
  setCursor(name: string, value: number): void
}

/** @param file path of `run.db`; made where there is none @throws OperatorError where it can't be trusted */
export function openJournal(file: string, clock: Clock, mode: 'write' | 'read' = 'write'): Journal {
  const db = openDatabase(file, mode)
  try {
    return readably(file, () => journalOf(db, file, clock, mode))
  } catch (error) {
    db.close()
    throw error
  }
}

/** What the journal keeps as JSON is that: where it is not any more, its file is damaged in a way that SQLite can't see. */
function readably<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof SyntaxError ? damagedJournal(file, error) : error
  }
}

function journalOf(db: DatabaseSync, file: string, clock: Clock, mode: 'write' | 'read'): Journal {
  const mark = createMark(db)
  const committer = createGroupCommitter(db, clock, mark)
  const lots = new Map<string, ItemJournal>()
  const position = db.prepare('SELECT value FROM cursors WHERE name = ?')
  return {
    events: createEventLog(db, clock),
    contacts: createContactList(db),
    mark,
    items(lot) {
      const known = lots.get(lot) ?? createItemJournal(db, lot, committer)
      lots.set(lot, known)
      return known
    },
    parts(pass) {
      const rows = db.prepare('SELECT detail FROM parts WHERE pass = ? ORDER BY number').all(pass)
      return readably(file, () => rows.map((row) => parseJson(String(row['detail']))))
    },
    addPart(pass, number, detail) {
      const insert = db.prepare('INSERT INTO parts (pass, number, detail) VALUES (?, ?, ?)')
      transaction(db, () => insert.run(pass, number, stringifyJson(detail)))
    },
    cursor(name) {
      const row = position.get(name)
      return row === undefined ? undefined : Number(row['value'])
    },
    setCursor(name, value) {
      const move = db.prepare(
        'INSERT INTO cursors (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      )
      transaction(db, () => move.run(name, value))
    },
    [Symbol.dispose]() {
      if (!db.isOpen) return
      if (mode === 'write') committer.flush()
      db.close()
    },
  }
}
