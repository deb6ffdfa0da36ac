/** `upgrade`: walks a plan's strategy, from where it was, to the next gate or to the end. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { createWriter } from '../engage/client.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { acquireLock } from '../journal/lock.ts'
import type { JsonObject } from '../json.ts'
import { gateLines, tallyLine } from '../report/terminal.ts'
import { passResult } from '../upgrade/passes.ts'
import { beginRollBack } from '../upgrade/roll-back.ts'
import { type RunOutcome, runStrategy } from '../upgrade/runner.ts'
import { FAILURE, strategyOf, verificationOf } from '../upgrade/status.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { type Command, type Tools, textOf } from './command.ts'
import { assertTenant, findRun, keepPlan, type OpenedRun, openConnection, snapshotsFolder } from './open.ts'
import { toOperatorError } from './trouble.ts'

export const upgrade: Command = {
  usage: 'upgrade <plan>',
  describe: 'carry out a plan, or go on with a run; stops at each gate',
  positionals: { plan: 'path of a plan, or id of a run' },
  flags: {
    'dry-run': { type: 'boolean', describe: 'export and report only: nothing is changed in the tenant' },
    'roll-back': { type: 'boolean', describe: 'recreate the old schema as it was, with its history' },
  },
  async run(args, tools) {
    const config = readConfig(args, tools.env, true)
    const named = textOf(args, 'plan') ?? ''
    const run = findRun(named, config)
    assertTenant(run.plan, config)
    const connection = openConnection(config, tools)
    mkdirSync(run.folder, { recursive: true, mode: 0o700 })
    using _run = acquireLock(join(run.folder, 'lock'), `run ${run.plan.run}`, tools.clock)
    const snapshots = snapshotsFolder(config, run.plan.tenant, run.plan.schemaId)
    using _schema = acquireLock(
      join(snapshots, 'lock'),
      `schema ${run.plan.schemaId} of ${run.plan.tenant}`,
      tools.clock,
    )
    keepPlan(run, named)
    using journal = openJournal(join(run.folder, 'run.db'), tools.clock)
    const context: ReadContext = {
      plan: run.plan,
      folder: run.folder,
      snapshots,
      journal,
      reader: connection.reader,
      clock: tools.clock,
      settings: { ...config, ratePerSecond: config.rate },
      tool: tools.tool,
      stop: tools.stop,
      progress: (report) => tools.output.progress(report),
      say: (text) => {
        tools.output.say(text)
        log(run, tools, text)
      },
    }
    const writer = args['dry-run'] === true ? undefined : createWriter(connection)
    try {
      if (args['roll-back'] === true) await beginRollBack(context)
      const outcome = await runStrategy(strategyOf(journal), context, writer)
      return conclude(outcome, context, tools)
    } catch (error) {
      const told = toOperatorError(error, tools.stop)
      log(run, tools, `failed: ${told.message}`)
      if (told.exit !== EXIT.interrupted)
        journal.events.append('note', FAILURE, { what: told.message, exit: told.exit })
      tools.output.error(told)
      if (args['debug'] === true && error instanceof Error) tools.output.say(String(error.stack))
      tools.output.result({
        run: run.plan.run,
        state: told.exit === EXIT.interrupted ? 'interrupted' : 'failed',
        gate: null,
        verification: verificationOf(journal),
        error: { what: told.message, safe: told.safe ?? null, next: told.next ?? null, exit: told.exit },
      })
      return told.exit
    }
  },
}

function conclude(outcome: RunOutcome, context: ReadContext, { output }: Tools): ExitCode {
  const { journal, plan } = context
  const verification = verificationOf(journal)
  const base = { run: plan.run, verification }
  if (outcome.state === 'waiting') {
    for (const line of gateLines(plan.run, outcome.gate, outcome.request, plan.schemaId)) output.say(line)
    output.result({ ...base, state: 'waiting', gate: outcome.gate })
    return EXIT.waiting
  }
  if (outcome.state === 'dry-run-ends') {
    for (const line of dryRunLines(context)) output.say(line)
    output.result({ ...base, state: 'done', gate: null, dryRun: true })
    return EXIT.done
  }
  for (const line of doneLines(context)) output.say(line)
  output.result({ ...base, state: 'done', gate: null })
  // Refused interactions are in the snapshot and not in the tenant: the exit code says so.
  return (verification?.rejected ?? 0) > 0 ? EXIT.differences : EXIT.done
}

function dryRunLines(context: ReadContext): readonly string[] {
  const base = passResult(context, 'base-pass')
  const { plan } = context
  return [
    'Dry run: nothing was changed in the tenant.',
    `The deletion would take ${base.interactions} interactions of ${base.contactsWithHistory} contacts, out of ${base.contacts} read`,
    `(${base.gone} gone). They are in ${base.folder}, proven byte by byte.`,
    ...base.coverage.statements,
    `What changes in ${plan.schemaId}:`,
    ...plan.changes.map((text) => `  ${text}`),
    `Next: engage-migrate upgrade ${plan.run}`,
  ]
}

function doneLines(context: ReadContext): readonly string[] {
  const { journal, plan } = context
  const tally = verificationOf(journal)
  const signature = journal.events.latest('automations-paused', 'signed')?.detail as JsonObject | undefined
  return [
    `Done: ${plan.schemaId} in ${plan.tenant}.`,
    ...(tally === null ? [] : [tallyLine(tally)]),
    'Now let the producers start again, and resume the automations that were paused:',
    ...plan.automations.map((name) => `  ${name}`),
    ...(typeof signature?.['note'] === 'string' && signature['note'] !== ''
      ? [`  as noted: ${signature['note']}`]
      : []),
    `Old and new ids: ${join(context.folder, 'id-map.ndjson')}`,
  ]
}

function log({ folder }: OpenedRun, { clock }: Tools, text: string): void {
  const line = JSON.stringify({ at: new Date(clock.now()).toISOString(), text })
  appendFileSync(join(folder, 'log.ndjson'), `${line}\n`, { mode: 0o600 })
}
