/**
 * The snapshot that an upgrade imports: what the final pass has read or, where the source system's history comes in, what was
 * merged of both.
 * Guarantees: whatever posts, asks or counts by the numbers of records works on this one; what was merged counts only while
 * the final pass stands that it was merged from.
 */
import { join } from 'node:path'
import type { Journal } from '../journal/journal.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { usesHistory } from './history.ts'
import type { HistoryFigures } from './ledger.ts'
import { assertOwn, type PassResult, passResult } from './pass.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

/** Name of the action that merges. */
export const MERGE = 'merge'

/** What it leaves in the journal: as if a pass had read it. */
export interface MergeResult extends PassResult {
  /** The digest of the final pass's manifest. */
  readonly of: string
  readonly figures: HistoryFigures
  /** Properties that only the source knew, and that the new schema refuses as they are: left out, in so many interactions. */
  readonly unfit: number
  /** Of those that the new schema refuses: how many only the source has. Absent in those of an earlier version. */
  readonly refusableOfSource?: number
}

/** @returns what was merged @throws Error where that is not done, or was done with another final pass */
export function mergeResult(context: Pick<ReadContext, 'journal'>): MergeResult {
  const { journal } = context
  const result = journal.events.latest(MERGE, 'finished')?.detail as unknown as MergeResult | undefined
  if (result === undefined || !isDone(journal, { name: MERGE })) throw new Error('nothing is merged')
  if (result.of !== passResult(context, 'final-pass').manifestDigest)
    throw new Error('what was merged is not of this final pass')
  return result
}

/** @returns what is known of the snapshot that is imported @throws Error where it is not made yet */
export function importedResult(context: Pick<ReadContext, 'journal'>): PassResult {
  return usesHistory(context.journal) ? mergeResult(context) : passResult(context, 'final-pass')
}

/** @returns whether it is made */
export function isImportMade(journal: Pick<Journal, 'events'>): boolean {
  return isDone(journal, { name: usesHistory(journal) ? MERGE : 'final-pass' })
}

/** @returns its folder @throws Error where it is not made yet */
export function importedFolder(context: Pick<ReadContext, 'journal' | 'snapshots'>): string {
  return join(context.snapshots, importedResult(context).snapshot)
}

/** @returns the snapshot @throws OperatorError where it can't be read, or is not the one that the run wrote */
export async function importedSnapshot(
  context: Pick<ReadContext, 'journal' | 'snapshots' | 'plan'>,
): Promise<Snapshot> {
  const snapshot = await openSnapshot(importedFolder(context))
  assertOwn(snapshot, importedResult(context), context.plan.run)
  return snapshot
}

/** @returns what has to be withdrawn with a final pass, since it was made of it */
export function madeOfFinalPass({ events }: Pick<Journal, 'events'>): readonly string[] {
  return events.latest(MERGE) === undefined ? [] : [MERGE]
}

/** @returns interactions that Engage holds and this run does not bring back; 0 where it brings back all */
export function lossOf(context: Pick<ReadContext, 'journal' | 'plan'>): number {
  return context.plan.history?.mode === 'only' ? mergeResult(context).figures.onlyInEngage : 0
}
