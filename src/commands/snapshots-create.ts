/** `snapshots create`: a snapshot of the history that the source system has kept. Asks no tenant anything. */
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { BadLines } from '../history/bad-lines.ts'
import { type Created, createSnapshot } from '../history/create.ts'
import { isOffset } from '../history/date.ts'
import { parseMapping } from '../history/mapping.ts'
import type { InteractionSchema } from '../model.ts'
import { stamp, tenantOf } from '../names.ts'
import { countOf } from '../words.ts'
import { lockSchema } from './backup-work.ts'
import { type Args, type Command, type Tools, textOf } from './command.ts'
import { snapshotsFolder } from './open.ts'
import { schemaIn } from './schema-file.ts'
import { errorResult } from './trouble.ts'

export const snapshotsCreate: Command = {
  group: 'snapshots',
  usage: 'create',
  describe: 'make a snapshot of the history that the source system has kept',
  positionals: {},
  flags: {
    from: {
      type: 'string',
      demand: true,
      describe: 'file of history: NDJSON, one object a line, or CSV with a header line',
    },
    schema: {
      type: 'string',
      demand: true,
      describe: 'JSON file of the schema that the interactions follow',
    },
    tenant: {
      type: 'string',
      describe: 'whose history it is, as folders name it; that of the base URL if absent',
    },
    map: {
      type: 'string',
      array: true,
      describe:
        'PART=FIELD, where PART is contactId, createdDate, id or a property; dots lead into nested objects; again for each. ' +
        'What is not mapped is taken from the field of its own name; ids that are not mapped are made up',
    },
    'time-zone': { type: 'string', describe: 'offset of created dates that have none: Z, or such as +01:00' },
    bad: { type: 'string', describe: 'file that lists the bad lines; beside the history if absent' },
    'skip-bad': { type: 'boolean', describe: 'leave bad lines out, and exit with 5' },
  },
  settings: ['baseUrl', 'data', 'contactsPerPart', 'compression'],
  epilogue:
    'Cells of a CSV: an empty one is no value; numbers as in JSON (5, 19.99), booleans true or false; all else is refused by ' +
    'the schema, with the number of the line. Nothing is written unless every line is good, or --skip-bad is given.',
  interrupted: 'Nothing was changed: what had been begun was removed.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const from = textOf(args, 'from') ?? ''
    const schema = schemaIn(textOf(args, 'schema') ?? '')
    const tenant = tenantIn(args, config)
    const mapping = parseMapping(textsOf(args, 'map'), schema)
    const zone = zoneIn(args)
    const bad = resolve(textOf(args, 'bad') ?? `${from}.bad.ndjson`)
    // What is refused leaves nothing behind, not even a lock.
    await new BadLines(bad).assertFree()
    const home = snapshotsFolder(config, tenant, schema.id)
    // Else whoever prunes meanwhile would take it for one that was given up.
    using _held = lockSchema(home, { tenant, schemaId: schema.id }, tools)
    const folder = join(home, stamp(tools.clock.now()))
    const created = await createSnapshot({
      ...{ from, schema, tenant, folder, mapping, zone, bad },
      compression: config.compression,
      contactsPerPart: config.contactsPerPart,
      skipBad: args['skip-bad'] === true,
      tool: tools.tool,
      clock: tools.clock,
      stop: tools.stop,
      onProgress: (progress) => tools.output.progress({ ...progress, doneHere: progress.done }),
    })
    tellWhatWasLeft(created, schema, tools)
    return tellSnapshot(created, { from, folder, tenant, schemaId: schema.id }, tools)
  },
}

function tellWhatWasLeft({ bad, unknown }: Created, schema: InteractionSchema, { output }: Tools): void {
  for (const { line, reason } of bad.shown) output.say(`Bad line ${line}: ${reason}`)
  if (bad.file !== undefined) output.say(`Bad lines: ${bad.count}. All of them are in ${bad.file}`)
  for (const [name, count] of Object.entries(unknown)) {
    output.say(
      `Left out, since ${schema.id} does not name it: ${JSON.stringify(name)}, in ${countOf(count, 'line')}`,
    )
  }
}

function tellSnapshot(
  { snapshot, lines, bad, unknown }: Created,
  about: {
    readonly from: string
    readonly folder: string
    readonly tenant: string
    readonly schemaId: string
  },
  { output }: Tools,
): ExitCode {
  const { from, folder, tenant, schemaId } = about
  const common = { tenant, schemaId, lines, bad: { count: bad.count, file: bad.file ?? null }, unknown }
  if (snapshot === undefined) {
    const told = refusal(from, bad.count, lines)
    output.error(told)
    output.result({ snapshot: null, ...common, error: errorResult(told) })
    return told.exit
  }
  const { contacts, interactions } = snapshot.manifest
  const { records, oldestCreated = null, newestCreated = null } = interactions
  output.say(
    `${countOf(records, 'interaction')} of ${countOf(contacts.listed, 'contact')}, created from ${oldestCreated} to ` +
      `${newestCreated}, each proven on disk.`,
  )
  output.say(`The snapshot is ${folder}`)
  output.result({
    ...{ snapshot: folder, ...common, contacts: contacts.listed, interactions: records },
    ...{ oldestCreated, newestCreated, bytes: snapshot.proof.bytes },
  })
  return bad.count > 0 ? EXIT.differences : EXIT.done
}

function refusal(from: string, bad: number, lines: number): OperatorError {
  const all = bad === lines
  return new OperatorError({
    what:
      lines === 0
        ? `${from} holds no interaction.`
        : `No interaction can be made of ${countOf(bad, 'line')} of ${from}, out of ${lines}.`,
    safe: 'No snapshot was written.',
    next: all
      ? 'Say with --map which fields hold what, then run the same command again.'
      : 'Mend them and run the same command again; or leave them out with --skip-bad.',
    exit: EXIT.precondition,
  })
}

function tenantIn(args: Args, config: Config): string {
  const named = textOf(args, 'tenant')
  if (named === undefined && config.baseUrl === undefined)
    throw wrong('Say whose history it is: --tenant NAME, or the base URL (ENGAGE_BASE_URL).')
  const tenant = named ?? nameAt(config.baseUrl ?? '')
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(tenant)) return tenant
  throw wrong(
    `--tenant must be a name as folders have it, such as acme.voyado.com; it is ${JSON.stringify(tenant)}.`,
  )
}

function nameAt(baseUrl: string): string {
  if (URL.canParse(baseUrl)) return tenantOf(baseUrl)
  throw wrong(`The base URL ${JSON.stringify(baseUrl)} is not an address such as https://acme.voyado.com.`)
}

function zoneIn(args: Args): string | undefined {
  const zone = textOf(args, 'time-zone')
  if (zone === undefined || isOffset(zone)) return zone
  throw wrong(`--time-zone must be Z or an offset such as +01:00; it is ${JSON.stringify(zone)}.`)
}

/** Not by commas: a field's name may have one. */
function textsOf(args: Args, name: string): readonly string[] {
  const value = args[name]
  return Array.isArray(value) ? value.map(String) : []
}

function wrong(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'engage-migrate snapshots create --help',
    exit: EXIT.usage,
  })
}
