/** `plan`: reads the tenant and the contact list, and writes down what an upgrade would do. Changes nothing. */
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, type OperatorError } from '../errors.ts'
import { tenantOf } from '../names.ts'
import { planLines } from '../report/terminal.ts'

import type { HistoryRequest } from '../upgrade/history-plan.ts'
import { makePlan } from '../upgrade/survey.ts'
import { type Args, amountOf, type Command, namesOf, type Tools, textOf, wrongUse } from './command.ts'
import { CONTACTS, contactSourceOf } from './contacts.ts'
import { COVERAGE, coverageOf } from './coverage.ts'
import { dwindledLines } from './dwindled.ts'
import { IDENTITY, openerOf } from './identity.ts'

import { derivation, NEW_SCHEMA } from './new-schema.ts'
import { openConnection, writeWhole } from './open.ts'
import { PEOPLE, peopleOf } from './people.ts'

import { assertNoOtherRun, assertPlanUnused } from './runs.ts'
import { sourceNamed } from './source.ts'
import { FROM } from './which-snapshot.ts'

export const plan: Command = {
  usage: 'plan <schemaId>',
  describe: 'plan the upgrade of a schema',
  positionals: { schemaId: 'id of the live schema' },
  flags: {
    ...NEW_SCHEMA,
    ...CONTACTS,
    ...COVERAGE,
    'final-pass': {
      type: 'string',
      choices: ['full', 'hot'],
      default: 'full',
      describe: 'read every contact again, or those with history and a sample',
    },
    'hot-sample': {
      type: 'number',
      default: 3000,
      describe: 'contacts without history that a hot final pass reads',
    },
    'canary-gate': {
      type: 'boolean',
      default: true,
      describe: 'wait for a look at the first imported interaction',
    },
    history: {
      type: 'string',
      describe:
        'what the source system has kept (`snapshots create`): folder or address of the snapshot, STAMP, or SCHEMA@latest for the newest such history',
    },
    'history-only': {
      type: 'boolean',
      describe:
        'import that instead of what Engage holds, not besides; what only Engage holds does not come back',
    },
    from: FROM,
    identity: IDENTITY,
    ...PEOPLE,
    out: { type: 'string', describe: 'where to write the plan [runs/<run>/plan.json in the data folder]' },
  },
  epilogue:
    'With --coverage-sample, contacts that the list lacks are read, and what they hold is counted: where none of 3,000 has an ' +
    'interaction, at most 0.1 % of all of them have (95 % confidence). Where one has, the list is not complete.\n' +
    'With --history, Engage is exported all the same, and both are held against each other before anything is deleted: what is on ' +
    'one side only is counted and listed in the run’s folder. What both have is imported once, then what only Engage has ' +
    '(not with --history-only), and what only the source has.',
  interrupted: 'Nothing was changed.',
  settings: ['baseUrl', 'apiKeyFile', 'apiVersion', 'data', 'rate', 'concurrency', 'timeoutMs', 'policy'],
  async run(args, tools) {
    const config = readConfig(args, tools.env, true)
    const { reader, baseUrl } = openConnection(config, tools)
    const derive = derivation(args)
    const out = textOf(args, 'out')
    if (out !== undefined) assertPlanUnused(resolve(out), config)
    assertNoOtherRun(config, { tenant: tenantOf(baseUrl), schemaId: textOf(args, 'schemaId') ?? '' }, tools)
    const history = await historyOf(args, config, tools)
    const hotSample = amountOf(args, 'hot-sample', 1)
    const source = await contactSourceOf(args, tools.clock.now(), 'plan')
    const coverage = await coverageOf(args, source, tools.clock.now())
    const made = await makePlan(
      {
        schemaId: textOf(args, 'schemaId') ?? '',
        derive,
        source,
        finalPass: args['final-pass'] === 'hot' ? 'hot' : 'full',
        hotSample,
        canaryGate: args['canary-gate'] !== false,
        automations: namesOf(args, 'automation'),
        ...(history && { history }),
        people: peopleOf(args, config, tools.clock.now()),
        ...(coverage && { coverage }),
      },
      {
        reader,
        clock: tools.clock,
        tenant: tenantOf(baseUrl),
        baseUrl,
        tool: tools.tool,
        ratePerSecond: config.rate,
        concurrency: config.concurrency,
        stop: tools.stop,
        progress: (report) => tools.output.progress(report),
      },
    )
    const file = resolve(out ?? join(config.data, 'runs', made.run, 'plan.json'))
    await writeWhole(file, `${JSON.stringify(made, undefined, 2)}\n`)
    for (const line of planLines(made)) tools.output.say(line)
    tools.output.say('')
    for (const line of await dwindledLines(made, config)) tools.output.say(line)
    tools.output.say(`The plan is in ${file}. Nothing was changed. Next:`)
    tools.output.say(`  engage-migrate upgrade ${file} --dry-run   (exports, changes nothing)`)
    tools.output.say(`  engage-migrate upgrade ${file}`)
    tools.output.result({
      ...{ plan: file, run: made.run, coverage: made.coverage, estimate: made.estimate },
      ...(made.coverageSample && { coverageSample: made.coverageSample }),
    })
    return EXIT.done
  },
}

async function historyOf(args: Args, config: Config, { env }: Tools): Promise<HistoryRequest | undefined> {
  const named = textOf(args, 'history')
  const only = args['history-only'] === true
  if (named !== undefined) {
    const source = { place: await sourceNamed(named, args, config, true), opener: openerOf(args, env) }
    return { source, mode: only ? 'only' : 'besides' }
  }
  if (only) throw wrong('--history-only says how a history is imported, and --history names none.')
  return undefined
}

function wrong(what: string): OperatorError {
  return wrongUse(what, 'engage-migrate plan --help')
}
