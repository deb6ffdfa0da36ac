/**
 * What a run has imported, where its snapshot was removed since: prune does that once no run needs it and no rule keeps it.
 * Guarantees: pure reading; it is told as that, and never as damage.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { MANIFEST, SCHEMA } from '../snapshot/format.ts'
import type { Plan } from './plan.ts'
import type { ReadContext } from './strategy.ts'

/**
 * @param snapshot name of a snapshot that the run has finished
 * @throws OperatorError (exit 4) where it is not there any more
 */
export function assertKept(
  { plan, snapshots }: Pick<ReadContext, 'plan' | 'snapshots'>,
  snapshot: string,
): void {
  const folder = join(snapshots, snapshot)
  // What lacks its manifest alone was not pruned, it is damaged.
  if (![MANIFEST, SCHEMA].some((name) => existsSync(join(folder, name)))) throw removed(plan, folder)
}

function removed({ run, restore, schemaId }: Plan, folder: string): OperatorError {
  if (restore !== undefined) {
    const { snapshot } = restore
    return new OperatorError({
      what: `What run ${run} had taken out of ${snapshot} is not there any more: once a restore has ended, \`snapshots prune\` removes it.`,
      safe: 'Nothing was changed.',
      next: `engage-migrate verify ${snapshot}; engage-migrate restore ${snapshot} --dry-run says what of it is not in the tenant`,
      exit: EXIT.precondition,
    })
  }
  return new OperatorError({
    what: `The snapshot of run ${run} is not there any more: ${folder}. \`snapshots prune\` removes what no run needs and no rule keeps; without it, what the run has posted can't be told from the rest.`,
    safe: 'Nothing was changed.',
    next: `Put the folder back from a copy. What else there is: engage-migrate snapshots list ${schemaId}; engage-migrate verify SNAPSHOT --live compares any of these with the tenant`,
    exit: EXIT.precondition,
  })
}
