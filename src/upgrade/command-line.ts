/**
 * The command that goes on with a run, as it is printed.
 * Guarantees: pure reading; where the run may have to read something encrypted yet, the command names the identity.
 */
import type { Journal } from '../journal/journal.ts'
import { MERGE } from './imported.ts'
import { hasSent, RESTORE } from './lot.ts'
import { passResult } from './pass.ts'
import type { Plan } from './plan.ts'
import { isDone } from './runner.ts'
import type { Selection } from './selected.ts'

/** @returns a line to type; FILE stands for the path that only the operator knows */
export function commandLineOf({ run, restore, history }: Plan, journal: Journal): string {
  const verb = restore === undefined ? 'upgrade' : 'restore'
  const reads = restore === undefined ? readsHistory(history, journal) : readsSource(journal)
  return `engage-migrate ${verb} ${run}${reads ? ' --identity FILE' : ''}`
}

/** What is merged is read no more. */
function readsHistory(history: Plan['history'], journal: Journal): boolean {
  return history?.encrypted === true && !isDone(journal, { name: MERGE })
}

/** Until somebody has signed, prune may take away what was selected: while nothing was sent, it is selected anew. */
function readsSource(journal: Journal): boolean {
  if (!isDone(journal, { name: 'final-pass' })) return false
  return (passResult({ journal }, 'final-pass') as Selection).encrypted === true && !hasSent(journal, RESTORE)
}
