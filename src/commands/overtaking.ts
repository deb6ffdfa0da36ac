/**
 * Restores that have posted to the schema that another run is about.
 * Guarantees: an upgrade never deletes what was restored since it read the contacts for the last time; what it was refused
 * is not posted once more where a restore may have brought it in. Changes nothing but the journal of the run itself.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { isRestore } from '../upgrade/history.ts'
import { hasSent, isUntouched, itemsOf, RESTORE } from '../upgrade/lot.ts'
import { readAnew, restsOnSince } from '../upgrade/overtaken.ts'
import type { Plan } from '../upgrade/plan.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import type { Tools } from './command.ts'
import { begunRuns } from './runs.ts'

/** Actions of a restore that may post. */
const POSTING = ['canary', 'import', 'verification'] as const

/** Has an upgrade that has not deleted yet read the contacts again, where something was restored since it did. */
export function voidWhereRestored(
  { plan, journal, say }: Pick<ReadContext, 'plan' | 'journal' | 'say'>,
  config: Config,
  tools: Pick<Tools, 'clock'>,
): void {
  const since = isRestore(journal) ? undefined : restsOnSince({ plan, journal })
  const other = since === undefined ? undefined : restoredSince(config, plan, since, tools)
  if (other === undefined) return
  const reason = `run ${other} has restored interactions since the contacts were read`
  readAnew(journal, reason)
  say(`${reason}: the contacts are read again before anything is deleted`)
}

/**
 * Before what an upgrade was refused is tried once more.
 * @throws OperatorError (exit 4) naming the restore that may have brought it in
 */
export function assertNotRestored(
  { plan, journal }: Pick<ReadContext, 'plan' | 'journal'>,
  config: Config,
  tools: Pick<Tools, 'clock'>,
): void {
  // A restore asks each contact what it has, whoever posted it.
  if (isRestore(journal) || !hasSent(journal, RESTORE)) return
  const deleted = journal.events.latest('deletion', 'intent')?.at ?? 0
  const other = restoredSince(config, plan, deleted, tools)
  if (other === undefined) return
  throw new OperatorError({
    what: `Run ${other} has restored interactions of ${plan.schemaId} in ${plan.tenant} after run ${plan.run}: what ${plan.run} was refused may be among them.`,
    safe: 'Nothing was changed.',
    next: `Restore from the snapshot of ${plan.run}, which posts only what is missing: engage-migrate snapshots list ${plan.schemaId}, then engage-migrate restore SNAPSHOT`,
    exit: EXIT.precondition,
  })
}

/** @returns the id of a run that has restored into the schema since then (milliseconds since the epoch) */
function restoredSince(
  config: Config,
  { tenant, schemaId, run }: Pick<Plan, 'tenant' | 'schemaId' | 'run'>,
  since: number,
  tools: Pick<Tools, 'clock'>,
): string | undefined {
  return begunRuns(config).find((other) => {
    if (other === run) return false
    using journal = opened(join(config.data, 'runs', other, 'run.db'), tools)
    if (journal === undefined || !isRestore(journal)) return false
    const about = journal.events.latest('plan', 'finished')?.detail as JsonObject
    if (about['tenant'] !== tenant || about['schemaId'] !== schemaId) return false
    if (isUntouched(itemsOf(journal, RESTORE))) return false
    return POSTING.some((name) => (journal.events.latest(name, 'started')?.at ?? 0) >= since)
  })
}

/** @returns undefined where the run has not been begun */
function opened(file: string, { clock }: Pick<Tools, 'clock'>): Journal | undefined {
  try {
    return openJournal(file, clock, 'read')
  } catch (error) {
    if (error instanceof OperatorError && error.exit === EXIT.usage) return undefined
    throw error
  }
}
