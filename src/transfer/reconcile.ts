/**
 * The question behind "exactly once": of what we sent and don't know of, what has the server got?
 * Guarantees: pure; each server record is given to one item at most; a record that an item claimed by id is never
 * given to another, so twins stay twins.
 */
export interface Sought {
  readonly seq: number
  /** Canonical form of what was sent. */
  readonly key: string
}

export interface Found {
  readonly id: string
  readonly key: string
}

export interface Reconciliation {
  /** Items that the server has, with the id to adopt. */
  readonly there: ReadonlyArray<{ readonly seq: number; readonly newId: string }>
  /** Items that it hasn't: they may be posted again. */
  readonly missing: readonly number[]
  /** Server records that nobody sought or claimed. */
  readonly unclaimed: readonly Found[]
}

/**
 * @param sought items of one contact whose outcome is in doubt
 * @param found all records that the server shows for that contact
 * @param claimed ids of records that are confirmed as other items'
 */
export function reconcile(
  sought: readonly Sought[],
  found: readonly Found[],
  claimed: ReadonlySet<string>,
): Reconciliation {
  const free = new Map<string, Found[]>()
  for (const record of found) {
    if (claimed.has(record.id)) continue
    const alike = free.get(record.key)
    if (alike === undefined) free.set(record.key, [record])
    else alike.push(record)
  }
  const there: { seq: number; newId: string }[] = []
  const missing: number[] = []
  for (const { seq, key } of sought) {
    const record = free.get(key)?.shift()
    if (record === undefined) missing.push(seq)
    else there.push({ seq, newId: record.id })
  }
  return { there, missing, unclaimed: [...free.values()].flat() }
}
