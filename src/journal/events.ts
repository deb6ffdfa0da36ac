/**
 * The history of a run: append-only events, each durable when its call returns.
 * Guarantees: nothing in it is ever changed or removed, so the latest event of a name is its state, and the
 * whole list is the evidence.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { type Json, parseJson, stringifyJson } from '../json.ts'
import { transaction } from './tables.ts'

/**
 * `intent` before an effect, `finished` after it; `opened`, `signed` for gates; `withdrawn` takes the last of them
 * back; `note` is for the reader.
 */
export type EventKind = 'started' | 'intent' | 'finished' | 'opened' | 'signed' | 'withdrawn' | 'note'

export interface JournalEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly kind: EventKind
  readonly name: string
  readonly detail: Json
}

export interface EventLog {
  append(kind: EventKind, name: string, detail?: Json): JournalEvent
  /** Takes back the last event of each name, for the same reason: all of them or, where the process dies, none. */
  withdraw(names: readonly string[], detail: Json): void
  /** @returns the newest event of that name (of those kinds, where given). */
  latest(name: string, ...kinds: readonly EventKind[]): JournalEvent | undefined
  all(): readonly JournalEvent[]
}

export function createEventLog(db: DatabaseSync, clock: Clock): EventLog {
  const insert = db.prepare('INSERT INTO events (at, kind, name, detail) VALUES (?, ?, ?, ?)')
  const events: JournalEvent[] = db
    .prepare('SELECT at, kind, name, detail FROM events ORDER BY seq')
    .all()
    .map((row) => ({
      at: Number(row['at']),
      kind: String(row['kind']) as EventKind,
      name: String(row['name']),
      detail: parseJson(String(row['detail'])),
    }))
  return {
    append(kind, name, detail = null) {
      const event = { at: clock.now(), kind, name, detail }
      transaction(db, () => insert.run(event.at, kind, name, stringifyJson(detail)))
      events.push(event)
      return event
    },
    withdraw(names, detail) {
      const withdrawn = names.map((name) => ({ at: clock.now(), kind: 'withdrawn' as const, name, detail }))
      const text = stringifyJson(detail)
      transaction(db, () => {
        for (const { at, kind, name } of withdrawn) insert.run(at, kind, name, text)
      })
      events.push(...withdrawn)
    },
    latest(name, ...kinds) {
      return events.findLast(
        (each) => each.name === name && (kinds.length === 0 || kinds.includes(each.kind)),
      )
    },
    all: () => events,
  }
}
