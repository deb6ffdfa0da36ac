/**
 * What a restore would do, and has done, in lines of text.
 * Guarantees: pure; what can't be restored as it was is named before anything is posted.
 */
import type { Figures } from '../upgrade/comparison.ts'
import { duration } from '../upgrade/estimate.ts'
import type { Plan } from '../upgrade/plan.ts'
import { figureLines } from '../upgrade/restore.ts'
import { countOf } from '../words.ts'

/** @returns the plan of a restore, for whoever is about to carry it out */
export function restorePlanLines(plan: Plan): readonly string[] {
  const { restore, estimate, schemaId, tenant, run } = plan
  if (restore === undefined) return []
  const { contacts, since, until } = restore
  return [
    `Restore ${restore.schemaId} of ${restore.tenant} into ${schemaId} of ${tenant} (run ${run})`,
    `  from ${restore.snapshot}`,
    ...(contacts === null ? [] : [`  only the contacts in ${contacts.file}`]),
    ...(since === null ? [] : [`  only what was created at ${since} or later`]),
    ...(until === null ? [] : [`  only what was created before ${until}`]),
    ...plan.warnings.map((text) => `  Warning: ${text}`),
    ...(plan.changes.length === 0 ? [] : ['How the schema there differs from the snapshot’s:']),
    ...plan.changes.map((text) => `  ${text}`),
    `At most ${countOf(estimate.calls, 'call')}, ${duration(estimate.seconds)} at ${countOf(estimate.ratePerSecond, 'request')} a second`,
  ]
}

/**
 * @param dropped whether what was selected was removed again
 * @returns what a dry run has found
 */
export function restoreDryRunLines(plan: Plan, figures: Figures, dropped: boolean): readonly string[] {
  return [
    'Dry run: nothing was changed in the tenant.',
    ...figureLines(figures),
    ...(dropped
      ? ['What was selected was removed from this machine again: the next command selects it anew.']
      : []),
    `Next: engage-migrate restore ${plan.run}${dropped ? '   (with --identity again, where the snapshot is encrypted)' : ''}`,
  ]
}

/**
 * @returns what has become of a restore
 * @param done how many interactions were posted, and how many were there already
 */
export function restoredLines(
  { schemaId, tenant, restore }: Plan,
  { posted, there }: { readonly posted: number; readonly there: number },
): readonly string[] {
  return [
    `Done: what was selected of ${restore?.snapshot} is in ${schemaId} of ${tenant}; what was refused, if anything, is named below.`,
    `Posted: ${countOf(posted, 'interaction')}; were there already: ${there}`,
  ]
}
