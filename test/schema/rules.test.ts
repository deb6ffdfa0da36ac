import { describe, expect, it } from 'vitest'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { type Json, parseJson } from '../../src/json.ts'
import { SECTION } from '../../src/schema/finding.ts'
import {
  DIALECT,
  type Finding,
  freePlaces,
  lintSchema,
  MAX_SCHEMAS,
  MAX_SEGMENTABLE,
  parseSchema,
} from '../../src/schema/rules.ts'
import { DOCUMENTED, INHERITED, PLAIN, PUBLISHED, readFixture, schemaOf, schemaWith } from './fixtures.ts'

const GOOD = schemaWith(PLAIN)

/** `error jsonSchema.type`, to compare findings without their wording. */
function places(findings: readonly Finding[]): readonly string[] {
  return findings.map((finding) => `${finding.severity} ${finding.path}`)
}

function withBody(body: { readonly [name: string]: unknown }): unknown {
  return { ...GOOD, jsonSchema: { ...GOOD.jsonSchema, ...body } }
}

describe('schemas from the field', () => {
  it.each([...DOCUMENTED, ...PUBLISHED])('%s has no errors', (name) => {
    const findings = lintSchema(readFixture(name))
    expect(findings.filter((finding) => finding.severity === 'error')).toEqual([])
  })

  it('finds in the documentation what its own rules ask for', () => {
    expect(lintSchema(readFixture('Reuse-Spring-2023'))).toEqual([])
    expect(places(lintSchema(readFixture('repair')))).toContain('warning jsonSchema.properties.productId')
    expect(places(lintSchema(readFixture('wishlist')))).toEqual([
      'warning jsonSchema.properties.date.sortOrder',
      'warning jsonSchema.properties.productSku.sortOrder',
    ])
  })
})

describe('the schema as a whole', () => {
  it('has nothing to say about a good one', () => {
    expect(lintSchema(GOOD)).toEqual([])
  })

  it.each<[string, unknown, readonly string[]]>([
    ['null', null, ['error ']],
    ['a list', [], ['error ']],
    ['undefined', undefined, ['error ']],
    ['a number kept as text', parseJson('1.0'), ['error ']],
    ['an empty object', {}, ['error id', 'error displayName', 'error jsonSchema']],
    ['an id with an umlaut', { ...GOOD, id: 'Höst-kampanj_2023' }, ['error id']],
    ['an id with a line break', { ...GOOD, id: 'a\n' }, ['error id']],
    ['an empty id', { ...GOOD, id: '' }, ['error id']],
    ['a number as id', { ...GOOD, id: 7 }, ['error id']],
    ['the id of the documentation', { ...GOOD, id: 'Autumn-campaign_2023' }, []],
    ['a number as displayName', { ...GOOD, displayName: 7 }, ['error displayName']],
    ['an empty displayName', { ...GOOD, displayName: ' ' }, ['warning displayName']],
    ['an unknown field', { ...GOOD, displayname: 'x' }, ['warning displayname']],
    ['a list as jsonSchema', { ...GOOD, jsonSchema: [] }, ['error jsonSchema']],
    ['another dialect', withBody({ $schema: `${DIALECT}#` }), ['error jsonSchema.$schema']],
    ['no dialect', withBody({ $schema: undefined }), ['error jsonSchema.$schema']],
    ['another type', withBody({ type: 'array' }), ['error jsonSchema.type']],
    ['a list of types', withBody({ type: ['object'] }), ['error jsonSchema.type']],
    ['a list as properties', withBody({ properties: [] }), ['error jsonSchema.properties']],
    ['no properties', withBody({ properties: undefined }), ['error jsonSchema.properties']],
    ['empty properties', withBody({ properties: {} }), ['warning jsonSchema.properties']],
    ['required that exists', withBody({ required: ['p'] }), []],
    ['required that does not', withBody({ required: ['p', 'q'] }), ['error jsonSchema.required[1]']],
    ['required only by inheritance', withBody({ required: ['toString'] }), ['error jsonSchema.required[0]']],
    ['required twice', withBody({ required: ['p', 'p'] }), ['error jsonSchema.required[1]']],
    ['a number as required name', withBody({ required: [1] }), ['error jsonSchema.required[0]']],
    ['required as text', withBody({ required: 'p' }), ['error jsonSchema.required']],
    [
      'a keyword of the body',
      withBody({ additionalProperties: false }),
      ['warning jsonSchema.additionalProperties'],
    ],
  ])('%s', (_name, value, expected) => {
    expect(places(lintSchema(value))).toEqual(expected)
  })
})

