/**
 * Who is told how a backup ended: a cron monitor, and a file of metrics.
 * Guarantees: one that could not begin is told, too; neither ever fails a backup, and neither gets anything of a person.
 */
import type { BackupOutcome } from '../backup/backup.ts'
import { readConfig } from '../config.ts'
import { EXIT, type ExitCode, messageOf } from '../errors.ts'
import { tenantOf } from '../names.ts'
import { countsOf } from '../report/backup.ts'
import { metricsText, type SnapshotFacts } from '../schedule/metrics.ts'
import { checkMetricsFile, readMetrics, writeMetrics } from '../schedule/metrics-file.ts'
import { createPinger, type Pinger } from '../schedule/ping.ts'
import { type Args, type Tools, textOf } from './command.ts'

/** Who is told how it ended, a backup that could not begin as well. */
export interface Reporting {
  readonly pinger: Pinger | undefined
  readonly metricsFile: string | undefined
}

/** @throws OperatorError (exit 2) where the address or the file can't be used */
export async function reportingOf(args: Args, { env, clock, output }: Tools): Promise<Reporting> {
  const metricsFile = textOf(args, 'metrics-file')
  if (metricsFile !== undefined) await checkMetricsFile(metricsFile)
  const url = textOf(args, 'ping-url') ?? env['ENGAGE_MIGRATE_PING_URL']?.trim() ?? ''
  const say = (text: string): void => output.say(text)
  return { metricsFile, pinger: url === '' ? undefined : createPinger(url, { clock, say }) }
}

/** @returns the tenant, as far as the settings name one */
export function tenantNamed(args: Args, { env }: Pick<Tools, 'env'>): string | undefined {
  try {
    return tenantOf(readConfig(args, env, false).baseUrl ?? '')
  } catch {
    return undefined
  }
}

/**
 * Tells both; to be called once, however it ended.
 * @param about the schemas that were asked for are undefined where all were, or where it did not come so far
 * @param outcomes what was made, if anything
 * @param end when it began, in milliseconds since the epoch, and its exit code
 */
export async function report(
  { pinger, metricsFile }: Reporting,
  { tenant, asked }: { readonly tenant: string | undefined; readonly asked: readonly string[] | undefined },
  outcomes: readonly BackupOutcome[],
  { exit, began }: { readonly exit: ExitCode; readonly began: number },
  tools: Tools,
): Promise<void> {
  if (metricsFile !== undefined && tenant !== undefined)
    await keepMetrics(metricsFile, { tenant, asked }, outcomes, { exit, began }, tools)
  // A message may name a contact: a monitor gets counts and the exit code.
  if (exit === EXIT.done) await pinger?.success(outcomes.map(countsOf).join('\n'))
  else await pinger?.fail([`exit ${exit}`, ...outcomes.map(countsOf)].join('\n'))
}

async function keepMetrics(
  file: string,
  { tenant, asked }: { readonly tenant: string; readonly asked: readonly string[] | undefined },
  outcomes: readonly BackupOutcome[],
  { exit, began }: { readonly exit: ExitCode; readonly began: number },
  { clock, output }: Tools,
): Promise<void> {
  const schemas = new Map<string, SnapshotFacts | undefined>((asked ?? []).map((id) => [id, undefined]))
  for (const { schemaId, manifest, bytes } of outcomes) {
    schemas.set(schemaId, {
      createdAt: Date.parse(manifest.startedAt),
      complete: manifest.complete !== false,
      contacts: manifest.contacts,
      interactions: manifest.interactions.records,
      bytes,
    })
  }
  const at = clock.now()
  try {
    const run = { tenant, at, durationMs: at - began, exit, schemas }
    await writeMetrics(file, metricsText(run, await readMetrics(file)))
  } catch (error) {
    // The backup is none the worse for it.
    output.say(`The metrics could not be written: ${messageOf(error)}`)
  }
}
