/** `upgrade`: walks a plan's strategy, from where it was, to the next gate or to the end. */

import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { readContactMap } from '../contacts/map.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { gateLines, tallyLine } from '../report/terminal.ts'
import type { Tally } from '../transfer/compare.ts'
import type { Evidence } from '../transfer/evidence.ts'
import { rollBack } from '../upgrade/in-place.ts'
import { BACK } from '../upgrade/lot.ts'
import { passFolder, passResult } from '../upgrade/pass.ts'
import { giveContactMap, retryRefused } from '../upgrade/reopening.ts'
import { assertRollBack } from '../upgrade/roll-back.ts'
import { isDone, type RunOutcome, runStrategy } from '../upgrade/runner.ts'
import { mayDeleteLate } from '../upgrade/schema-effects.ts'
import { DRY_RUN, FAILURE, lotOf, SUCCESS, strategyOf, verificationOf } from '../upgrade/status.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { countOf } from '../words.ts'
import { type Args, type Command, type Tools, textOf } from './command.ts'
import { type HeldRun, holdRun, log } from './holding.ts'
import { assertTenant } from './open.ts'
import { assertLatestRun, findRun } from './runs.ts'
import { errorResult, toOperatorError } from './trouble.ts'

export const upgrade: Command = {
  usage: 'upgrade <plan>',
  describe: 'carry out a plan, or go on with a run; stops at each gate',
  positionals: { plan: 'path of a plan, or id of a run' },
  flags: {
    'dry-run': { type: 'boolean', describe: 'export and report only: nothing is changed in the tenant' },
    'roll-back': { type: 'boolean', describe: 'recreate the old schema as it was, with its history' },
    'contact-map': {
      type: 'string',
      describe: 'CSV of contacts that were merged or came back: old contact id, new contact id',
    },
    'retry-refused': {
      type: 'boolean',
      describe: 'try once more what a run that has ended was refused',
    },
    'break-lock': {
      type: 'boolean',
      describe: 'take the run from a process that is provably dead (its lock stays on some file servers)',
    },
  },
  async run(args, tools) {
    const told = { run: null as string | null, verification: null as Tally | null }
    try {
      if (args['dry-run'] === true && args['roll-back'] === true) throw contradiction()
      const map = textOf(args, 'contact-map')
      if (args['dry-run'] === true && (map !== undefined || args['retry-refused'] === true))
        throw nothingToRetry()
      // What makes no sense is said before anything of a run is begun.
      if (map !== undefined) await readContactMap(map)
      const config = readConfig(args, tools.env, true)
      const run = findRun(textOf(args, 'plan') ?? '', config)
      told.run = run.plan.run
      assertTenant(run.plan, config)
      const work = async (held: HeldRun): Promise<ExitCode> => {
        const way = { begun: false }
        try {
          await takeUp(held.context, config, args, tools)
          way.begun = true
          return await goOn(held, args, tools)
        } catch (error) {
          told.verification = verificationOf(held.context.journal)
          const trouble = toOperatorError(error, tools.stop)
          // What was refused before anything was begun says nothing of the run: it is where it was.
          if (way.begun || !isRefusal(trouble)) keepFailure(trouble, held.context)
          else log(held.context.folder, tools, `refused: ${trouble.message}`)
          throw error
        }
      }
      return await holdRun(run, config, tools, work, args['break-lock'] === true)
    } catch (error) {
      const trouble = toOperatorError(error, tools.stop)
      tools.output.error(trouble)
      if (args['debug'] === true && error instanceof Error) tools.output.say(String(error.stack))
      const state = trouble.exit === EXIT.interrupted ? 'interrupted' : 'failed'
      tools.output.result({ ...told, state, gate: null, error: errorResult(trouble) })
      return trouble.exit
    }
  },
}

/** Looks whether what is asked for can be done, and takes up a run that has ended where that is asked for. */
async function takeUp(context: ReadContext, config: Config, args: Args, tools: Tools): Promise<void> {
  const { journal, plan } = context
  const back = args['roll-back'] === true
  if (back) assertRollBack(context)
  const map = textOf(args, 'contact-map')
  const lot = back ? BACK : lotOf(journal)
  if (map !== undefined || args['retry-refused'] === true) assertLatestRun(config, plan, journal, tools)
  if (map !== undefined) await giveContactMap(context, lot, map)
  else if (args['retry-refused'] === true) await retryRefused(context, lot)
}

async function goOn({ context, writer }: HeldRun, args: Args, tools: Tools): Promise<ExitCode> {
  const outcome = await runStrategy(
    args['roll-back'] === true ? rollBack : strategyOf(context.journal),
    context,
    args['dry-run'] === true ? undefined : writer,
  )
  return conclude(outcome, context, tools)
}

/** @returns whether a command was turned down for what it asks, or for how things stand: it has changed nothing then */
function isRefusal({ exit }: OperatorError): boolean {
  return exit === EXIT.usage || exit === EXIT.precondition
}

/** Where `status` and the evidence find it. */
function keepFailure(trouble: OperatorError, { folder, journal, clock }: ReadContext): void {
  const { message, next, exit } = trouble
  log(folder, { clock }, exit === EXIT.interrupted ? 'interrupted' : `failed: ${message}`)
  if (exit === EXIT.interrupted) return
  try {
    journal.events.append('note', FAILURE, { what: message, next: next ?? null, exit })
  } catch {
    // A disk that is full keeps this out of the journal; the failure itself is what the operator must hear of.
  }
}

function contradiction(): OperatorError {
  return new OperatorError({
    what: '--dry-run and --roll-back do not go together: the way back begins with a signature, not with reading.',
    safe: 'Nothing was changed.',
    next: 'Leave one of them out.',
    exit: EXIT.usage,
  })
}

