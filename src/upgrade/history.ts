/**
 * Where the history is, by what the journal knows.
 * Guarantees: pure reading; from the intent to delete until the read-back finds nothing missing, a run counts as the
 * one that holds the history.
 */
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'

/** Name of the note that a deletion leaves which was clearly refused. */
export const DELETION_REFUSED = 'deletion-refused'

/** Name, in a deletion's intent, of the ids of all other schemas at that time. */
export const OTHERS = 'others'

/** Name of the note that is left each time the journal is found to be older than the run. */
export const OLDER_JOURNAL = 'older-journal'

/** @returns whether a run restores a snapshot: it is bound to such a plan */
export function isRestore(journal: Pick<Journal, 'events'>): boolean {
  const bound = journal.events.latest('plan', 'finished')?.detail as JsonObject | undefined
  return bound?.['strategy'] === 'restore'
}

/** @returns whether an upgrade imports the source system's history: it is bound to such a plan */
export function usesHistory(journal: Pick<Journal, 'events'>): boolean {
  return historyOf(journal) !== undefined
}

/** @returns where that history is, by its address; undefined where a run has none */
export function historyOf({ events }: Pick<Journal, 'events'>): string | undefined {
  const bound = events.latest('plan', 'finished')?.detail as JsonObject | undefined
  return bound?.['history'] === undefined ? undefined : String(bound['history'])
}

/** @returns whether the schema has been deleted by this run, or may have been */
export function mayHaveDeleted(journal: Pick<Journal, 'events'>): boolean {
  const last = journal.events
    .all()
    .findLast(({ name, kind }) => (name === 'deletion' && kind === 'intent') || name === DELETION_REFUSED)
  return last?.name === 'deletion'
}
