/**
 * What comes in from the source system, as far as the run knows.
 * Guarantees: pure reading of plan and journal; before the merge the figures are those of the comparison, and nothing is said of
 * what is not known yet.
 */
import { isImportMade, mergeResult } from '../upgrade/imported.ts'
import { historyFiguresOf } from '../upgrade/ledger.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import type { HistoryFacts } from './report.ts'
import { snapshotName } from './snapshot-name.ts'

/** @returns null where the plan names no history */
export function historyFacts(context: Pick<ReadContext, 'plan' | 'journal'>): HistoryFacts | null {
  const { plan, journal } = context
  if (plan.history === undefined) return null
  const { mode, snapshot, manifestDigest, interactions, contacts } = plan.history
  const figures = historyFiguresOf(journal)
  return {
    ...{ mode, manifestDigest, interactions, contacts },
    source: snapshotName(plan, snapshot),
    compared: figures && {
      both: figures.both,
      onlyInEngage: figures.onlyInEngage,
      onlyInSource: figures.onlyInSource,
      unknown: figures.gone,
    },
    merged: isImportMade(journal) ? mergedOf(context) : null,
  }
}

function mergedOf(context: Pick<ReadContext, 'plan' | 'journal'>): HistoryFacts['merged'] {
  const merge = mergeResult(context)
  const { manifestDigest, interactions, contactsWithHistory, unfit, tally, refusableOfSource = 0 } = merge
  return {
    snapshot: snapshotName(context.plan, merge.snapshot),
    ...{ manifestDigest, interactions, contacts: contactsWithHistory, unfit },
    refused: { engage: tally.refusable - refusableOfSource, source: refusableOfSource },
  }
}

/** @returns interactions that Engage holds and that are not imported; null where that is not known yet */
export function lossKnown(history: HistoryFacts | null): number | null {
  if (history?.mode !== 'only') return 0
  return history.compared?.onlyInEngage ?? null
}

/** @returns interactions that are imported, as far as is known; null where nothing was compared yet */
export function importedCount({ mode, compared, merged }: HistoryFacts): number | null {
  if (merged !== null) return merged.interactions
  if (compared === null) return null
  const { both, onlyInEngage, onlyInSource, unknown } = compared
  return both + (mode === 'only' ? 0 : onlyInEngage) + onlyInSource - unknown
}