function nothingToRetry(): OperatorError {
  return new OperatorError({
    what: '--dry-run only reads: it does not go together with --contact-map or --retry-refused.',
    safe: 'Nothing was changed.',
    next: 'Leave one of them out.',
    exit: EXIT.usage,
  })
}

function conclude(outcome: RunOutcome, context: ReadContext, tools: Tools): ExitCode {
  const { output } = tools
  const { journal, plan } = context
  const verification = verificationOf(journal)
  const base = { run: plan.run, verification }
  if (outcome.state === 'waiting') {
    log(context.folder, tools, `waits at the gate ${outcome.gate}`)
    for (const line of gateLines(plan.run, outcome.gate, outcome.request)) output.say(line)
    output.result({ ...base, state: 'waiting', gate: outcome.gate })
    return EXIT.waiting
  }
  if (outcome.state === 'dry-run-ends') {
    journal.events.append('note', DRY_RUN, { before: outcome.before })
    for (const line of dryRunLines(context)) output.say(line)
    output.result({ ...base, state: 'done', gate: null, dryRun: true })
    return EXIT.done
  }
  // An earlier failure, where nothing was left to do since, is over: `status` goes by the last event.
  if (journal.events.all().at(-1)?.name === FAILURE) journal.events.append('note', SUCCESS)
  for (const line of doneLines(context)) output.say(line)
  output.result({ ...base, state: 'done', gate: null })
  // Refused interactions are in the snapshot and not in the tenant, those of contacts that went before the deletion never
  // came to an import, altered ones are not as they were, and what is there too often by somebody else's doing is left as
  // it is: the exit code says so.
  const { rejected = 0, altered = 0, foreign = 0 } = verification ?? {}
  return rejected + altered + foreign + leftBehind(context) > 0 ? EXIT.differences : EXIT.done
}

function dryRunLines(context: ReadContext): readonly string[] {
  const { plan, journal } = context
  const name = isDone(journal, { name: 'final-pass' }) ? 'final-pass' : 'base-pass'
  const pass = passResult(context, name)
  const when = journal.events.latest(name, 'finished')?.at ?? 0
  return [
    'Dry run: nothing was changed in the tenant.',
    `As of the ${name.replace('-', ' ')} of ${new Date(when).toISOString()}, the deletion would take ${countOf(pass.interactions, 'interaction')} of ${countOf(pass.contactsWithHistory, 'contact')}, out of ${countOf(pass.contacts, 'contact')} in the list (${pass.gone} gone). What it would take is in this snapshot, proven byte by byte:`,
    `  ${passFolder(context, name)}`,
    ...pass.coverage.statements,
    `What changes in ${plan.schemaId}:`,
    ...plan.changes.map((text) => `  ${text}`),
    `Next: engage-migrate upgrade ${plan.run}`,
  ]
}

function doneLines(context: ReadContext): readonly string[] {
  const { journal, plan } = context
  const tally = verificationOf(journal)
  const signature = journal.events.latest('automations-paused', 'signed')?.detail as JsonObject | undefined
  const note = typeof signature?.['note'] === 'string' ? signature['note'] : ''
  const back = lotOf(journal) === BACK
  return [
    back
      ? `Done: ${plan.schemaId} in ${plan.tenant} is the old schema again, as it was before, with its history.`
      : `Done: ${plan.schemaId} in ${plan.tenant} is the new schema, with its history.`,
    ...(tally === null ? [] : [tallyLine(tally)]),
    'Now let the producers start again, and resume the automations that were paused' +
      (plan.automations.length === 0 && note === '' ? '; nobody has named them.' : ':'),
    ...plan.automations.map((name) => `  ${name}`),
    ...(note === '' ? [] : [`  as noted: ${note}`]),
    `Old and new ids: ${join(context.folder, 'id-map.ndjson')}`,
    ...lateDeletionLines(context),
    ...goneLines(context),
    ...refusedLines(context, tally?.rejected ?? 0),
  ]
}

function lateDeletionLines({ journal, plan }: ReadContext): readonly string[] {
  if (!mayDeleteLate(journal, plan.schemaId)) return []
  return [
    'Engage did not carry out the first attempt to delete the schema, so that it was sent again. Where the first one arrives late, it takes the new schema with it: look again in an hour, and on another day, and keep the snapshot:',
    `  engage-migrate verify ${plan.run} --live`,
  ]
}

/** @returns how many interactions went with contacts that were gone before the deletion */
function leftBehind({ journal }: ReadContext): number {
  const name = lotOf(journal) === BACK ? 'roll-back-evidence' : 'evidence'
  const evidence = journal.events.latest(name, 'finished')?.detail as unknown as Evidence | undefined
  return evidence?.left ?? 0
}

function goneLines(context: ReadContext): readonly string[] {
  const left = leftBehind(context)
  if (left === 0) return []
  return [
    `Left behind, since their contacts were deleted before the schema was: ${countOf(left, 'interaction')}, in ${join(context.folder, 'rejected.ndjson')}`,
    'They are as the base pass saw them. Neither --retry-refused nor --contact-map imports them.',
  ]
}

function refusedLines({ folder, plan }: ReadContext, rejected: number): readonly string[] {
  if (rejected === 0) return []
  return [
    `Refused interactions, each with the reason: ${join(folder, 'rejected.ndjson')}`,
    'Where their contacts are there again, or under other ids, they can be tried once more:',
    `  engage-migrate upgrade ${plan.run} --retry-refused`,
    `  engage-migrate upgrade ${plan.run} --contact-map FILE   (CSV: old contact id, new contact id)`,
  ]
}
