/**
 * Runs in the data folder: found by id or by plan, bound to the plan that they began with, kept apart.
 * Guarantees: a run goes on only with the very plan that it began with; no two runs hold one schema's history at once.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { type JsonObject, parseJson } from '../json.ts'
import { isRestore } from '../upgrade/history.ts'
import { type Plan, parsePlan, planDigest } from '../upgrade/plan.ts'
import { holdsHistory } from '../upgrade/status.ts'
import type { Tools } from './command.ts'
import { readText, writeWhole } from './open.ts'

export interface OpenedRun {
  readonly plan: Plan
  /** As it stands in the file, and its digest. */
  readonly text: string
  readonly digest: string
  /** Folder of the run; it need not exist yet. */
  readonly folder: string
}

/**
 * @param named path of a plan, or the id of a run
 * @throws OperatorError where there is neither, or where the run was begun with another plan
 */
export function findRun(named: string, config: Config): OpenedRun {
  const runs = join(config.data, 'runs')
  const asRun = /^[A-Za-z0-9_-]+$/.test(named) ? join(runs, named, 'plan.json') : undefined
  const file = asRun !== undefined && existsSync(asRun) ? asRun : named
  if (!existsSync(file)) {
    throw new OperatorError({
      what: `There is no run ${named} in ${runs}, nor a plan file of that name.`,
      safe: 'Nothing was changed.',
      next: 'engage-migrate status   (lists the runs)',
      exit: EXIT.usage,
    })
  }
  const text = readText(file)
  const plan = parsePlan(text, file)
  const folder = join(runs, plan.run)
  const kept = join(folder, 'plan.json')
  if (existsSync(kept) && planDigest(readText(kept)) !== planDigest(text)) {
    throw new OperatorError({
      what: `${file} is not the plan that run ${plan.run} was begun with.`,
      safe: 'Nothing was changed.',
      next: `Go on with engage-migrate upgrade ${plan.run}, or make a new plan for other wishes: engage-migrate plan ${plan.schemaId} …`,
      exit: EXIT.precondition,
    })
  }
  return { plan, text, digest: planDigest(text), folder }
}

/** Makes the run's folder with its own copy of the plan, where there is none yet. */
export async function keepPlan({ folder, text }: OpenedRun): Promise<void> {
  const kept = join(folder, 'plan.json')
  if (!existsSync(kept)) await writeWhole(kept, text)
}

/**
 * A plan that a run was begun with is not overwritten by another.
 * @throws OperatorError (exit 4) naming the run
 */
export function assertPlanUnused(file: string, config: Config): void {
  if (!existsSync(file)) return
  const run = runOf(file)
  if (run === undefined || !existsSync(join(config.data, 'runs', run, 'run.db'))) return
  throw new OperatorError({
    what: `${file} is the plan of run ${run}, which has been begun.`,
    safe: 'Nothing was changed.',
    next: 'Choose another file with --out.',
    exit: EXIT.precondition,
  })
}

function runOf(file: string): string | undefined {
  try {
    return parsePlan(readText(file), file).run
  } catch {
    // Whatever else it is, it is no plan that a run depends on.
    return undefined
  }
}

/** @throws OperatorError (exit 4) where a run has a plan, but has not been begun */
export function assertBegun(folder: string, run: string): void {
  if (existsSync(join(folder, 'run.db'))) return
  throw new OperatorError({
    what: `Run ${run} has not been begun.`,
    safe: 'Nothing was changed.',
    next: `engage-migrate upgrade ${run}`,
    exit: EXIT.precondition,
  })
}

/**
 * Binds a run to the plan that it began with, by its digest.
 * @throws OperatorError (exit 4) where the plan in the run's folder is another one now
 */
export function bindToPlan(journal: Journal, { plan, digest }: OpenedRun): void {
  const bound = journal.events.latest('plan', 'finished')?.detail as JsonObject | undefined
  if (bound === undefined) {
    const { tenant, schemaId, strategy, history } = plan
    journal.events.append('finished', 'plan', {
      ...{ digest, tenant, schemaId, strategy },
      ...(history && { history: history.snapshot }),
    })
    return
  }
  if (bound['digest'] === digest) return
  throw new OperatorError({
    what: `The plan of run ${plan.run} has been changed since the run began: its signatures are not for this one.`,
    safe: 'Nothing was changed.',
    next: `Put plan.json in the run folder back as it was, or make a new plan for other wishes: engage-migrate plan ${plan.schemaId} …`,
    exit: EXIT.precondition,
  })
}

