/** `schema diff`: how one schema differs from another, and whether the second can take the first one's place. */
import { EXIT } from '../errors.ts'
import type { InteractionSchema } from '../model.ts'
import { changeLines, indented, verdictLine } from '../report/schemas.ts'
import { reasonAgainst } from '../schema/backward.ts'
import { diffSchemas, type SchemaChange } from '../schema/diff.ts'
import { othersAlike } from '../schema/rules.ts'
import { type Command, textOf } from './command.ts'
import { assertSchema, type NamedSchema, SCHEMA_SETTINGS, schemasNamed } from './schemas-named.ts'
import { SCHEMA, WRITTEN } from './which-schema.ts'
import { FROM } from './which-snapshot.ts'

export const schemaDiff: Command = {
  group: 'schema',
  usage: 'diff <before> <after>',
  describe: 'how one schema differs from another, and what of that is not backward compatible',
  positionals: { before: SCHEMA, after: 'the one that it is held against' },
  flags: { from: FROM },
  settings: SCHEMA_SETTINGS,
  epilogue:
    'It ends with 4 where a change is not backward compatible: the second could not take the place of the first. Ids may ' +
    'differ, as those of a parallel schema do (Repairs, Repairs-segmentable): that is said, and the rest is compared.\n' +
    WRITTEN,
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const { output } = tools
    const texts = [textOf(args, 'before') ?? '', textOf(args, 'after') ?? '']
    const { schemas } = await schemasNamed(texts, args, tools)
    const [before, after] = schemas as readonly [NamedSchema, NamedSchema]
    const [old, young] = [assertSchema(before), assertSchema(after)]
    // Two schemas side by side: as what they hold would go from the one into the other.
    const changes = diffSchemas(old, { ...young, id: old.id })
    output.say(`Before: ${before.name}`)
    output.say(`After:  ${after.name}`)
    for (const line of [...idLines(old, young), ...changeLines(changes)]) output.say(indented(line))
    output.say(verdictLine(changes))
    const compatible = changes.every((each) => each.compatible)
    output.result({
      before: { kind: before.kind, name: before.name, id: old.id },
      after: { kind: after.kind, name: after.name, id: young.id },
      sameId: old.id === young.id,
      compatible,
      changes: changes.map(resultOf),
    })
    return compatible ? EXIT.done : EXIT.precondition
  },
}

function idLines({ id: old }: InteractionSchema, { id: young }: InteractionSchema): readonly string[] {
  if (old === young) return []
  return [
    `The ids differ: ${old} and ${young} are two schemas, side by side ("Upgrading"). The rest is compared:`,
    ...(othersAlike(old, [young]).length === 0
      ? []
      : [`Warning: they differ in case only; in e-mails the two would be one ("Personalizing messages").`]),
  ]
}

function resultOf(change: SchemaChange): object {
  const { kind, property = null, before = null, after = null, compatible, text } = change
  const { why = null, source = null } = reasonAgainst(change) ?? {}
  return { kind, property, before, after, compatible, text, why, source }
}
