/**
 * Carries out a plan, from where its run is, to the next gate or to the end.
 * Guarantees: whatever ends it is told, with --json as one object that names the run; a failure is kept where `status`
 * finds it, but for what was refused before anything was begun.
 */
import type { Config } from '../config.ts'
import { EXIT, type ExitCode, type OperatorError } from '../errors.ts'
import type { Tally } from '../transfer/compare.ts'
import { compare, compareAnew, type Figures, figuresOf, isSignedFor } from '../upgrade/comparison.ts'
import { contactMapName } from '../upgrade/contact-map.ts'
import { rollBack } from '../upgrade/in-place.ts'
import { BACK } from '../upgrade/lot.ts'
import { giveContactMap, retryRefused } from '../upgrade/reopening.ts'
import { assertRollBack } from '../upgrade/roll-back.ts'
import { runStrategy } from '../upgrade/runner.ts'
import { dropSelection, selectAnewWhereGone } from '../upgrade/selected.ts'
import { FAILURE, hasEnded, lotOf, strategyOf, verificationOf } from '../upgrade/status.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { type Args, type Tools, textOf } from './command.ts'
import { conclude } from './conclusion.ts'
import { type HeldRun, holdRun, log } from './holding.ts'
import { assertTenant } from './open.ts'
import { assertNotRestored } from './overtaking.ts'
import { refreshAfter, reportFile } from './report-file.ts'
import { assertLatestRun, type OpenedRun } from './runs.ts'
import { sourceOf } from './source.ts'
import { errorResult, toOperatorError } from './trouble.ts'

/** What is carried out, and how. */
export interface Undertaking {
  readonly run: OpenedRun
  readonly config: Config
}

/** @param prepare finds the run; what it throws is told like everything else */
export async function carryOut(
  args: Args,
  tools: Tools,
  prepare: () => Promise<Undertaking>,
): Promise<ExitCode> {
  const told = { run: null as string | null, verification: null as Tally | null }
  try {
    const { run, config } = await prepare()
    told.run = run.plan.run
    assertTenant(run.plan, config)
    const work = async (held: HeldRun): Promise<ExitCode> => {
      const way = { begun: false }
      const source = () => sourceOf(run.plan, config, args, tools.env)
      const context: ReadContext = { ...held.context, source, report: reportFile(held.context) }
      try {
        await takeUp(context, config, args, tools)
        way.begun = true
        return await goOn({ ...held, context }, args, tools)
      } catch (error) {
        told.verification = verificationOf(context.journal)
        const trouble = toOperatorError(error, tools.stop)
        // What was refused before anything was begun says nothing of the run: it is where it was.
        if (way.begun || !isRefusal(trouble)) keepFailure(trouble, context)
        else log(context.folder, tools, `refused: ${trouble.message}`)
        // It may have made a signature void.
        await refreshAfter(context, () => undefined)
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
}

/** Looks whether what is asked for can be done, and takes up a run that has ended where that is asked for. */
async function takeUp(context: ReadContext, config: Config, args: Args, tools: Tools): Promise<void> {
  const { journal, plan } = context
  const back = args['roll-back'] === true
  if (back) assertRollBack(context)
  const map = textOf(args, 'contact-map')
  const lot = back ? BACK : lotOf(journal)
  const again = map !== undefined || args['retry-refused'] === true
  if (plan.restore !== undefined && (again || !hasEnded(journal))) selectAnewWhereGone(context)
  if (again) {
    assertLatestRun(config, plan, journal, tools)
    assertNotRestored(context, config, tools)
  }
  if (map !== undefined) await giveContactMap(context, lot, map)
  else if (args['retry-refused'] === true) await retryRefused(context, lot)
  if (plan.restore === undefined) return
  compareAnew(journal)
  const kept = contactMapName(context)
  if (map === undefined && kept !== undefined && !hasEnded(journal)) context.say(`goes on with ${kept}`)
}

async function goOn({ context, writer }: HeldRun, args: Args, tools: Tools): Promise<ExitCode> {
  const outcome = await runStrategy(
    args['roll-back'] === true ? rollBack : strategyOf(context.journal),
    context,
    args['dry-run'] === true ? undefined : writer,
  )
  const looked = context.plan.restore !== undefined && outcome.state === 'dry-run-ends'
  const figures = looked ? await figuresNow(context) : figuresOf(context.journal)
  await refreshAfter(context, context.say)
  const dropped = looked && (await dropSelection(context))
  return await conclude({ outcome, figures, dropped }, context, tools)
}

/** Those that were signed for are the import's; whoever only looks is told how things stand now. */
async function figuresNow(context: ReadContext): Promise<Figures | undefined> {
  return isSignedFor(context.journal) ? compare(context) : figuresOf(context.journal)
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
