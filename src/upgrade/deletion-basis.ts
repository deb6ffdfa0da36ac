/**
 * What a deletion would rest on, as it is known when somebody is asked to approve it.
 * Guarantees: pure reading of the plan and the journal; the gate, the report, the last look and the policy all go by this.
 */
import type { JsonObject } from '../json.ts'
import { basisOf } from './approval.ts'
import type { Coverage } from './coverage.ts'
import { isRefuted } from './final-pass.ts'
import { importedResult, lossOf } from './imported.ts'
import { coverageWith } from './joined.ts'
import { passResult } from './pass.ts'
import { forbidden } from './policy.ts'
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
  const { plan, journal } = context
  if (plan.policy === undefined) return []
  return forbidden(plan.policy, {
    refused: importedResult(context).tally.refusable,
    loss: lossOf(context),
    sure: coverageNow(context).sure,
    proven: isProven(journal),
    fullPass: plan.finalPass.mode === 'full' || isRefuted(context),
  })
}
