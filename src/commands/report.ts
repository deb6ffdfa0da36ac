/**
 * `report`: writes what a deletion is approved on, of a run or of a snapshot by itself. Needs no connection to the tenant.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { acquireLock } from '../journal/lock.ts'
import { stamp } from '../names.ts'
import { reportOf } from '../report/digest.ts'
import { renderings } from '../report/rendering.ts'
import type { Report } from '../report/report.ts'
import { runFacts } from '../report/run-facts.ts'
import { snapshotReportFacts } from '../report/snapshot-report.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { approvalOf } from '../upgrade/approval.ts'
import { isDone } from '../upgrade/runner.ts'
import { type Args, type Command, type Tools, textOf, wrongUse } from './command.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { derivation, NEW_SCHEMA } from './new-schema.ts'
import { snapshotsFolder, writeWhole } from './open.ts'
import { REPORT_FILES, refreshReport, reportIn, writeReport } from './report-file.ts'
import { assertBegun, findRun, type OpenedRun } from './runs.ts'
import { FROM, SNAPSHOT, snapshotNamed } from './which-snapshot.ts'

export const report: Command = {
  usage: 'report <snapshot>',
  describe: 'write the report that a deletion is approved on: HTML, Markdown and JSON',
  positionals: { snapshot: `id of a run, path of its plan, or a snapshot: ${SNAPSHOT}` },
  flags: {
    ...NEW_SCHEMA,
    from: FROM,
    identity: IDENTITY,
    out: {
      type: 'string',
      describe: 'folder to write to [the run’s; of a snapshot, report-<schema>-<time> where you are]',
    },
  },
  settings: ['data', 'rate'],
  interrupted: 'Nothing was changed in the tenant.',
  epilogue:
    'Of a run, its report is written anew where it is lost or was changed; what was signed for stays what it was, and signatures that ' +
    'have come since are added. Of a snapshot, --to or --segment says against which new schema it is held.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const named = textOf(args, 'snapshot') ?? ''
    const isRun = existsSync(join(config.data, 'runs', named, 'plan.json')) || /\.json$/.test(named)
    const { made, folder } = isRun
      ? await reportOfRun(findRun(named, config), config, args, tools)
      : await reportOfSnapshot(named, config, args, tools)
    const { facts, digest } = made
    const { outcome } = made
    for (const line of outcome) tools.output.say(line)
    if (outcome.length > 0) tools.output.say('When it was put up for approval:')
    tools.output.say(facts.verdict.sentence)
    for (const reason of [...facts.verdict.because, ...facts.verdict.accepts]) tools.output.say(`  ${reason}`)
    tools.output.say(`SHA-256 of its facts: ${digest}`)
    for (const name of REPORT_FILES) tools.output.say(`  ${join(folder, name)}`)
    tools.output.result({ folder, digest, verdict: facts.verdict, outcome })
    return EXIT.done
  },
}

interface Made {
  readonly made: Report
  readonly folder: string
}

async function reportOfRun(run: OpenedRun, config: Config, args: Args, tools: Tools): Promise<Made> {
  const { plan, digest, folder } = run
  if (textOf(args, 'to') !== undefined || args['segment'] !== undefined)
    throw wrong('The new schema of a run is its plan’s: --to and --segment are for snapshots.')
  assertBegun(folder, plan.run)
  using _lock = acquireLock(join(folder, 'lock'), `run ${plan.run}`, tools.clock)
  using journal = openJournal(join(folder, 'run.db'), tools.clock)
  if (plan.restore !== undefined) throw wrong('A restore deletes nothing: there is nothing to approve.')
  if (!isDone(journal, { name: 'base-pass' })) {
    throw new OperatorError({
      what: `Run ${plan.run} has not exported anything yet: there is nothing to report.`,
      safe: 'Nothing was changed.',
      next: `engage-migrate upgrade ${plan.run} --dry-run`,
      exit: EXIT.precondition,
    })
  }
  const place = { folder, plan, journal, clock: tools.clock }
  // What is put up for approval, or was signed for, is not computed anew while it is there.
  if (approvalOf(journal) !== undefined && reportIn(place) !== undefined) await refreshReport(place)
  else {
    const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
    const { tool, stop, output } = tools
    const progress = output.progress.bind(output)
    await writeReport(
      place,
      await runFacts({ plan, planDigest: digest, journal, snapshots, tool, stop, progress }),
    )
  }
  const made = reportIn(place)
  if (made === undefined) throw new Error('the report was changed while it was written')
  const out = textOf(args, 'out')
  if (out === undefined) return { made, folder }
  await writeTo(resolve(out), made)
  return { made, folder: resolve(out) }
}

async function reportOfSnapshot(named: string, config: Config, args: Args, tools: Tools): Promise<Made> {
  const where = { from: textOf(args, 'from'), config, stop: tools.stop }
  const place = await snapshotNamed(named, where)
  const snapshot = await openSnapshot(place, openerOf(args, tools.env))
  const isNew = textOf(args, 'to') !== undefined || args['segment'] !== undefined
  const after = isNew ? derivation(args)(snapshot.schema) : undefined
  const facts = await snapshotReportFacts(snapshot, after, {
    tool: tools.tool,
    ratePerSecond: config.rate,
    stop: tools.stop,
    progress: (report) => tools.output.progress(report),
  })
  const made = reportOf(facts, { gates: [], outcome: [] }, tools.clock.now())
  const { schemaId } = snapshot.manifest
  const folder = resolve(textOf(args, 'out') ?? `report-${schemaId}-${stamp(tools.clock.now())}`)
  await writeTo(folder, made)
  return { made, folder }
}

async function writeTo(folder: string, made: Report): Promise<void> {
  const texts = await renderings(made)
  for (const name of REPORT_FILES) await writeWhole(join(folder, name), texts[name])
}

function wrong(what: string): OperatorError {
  return wrongUse(what, 'engage-migrate report --help')
}
