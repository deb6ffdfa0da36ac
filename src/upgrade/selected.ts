/**
 * What a restore has taken out of its source, once it has: a snapshot of its own, in the clear.
 * Guarantees: while nothing was sent of it, it can be taken out anew, and nothing that rests on one that is gone stands;
 * once anything may have been sent, another one is never put in its place: the journal knows what it has sent by its order.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import { MANIFEST } from '../snapshot/format.ts'
import { isSignedFor, voidComparison } from './comparison.ts'
import { isRestore } from './history.ts'
import { hasSent, RESTORE } from './lot.ts'
import { type PassResult, passFolder, passResult } from './pass.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

/** Name of the action that takes it out, see selection.ts. */
const SELECT = 'final-pass'

/** What the selection leaves in the journal. */
export interface Selection extends PassResult {
  /** Whether its source was encrypted; absent in those of an earlier version. */
  readonly encrypted?: boolean
}

/** @returns whether a restore can do without what it has selected: it has sent nothing, and nobody has signed for it */
export function canSelectAnew(journal: Journal): boolean {
  return isRestore(journal) && !isSignedFor(journal) && !hasSent(journal, RESTORE)
}

/** @returns whether a selection that was finished is not on disk any more */
export function isSelectionGone(context: Pick<ReadContext, 'journal' | 'snapshots'>): boolean {
  if (!isDone(context.journal, { name: SELECT })) return false
  return !existsSync(join(passFolder(context, SELECT), MANIFEST))
}

/**
 * Has a selection that is gone made anew, where that is harmless.
 * @throws OperatorError (exit 4) where some of it may have been posted
 */
export function selectAnewWhereGone(context: ReadContext): void {
  if (!isSelectionGone(context)) return
  const { journal, plan } = context
  const folder = passFolder(context, SELECT)
  if (hasSent(journal, RESTORE)) {
    throw new OperatorError({
      what: `What run ${plan.run} has selected is not there any more: ${folder}. Some of it may have been posted.`,
      safe: 'Nothing was changed; what was posted stays.',
      next: `Put the folder back from a copy. Or restore from the snapshot again: another run begins, and posts only what is missing: engage-migrate restore ${plan.restore?.snapshot}`,
      exit: EXIT.precondition,
    })
  }
  withdrawSelection(journal, 'what was selected is not there any more')
  context.say('what was selected is not there any more: it is selected and compared anew')
}

/**
 * After a dry run: whatever the source was, nothing of it is left in the clear for having been looked at.
 * @returns whether there was anything to remove: what is signed for, or was sent of, stays
 */
export async function dropSelection(context: ReadContext): Promise<boolean> {
  const { journal } = context
  if (!isDone(journal, { name: SELECT }) || !canSelectAnew(journal)) return false
  const folder = passFolder(context, SELECT)
  // First: what is half removed is nothing to go on with.
  withdrawSelection(journal, 'it was a dry run')
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    context.say(`what was selected could not be removed from ${folder}: ${messageOf(error)}`)
  }
  return true
}

/** @returns the folder in which a selection from an encrypted source is in the clear; undefined where there is none */
export function unencryptedFolder(context: Pick<ReadContext, 'journal' | 'snapshots'>): string | undefined {
  const { journal } = context
  if (!isRestore(journal) || !isDone(journal, { name: SELECT }) || isSelectionGone(context)) return undefined
  const { encrypted } = passResult(context, SELECT) as Selection
  return encrypted === true ? passFolder(context, SELECT) : undefined
}

function withdrawSelection(journal: Journal, reason: string): void {
  // In this order: figures without a selection are taken anew, a selection without its figures is only compared.
  voidComparison(journal, reason)
  journal.events.withdraw([SELECT], { reason })
}
