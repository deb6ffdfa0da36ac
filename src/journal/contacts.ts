/**
 * The frozen list of contacts: each id once, in the order of its first appearance.
 * Guarantees: an id keeps its ordinal (0, 1, 2 …) for ever, unless the list is sorted; millions of them stay on disk, not
 * in memory.
 */
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, transaction } from './tables.ts'

export interface ContactList {
  /** @param ids lower-case GUIDs @returns how many were not in the list yet; all are durable on return */
  add(ids: readonly string[]): number
  count(): number
  /** @returns up to `limit` ids from that ordinal on. */
  slice(ordinal: number, limit: number): readonly string[]
  has(id: string): boolean
  /** @returns the place of an id; undefined where it is not in the list */
  ordinalOf(id: string): number | undefined
  /** Numbers the list anew: by what each id is called, in the order of code units. All of it or, after a kill, nothing. */
  sort(nameOf: (id: string) => string): void
}

export function createContactList(db: DatabaseSync): ContactList {
  let size = Number(db.prepare('SELECT coalesce(max(ordinal) + 1, 0) AS n FROM contacts').get()?.['n'])
  const insert = db.prepare('INSERT OR IGNORE INTO contacts (ordinal, id) VALUES (?, ?)')
  const select = db.prepare('SELECT id FROM contacts WHERE ordinal >= ? ORDER BY ordinal LIMIT ?')
  const find = db.prepare('SELECT ordinal FROM contacts WHERE id = ?')
  return {
    add(ids) {
      const before = size
      try {
        transaction(db, () => {
          for (const id of ids) size += Number(insert.run(size, toBytes(id)).changes)
        })
      } catch (error) {
        size = before
        throw error
      }
      return size - before
    },
    count: () => size,
    slice: (ordinal, limit) => select.all(ordinal, limit).map((row) => toGuid(row['id'] as Uint8Array)),
    has: (id) => find.get(toBytes(id)) !== undefined,
    ordinalOf(id) {
      const row = find.get(toBytes(id))
      return row === undefined ? undefined : Number(row['ordinal'])
    },
    sort(nameOf) {
      db.function('name_of', (bytes) => nameOf(toGuid(bytes as Uint8Array)))
      transaction(db, () => {
        db.exec(`
          CREATE TEMP TABLE sorted AS SELECT id FROM contacts ORDER BY name_of(id);
          DELETE FROM contacts;
          INSERT INTO contacts (ordinal, id) SELECT rowid - 1, id FROM sorted;
          DROP TABLE sorted;`)
      })
    },
  }
}

/** @returns a list on a temporary file that is gone when it is closed: for counting before there is a run. */
export function openTemporaryContacts(): ContactList & Disposable {
  const db = openDatabase('', 'write')
  return { ...createContactList(db), [Symbol.dispose]: () => db.close() }
}

function toBytes(guid: string): Uint8Array {
  return Buffer.from(guid.replaceAll('-', ''), 'hex')
}

function toGuid(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