describe('a property', () => {
  it.each<[string, { readonly [keyword: string]: unknown }, readonly string[]]>([
    ['no type', { type: undefined }, ['error .type']],
    ['a list of types', { type: ['string', 'null'] }, ['error .type']],
    ['a type that nests', { type: 'object' }, ['error .type']],
    ['a list', { type: 'array', items: { type: 'string' } }, ['error .type', 'warning .items']],
    ['a type of its own', { type: 'date' }, ['error .type']],
    ['the type null', { type: 'null' }, ['error .type']],
    ['a type in capitals', { type: 'String' }, ['error .type']],
    ['string', { type: 'string' }, []],
    ['number', { type: 'number' }, []],
    ['integer', { type: 'integer' }, []],
    ['boolean', { type: 'boolean' }, []],
    ['nested properties', { properties: {} }, ['error .properties']],
    ['a format', { format: 'date-time' }, []],
    ['a format that is no text', { format: true }, ['error .format']],
    ['an unknown format', { format: 'datetime' }, ['warning .format']],
    ['a format of a number', { type: 'number', format: 'date' }, ['warning .format']],
    ['no displayName', { displayName: undefined }, ['warning .displayName']],
    ['an empty displayName', { displayName: '' }, ['warning .displayName']],
    ['a displayName that is no text', { displayName: 1 }, ['error .displayName']],
    ['no showInContactCard', { showInContactCard: undefined }, ['warning .showInContactCard']],
    ['showInContactCard as boolean', { showInContactCard: false }, ['error .showInContactCard']],
    ['showInContactCard in capitals', { showInContactCard: 'True' }, ['error .showInContactCard']],
    ['addToSegmentation "true"', { addToSegmentation: 'true' }, []],
    ['addToSegmentation "false"', { addToSegmentation: 'false' }, []],
    ['addToSegmentation as boolean', { addToSegmentation: true }, ['error .addToSegmentation']],
    ['addToSegmentation null', { addToSegmentation: null }, ['error .addToSegmentation']],
    ['a sortOrder', { sortOrder: '12' }, []],
    ['a sortOrder as number', { sortOrder: 1 }, ['error .sortOrder']],
    ['a sortOrder that is no integer', { sortOrder: '1.5' }, ['error .sortOrder']],
    ['a negative sortOrder', { sortOrder: '-1' }, ['error .sortOrder']],
    ['an empty sortOrder', { sortOrder: '' }, ['error .sortOrder']],
    ['no sortOrder though shown', { showInContactCard: 'true' }, ['warning .sortOrder']],
    ['keywords', { enum: ['a'], minLength: 1 }, ['warning .enum', 'warning .minLength']],
  ])('%s', (_name, fields, expected) => {
    const found = places(lintSchema(schemaWith({ ...PLAIN, ...fields })))
    expect(found).toEqual(expected.map((each) => each.replace(' .', ' jsonSchema.properties.p.')))
  })

  it('says how to write a flag', () => {
    const [finding] = lintSchema(schemaWith({ ...PLAIN, addToSegmentation: true }))
    expect(finding?.message).toBe('must be the string "true", in quotation marks, not the boolean true')
    expect(finding?.source).toBe('Interaction segmentation')
  })

  it.each([
    ['AddToSegmentation', 'is "addToSegmentation" meant?'],
    ['showInContactcard', 'is "showInContactCard" meant?'],
    ['column', 'is "sortOrder" meant?'],
  ])('that is not documented may be a slip: %s', (name, asked) => {
    const [finding] = lintSchema(
      schemaWith({ ...PLAIN, showInContactCard: undefined, [name]: 'true' }),
    ).filter(({ path }) => path.endsWith(name))
    expect(finding?.message).toContain(asked)
    const meant = { addToSegmentation: 'true', sortOrder: '0', showInContactCard: 'true' }
    const beside = lintSchema(schemaWith({ ...PLAIN, ...meant, [name]: 'true' }))
    expect(beside.map(({ message }) => message)).toEqual([expect.not.stringContaining('meant')])
  })

  it.each([
    [{ a: 1 }, true],
    [[[{}]], true],
    [['a'], false],
  ])('says of the keyword %j whether it is nested', (value, nested) => {
    const [finding] = lintSchema(schemaWith({ ...PLAIN, x: value }))
    expect(finding?.message.includes('nested')).toBe(nested)
  })

  it('must be an object', () => {
    expect(places(lintSchema(schemaOf('{"p": "string"}')))).toEqual(['error jsonSchema.properties.p'])
  })

  it.each([
    ['productSku of another type', '{"productSku": {"type": "integer"', 'productSku.type'],
    ['a name like it', '{"product_ID": {"type": "string"', 'product_ID'],
    ['sku', '{"sku": {"type": "string"', 'sku'],
  ])('warns of %s', (_name, start, path) => {
    const findings = lintSchema(schemaOf(`${start}, "displayName": "X", "showInContactCard": "false"}}`))
    expect(places(findings)).toEqual([`warning jsonSchema.properties.${path}`])
    expect(findings[0]?.message).toContain('productSku')
    expect(findings[0]?.source).toBe(SECTION.sku)
  })

  it('may have a name like that beside productSku', () => {
    expect(lintSchema(schemaOf(JSON.stringify({ sku: PLAIN, productSku: PLAIN })))).toEqual([])
  })

  it.each(INHERITED)('may be named %s', (name) => {
    const property = JSON.stringify(PLAIN)
    expect(lintSchema(schemaOf(`{"${name}": ${property}}`, `, "required": ["${name}"]`))).toEqual([])
    const [finding] = lintSchema(schemaOf(`{"${name}": {}}`))
    expect(finding?.path).toBe(`jsonSchema.properties.${name}.type`)
  })

  it('keeps an odd name apart from its path', () => {
    const [finding] = lintSchema(schemaOf('{"a.b": 1}'))
    expect(finding?.path).toBe('jsonSchema.properties["a.b"]')
  })
})