/**
 * Another run that has taken the same schema's history out of the tenant, and not yet brought it back, must end first:
 * what a second one would export is not the history.
 * @param plan the run that wants to go on; for a new plan, what it is about
 * @throws OperatorError (exit 4) naming that run
 */
export function assertNoOtherRun(
  config: Config,
  { tenant, schemaId, run }: Pick<Plan, 'tenant' | 'schemaId'> & { readonly run?: string },
  tools: Pick<Tools, 'clock'>,
): void {
  for (const other of begunRuns(config)) {
    if (other === run) continue
    if (!holdsHistoryOf(join(config.data, 'runs', other), tenant, schemaId, tools)) continue
    throw new OperatorError({
      what: `Run ${other} has deleted ${schemaId} in ${tenant} and not yet brought its history back.`,
      safe: 'Nothing was changed. The history is in the snapshot of that run.',
      next: `engage-migrate upgrade ${other}`,
      exit: EXIT.precondition,
    })
  }
}

/**
 * A run that has ended is taken up again only while no later one has taken its place: what that one has imported carries
 * other ids than this one knows.
 * @throws OperatorError (exit 4) naming the later run
 */
export function assertLatestRun(
  config: Config,
  { tenant, schemaId, run }: Pick<Plan, 'tenant' | 'schemaId' | 'run'>,
  journal: Pick<Journal, 'events'>,
  tools: Pick<Tools, 'clock'>,
): void {
  const began = isRestore(journal)
    ? journal.events.latest('plan', 'finished')
    : journal.events.latest('deletion', 'intent')
  const since = began?.at ?? 0
  for (const other of begunRuns(config)) {
    if (other === run) continue
    const folder = join(config.data, 'runs', other)
    if (!isAbout(folder, tenant, schemaId)) continue
    using theirs = openJournal(join(folder, 'run.db'), tools.clock, 'read')
    if ((theirs.events.latest('deletion', 'intent')?.at ?? 0) <= since) continue
    throw new OperatorError({
      what: `Run ${other} has upgraded ${schemaId} in ${tenant} after run ${run}: what ${run} was refused can't be tried once more.`,
      safe: 'Nothing was changed.',
      next: `Take ${other} up instead, or read rejected.ndjson in the folder of ${run}.`,
      exit: EXIT.precondition,
    })
  }
}

/** @returns the ids of all runs that have been begun, sorted */
export function begunRuns({ data }: Pick<Config, 'data'>): readonly string[] {
  const runs = join(data, 'runs')
  if (!existsSync(runs)) return []
  return readdirSync(runs)
    .filter((name) => existsSync(join(runs, name, 'run.db')) && existsSync(join(runs, name, 'plan.json')))
    .sort()
}

/** @throws OperatorError where the run is about that schema, and its journal can't be read */
function holdsHistoryOf(
  folder: string,
  tenant: string,
  schemaId: string,
  tools: Pick<Tools, 'clock'>,
): boolean {
  try {
    using journal = openJournal(join(folder, 'run.db'), tools.clock, 'read')
    const about = journal.events.latest('plan', 'finished')?.detail as JsonObject | undefined
    return about?.['tenant'] === tenant && about['schemaId'] === schemaId && holdsHistory(journal)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    if (error.exit === EXIT.usage || !isAbout(folder, tenant, schemaId)) return false
    throw error
  }
}

/**
 * Where a journal can't be read, the plan beside it says what the run is about.
 * @returns whether the run in a folder may be about that schema: also where the plan can't be read either
 */
export function isAbout(folder: string, tenant: string, schemaId: string): boolean {
  try {
    const plan = parseJson(readText(join(folder, 'plan.json'))) as JsonObject
    return plan['tenant'] === tenant && plan['schemaId'] === schemaId
  } catch {
    return true
  }
}
