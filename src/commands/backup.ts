/** `backup`: snapshots of one schema or several, made for a schedule. Only reads the tenant. */
import { type BackupOutcome, backUp } from '../backup/backup.ts'
import { assertNoneEncrypted } from '../backup/in-clear.ts'
import { DAMAGED_PARENT } from '../backup/lanes.ts'
import { readConfig } from '../config.ts'
import { EXIT, type ExitCode, type OperatorError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { tenantOf } from '../names.ts'
import { backupLines, backupResult, type ShrunkList, shrunkList } from '../report/backup.ts'
import { jitter, type OutOfTime, withBudget } from '../schedule/budget.ts'
import { s3AddressOf } from '../snapshot/s3-address.ts'
import { countOf } from '../words.ts'
import { report, reportingOf, tenantNamed } from './backup-reporting.ts'
import { BACKUP_FLAGS, contactsInFile, schemasAsked, schemasExcepted, wishesOf } from './backup-request.ts'
import { chooseSchemas, type LeftOut } from './backup-schemas.ts'
import { lockBackups, openWork } from './backup-work.ts'
import { type Args, type Command, durationOf, type Tools, textOf } from './command.ts'
import { contactSourceOf } from './contacts.ts'
import { openConnection } from './open.ts'
import { rootPlace } from './places.ts'
import { toOperatorError } from './trouble.ts'

interface Made {
  /** Lines of the contact list without an id. */
  readonly unreadable: number
  readonly outcomes: readonly BackupOutcome[]
  readonly leftOut: readonly LeftOut[]
  /** Schemas whose list of contacts may be cut off. */
  readonly shrunk: readonly ShrunkList[]
  /** Snapshots that are damaged, and were not followed. */
  readonly damaged: readonly string[]
}

const NOTHING_MADE: Made = { unreadable: 0, outcomes: [], leftOut: [], shrunk: [], damaged: [] }

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
    const reporting = await reportingOf(args, tools)
    const order = await orderOf(args, tools).catch(async (error: unknown) => {
      const { exit } = toOperatorError(error, tools.stop)
      const about = { tenant: tenantNamed(args, tools), asked: undefined }
      await report(reporting, about, [], { exit, began: tools.clock.now() }, tools)
      throw error
    })
    const { config, tenant } = order
    // Before anything is waited for, or told to anybody: what another backup is at work on is its own to tell of.
    using _backups = lockBackups(config, tenant, tools)
    await tools.clock.sleep(jitter(tools.random, order.jitterMs), tools.stop)
    const began = tools.clock.now()
    await reporting.pinger?.start(`backup of ${tenant}`)
    const budget = withBudget(tools.stop, tools.clock, order.maxMs)
    let made = NOTHING_MADE
    let trouble: OperatorError | undefined
    try {
      made = await make(order, { ...tools, stop: budget.stop })
    } catch (error) {
      trouble = budget.isSpent() ? (budget.stop.reason as OutOfTime) : toOperatorError(error, tools.stop)
    } finally {
      budget.dispose()
    }
    const exit = trouble?.exit ?? exitOf(made)
    await report(reporting, order, made.outcomes, { exit, began }, tools)
    if (trouble !== undefined) throw trouble
    for (const line of made.outcomes.flatMap(backupLines)) tools.output.say(line)
    for (const line of notAll(made)) tools.output.say(line)
    tools.output.result({
      state: exit === EXIT.done ? 'done' : 'incomplete',
      snapshots: made.outcomes.map(backupResult),
      unreadable: made.unreadable,
      leftOut: made.leftOut,
      shrunk: made.shrunk,
      damaged: made.damaged,
    })
    return exit
  },
}

/** All that a backup is told, checked before it waits or tells anybody that it begins. */
async function orderOf(args: Args, tools: Tools) {
  const config = readConfig(args, tools.env, true)
  const { reader, baseUrl } = openConnection(config, tools)
  const wishes = wishesOf(args, tools.env)
  const to = textOf(args, 'to')
  if (to !== undefined) s3AddressOf(to)
  return {
    ...{ config, reader, wishes, tenant: tenantOf(baseUrl), asked: schemasAsked(args) },
    except: schemasExcepted(args),
    maxMs: durationOf(args, 'max-duration'),
    jitterMs: durationOf(args, 'jitter') ?? 0,
    contacts: await contactSourceOf(args, tools.clock.now(), 'backup'),
    hot: wishes.hotFile === undefined ? undefined : await contactsInFile(wishes.hotFile),
    to,
  }
}

type Order = Awaited<ReturnType<typeof orderOf>>

function exitOf({ unreadable, outcomes, leftOut, shrunk, damaged }: Made): ExitCode {
  const incomplete = outcomes.some(({ manifest }) => manifest.complete === false)
  return incomplete || unreadable + leftOut.length + shrunk.length + damaged.length > 0
    ? EXIT.differences
    : EXIT.done
}

function notAll({ unreadable, outcomes, leftOut, shrunk, damaged }: Made): readonly string[] {
  const incomplete = outcomes.some(({ manifest }) => manifest.complete === false)
  return [
    ...(incomplete ? ['Contacts could not be read. Next: the same command again, when Engage is well.'] : []),
    ...(unreadable > 0
      ? [
          `${countOf(unreadable, 'line')} of the contact list had no contact id: whose they are is not backed up.`,
        ]
      : []),
    ...leftOut.map(({ schemaId, why }) => `LEFT OUT: ${schemaId}: ${why}`),
    ...shrunk.map(
      ({ schemaId, before, listed }) =>
        `FEWER CONTACTS: ${schemaId}: ${listed} in the list, ${before} in that of the backup before: is the list cut off? Next: look at it, and run the same command again; where it is right, --may-shrink says how many percent may be lacking.`,
    ),
    ...damaged.map((name) => `DAMAGED: ${name}. Next: engage-migrate verify ${name}`),
  ]
}

async function make(order: Order, tools: Tools): Promise<Made> {
  const { config, reader, tenant, asked, wishes, contacts, hot } = order
  // Opened here, since its stop is the budget's.
  const root = await rootPlace(order.to, config, tools.stop)
  using held = new DisposableStack()
  const home = root.at(tenant)
  const { schemaIds, leftOut } = await chooseSchemas(order, { config, reader, home }, held, tools)
  if (wishes.seal === undefined && !wishes.plain) await assertNoneEncrypted(home, schemaIds)
  await using work = await openWork(
    config,
    {
      ...{ tenant, schemaIds: asked ?? null, root: root.name, sinceLatest: wishes.sinceLatest },
      ...{ hotFile: wishes.hotFile ?? null, recipients: wishes.recipients, compression: config.compression },
      fingerprint: wishes.indexKey?.fingerprint ?? null,
    },
    root,
    schemaIds,
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
  const list = work.journal.events.latest('contacts', 'finished')?.detail as JsonObject | undefined
  const unreadable = Number(list?.['unreadable'] ?? 0)
  work.done()
  const shrunk = outcomes.flatMap((outcome) => shrunkList(outcome, wishes.mayShrink) ?? [])
  return { unreadable, outcomes, leftOut, shrunk, damaged }
}
