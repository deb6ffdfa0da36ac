/**
 * What became of each interaction of an import.
 * Guarantees: a promise of this module resolves when its change is durable; changes are committed in groups, in
 * the order in which they were asked for.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import type { Stamp } from './mark.ts'
import { transaction } from './tables.ts'

/**
 * `sent`: its POST may have left, the outcome is in doubt. `confirmed`: the server has it, under `newId`.
 * `unsent`: asked about and not there, so it may be posted. `rejected`: the server refuses it, for `reason`,
 * or has it at another contact (under `newId`).
 */
export type ItemState = 'sent' | 'confirmed' | 'unsent' | 'rejected'

const STATES: readonly ItemState[] = ['sent', 'confirmed', 'unsent', 'rejected']

export interface Item {
  /** 0-based number of the record in the snapshot. */
  readonly seq: number
  readonly state: ItemState
  /** How many POSTs of it may have been carried out: those that left, but for those that were clearly turned away. */
  readonly posts: number
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
  /** @returns whether an item was confirmed under that id. Looks through all of them: for a few ids only. */
  isClaimed(newId: string): boolean
  /** A POST of each is about to leave. */
  sent(seqs: readonly number[]): Promise<void>
  /** What the tenant has of each is not known any more: to be asked about, though nothing leaves now. */
  doubted(seqs: readonly number[]): Promise<void>
  confirmed(seq: number, newId: string): Promise<void>
  /** @param turnedAway whether the last POST of each certainly had no effect */
  unsent(seqs: readonly number[], turnedAway?: boolean): Promise<void>
  /** @param turnedAway whether its last POST certainly had no effect */
  rejected(seq: number, reason: string, turnedAway?: boolean): Promise<void>
  /**
   * What a POST of it has made is gone again: it counts as not carried out.
   * @param alongside notes it elsewhere in the journal: durable together, or neither
   */
  undone(seq: number, alongside: () => void): Promise<void>
  /**
   * The server has it under `newId`, but not at the contact that it was posted to: counts as rejected, and stays so while
   * it is there.
   */
  moved(seq: number, newId: string, reason: string): Promise<void>
  /**
   * Has tried once more what was rejected (only those numbers, where given): what never had an effect is `unsent`, the
   * rest is in doubt, but for what has moved. @returns how many those are
   */
  reopenRejected(seqs?: readonly number[]): Promise<number>
  /**
   * The journal may lack what a run has sent: what it has not decided of the first `count` items is in doubt, and what was
   * rejected may have been sent once more. Durable on return, or with its transaction. @returns how many are in doubt now
   */
  doubtAll(count: number): number
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

/** @param stamp raised with every group, and told of it before those who wait for its changes */
export function createGroupCommitter(db: DatabaseSync, clock: Clock, stamp: Stamp): GroupCommitter {
  let queue: Array<{ change: () => void; done: PromiseWithResolvers<void> }> = []
  const flush = (): void => {
    if (queue.length === 0) return
    const group = queue
    queue = []
    try {
      transaction(db, () => {
        for (const { change } of group) change()
        stamp.put()
      })
      stamp.tell()
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
  const put = lazily(() =>
    db.prepare(`INSERT INTO items (lot, seq, state, new_id, reason, posts) VALUES (?, ?, ?, ?, ?, max(0, ?6))
     ON CONFLICT (lot, seq) DO UPDATE SET state = excluded.state, new_id = excluded.new_id,
       reason = excluded.reason, posts = max(0, items.posts + ?6)`),
  )
  const select = db.prepare(
    `SELECT seq, state, new_id, reason, ${hasPosts(db) ? 'posts' : '1 AS posts'}
     FROM items WHERE lot = ? AND seq >= ? AND seq < ? ORDER BY seq`,
  )
  const count = db.prepare('SELECT state, count(*) AS n FROM items WHERE lot = ? GROUP BY state')
  const cursor = db.prepare('SELECT value FROM cursors WHERE name = ?')
  const move = db.prepare(
    'INSERT INTO cursors (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const reopen = lazily(() =>
    db.prepare(`UPDATE items SET state = CASE WHEN posts > 0 THEN ${STATES.indexOf('sent')} ELSE ${STATES.indexOf('unsent')} END,
       reason = NULL
     WHERE lot = ? AND state = ${STATES.indexOf('rejected')} AND new_id IS NULL AND seq >= ? AND seq <= ?`),
  )
  const claim = db.prepare('SELECT 1 FROM items WHERE lot = ? AND new_id = ? LIMIT 1')
  const undo = lazily(() =>
    db.prepare('UPDATE items SET posts = max(0, posts - 1) WHERE lot = ? AND seq = ?'),
  )
  const cursorName = `import:${lot}`
  const set = (
    seqs: readonly number[],
    state: ItemState,
    newId: string | null,
    reason: string | null,
    posts = 0,
  ) =>
    committer.commit(() => {
      for (const seq of seqs) put().run(lot, seq, STATES.indexOf(state), newId, reason, posts)
    })
  const counts = (): ItemCounts => {
    const found = { sent: 0, confirmed: 0, unsent: 0, rejected: 0 }
    for (const row of count.all(lot)) found[STATES[Number(row['state'])] ?? 'sent'] = Number(row['n'])
    return found
  }
  return {
    range: (from, to) =>
      select.all(lot, from, to).map((row) => ({
        seq: Number(row['seq']),
        state: STATES[Number(row['state'])] ?? 'sent',
        newId: row['new_id'] === null ? undefined : String(row['new_id']),
        reason: row['reason'] === null ? undefined : String(row['reason']),
        posts: Number(row['posts']),
      })),
    counts,
    isClaimed: (newId) => claim.get(lot, newId) !== undefined,
    sent: (seqs) => set(seqs, 'sent', null, null, 1),
    doubted: (seqs) => set(seqs, 'sent', null, null),
    confirmed: (seq, newId) => set([seq], 'confirmed', newId, null),
    unsent: (seqs, turnedAway = false) => set(seqs, 'unsent', null, null, turnedAway ? -1 : 0),
    rejected: (seq, reason, turnedAway = false) => set([seq], 'rejected', null, reason, turnedAway ? -1 : 0),
    moved: (seq, newId, reason) => set([seq], 'rejected', newId, reason),
    undone: (seq, alongside) =>
      committer.commit(() => {
        undo().run(lot, seq)
        alongside()
      }),
    async reopenRejected(seqs) {
      let reopened = 0
      await committer.commit(() => {
        const spans = seqs?.map((seq) => [seq, seq] as const) ?? [[0, Number.MAX_SAFE_INTEGER] as const]
        for (const [from, to] of spans) reopened += Number(reopen().run(lot, from, to).changes)
        if (reopened > 0) move.run(cursorName, 0)
      })
      return reopened
    },
    doubtAll(count) {
      const [sent, unsent, rejected] = (['sent', 'unsent', 'rejected'] as const).map((state) =>
        STATES.indexOf(state),
      )
      const doubtThem = db.prepare(`
        WITH RECURSIVE numbers (seq) AS (
          SELECT 0 WHERE ?2 > 0 UNION ALL SELECT seq + 1 FROM numbers WHERE seq + 1 < ?2
        )
        INSERT INTO items (lot, seq, state, posts) SELECT ?1, seq, ${sent}, 1 FROM numbers WHERE true
        ON CONFLICT (lot, seq) DO UPDATE
          SET state = iif(state = ${unsent}, ${sent}, state), posts = max(posts, 1)
          WHERE state IN (${sent}, ${unsent}, ${rejected})`)
      transaction(db, () => {
        doubtThem.run(lot, count)
        move.run(cursorName, 0)
      })
      return counts().sent
    },
    watermark: () => Number(cursor.get(cursorName)?.['value'] ?? 0),
    setWatermark: (ordinal) => committer.commit(() => move.run(cursorName, ordinal)),
  }
}

/** What writes is prepared when it is needed: a journal of the first version, opened for reading, has no place for it. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** A journal of the first version, opened for reading only, has not counted. */
function hasPosts(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM pragma_table_info('items') WHERE name = 'posts'").get() !== undefined
}
