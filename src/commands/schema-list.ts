/** `schema list`: the interaction schemas of the tenant, and how many places are free. */
import { readConfig } from '../config.ts'
import { EngageError } from '../engage/errors.ts'
import type { SchemaSummary } from '../engage/types.ts'
import { EXIT, messageOf } from '../errors.ts'
import type { Json } from '../json.ts'
import { countsOf, type ListedSchema, listLines, propertyFacts } from '../report/schemas.ts'
import { lintWhole } from '../schema/dialect-rules.ts'
import { freePlaces, MAX_SCHEMAS, othersAlike } from '../schema/rules.ts'
import { inOrder } from '../transfer/pump.ts'
import type { Command, Tools } from './command.ts'
import { askTenant, SCHEMA_SETTINGS, type SchemaTenant } from './schemas-named.ts'

export const schemaList: Command = {
  group: 'schema',
  usage: 'list',
  describe: 'the schemas of the tenant: properties, what is segmentable, what the rules find, free places',
  positionals: {},
  flags: {},
  settings: SCHEMA_SETTINGS,
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, true)
    const tenant = await askTenant(config, tools)
    const reads = inOrder(tenant.listed, (each) => readOne(each, tenant, tools), {
      concurrency: config.concurrency,
      window: MAX_SCHEMAS,
    })
    const listed = await Array.fromAsync(reads)
    for (const line of listLines(tenant.name, listed)) tools.output.say(line)
    tools.output.result({
      tenant: tenant.name,
      schemas: listed.map(resultOf),
      places: { most: MAX_SCHEMAS, free: freePlaces(listed.length) },
    })
    return listed.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done
  },
}

/** One that can't be read hides none of the others. */
async function readOne(
  { id, displayName }: SchemaSummary,
  { reader, ids }: SchemaTenant,
  { stop }: Tools,
): Promise<ListedSchema> {
  const nothing = { id, displayName, value: undefined, findings: [] }
  try {
    const schema = await reader.getSchema(id, stop)
    if (schema === undefined) return { ...nothing, problem: 'it is not there any more' }
    const value = schema as unknown as Json
    const findings = lintWhole(value, { others: othersAlike(id, ids) })
    return { id, displayName, value, findings, problem: null }
  } catch (error) {
    if (!(error instanceof EngageError) || stop.aborted) throw error
    return { ...nothing, problem: messageOf(error) }
  }
}

function resultOf({ id, displayName, value, findings, problem }: ListedSchema): object {
  const facts = value === undefined ? undefined : propertyFacts(value)
  return {
    ...{ id, displayName, problem },
    properties: facts?.length ?? null,
    segmentable: facts?.filter((each) => each.segmentable).map(({ name }) => name) ?? null,
    ...(value === undefined ? { errors: null, warnings: null } : countsOf(findings)),
  }
}
