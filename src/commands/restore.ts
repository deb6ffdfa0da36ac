/** `restore`: brings what a snapshot holds into a schema, but for what is there already. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { NO_MAP, readContactMap } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { tenantOf } from '../names.ts'
import { restorePlanLines } from '../report/restore.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import { locked } from '../snapshot/seal.ts'
import { digestFile } from '../transfer/contact-source.ts'
import { type Plan, planDigest } from '../upgrade/plan.ts'
import { planRestore } from '../upgrade/restore-plan.ts'
import type { RestoreTerms } from '../upgrade/terms.ts'
import { carryOut, type Undertaking } from './carrying-out.ts'
import { type Args, type Command, type Tools, textOf } from './command.ts'
import { isDateTyped } from './dates.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { openConnection } from './open.ts'
import { findRun } from './runs.ts'
import { sourceNamed } from './source.ts'
import { unfinishedRestore } from './unfinished.ts'
import { FROM, SNAPSHOT } from './which-snapshot.ts'

/** What says what is restored, and into what: a run has been told that already. */
const TERMS = {
  'schema-id': { type: 'string', describe: 'the schema to restore into, if not the snapshot’s own' },
  contacts: { type: 'string', describe: 'file with the ids of the contacts to restore, if not all' },
  column: { type: 'string', describe: 'column of the contact id in that file' },
  since: {
    type: 'string',
    describe: 'only what was created at that time or later: 2026-01-31, or 2026-01-31T08:00:00+01:00',
  },
  until: { type: 'string', describe: 'only what was created before that time' },
  'create-schema': {
    type: 'boolean',
    describe: 'create the schema as the snapshot has it, where it is not there',
  },
  'other-tenant': { type: 'boolean', describe: 'the snapshot may be another tenant’s' },
  from: FROM,
} as const

export const restore: Command = {
  usage: 'restore <snapshot>',
  describe: 'import what a snapshot holds and the tenant lacks; stops at each gate',
  positionals: { snapshot: `${SNAPSHOT}; or id of a restore, to go on with it` },
  flags: {
    'dry-run': {
      type: 'boolean',
      describe: 'only say what would be posted, is there already, or would be refused',
    },
    ...TERMS,
    'contact-map': {
      type: 'string',
      describe:
        'CSV of contacts that have another id now: old contact id, new contact id; another map, or none, is another run',
    },
    identity: IDENTITY,
    'break-lock': {
      type: 'boolean',
      describe: 'take the run from a process that is provably dead (its lock stays on some file servers)',
    },
  },
  run: (args, tools) => carryOut(args, tools, () => prepare(args, tools)),
}

async function prepare(args: Args, tools: Tools): Promise<Undertaking> {
  const terms = termsOf(args)
  const map = textOf(args, 'contact-map')
  const given = map === undefined ? NO_MAP : await readContactMap(map)
  const config = readConfig(args, tools.env, true)
  const named = textOf(args, 'snapshot') ?? ''
  if (isRun(named, config)) return { config, run: knownRun(named, args, config) }
  const plan = await planOf(named, terms, args, config, tools)
  const { run: before, otherwise } = unfinishedRestore({ plan, map: given }, config, tools)
  if (before !== undefined) {
    const by = map === undefined ? '' : `, with the contact map ${map},`
    tools.output.say(
      `Goes on with run ${before.plan.run}, which has begun with the same${by} and has not ended.`,
    )
    return { config, run: before }
  }
  if (otherwise !== undefined) {
    tools.output.say(
      `Run ${otherwise} has begun with the same but for the contact map: it is left as it is, and another run begins.`,
    )
  }
  for (const line of restorePlanLines(plan)) tools.output.say(line)
  const text = `${JSON.stringify(plan, undefined, 2)}\n`
  return {
    config,
    run: { plan, text, digest: planDigest(text), folder: join(config.data, 'runs', plan.run) },
  }
}

async function planOf(
  named: string,
  { since, until }: Pick<RestoreTerms, 'since' | 'until'>,
  args: Args,
  config: Config,
  tools: Tools,
): Promise<Plan> {
  const place = await sourceNamed(named, args, config)
  const opener = openerOf(args, tools.env)
  const snapshot = await openSnapshot(place, opener)
  if (snapshot.manifest.encryption !== undefined && opener === undefined) throw locked(place.name)
  const { reader, baseUrl } = openConnection(config, tools)
  return planRestore(
    {
      ...{ snapshot, schemaId: textOf(args, 'schema-id') ?? snapshot.manifest.schemaId },
      ...{ contacts: await contactsOf(args), since, until },
      createSchema: args['create-schema'] === true,
      otherTenant: args['other-tenant'] === true,
    },
    {
      ...{ reader, baseUrl, clock: tools.clock, tool: tools.tool },
      ...{ tenant: tenantOf(baseUrl), ratePerSecond: config.rate },
    },
  )
}

function isRun(named: string, config: Config): boolean {
  return /^[A-Za-z0-9_-]+$/.test(named) && existsSync(join(config.data, 'runs', named, 'plan.json'))
}

/** What a run restores was settled when it began: it is not changed on the way. */
function knownRun(named: string, args: Args, config: Config): Undertaking['run'] {
  const run = findRun(named, config)
  const given = Object.keys(TERMS).filter((name) => args[name] !== undefined)
  if (run.plan.strategy !== 'restore')
    throw wrong(`Run ${named} is an upgrade.`, `engage-migrate upgrade ${named}`)
  if (given.length === 0) return run
  throw wrong(
    `Run ${named} has begun, and what it restores can't be changed: ${given.map((name) => `--${name}`).join(', ')}.`,
    `Leave that out; or name the snapshot instead, which begins another run.`,
  )
}

function termsOf(args: Args): Pick<RestoreTerms, 'since' | 'until'> {
  const since = instantOf(args, 'since')
  const until = instantOf(args, 'until')
  if (since !== null && until !== null && since >= until)
    throw wrong(`--since ${since} is not before --until ${until}: nothing would be restored.`)
  if (textOf(args, 'column') !== undefined && textOf(args, 'contacts') === undefined)
    throw wrong('--column names a column of the file that --contacts names, and there is none.')
  return { since, until }
}

async function contactsOf(args: Args): Promise<RestoreTerms['contacts']> {
  const named = textOf(args, 'contacts')
  if (named === undefined) return null
  const file = resolve(named)
  return { file, sha256: await digestFile(file), column: textOf(args, 'column') ?? null }
}

/** A date alone is midnight UTC; a time must say where it is that time. @returns ISO 8601 in UTC, or null */
function instantOf(args: Args, flag: 'since' | 'until'): string | null {
  const text = textOf(args, flag)
  if (text === undefined) return null
  const isClear = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text)
  const ms = Date.parse(text)
  if (isClear && isDateTyped(text) && !Number.isNaN(ms)) return new Date(ms).toISOString()
  throw wrong(
    `--${flag} must be a date such as 2026-01-31, or a time with its offset such as 2026-01-31T08:00:00Z; it is ${JSON.stringify(text)}.`,
  )
}

function wrong(what: string, next = 'engage-migrate restore --help'): OperatorError {
  return new OperatorError({ what, safe: 'Nothing was changed.', next, exit: EXIT.usage })
}
