/**
 * Puts the pieces together for a command: connection, plan, run folder, journal, locks.
 * Guarantees: a command that only reads gets only a reader; a run is bound to the plan that it began with.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { createReader } from '../engage/client.ts'
import { type Connection, connect } from '../engage/connection.ts'
import type { EngageReader } from '../engage/types.ts'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { tenantOf } from '../upgrade/names.ts'
import { type Plan, parsePlan, planDigest } from '../upgrade/plan.ts'
import { holdsHistory } from '../upgrade/status.ts'
import type { Tools } from './command.ts'

/** @throws OperatorError where the base URL may not be used */
export function openConnection(config: Config, tools: Tools): Connection & { readonly reader: EngageReader } {
  const connection = connect({
    baseUrl: config.baseUrl ?? '',
    apiKey: config.apiKey ?? '',
    apiVersion: config.apiVersion,
    userAgent: `${tools.tool.name}/${tools.tool.version}`,
    timeoutMs: config.timeoutMs,
    ratePerSecond: config.rate,
    clock: tools.clock,
    random: tools.random,
    stop: tools.stop,
    onRetry: ({ reason, waitMs }) =>
      tools.output.say(`Engage: ${reason}; asking again in ${Math.ceil(waitMs / 1_000)} s`),
  })
  return { ...connection, reader: createReader(connection) }
}

export interface OpenedRun {
  readonly plan: Plan
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
  if (!existsSync(file)) throw unknownRun(named, config)
  const text = readText(file)
  const plan = parsePlan(text, file)
  const folder = join(runs, plan.run)
  const kept = join(folder, 'plan.json')
  if (existsSync(kept) && planDigest(readText(kept)) !== planDigest(text)) {
    throw new OperatorError({
      what: `${file} is not the plan that run ${plan.run} was begun with.`,
      safe: 'Nothing was changed.',
      next: `Go on with engage-migrate upgrade ${plan.run}, or make a new plan for other wishes.`,
      exit: EXIT.precondition,
    })
  }
  return { plan, digest: planDigest(text), folder }
}

function unknownRun(named: string, config: Config): OperatorError {
  const runs = begunRuns(config)
  return new OperatorError({
    what: `There is no plan file and no run ${named} (runs in ${config.data}: ${runs.join(', ') || 'none'}).`,
    safe: 'Nothing was changed.',
    next: 'Name the path of a plan, or the id of a run as `engage-migrate status` lists them.',
    exit: EXIT.usage,
  })
}

/** Makes the run's folder with its own copy of the plan, where there is none yet. */
export function keepPlan(run: OpenedRun, named: string): void {
  const kept = join(run.folder, 'plan.json')
  if (!existsSync(kept)) writeWhole(kept, readText(named))
}

/** @throws OperatorError (exit 4) where the settings name another tenant than the plan */
export function assertTenant(plan: Plan, config: Config): void {
  const tenant = tenantOf(config.baseUrl ?? '')
  if (tenant === plan.tenant) return
  throw new OperatorError({
    what: `The plan is for ${plan.tenant}, but the base URL leads to ${tenant}.`,
    safe: 'Nothing was sent.',
    next: 'Set ENGAGE_BASE_URL to the tenant of the plan, or make a plan for this tenant.',
    exit: EXIT.precondition,
  })
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

/** @returns the folder under which a schema's snapshots are kept */
export function snapshotsFolder(config: Config, tenant: string, schemaId: string): string {
  return join(resolve(config.data), tenant, schemaId)
}

/** Writes a file whole or not at all (temp, sync, rename), readable by its owner only. */
export function writeWhole(file: string, text: string): void {
  const temp = `${file}.tmp`
  mkdirSync(resolve(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(temp, text, { mode: 0o600 })
  const handle = openSync(temp, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temp, file)
}

/** @throws OperatorError (exit 2) where a file can't be read */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorError({
      what: `${isAbsolute(file) ? file : `./${file}`} can't be read: ${codeOf(error) ?? 'unknown error'}.`,
      safe: 'Nothing was changed.',
      next: 'Give the path of a file that can be read.',
      exit: EXIT.usage,
      cause: error,
    })
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
    journal.events.append('finished', 'plan', { digest, tenant: plan.tenant })
    return
  }
  if (bound['digest'] === digest) return
  throw new OperatorError({
    what: `The plan of run ${plan.run} has been changed since the run began: its signatures are not for this one.`,
    safe: 'Nothing was changed.',
    next: 'Put plan.json in the run folder back as it was, or make a new plan for other wishes.',
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
  tools: Tools,
): void {
  for (const other of begunRuns(config)) {
    if (other === run) continue
    const found = findRun(other, config)
    if (found.plan.tenant !== tenant || found.plan.schemaId !== schemaId) continue
    using journal = openJournal(join(found.folder, 'run.db'), tools.clock, 'read')
    if (!holdsHistory(journal)) continue
    throw new OperatorError({
      what: `Run ${other} has deleted ${schemaId} in ${tenant} and not yet brought its history back.`,
      safe: 'Nothing was changed. The history is in the snapshot of that run.',
      next: `engage-migrate upgrade ${other}`,
      exit: EXIT.precondition,
    })
  }
}

/** @returns the ids of all runs that have been begun, sorted */
export function begunRuns(config: Config): readonly string[] {
  const runs = join(config.data, 'runs')
  if (!existsSync(runs)) return []
  return readdirSync(runs)
    .filter((name) => existsSync(join(runs, name, 'run.db')) && existsSync(join(runs, name, 'plan.json')))
    .sort()
}
