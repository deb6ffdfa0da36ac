/** `backup`: snapshots of one schema or several, made for a schedule. Only reads the tenant. */
import { join } from 'node:path'
import { type BackupOutcome, backUp } from '../backup/backup.ts'
import { DAMAGED_PARENT } from '../backup/lanes.ts'
import { type Config, readConfig } from '../config.ts'
import { EXIT, type ExitCode, messageOf, OperatorError } from '../errors.ts'
import { acquireLock } from '../journal/lock.ts'
import { tenantOf } from '../names.ts'
import { backupLine, backupResult } from '../report/backup.ts'
import { jitter, type OutOfTime, withBudget } from '../schedule/budget.ts'
import { metricsText, type SnapshotFacts } from '../schedule/metrics.ts'
import { checkMetricsFile, readMetrics, writeMetrics } from '../schedule/metrics-file.ts'
import { createPinger } from '../schedule/ping.ts'
import { BACKUP_FLAGS, durationOf, hotContacts, schemasAsked, wishesOf } from './backup-request.ts'
import { lockBackups, openWork } from './backup-work.ts'
import { type Args, type Command, listOf, type Tools, textOf } from './command.ts'
import { contactSourceOf } from './contacts.ts'
import { openConnection } from './open.ts'
import { rootPlace } from './places.ts'
import { assertNoOtherRun } from './runs.ts'
import { toOperatorError } from './trouble.ts'

/** A schema that `--all` leaves out, since an upgrade works on it. */
interface LeftOut {
  readonly schemaId: string
  readonly why: string
}

interface Made {
  readonly outcomes: readonly BackupOutcome[]
  readonly leftOut: readonly LeftOut[]
  /** Snapshots that are damaged, and were not followed. */
  readonly damaged: readonly string[]
}

export const backup: Command = {
  usage: 'backup [schemaIds..]',
  describe: 'write a snapshot of each schema, in one pass over the contacts; changes nothing in the tenant',
  positionals: { schemaIds: 'ids of the schemas' },
  flags: BACKUP_FLAGS,
  settings: [
    ...(['baseUrl', 'apiKeyFile', 'apiVersion', 'data', 'rate', 'concurrency', 'timeoutMs'] as const),
    ...(['contactsPerPart', 'compression'] as const),
  ],
  interrupted: 'The tenant was only read. What was read so far is kept, and gone on with.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, true)
    const metricsFile = textOf(args, 'metrics-file')
    if (metricsFile !== undefined) await checkMetricsFile(metricsFile)
    const pingUrl = textOf(args, 'ping-url')
    const pinger =
      pingUrl === undefined
        ? undefined
        : createPinger(pingUrl, { clock: tools.clock, say: (text) => tools.output.say(text) })
    const maxMs = durationOf(args, 'max-duration')
    await tools.clock.sleep(jitter(tools.random, durationOf(args, 'jitter') ?? 0), tools.stop)
    const began = tools.clock.now()
    const tenant = tenantOf(config.baseUrl ?? '')
    await pinger?.start(`backup of ${tenant}`)
    const budget = withBudget(tools.stop, tools.clock, maxMs)
    let made: Made = { outcomes: [], leftOut: [], damaged: [] }
    let trouble: OperatorError | undefined
    try {
      made = await make(args, config, { ...tools, stop: budget.stop })
    } catch (error) {
      trouble = budget.isSpent() ? (budget.stop.reason as OutOfTime) : toOperatorError(error, tools.stop)
    } finally {
      budget.dispose()
    }
    const exit = trouble?.exit ?? exitOf(made)
    if (metricsFile !== undefined) await keepMetrics(metricsFile, args, { made, tenant, exit, began }, tools)
    const told = trouble?.message ?? made.outcomes.map(backupLine).join('\n')
    if (exit === EXIT.done) await pinger?.success(told)
    else await pinger?.fail(`exit ${exit}: ${told}`)
    if (trouble !== undefined) throw trouble
    for (const each of made.outcomes) tools.output.say(backupLine(each))
    for (const { schemaId, why } of made.leftOut) tools.output.say(`LEFT OUT: ${schemaId}: ${why}`)
    if (exit !== EXIT.done) tools.output.say(notAll(made))
    tools.output.result({
      state: exit === EXIT.done ? 'done' : 'incomplete',
      snapshots: made.outcomes.map(backupResult),
      leftOut: made.leftOut,
      damaged: made.damaged,
    })
    return exit
  },
}

