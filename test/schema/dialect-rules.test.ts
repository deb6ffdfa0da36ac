import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { lintWhole } from '../../src/schema/dialect-rules.ts'
import { lintSchema } from '../../src/schema/rules.ts'
import { DOCUMENTED, PLAIN, PUBLISHED, readFixture, schemaOf, schemaWith } from './fixtures.ts'

const lint = (schema: InteractionSchema) => lintWhole(schema as unknown as Json)

describe('a schema whose body is no JSON Schema', () => {
  it.each<[string, InteractionSchema, string]>([
    ['required within a property', schemaWith({ ...PLAIN, required: true }), 'must be array'],
    ['a length below nothing', schemaWith({ ...PLAIN, minLength: -1 }), 'must be >= 0'],
    ['a pattern that is none', schemaWith({ ...PLAIN, pattern: '[' }), 'Invalid regular expression'],
    ['a reference to nowhere', schemaOf('{}', ', "allOf": [{"$ref": "#/nowhere"}]'), 'nowhere'],
  ])('%s', (_name, schema, words) => {
    expect(lintSchema(schema).filter(({ severity }) => severity === 'error')).toEqual([])
    const found = lint(schema)
    expect(found.slice(0, -1)).toEqual(lintSchema(schema))
    expect(found.at(-1)).toMatchObject({
      severity: 'error',
      path: 'jsonSchema',
      message: expect.stringContaining(words),
      source: 'Creating a schema',
    })
  })

  it('is not asked of what breaks other rules', () => {
    const schema = schemaWith({ ...PLAIN, type: 'text', minLength: -1 })
    expect(lint(schema)).toEqual(lintSchema(schema))
  })
})

it.each([...DOCUMENTED, ...PUBLISHED])('%s is one', (name) => {
  const schema = readFixture(name)
  expect(lintWhole(schema)).toEqual(lintSchema(schema))
})
