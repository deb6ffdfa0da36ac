/**
 * A journal that lacks what the run has done since it was copied.
 * Guarantees: nothing that it does not know as posted or refused is posted before Engage was asked about it; what it
 * knows as posted stays so.
 */
import type { Journal } from '../journal/journal.ts'
import { isRestore, mayHaveDeleted, OLDER_JOURNAL } from './history.ts'
import { importedResult, isImportMade } from './imported.ts'
import { itemsOf } from './lot.ts'
import { isDone } from './runner.ts'
import { lotOf } from './status.ts'

/** @returns whether the journal knows that the deletion was approved, and so may have been carried out */
export function isApproved(journal: Pick<Journal, 'events'>): boolean {
  return isDone(journal, { name: 'delete-schema' }) || mayHaveDeleted(journal)
}

/**
 * Puts in doubt whatever the lost journal may have sent. Done again, it changes nothing.
 * @param reached how far the run had got with the lost one; null where nobody knows
 * @returns how many interactions are in doubt now
 */
export function distrust(journal: Journal, reached: number | null): number {
  const inDoubt = doubtAll(journal)
  journal.events.append('note', OLDER_JOURNAL, { reached: journal.mark.reached(), lost: reached, inDoubt })
  return inDoubt
}

/** Before a deletion, or a selection, nothing was posted: what is there is the history itself. */
function doubtAll(journal: Journal): number {
  const mayHavePosted = isRestore(journal) ? isImportMade(journal) : mayHaveDeleted(journal)
  if (!mayHavePosted) return 0
  return itemsOf(journal, lotOf(journal)).doubtAll(importedResult({ journal }).interactions)
}