describe('the columns of the contact card', () => {
  const shown = (orders: Readonly<Record<string, string>>, more = {}): readonly Finding[] => {
    const entries = Object.entries(orders).map(([name, sortOrder]) => [
      name,
      { ...PLAIN, showInContactCard: 'true', sortOrder, ...more },
    ])
    return lintSchema(schemaOf(JSON.stringify(Object.fromEntries(entries))))
  }

  it('are one for each property', () => {
    expect(shown({ a: '0', b: '1', c: '5' })).toEqual([])
    const findings = shown({ a: '1', b: '0', c: '01', 'd e': '1' })
    expect(places(findings)).toEqual([
      'warning jsonSchema.properties.c.sortOrder',
      'warning jsonSchema.properties["d e"].sortOrder',
    ])
    expect(findings[1]).toMatchObject({
      message: 'is "1", which is the column of "a" on the contact card already',
      source: 'Creating a schema',
    })
  })

  it('are no matter to what is not on it', () => {
    expect(shown({ a: '1', b: '1' }, { showInContactCard: 'false' })).toEqual([])
  })
})

describe('limits', () => {
  const segmentable = (count: number): unknown =>
    schemaOf(
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: count }, (_, i) => [`p${i}`, { ...PLAIN, addToSegmentation: 'true' }]),
        ),
      ),
    )

  it('allows six segmentable properties and no more', () => {
    expect(MAX_SEGMENTABLE).toBe(6)
    expect(lintSchema(segmentable(6))).toEqual([])
    const findings = lintSchema(segmentable(7))
    expect(places(findings)).toEqual(['error jsonSchema.properties'])
    expect(findings[0]?.message).toContain('p0, p1, p2, p3, p4, p5, p6')
    expect(findings[0]?.source).toBe('Limitations')
  })

  it('names those that are too many in one line, whatever they are called', () => {
    const properties = Array.from({ length: 7 }, (_, i) => [
      `p\n${i}`,
      { ...PLAIN, addToSegmentation: 'true' },
    ])
    const [finding] = lintSchema(schemaOf(JSON.stringify(Object.fromEntries(properties))))
    expect(finding?.message).toContain('["p\\n0"], ["p\\n1"]')
  })

  it('allows fifteen schemas and no more', () => {
    const others = (count: number): string[] => Array.from({ length: count }, (_, i) => `other${i}`)
    expect(MAX_SCHEMAS).toBe(15)
    expect(lintSchema(GOOD, { others: others(14) })).toEqual([])
    expect(places(lintSchema(GOOD, { others: others(15) }))).toEqual(['error '])
    expect([0, 14, 15, 16].map(freePlaces)).toEqual([15, 1, 0, 0])
  })

  it.each([
    [['s'], 'error', 'Creating a schema'],
    [['S'], 'warning', 'Personalizing messages'],
  ])('an id beside %j: %s', (others, severity, source) => {
    expect(lintSchema(GOOD, { others })).toMatchObject([{ severity, path: 'id', source }])
  })
})

describe('parseSchema', () => {
  it('gives the very value, warnings or not', () => {
    const value = readFixture('repair')
    expect(parseSchema(value, 'repair.json')).toBe(value)
  })

  it('tells all errors together', () => {
    const value = { id: 'å', displayName: 1, jsonSchema: { properties: { p: {} } } } as Json
    try {
      parseSchema(value, 'x.json')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(OperatorError)
      const { exit, message } = error as OperatorError
      expect(exit).toBe(EXIT.usage)
      expect(message.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
        'x.json is not a valid interaction schema',
        'id',
        'displayName',
        'jsonSchema.$schema',
        'jsonSchema.type',
        'jsonSchema.properties.p.type',
      ])
    }
  })
})
