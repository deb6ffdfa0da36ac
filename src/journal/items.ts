/**
 * What became of each interaction of an import.
 * Guarantees: a promise of this module resolves when its change is durable; changes are committed in groups, in
 * the order in which they were asked for.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { transaction } from './tables.ts'

/**
 * `sent`: its POST may have left, the outcome is in doubt. `confirmed`: the server has it, under `newId`.
 * `unsent`: asked about and not there, so it may be posted. `rejected`: the server refuses it, for `reason`.
 */
export type ItemState = 'sent' | 'confirmed' | 'unsent' | 'rejected'

const STATES: readonly ItemState[] = ['sent', 'confirmed', 'unsent', 'rejected']

export interface Item {
  /** 0-based number of the record in the snapshot. */
  readonly seq: number
  readonly state: ItemState
  readonly newId: string | undefined
  readonly reason: string | undefined
}

export interface ItemCounts {
  readonly sent: number
  readonly confirmed: number
  readonly unsent: number
  readonly rejected: number
}

export interface ItemJournal {
  /** @returns the known items with `from` <= seq < `to`, in order; an item that never left is not among them. */
  range(from: number, to: number): readonly Item[]
  counts(): ItemCounts
  sent(seqs: readonly number[]): Promise<void>
  confirmed(seq: number, newId: string): Promise<void>
  unsent(seqs: readonly number[]): Promise<void>
  rejected(seq: number, reason: string): Promise<void>
  /** Makes everything that was rejected `unsent` again, to be tried once more. @returns how many that are */
  reopenRejected(): Promise<number>
  /** @returns the contact ordinal before which everything is decided: where a resumed import starts. */
  watermark(): number
  setWatermark(ordinal: number): Promise<void>
}

/** A change waits for its group this long at most, or for this many others. */
const GROUP_MS = 20
const GROUP_SIZE = 64

export interface GroupCommitter {
  /** Queues a change; resolves when it is durable. */
  commit(change: () => void): Promise<void>
  /** Commits what is queued, now. */
  flush(): void
}

export function createGroupCommitter(db: DatabaseSync, clock: Clock): GroupCommitter {
  let queue: Array<{ change: () => void; done: PromiseWithResolvers<void> }> = []
  const flush = (): void => {
    if (queue.length === 0) return
    const group = queue
    queue = []
    try {
      transaction(db, () => {
        for (const { change } of group) change()
      })
      for (const { done } of group) done.resolve()
    } catch (error) {
      for (const { done } of group) done.reject(error)
    }
  }
  return {
    flush,
    commit(change) {
      const done = Promise.withResolvers<void>()
      queue.push({ change, done })
      if (queue.length >= GROUP_SIZE) flush()
      else if (queue.length === 1) void clock.sleep(GROUP_MS).then(flush)
      return done.promise
    },
  }
}

/** @param lot the import's name within the run: a run may import more than once (the way back) */
export function createItemJournal(db: DatabaseSync, lot: string, committer: GroupCommitter): ItemJournal {
  const put = db.prepare(
    `INSERT INTO items (lot, seq, state, new_id, reason) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (lot, seq) DO UPDATE SET state = excluded.state, new_id = excluded.new_id, reason = excluded.reason`,
  )
  const select = db.prepare(
    'SELECT seq, state, new_id, reason FROM items WHERE lot = ? AND seq >= ? AND seq < ? ORDER BY seq',
  )
  const count = db.prepare('SELECT state, count(*) AS n FROM items WHERE lot = ? GROUP BY state')
  const cursor = db.prepare('SELECT value FROM cursors WHERE name = ?')
  const move = db.prepare(
    'INSERT INTO cursors (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const reopen = db.prepare('UPDATE items SET state = ?, reason = NULL WHERE lot = ? AND state = ?')
  const cursorName = `import:${lot}`
  const set = (seqs: readonly number[], state: ItemState, newId: string | null, reason: string | null) =>
    committer.commit(() => {
      for (const seq of seqs) put.run(lot, seq, STATES.indexOf(state), newId, reason)
    })
  return {
    range: (from, to) =>
      select.all(lot, from, to).map((row) => ({
        seq: Number(row['seq']),
        state: STATES[Number(row['state'])] ?? 'sent',
        newId: row['new_id'] === null ? undefined : String(row['new_id']),
        reason: row['reason'] === null ? undefined : String(row['reason']),
      })),
    counts() {
      const counts = { sent: 0, confirmed: 0, unsent: 0, rejected: 0 }
      for (const row of count.all(lot)) counts[STATES[Number(row['state'])] ?? 'sent'] = Number(row['n'])
      return counts
    },
    sent: (seqs) => set(seqs, 'sent', null, null),
    confirmed: (seq, newId) => set([seq], 'confirmed', newId, null),
    unsent: (seqs) => set(seqs, 'unsent', null, null),
    rejected: (seq, reason) => set([seq], 'rejected', null, reason),
    async reopenRejected() {
      let reopened = 0
      await committer.commit(() => {
        reopened = Number(reopen.run(STATES.indexOf('unsent'), lot, STATES.indexOf('rejected')).changes)
        if (reopened > 0) move.run(cursorName, 0)
      })
      return reopened
    },
    watermark: () => Number(cursor.get(cursorName)?.['value'] ?? 0),
    setWatermark: (ordinal) => committer.commit(() => move.run(cursorName, ordinal)),
  }
}