function exitOf({ outcomes, leftOut, damaged }: Made): ExitCode {
  const incomplete = outcomes.some(({ manifest }) => manifest.complete === false)
  return incomplete || leftOut.length + damaged.length > 0 ? EXIT.differences : EXIT.done
}

function notAll({ outcomes, leftOut, damaged }: Made): string {
  const lines = [
    ...(outcomes.some(({ manifest }) => manifest.complete === false)
      ? ['Contacts could not be read: run the same command again, when Engage is well.']
      : []),
    ...(leftOut.length > 0
      ? ['Schemas were left out: finish the upgrade, then run the same command again.']
      : []),
    ...damaged.map((name) => `Damaged: ${name}. Next: engage-migrate verify ${name}`),
  ]
  return lines.join('\n')
}

async function make(args: Args, config: Config, tools: Tools): Promise<Made> {
  const asked = schemasAsked(args)
  const wishes = wishesOf(args, tools.env)
  const contacts = await contactSourceOf(args, tools.clock.now(), 'backup')
  const hot = await hotContacts(wishes.hotFile)
  const root = await rootPlace(textOf(args, 'to'), config, tools.stop)
  const { reader, baseUrl } = openConnection(config, tools)
  const tenant = tenantOf(baseUrl)
  using _backups = lockBackups(config, tenant, tools)
  const listed = asked ?? (await reader.listSchemas(tools.stop)).map(({ id }) => id)
  using held = new DisposableStack()
  const leftOut: LeftOut[] = []
  const schemaIds: string[] = []
  for (const schemaId of listed) {
    try {
      held.use(
        acquireLock(
          join(config.data, tenant, schemaId, 'lock'),
          `schema ${schemaId} of ${tenant}`,
          tools.clock,
        ),
      )
      assertNoOtherRun(config, { tenant, schemaId }, tools)
      schemaIds.push(schemaId)
    } catch (error) {
      if (asked !== undefined || !(error instanceof OperatorError)) throw error
      leftOut.push({ schemaId, why: error.message })
    }
  }
  await using work = await openWork(
    config,
    {
      ...{ tenant, schemaIds: asked ?? null, root: root.name, sinceLatest: wishes.sinceLatest },
      ...{ hotFile: wishes.hotFile ?? null, recipients: wishes.recipients, compression: config.compression },
      fingerprint: wishes.indexKey?.fingerprint ?? null,
    },
    root,
    tools,
  )
  if (work.since !== undefined)
    tools.output.say(
      `Going on with the backup that was begun on ${new Date(work.since).toISOString()}, with its list of contacts.`,
    )
  const outcomes = await backUp(
    { tenant, schemaIds, contacts, hot, ...wishes, compression: config.compression },
    {
      ...{ reader, root, clock: tools.clock, journal: work.journal, spool: work.spool, tool: tools.tool },
      ...{ concurrency: config.concurrency, contactsPerPart: config.contactsPerPart, stop: tools.stop },
      progress: (report) => tools.output.progress(report),
      say: (text) => tools.output.say(text),
    },
  )
  const damaged = work.journal.events
    .all()
    .filter(({ name }) => name === DAMAGED_PARENT)
    .map(({ detail }) => String((detail as { readonly snapshot?: string }).snapshot))
  work.done()
  return { outcomes, leftOut, damaged }
}

async function keepMetrics(
  file: string,
  args: Args,
  { made, tenant, exit, began }: { made: Made; tenant: string; exit: ExitCode; began: number },
  { clock, output }: Tools,
): Promise<void> {
  const named = args['all'] === true ? [] : listOf(args, 'schemaIds')
  const schemas = new Map<string, SnapshotFacts | undefined>(named.map((id) => [id, undefined]))
  for (const { schemaId, manifest, bytes } of made.outcomes) {
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
    await writeMetrics(
      file,
      metricsText({ tenant, at, durationMs: at - began, exit, schemas }, await readMetrics(file)),
    )
  } catch (error) {
    // The backup is none the worse for it.
    output.say(`The metrics could not be written: ${messageOf(error)}`)
  }
}
