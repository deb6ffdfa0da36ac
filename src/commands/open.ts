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
import { tenantOf } from '../upgrade/names.ts'
import { type Plan, parsePlan, planDigest } from '../upgrade/plan.ts'
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
      next: 'Give the path of a file that is there (for a run: its id, as `engage-migrate status` lists it).',
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
