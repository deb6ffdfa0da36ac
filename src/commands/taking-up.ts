/**
 * Takes a run up with the journal that is there: is it the one that the run went on with, or an older copy of it?
 * Guarantees: how far the journal has got is kept outside the run's folder as well, and stands there before anything is
 * sent that it records; so where a journal was put back that is behind it, that is noticed before anything is sent, and
 * nothing is posted unasked that an older journal can't know of. A process that is killed at whatever instant never makes
 * its own journal look older: it is the journal that gets on first. Nor does a power cut, where the file system renames a
 * file over another at once; elsewhere the mark may be lost, and Engage is asked in vain.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import { isObject, parseJson } from '../json.ts'
import { cannotWrite } from '../snapshot/durable.ts'
import { distrust, isApproved } from '../upgrade/distrust.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { writeWhole } from './open.ts'

/** How far the journal had got when the last process sent something, or was taken up. */
interface Kept {
  readonly reached: number
  /** Whether the deletion was approved by then: from there on it may have been carried out. */
  readonly approved: boolean
}

/** For each process that works on a run, before it does anything. */
type Subject = Pick<ReadContext, 'plan' | 'snapshots' | 'journal' | 'say'>

/** @throws OperatorError (exit 4) where the journal is from before the deletion was approved, (exit 1) where the disk refuses */
export async function takeUp({ plan, snapshots, journal, say }: Subject): Promise<void> {
  const file = markFile(snapshots, plan.run)
  const kept = readKept(file)
  const here = journal.mark.reached()
  const approved = isApproved(journal)
  if (isBehind(here, kept)) {
    if (kept?.approved === true && !approved) throw knowsOfNoDeletion(plan.run)
    say(olderLine(distrust(journal, kept?.reached ?? null)))
  }
  // A journal that has got anywhere was kept word of: where there is none, it was taken away.
  if (kept === undefined && here === 0) await writeWhole(file, textOf({ reached: 0, approved }))
  const reached = journal.mark.raise(kept?.reached)
  await writeWhole(file, textOf({ reached, approved }))
  journal.mark.keepBy((now) => overwrite(file, { reached: now, approved }))
}

/** @returns where it is kept how far a run's journal has got; it is there once the run was taken up */
export function markFile(snapshots: string, run: string): string {
  return join(snapshots, `${run}.mark`)
}

/** @returns whether a run's journal may be older than the run, so that it does not know all that the run has done */
export function mayBeOlder(journal: Pick<Journal, 'mark'>, snapshots: string, run: string): boolean {
  // In this order: the journal of a run that is at work gets on first.
  const kept = readKept(markFile(snapshots, run))
  return isBehind(journal.mark.reached(), kept)
}

function isBehind(here: number, kept: Kept | undefined): boolean {
  return kept === undefined ? here > 0 : here < kept.reached
}

/** In place and not synced: what a power cut takes of it only makes the journal look newer, and it is. */
function overwrite(file: string, kept: Kept): void {
  try {
    writeFileSync(file, textOf(kept), { flag: 'r+' })
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** Always of the same length, so that it can be written over. */
function textOf({ reached, approved }: Kept): string {
  return `{"reached":${String(reached).padStart(16)},"approved":${String(approved).padStart(5)}}\n`
}

/** @returns undefined where there is none, or nothing that can be read */
function readKept(file: string): Kept | undefined {
  try {
    const value = parseJson(readFileSync(file, 'utf8'))
    if (!isObject(value) || typeof value['reached'] !== 'number') return undefined
    return { reached: value['reached'], approved: value['approved'] === true }
  } catch {
    return undefined
  }
}

function olderLine(inDoubt: number): string {
  return (
    'The journal is older than the run: it was put back from a copy. ' +
    (inDoubt === 0
      ? 'It lacks nothing that could be posted twice.'
      : `Engage is asked about ${inDoubt} interactions, of which it does not know what became, before any of them is posted.`)
  )
}

function knowsOfNoDeletion(run: string): OperatorError {
  return new OperatorError({
    what: `The journal of run ${run} was put back from a copy that was made before the deletion was approved. The schema may have been deleted since, and this journal knows nothing of that.`,
    safe: 'Nothing was changed, nor sent. The history is in the snapshots.',
    next: `Put run.db back from a newer copy, then: engage-migrate upgrade ${run}. Where there is none, and the schema was not deleted, make a new plan.`,
    exit: EXIT.precondition,
  })
}
