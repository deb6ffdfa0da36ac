import { describe, expect, it } from 'vitest'
import { OperatorError } from '../../src/errors.ts'
import { type JsonObject, parseJson } from '../../src/json.ts'
import { createPayloadCheck } from '../../src/schema/payload.ts'
import { DOCUMENTED, fixture, INHERITED, PUBLISHED, schemaOf, schemaWith } from './fixtures.ts'

function payload(text: string): JsonObject {
  return parseJson(text) as JsonObject
}

describe('createPayloadCheck', () => {
  it.each([...DOCUMENTED, ...PUBLISHED])('compiles %s', (name) => {
    expect(createPayloadCheck(fixture(name))).toBeTypeOf('function')
  })

  const check = createPayloadCheck(fixture('Reuse-Spring-2023'))

  it.each<[string, string, readonly string[]]>([
    ['the example of the documentation', '{"price": 100, "type": "Jeans", "name": "Reused Item"}', []],
    ['a required property less', '{"price": 100}', ["must have required property 'name'"]],
    ['a date-time', '{"name": "", "purchase-timestamp": "2018-11-13T20:20:39+00:00"}', []],
    [
      'a date without a time',
      '{"name": "", "purchase-timestamp": "2018-11-13"}',
      ['purchase-timestamp: must match format "date-time"'],
    ],
    ['an integer written as 1.0', '{"name": "", "price": 1.0}', []],
    ['an integer past the doubles', '{"name": "", "price": 12345678901234567890}', []],
    ['a fraction', '{"name": "", "price": 1.5}', ['price: must be integer']],
    ['a number as text', '{"name": "", "price": "1"}', ['price: must be integer']],
    ['null', '{"name": null}', ['name: must be string']],
    ['all errors', '{"name": 1, "price": true}', ['price: must be integer', 'name: must be string']],
  ])('%s', (_name, text, expected) => {
    expect(check(payload(text))).toEqual(expected)
  })

  it('never answers with what a person wrote', () => {
    const only = createPayloadCheck(schemaWith({ type: 'string', format: 'email', maxLength: 3 }))
    const answer = only({ p: 'someone at example' })
    expect(answer).toHaveLength(2)
    expect(answer.join()).not.toContain('someone')
  })

  it.each(INHERITED)('knows %s as a name like any other', (name) => {
    const named = createPayloadCheck(schemaOf(`{"${name}": {"type": "integer"}}`))
    expect(named({})).toEqual([])
    expect(named(payload(`{"${name}": 1}`))).toEqual([])
    const required = createPayloadCheck(
      schemaOf(`{"${name}": {"type": "integer"}}`, `, "required": ["${name}"]`),
    )
    expect(required({})).toHaveLength(1)
    expect(required(payload(`{"${name}": 1}`))).toEqual([])
  })

  it('takes unknown formats and keywords as they come', () => {
    const lenient = createPayloadCheck(
      schemaOf('{"p/q": {"type": "string", "format": "sku"}}', ', "$async": true'),
    )
    expect(lenient({ 'p/q': 'a' })).toEqual([])
    expect(lenient({ 'p/q': 1 })).toEqual(['p/q: must be string'])
  })

  it('knows no keywords that JSON Schema does not define', () => {
    const late = createPayloadCheck(
      schemaWith({ type: 'string', format: 'date', formatMinimum: '2020-01-01' }),
    )
    expect(late({ p: '2019-01-01' })).toEqual([])
  })

  it('refuses a schema that is none', () => {
    expect(() => createPayloadCheck(schemaWith({ type: 'text' }))).toThrow(OperatorError)
    expect(() => createPayloadCheck(schemaWith({ $ref: 'https://example.org/x' }))).toThrow(/Schema s can't/)
  })
})
