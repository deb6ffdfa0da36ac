/**
 * Restores that have begun and not ended.
 * Guarantees: the same restore, asked for once more, goes on with the run that it began; one that has ended is never taken
 * up so, nor one that restores anything else, or into a schema that is another one by now, or with another contact map; nor
 * one that could not go on: what it was to read is to be found elsewhere now, or what it has posted of is gone.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { ContactMap } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { sameSchema } from '../schema/diff.ts'
import { contactMapOf, sameMap } from '../upgrade/contact-map.ts'
import { hasSent, RESTORE } from '../upgrade/lot.ts'
import type { Plan } from '../upgrade/plan.ts'
import { isDone } from '../upgrade/runner.ts'
import { isSelectionGone } from '../upgrade/selected.ts'
import { hasEnded } from '../upgrade/status.ts'
import { type RestoreTerms, sameTerms } from '../upgrade/terms.ts'
import type { Tools } from './command.ts'
import { snapshotsFolder } from './open.ts'
import { sameWritten } from './places.ts'
import { begunRuns, findRun, type OpenedRun } from './runs.ts'

/** What is asked for now. */
interface Wish {
  readonly plan: Plan
  readonly map: ContactMap
}

export interface Unfinished {
  /** The newest run to go on with; undefined where there is none. */
  readonly run: OpenedRun | undefined
  /** Where there is none: the id of one that could be gone on with, had another contact map been given. */
  readonly otherwise: string | undefined
}

/** @throws OperatorError where the journal of a run of the same can't be read */
export function unfinishedRestore(wish: Wish, config: Config, tools: Pick<Tools, 'clock'>): Unfinished {
  const runs = begunRuns(config)
    .toReversed()
    .flatMap((name) => readable(name, config) ?? [])
    .filter((run) => isSame(run.plan, wish.plan))
  let otherwise: string | undefined
  for (const run of runs) {
    const fits = howItFits(run, wish, config, tools)
    if (fits === 'whole') return { run, otherwise: undefined }
    if (fits === 'but-for-the-map') otherwise ??= run.plan.run
  }
  return { run: undefined, otherwise }
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

function howItFits(
  { plan, folder }: OpenedRun,
  wish: Wish,
  config: Config,
  { clock }: Pick<Tools, 'clock'>,
): 'whole' | 'but-for-the-map' | 'not' {
  try {
    using journal = openJournal(join(folder, 'run.db'), clock, 'read')
    if (hasEnded(journal)) return 'not'
    const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
    if (!canGoOn({ journal, snapshots }, plan, wish.plan)) return 'not'
    return hasMap({ journal, folder }, wish.map) ? 'whole' : 'but-for-the-map'
  } catch (error) {
    // A process that was killed as it began has left nothing to go on with.
    if (error instanceof OperatorError && error.exit === EXIT.usage) return 'not'
    throw error
  }
}

/** What has been taken out of the snapshot is enough to go on with; before, what it is taken out of has to be there. */
function canGoOn(
  at: { readonly journal: Journal; readonly snapshots: string },
  plan: Plan,
  now: Plan,
): boolean {
  if (isDone(at.journal, { name: 'final-pass' })) {
    if (!isSelectionGone(at)) return true
    if (hasSent(at.journal, RESTORE)) return false
  }
  const [was, is] = [plan.restore, now.restore] as [RestoreTerms, RestoreTerms]
  return sameWritten(was.snapshot) === sameWritten(is.snapshot) && was.contacts?.file === is.contacts?.file
}

function hasMap(run: { readonly journal: Journal; readonly folder: string }, map: ContactMap): boolean {
  try {
    return sameMap(contactMapOf(run), map)
  } catch (error) {
    if (error instanceof OperatorError) return false
    throw error
  }
}
