/** `schema show`: one schema in full, for a person. */
import { EXIT } from '../errors.ts'
import { findingCounts, findingLines, indented, propertyFacts, schemaLines } from '../report/schemas.ts'
import { type Command, textOf } from './command.ts'
import { lintOf } from './schema-findings.ts'
import { SCHEMA_SETTINGS, schemasNamed } from './schemas-named.ts'
import { SCHEMA, WRITTEN } from './which-schema.ts'
import { FROM } from './which-snapshot.ts'

export const schemaShow: Command = {
  group: 'schema',
  usage: 'show <schema>',
  describe: 'one schema in full: its properties, and what the rules find',
  positionals: { schema: SCHEMA },
  flags: { from: FROM },
  settings: SCHEMA_SETTINGS,
  epilogue: `${WRITTEN} With --json, "value" is the schema as it stands there.`,
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const { output } = tools
    const { schemas, tenant } = await schemasNamed([textOf(args, 'schema') ?? ''], args, tools)
    for (const named of schemas) {
      const { kind, name, value } = named
      const findings = lintOf(named, { ids: tenant?.ids, given: [] })
      for (const line of schemaLines(name, value)) output.say(line)
      output.say('')
      output.say(findings.length === 0 ? 'The rules find nothing.' : `${findingCounts(findings)}:`)
      for (const line of findingLines(findings)) output.say(indented(line))
      output.result({ kind, name, tenant: named.tenant, properties: propertyFacts(value), findings, value })
    }
    return EXIT.done
  },
}
