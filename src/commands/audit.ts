/**
 * `audit`: the whole history of a run, and whether what was signed for is still what lies there. Opens the journal read-only;
 * needs no connection to the tenant.
 */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { auditLine } from '../report/audit.ts'
import { gateStates, signaturesOf } from '../report/gate-states.ts'
import type { GateState } from '../report/report.ts'
import { MANIFEST } from '../snapshot/format.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { approvalOf, REPORT_WRITTEN } from '../upgrade/approval.ts'
import { MERGE } from '../upgrade/imported.ts'
import type { PassResult } from '../upgrade/pass.ts'
import { type Plan, parsePlan, planDigest } from '../upgrade/plan.ts'
import { isDone } from '../upgrade/runner.ts'
import { GATES } from '../upgrade/signature.ts'
import { type Command, textOf } from './command.ts'
import { readText, snapshotsFolder } from './open.ts'
import { reportIn } from './report-file.ts'
import { assertBegun, findRun } from './runs.ts'

/** Something that the run has kept a digest of, held against what lies there. */
interface Check {
  readonly what: string
  /** Null where it is not here to be looked at. */
  readonly holds: boolean | null
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
    const folder = folderOf(textOf(args, 'run') ?? '', config)
    using journal = openJournal(join(folder, 'run.db'), tools.clock, 'read')
    const plan = planIn(folder)
    const events = journal.events.all()
    for (const event of events) output.say(auditLine(event))
    const gates = gateStates(plan.value ?? { gates: GATES.map((name) => ({ name, asks: name })) }, journal)
    output.say('')
    for (const line of signatureLines(gates)) output.say(line)
    const checks = await checksOf({ folder, plan }, journal, config)
    output.say('')
    for (const { what, holds, why } of checks)
      output.say(`${holds === null ? '?' : holds ? '✓' : '✗'} ${what}${holds === true ? '' : `: ${why}`}`)
    output.result({ run: plan.value?.run ?? basename(folder), events, gates, checks })
    return checks.every(({ holds }) => holds !== false) ? EXIT.done : EXIT.differences
  },
}

/** A run, and its plan as far as it can be read: that it was changed is what an audit is for. */
interface Audited {
  readonly folder: string
  readonly plan: PlanFile
}

interface PlanFile {
  readonly value: Plan | undefined
  readonly digest: string
  readonly problem: string
}

/** A folder that a run was archived in is as good as the run. @throws OperatorError where there is no run, or it has not begun */
function folderOf(named: string, config: Config): string {
  const here = [named, join(config.data, 'runs', named)].find((each) => existsSync(join(each, 'run.db')))
  if (here !== undefined) return here
  const { plan, folder } = findRun(named, config)
  assertBegun(folder, plan.run)
  return folder
}

function planIn(folder: string): PlanFile {
  const file = join(folder, 'plan.json')
  if (!existsSync(file)) return { value: undefined, digest: '', problem: 'it is not there' }
  const text = readText(file)
  const digest = planDigest(text)
  try {
    return { value: parsePlan(text, file), digest, problem: '' }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { value: undefined, digest, problem: error.message }
  }
}

function signatureLines(gates: readonly GateState[]): readonly string[] {
  const all = gates.flatMap(({ name, signatures }) => signatures.map((each) => ({ name, ...each })))
  if (all.length === 0) return ['Nothing has been signed.']
  return all.map(
    ({ name, by, at, ...each }) =>
      `${name}: ${by}, ${at}${each.void === null ? '' : ` (void: ${each.void})`}`,
  )
}

async function checksOf(
  { folder, plan }: Audited,
  journal: Journal,
  config: Config,
): Promise<readonly Check[]> {
  const bound = journal.events.latest('plan', 'finished')?.detail as JsonObject | undefined
  const snapshots = snapshotsFolder(config, String(bound?.['tenant']), String(bound?.['schemaId']))
  const passes = ['base-pass', 'final-pass', MERGE].filter((name) => isDone(journal, { name }))
  const resultOf = (name: string): PassResult =>
    journal.events.latest(name, 'finished')?.detail as unknown as PassResult
  return [
    {
      what: `plan.json, SHA-256 ${plan.digest}`,
      holds: bound?.['digest'] === plan.digest,
      why: `the run was begun with another one. ${plan.problem}`.trim(),
    },
    ...(await Promise.all(passes.map((name) => snapshotCheck(name, resultOf(name), snapshots)))),
    ...reportCheck(folder, journal),
  ]
}

/** Against what was signed for or, before that, put up to be. */
function reportCheck(folder: string, journal: Journal): readonly Check[] {
  if (journal.events.latest(REPORT_WRITTEN, 'note') === undefined) return []
  const signed = signaturesOf(journal, 'delete-schema').findLast((each) => each.void === null)
  const meant = approvalOf(journal)?.report ?? signed?.on.report ?? null
  const report = reportIn({ folder, journal })
  if (report === undefined)
    return [
      {
        what: 'report',
        holds: false,
        why: 'a file of it was changed, or is gone. In the data folder, `engage-migrate report` writes it anew',
      },
    ]
  return [
    {
      what: `report, SHA-256 ${report.digest}`,
      holds: meant === null || meant === report.digest,
      why: `${signed === undefined ? 'put up for approval' : `signed for by ${signed.by}`} was another one, SHA-256 ${meant}`,
    },
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
  if (!existsSync(join(folder, MANIFEST))) return { what, holds: null, why: `it is not in ${snapshots}` }
  try {
    const { manifestDigest: found } = await openSnapshot(folder)
    return { what, holds: found === manifestDigest, why: `it is another one now, SHA-256 ${found}` }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { what, holds: false, why: error.message }
  }
}
