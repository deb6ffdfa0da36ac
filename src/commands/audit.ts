/**
 * `audit`: the whole history of a run, and whether what was signed for is still what lies there. Opens the journal read-only;
 * needs no connection to the tenant.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { auditLine } from '../report/audit.ts'
import { gateStates } from '../report/gate-states.ts'
import type { GateState } from '../report/report.ts'
import { MANIFEST } from '../snapshot/format.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { approvalOf, REPORT_WRITTEN } from '../upgrade/approval.ts'
import { MERGE } from '../upgrade/imported.ts'
import type { PassResult } from '../upgrade/pass.ts'
import { parsePlan, planDigest } from '../upgrade/plan.ts'
import { isDone } from '../upgrade/runner.ts'
import { type Command, textOf } from './command.ts'
import { readText, snapshotsFolder } from './open.ts'
import { reportIn } from './report-file.ts'
import { assertBegun, findRun, type OpenedRun } from './runs.ts'

/** Something that the run has kept a digest of, held against what lies there. */
interface Check {
  readonly what: string
  readonly holds: boolean
  readonly why: string
}

export const audit: Command = {
  usage: 'audit <run>',
  describe:
    'the whole history of a run, its signatures, and whether what they are on is still there unchanged',
  positionals: { run: 'id of the run, path of its plan, or folder that it was archived in' },
  flags: {},
  settings: ['data'],
  epilogue: 'Exit code 5 where something is not what it was when it was signed for, or written.',
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const { output } = tools
    const config = readConfig(args, tools.env, false)
    const run = runNamed(textOf(args, 'run') ?? '', config)
    assertBegun(run.folder, run.plan.run)
    using journal = openJournal(join(run.folder, 'run.db'), tools.clock, 'read')
    const events = journal.events.all()
    for (const event of events) output.say(auditLine(event))
    const gates = gateStates(run.plan, journal)
    output.say('')
    for (const line of signatureLines(gates)) output.say(line)
    const checks = await checksOf(run, journal, config)
    output.say('')
    for (const { what, holds, why } of checks)
      output.say(`${holds ? '✓' : '✗'} ${what}${holds ? '' : `: ${why}`}`)
    output.result({ run: run.plan.run, events, gates, checks })
    return checks.every(({ holds }) => holds) ? EXIT.done : EXIT.differences
  },
}

/** A folder that a run was archived in is as good as the run. */
function runNamed(named: string, config: Config): OpenedRun {
  const archived = join(named, 'plan.json')
  if (!existsSync(archived) || !existsSync(join(named, 'run.db'))) return findRun(named, config)
  const text = readText(archived)
  return { plan: parsePlan(text, archived), text, digest: planDigest(text), folder: named }
}

function signatureLines(gates: readonly GateState[]): readonly string[] {
  const all = gates.flatMap(({ name, signatures }) => signatures.map((each) => ({ name, ...each })))
  if (all.length === 0) return ['Nothing has been signed.']
  return all.map(
    ({ name, by, at, ...each }) =>
      `${name}: ${by}, ${at}${each.void === null ? '' : ` (void: ${each.void})`}`,
  )
}

async function checksOf(run: OpenedRun, journal: Journal, config: Config): Promise<readonly Check[]> {
  const { plan, digest, folder } = run
  const bound = journal.events.latest('plan', 'finished')?.detail as JsonObject | undefined
  const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
  const passes = ['base-pass', 'final-pass', MERGE].filter((name) => isDone(journal, { name }))
  const approved = approvalOf(journal)
  const report = reportIn({ folder, journal })
  return [
    {
      what: `plan.json, SHA-256 ${digest}`,
      holds: bound?.['digest'] === digest,
      why: 'the run was begun with another one',
    },
    ...(await Promise.all(
      passes.map((name) =>
        snapshotCheck(
          name,
          journal.events.latest(name, 'finished')?.detail as unknown as PassResult,
          snapshots,
        ),
      ),
    )),
    ...(journal.events.latest(REPORT_WRITTEN, 'note') === undefined
      ? []
      : [
          {
            what: `report${report === undefined ? '' : `, SHA-256 ${report.digest}`}`,
            holds: report !== undefined && (approved?.report == null || approved.report === report.digest),
            why:
              report === undefined
                ? `a file of it was changed, or is gone: engage-migrate report ${plan.run} writes it anew`
                : 'it is another one than was put up for approval',
          },
        ]),
  ]
}

/** By the manifest, which proves the rest: `verify` reads that. */
async function snapshotCheck(
  name: string,
  { snapshot, manifestDigest }: PassResult,
  snapshots: string,
): Promise<Check> {
  const folder = join(snapshots, snapshot)
  const what = `snapshot of ${name}, ${snapshot}, SHA-256 ${manifestDigest}`
  if (!existsSync(join(folder, MANIFEST)))
    return { what, holds: false, why: `it is not in ${snapshots} any more` }
  try {
    const { manifestDigest: found } = await openSnapshot(folder)
    return { what, holds: found === manifestDigest, why: `it is another one now, SHA-256 ${found}` }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { what, holds: false, why: error.message }
  }
}
