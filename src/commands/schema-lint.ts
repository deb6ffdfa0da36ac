/** `schema lint`: every rule of the documentation, on schemas in files, in the tenant, in snapshots. */
import { EXIT } from '../errors.ts'
import { countsOf, findingCounts, findingLines, indented } from '../report/schemas.ts'
import { freePlaces, MAX_SCHEMAS } from '../schema/rules.ts'
import { countOf } from '../words.ts'
import type { Command } from './command.ts'
import { idOf, lintOf } from './schema-findings.ts'
import { type NamedSchema, SCHEMA_SETTINGS, type SchemaTenant, schemasNamed } from './schemas-named.ts'
import { SCHEMA, WRITTEN } from './which-schema.ts'
import { FROM } from './which-snapshot.ts'

export const schemaLint: Command = {
  group: 'schema',
  usage: 'lint <schemas..>',
  describe: 'hold schemas against every rule of the documentation',
  positionals: { schemas: SCHEMA },
  flags: {
    live: {
      type: 'boolean',
      describe:
        "hold files and snapshots against the tenant's other schemas, too: their ids, and the free places",
    },
    from: FROM,
  },
  settings: SCHEMA_SETTINGS,
  epilogue:
    'ERROR: Engage would refuse the schema, or data would be lost; then it ends with 4. warning: it can be expected to be ' +
    `accepted, and may surprise. Behind each is the section of the documentation that says so.\n${WRITTEN}`,
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const { output } = tools
    const live = args['live'] === true
    const texts = Array.isArray(args['schemas']) ? args['schemas'].map(String) : []
    const { schemas, tenant } = await schemasNamed(texts, args, tools, live)
    const given = schemas.map(idOf).filter((id) => id !== undefined)
    const linted = schemas.map((named) => {
      const ids = live || named.kind === 'live' ? tenant?.ids : undefined
      return { named, findings: lintOf(named, { ids, given }) }
    })
    for (const { named, findings } of linted) {
      output.say(`${named.name}: ${findings.length === 0 ? 'nothing found' : findingCounts(findings)}`)
      for (const line of findingLines(findings)) output.say(indented(line))
      if (live && tenant !== undefined) output.say(indented(placeLine(named, tenant)))
    }
    const all = linted.flatMap(({ findings }) => findings)
    if (linted.length > 1) output.say(`${countOf(linted.length, 'schema')}: ${findingCounts(all)}`)
    output.result({
      ...countsOf(all),
      tenant: tenant?.name ?? null,
      schemas: linted.map(({ named, findings }) => ({
        ...{ kind: named.kind, name: named.name, id: idOf(named) ?? null, ...countsOf(findings), findings },
      })),
    })
    return countsOf(all).errors > 0 ? EXIT.precondition : EXIT.done
  },
}

function placeLine(named: NamedSchema, { name, ids }: SchemaTenant): string {
  const free = `free there: ${freePlaces(ids.length)} of ${MAX_SCHEMAS} places`
  if (named.kind === 'live') return `It is in ${name}; ${free}.`
  return ids.includes(idOf(named) ?? '')
    ? `${name} has a schema of this id: held against the rules as a new form of that one.`
    : `It would be new in ${name}; ${free}.`
}
