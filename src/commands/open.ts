/**
 * Puts the pieces together for a command: the connection, and the folders and files it is about.
 * Guarantees: a command that only reads gets only a reader; a file that is written is whole or not there.
 */
import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { createReader } from '../engage/client.ts'
import { type Connection, connect } from '../engage/connection.ts'
import type { EngageReader } from '../engage/types.ts'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { tenantOf } from '../names.ts'
import { makeFolder, writeWhole as writeInFolder } from '../snapshot/durable.ts'
import type { Plan } from '../upgrade/plan.ts'
import type { Tools } from './command.ts'
import { retryNotices } from './retries.ts'

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
    ...(tools.network && { network: tools.network }),
    onRetry: retryNotices(tools),
  })
  return { ...connection, reader: createReader(connection) }
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

/** @returns bytes that are free on the disk of a folder, which need not be there yet; undefined where nobody can tell */
export async function freeSpace(folder: string): Promise<number | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch {
      if (at === dirname(at)) return undefined
    }
  }
}

/** @throws OperatorError (exit 2) where a file can't be read */
export function readText(file: string): string {
  return readBytes(file).toString('utf8')
}

/** @throws OperatorError (exit 2) where a file can't be read */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
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

/** Writes a file whole or not at all, durably, readable by its owner only; its folder is made. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await makeFolder(dirname(file))
  await writeInFolder(dirname(file), basename(file), Buffer.from(text))
}
