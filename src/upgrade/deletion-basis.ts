/**
 * What a deletion would rest on, as it is known when somebody is asked to approve it.
 * Guarantees: pure reading of the plan and the journal; the gate, the report, the last look and the policy all go by this.
 */
import type { JsonObject } from '../json.ts'
import { basisOf } from './approval.ts'
import type { Coverage } from './coverage.ts'
import { isHot } from './final-pass.ts'
import { importedResult, lossOf } from './imported.ts'
import { coverageWith } from './joined.ts'
import { passResult } from './pass.ts'
import { forbidden, type Subject } from './policy.ts'
import type { ReadContext } from './strategy.ts'

/** @returns whether Engage has accepted the new schema on trial */
export function isProven({ events }: ReadContext['journal']): boolean {
  const preflight = events.latest('preflight', 'finished')?.detail as JsonObject | undefined
  return preflight?.['proven'] === true
}

/** @returns how sure it is that every contact is known: as it was looked at for the approval or, before that, by the final pass */
export function coverageNow(context: Pick<ReadContext, 'journal' | 'plan'>): Coverage {
  const basis = basisOf(context.journal)
  return basis === undefined ? passResult(context, 'final-pass').coverage : coverageWith(context, basis)
}

/** @returns why the organisation's policy lets nobody approve it, in sentences; none where it does, or there is none */
export function forbiddenFor(context: Pick<ReadContext, 'plan' | 'journal'>): readonly string[] {
  const refused = importedResult(context).tally.refusable
  const [loss, sure] = [lossOf(context), coverageNow(context).sure]
  return forbiddenSoFar(context, { refused, loss, sure, proven: isProven(context.journal) })
}

/**
 * @param known what is known so far, where not all is done that an approval takes; `proven` is left out where the new schema was
 *   not tried yet
 * @returns why the policy would let nobody approve it, in sentences
 */
export function forbiddenSoFar(
  context: Pick<ReadContext, 'plan' | 'journal'>,
  known: Pick<Subject, 'refused' | 'loss' | 'sure'> & Partial<Pick<Subject, 'proven'>>,
): readonly string[] {
  const { plan } = context
  if (plan.policy === undefined) return []
  return forbidden(plan.policy, {
    // Without a free place it can't be tried.
    proven: plan.schemas.free > 0,
    ...known,
    fullPass: !isHot(context),
  })
}
