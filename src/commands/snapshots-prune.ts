/** `snapshots prune`: removes the snapshots that no rule keeps. */
import { readConfig } from '../config.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { pruneLine } from '../report/retention.ts'
import type { Subject } from '../snapshot/candidate.ts'
import { homesIn } from '../snapshot/catalog.ts'
import { keepsAnything, type Policy, type Verdict } from '../snapshot/retention.ts'
import { type Args, amountOf, type Command, durationOf, textOf } from './command.ts'
import { rootThere } from './places.ts'
import { type Pruned, pruneSchema } from './pruning.ts'
import { errorResult } from './trouble.ts'

export const snapshotsPrune: Command = {
  group: 'snapshots',
  usage: 'prune [schemaId]',
  describe: 'remove snapshots that no rule keeps',
  positionals: { schemaId: 'only those of this schema' },
  flags: {
    'keep-last': { type: 'number', describe: 'keep the last N' },
    'keep-daily': { type: 'number', describe: 'keep the last one of each of the last N days that have any' },
    'keep-weekly': { type: 'number', describe: 'the same of weeks (from Monday)' },
    'keep-monthly': { type: 'number', describe: 'the same of months' },
    'keep-within': { type: 'string', describe: 'keep all that are younger: 12h, 30d, 8w, 6mo' },
    'dry-run': { type: 'boolean', describe: 'say what would be removed and why; change nothing' },
    from: { type: 'string', describe: 'where they are kept, if not in the data folder' },
  },
  settings: ['data'],
  epilogue:
    'What any rule keeps stays; days, weeks and months are those of UTC, and an incomplete snapshot stands for one of them where there is ' +
    'no complete one. Backups, passes of upgrades and imported history are counted each by itself; what was taken out to be restored goes when no run ' +
    "needs it. Whatever the rules, these stay: the newest complete one of each, what it follows, what a run still needs, and what can't be used. " +
    'Before anything goes, the newest ones are proven, and of the others that stay no file may be missing.',
  interrupted: 'What was removed before is gone; every snapshot that was to stay is there.',
  async run(args, tools) {
    const policy = policyOf(args)
    const dryRun = args['dry-run'] === true
    const config = readConfig(args, tools.env, false)
    const root = await rootThere(textOf(args, 'from'), config)
    const only = textOf(args, 'schemaId')
    const homes = (await homesIn(root)).filter(({ schemaId }) => only === undefined || schemaId === only)
    if (homes.length === 0)
      tools.output.say(`There are no snapshots${only === undefined ? '' : ` of ${only}`} in ${root.name}.`)
    const done: Pruned[] = []
    const troubles: OperatorError[] = []
    for (const home of homes) {
      // What stands in the way of one schema must not keep the others from being pruned.
      const pruned = await pruneSchema(root, home, { policy, config, dryRun }, tools).catch(
        (error: unknown) => {
          if (!(error instanceof OperatorError) || error.exit === EXIT.interrupted) throw error
          return { verdicts: [], removed: 0, freed: 0, trouble: error }
        },
      )
      done.push(pruned)
      if (pruned.trouble === undefined) continue
      tools.output.error(pruned.trouble)
      troubles.push(pruned.trouble)
    }
    const removed = done.reduce((sum, each) => sum + each.removed, 0)
    const freed = done.reduce((sum, each) => sum + each.freed, 0)
    tools.output.say(pruneLine(removed, freed, dryRun))
    const [worst] = troubles.toSorted((a, b) => severityOf(b) - severityOf(a))
    tools.output.result({
      dryRun,
      snapshots: done.flatMap(({ verdicts }) => verdicts.map(resultOf)),
      removed,
      freed,
      ...(worst && { error: errorResult(worst) }),
    })
    return worst?.exit ?? EXIT.done
  },
}

/** Damage goes before what another try may mend. */
function severityOf({ exit }: OperatorError): ExitCode {
  return exit === EXIT.differences ? EXIT.interrupted : exit
}

function resultOf({ snapshot: { stamp, entry }, keep, reasons }: Verdict<Subject>) {
  const { tenant, schemaId, bytes } = entry
  return { tenant, schemaId, snapshot: stamp, keep, reasons, bytes }
}

/** @throws OperatorError (exit 2) where it keeps nothing, or a flag makes no sense */
function policyOf(args: Args): Policy {
  const policy = {
    last: countIn(args, 'keep-last'),
    daily: countIn(args, 'keep-daily'),
    weekly: countIn(args, 'keep-weekly'),
    monthly: countIn(args, 'keep-monthly'),
    withinMs: withinOf(args),
  }
  if (keepsAnything(policy)) return policy
  throw new OperatorError({
    what: 'No rule says what to keep.',
    safe: 'Nothing was removed.',
    next: 'Say it, and look first: engage-migrate snapshots prune --keep-last 7 --keep-weekly 4 --keep-monthly 12 --dry-run',
    exit: EXIT.usage,
  })
}

/** Minutes are refused: whoever writes `6m` may well mean months, and would lose all but the newest one. */
function withinOf(args: Args): number {
  const ms = durationOf(args, 'keep-within') ?? 0
  if (!/[ms]\s*$/.test(textOf(args, 'keep-within') ?? '')) return ms
  throw new OperatorError({
    what: '--keep-within is not given in minutes or seconds.',
    safe: 'Nothing was removed.',
    next: 'Give it in hours, days, weeks or months: 12h, 30d, 8w, 6mo.',
    exit: EXIT.usage,
  })
}

function countIn(args: Args, name: string): number {
  if (args[name] === undefined) return 0
  const count = amountOf(args, name)
  if (Number.isInteger(count)) return count
  throw new OperatorError({
    what: `--${name} must be a whole number.`,
    safe: 'Nothing was removed.',
    next: 'Mend it and run the same command again.',
    exit: EXIT.usage,
  })
}
