/**
 * Restores that have begun and not ended.
 * Guarantees: the same restore, asked for once more, goes on with the run that it began; one that has ended is never taken
 * up so, nor one that restores anything else, or into a schema that is another one by now.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { sameSchema } from '../schema/diff.ts'
import type { Plan } from '../upgrade/plan.ts'
import { isDone } from '../upgrade/runner.ts'
import { strategyOf } from '../upgrade/status.ts'
import { sameTerms } from '../upgrade/terms.ts'
import type { Tools } from './command.ts'
import { begunRuns, findRun, type OpenedRun } from './runs.ts'

/**
 * @param plan what is asked for now
 * @returns the newest run of the same that has not ended; undefined where there is none
 */
export function unfinishedRestore(
  plan: Plan,
  config: Config,
  tools: Pick<Tools, 'clock'>,
): OpenedRun | undefined {
  return begunRuns(config)
    .toReversed()
    .flatMap((name) => readable(name, config) ?? [])
    .find((run) => isSame(run.plan, plan) && !hasEnded(run, tools))
}

/** A run whose plan can't be read is none to go on with, and no reason not to begin. */
function readable(name: string, config: Config): OpenedRun | undefined {
  try {
    return findRun(name, config)
  } catch (error) {
    if (error instanceof OperatorError) return undefined
    throw error
  }
}

function isSame(a: Plan, b: Plan): boolean {
  return (
    a.restore !== undefined &&
    b.restore !== undefined &&
    a.tenant === b.tenant &&
    a.schemaId === b.schemaId &&
    sameTerms(a.restore, b.restore) &&
    sameSchema(a.after, b.after)
  )
}

function hasEnded({ folder }: OpenedRun, { clock }: Pick<Tools, 'clock'>): boolean {
  try {
    using journal = openJournal(join(folder, 'run.db'), clock, 'read')
    const steps = strategyOf(journal)
    return steps.every(({ actions }) => actions.every((action) => isDone(journal, action)))
  } catch (error) {
    // A process that was killed as it began has left nothing to go on with.
    if (error instanceof OperatorError && error.exit === EXIT.usage) return true
    throw error
  }
}
