import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { reasonAgainst } from '../../src/schema/backward.ts'
import {
  diffSchemas,
  incompatibilities,
  sameSchema,
  schemaDifferences,
  schemaDigest,
} from '../../src/schema/diff.ts'
import { makeSegmentable } from '../../src/schema/segmentable.ts'
import { DOCUMENTED, fixture, INHERITED, PUBLISHED, schemaOf, schemaWith } from './fixtures.ts'

const BEFORE = fixture('completed-product-rating.before')
const AFTER = fixture('completed-product-rating.after')

const A = '{"a": {"type": "string"}}'
const AB = '{"a": {"type": "string"}, "b": {"type": "string"}}'

type Fields = { readonly [keyword: string]: unknown }

/** Two schemas, what changes, and whether that is compatible. */
type Case = readonly [string, InteractionSchema, InteractionSchema, string, boolean]

function ofProperty(name: string, old: Fields, young: Fields, change: string, compatible: boolean): Case {
  return [
    name,
    schemaWith({ type: 'string', ...old }),
    schemaWith({ type: 'string', ...young }),
    change,
    compatible,
  ]
}

const CASES: readonly Case[] = [
  ['another id', BEFORE, { ...BEFORE, id: 'x' }, 'id-changed', false],
  ['an id in another case', BEFORE, { ...BEFORE, id: BEFORE.id.toLowerCase() }, 'id-changed', false],
  ['another name', BEFORE, { ...BEFORE, displayName: 'x' }, 'display-name-changed', true],
  ['a property more', schemaOf(A), schemaOf(AB), 'property-added b', true],
  ['a property less', schemaOf(AB), schemaOf(A), 'property-removed b', false],
  ['a required property less', schemaOf(AB, ', "required": ["b"]'), schemaOf(A), 'property-removed b', false],
  ['required', schemaOf(A), schemaOf(A, ', "required": ["a"]'), 'newly-required a', false],
  ['not required', schemaOf(A, ', "required": ["a"]'), schemaOf(A), 'no-longer-required a', true],
  [
    'an unknown name not required',
    schemaOf(A, ', "required": ["q"]'),
    schemaOf(A),
    'no-longer-required q',
    true,
  ],
  ['closed', schemaOf(A), schemaOf(A, ', "additionalProperties": false'), 'keyword-changed', false],
  ['opened', schemaOf(A, ', "additionalProperties": false'), schemaOf(A), 'keyword-changed', true],
  ['a title', schemaOf(A), schemaOf(A, ', "title": "x"'), 'keyword-changed', true],
  ['a title of null', schemaOf(A), schemaOf(A, ', "title": null'), 'keyword-changed', true],
  ['a condition less', schemaOf(A, ', "if": {}'), schemaOf(A), 'keyword-changed', false],
  ofProperty('a type', {}, { type: 'integer' }, 'type-changed p', false),
  ofProperty('a format', {}, { format: 'date-time' }, 'format-changed p', false),
  ofProperty('another format', { format: 'date' }, { format: 'date-time' }, 'format-changed p', false),
  ofProperty('no format', { format: 'date' }, {}, 'format-changed p', true),
  ofProperty('segmentable', {}, { addToSegmentation: 'true' }, 'made-segmentable p', true),
  ofProperty('not segmentable', { addToSegmentation: 'true' }, {}, 'no-longer-segmentable p', true),
  ofProperty('a flag of no form', { addToSegmentation: 1 }, {}, 'keyword-changed p', true),
  ofProperty('a name', {}, { displayName: 'x' }, 'renamed-for-display p', true),
  ofProperty('shown', {}, { showInContactCard: 'true' }, 'contact-card-changed p', true),
  ofProperty('moved', { sortOrder: '1' }, { sortOrder: '2' }, 'order-changed p', true),
  ofProperty('a constraint', {}, { minLength: 1 }, 'keyword-changed p', false),
  ofProperty('a type that is wider', { type: 'integer' }, { type: 'number' }, 'type-changed p', false),
  ofProperty('more values', { enum: ['a', 1] }, { enum: ['b', 1, 'a'] }, 'keyword-changed p', true),
  ofProperty('other values', { enum: ['a', 'b'] }, { enum: ['a', 'c'] }, 'keyword-changed p', false),
  ofProperty('a list of values', {}, { enum: ['a'] }, 'keyword-changed p', false),
  ofProperty('a value', {}, { const: 'a' }, 'keyword-changed p', false),
  ofProperty('another value', { const: 'a' }, { const: 'b' }, 'keyword-changed p', false),
  ofProperty('a higher maximum', { maximum: 5 }, { maximum: 5.5 }, 'keyword-changed p', true),
  ofProperty('a lower maximum', { maximum: 5 }, { maximum: 4 }, 'keyword-changed p', false),
  ofProperty('a longer text', { maxLength: 5 }, { maxLength: 6 }, 'keyword-changed p', true),
  ofProperty('a lower minimum', { minimum: 5 }, { minimum: 4 }, 'keyword-changed p', true),
  ofProperty('a higher minimum', { minLength: 1 }, { minLength: 2 }, 'keyword-changed p', false),
  ofProperty('a bound of text', { maximum: 5 }, { maximum: '6' }, 'keyword-changed p', false),
  ofProperty('a finer step', { multipleOf: 10 }, { multipleOf: 5 }, 'keyword-changed p', true),
  ofProperty('a coarser step', { multipleOf: 5 }, { multipleOf: 10 }, 'keyword-changed p', false),
  ofProperty('another pattern', { pattern: 'a' }, { pattern: 'a|b' }, 'keyword-changed p', false),
  ofProperty('values twice', { uniqueItems: true }, { uniqueItems: false }, 'keyword-changed p', true),
  [
    'opened by word',
    schemaOf(A, ', "additionalProperties": false'),
    schemaOf(A, ', "additionalProperties": true'),
    'keyword-changed',
    true,
  ],
  ofProperty('no constraint', { minLength: 1 }, {}, 'keyword-changed p', true),
  ofProperty('a flag of tomorrow', {}, { addToSomething: 'true' }, 'keyword-changed p', true),
]

describe('diffSchemas', () => {
  it('tells the upgrade that a vendor published', () => {
    const changes = diffSchemas(BEFORE, AFTER)
    expect(changes.map((change) => change.text)).toEqual([
      'The schema\'s display name changes from "Completed TestFreaks review" to "Completed Trustvoice review".',
      '"productSku" can be used in segmentation.',
      '"rating" can be used in segmentation.',
    ])
    expect(changes[1]).toEqual({
      kind: 'made-segmentable',
      property: 'productSku',
      before: 'false',
      after: 'true',
      compatible: true,
      text: '"productSku" can be used in segmentation.',
    })
    expect(incompatibilities(BEFORE, AFTER)).toEqual([])
  })

  it.each(CASES)('%s', (_name, before, after, expected, compatible) => {
    const changes = diffSchemas(before, after)
    expect(changes.map(({ kind, property }) => (property ? `${kind} ${property}` : kind))).toEqual([expected])
    expect(changes.map((change) => change.compatible)).toEqual([compatible])
    expect(incompatibilities(before, after)).toEqual(compatible ? [] : changes)
    expect(sameSchema(before, after)).toBe(false)
    expect(schemaDifferences(before, after)).not.toEqual([])
  })

  it('takes a list of values that has the one of before', () => {
    const [one, two] = [schemaWith({ const: 'a' }), schemaWith({ enum: ['a', 'b'] })]
    expect(incompatibilities(one, two)).toEqual([])
    expect(incompatibilities(two, one).map(({ text }) => text)).toEqual([
      'The keyword "const" of "p" changes from nothing to "a".',
    ])
    expect(incompatibilities(schemaWith({ enum: ['a'] }), one)).toEqual([])
  })

  it('does not call a bound higher that a double can not tell from the other', () => {
    const most = (digits: string): InteractionSchema =>
      parseJson(
        JSON.stringify(schemaWith({ maximum: 100 })).replace('100', digits),
      ) as unknown as InteractionSchema
    const [less, more] = [most('12345678901234567890'), most('12345678901234567891')]
    expect(incompatibilities(more, less)).toHaveLength(1)
    expect(incompatibilities(most('12345678901234567890'), most('1e30'))).toEqual([])
  })

  it.each<[string, Fields, Fields, RegExp]>([
    ['a type that takes less', { type: 'number' }, { type: 'integer' }, /^An interaction that was kept/],
    ['another type', { type: 'string' }, { type: 'number' }, /^An interaction that was kept/],
    [
      'a type that takes more',
      { type: 'integer' },
      { type: 'number' },
      /takes every.*segments.*not judged safe/,
    ],
    ['one type more', { type: ['string'] }, { type: ['null', 'string'] }, /takes every.*not judged safe/],
    ['one value less', { enum: ['a', 'b'] }, { enum: ['a'] }, /^An interaction that was kept/],
  ])('says what is true of %s', (_name, old, young, why) => {
    const changes = incompatibilities(schemaWith(old), schemaWith(young))
    expect(changes.map((each) => reasonAgainst(each)?.why)).toEqual([expect.stringMatching(why)])
  })

  it('tells a new property that is required twice: added, and required', () => {
    const after = schemaOf(AB, ', "required": ["b"]')
    expect(diffSchemas(schemaOf(A), after).map((change) => change.kind)).toEqual([
      'property-added',
      'newly-required',
    ])
    expect(incompatibilities(schemaOf(A), after)).toHaveLength(1)
  })

  it.each(INHERITED)('knows %s as a name like any other', (name) => {
    const named = schemaOf(`{"${name}": {"type": "string"}}`)
    const kinds = (a: InteractionSchema, b: InteractionSchema): readonly string[] =>
      diffSchemas(a, b).map((change) => `${change.kind} ${change.property}`)
    expect(kinds(named, schemaOf('{}'))).toEqual([`property-removed ${name}`])
    expect(kinds(schemaOf('{}'), named)).toEqual([`property-added ${name}`])
    expect(kinds(named, makeSegmentable(named, [name]))).toEqual([`made-segmentable ${name}`])
    expect(schemaDifferences(named, schemaOf('{}'))).toHaveLength(1)
    expect(schemaDigest(named)).not.toBe(schemaDigest(schemaOf('{}')))
  })
})

describe('sameSchema', () => {
  const equal: ReadonlyArray<readonly [string, InteractionSchema, InteractionSchema]> = [
    ['itself', BEFORE, BEFORE],
    [
      'properties in another order',
      schemaOf(AB),
      schemaOf('{"b": {"type": "string"}, "a": {"type": "string"}}'),
    ],
    [
      'keys in another order',
      schemaWith({ type: 'string', format: 'date' }),
      schemaWith({ format: 'date', type: 'string' }),
    ],
    ['addToSegmentation left out', schemaWith({ addToSegmentation: 'false' }), schemaWith({})],
    ['showInContactCard left out', schemaWith({}), schemaWith({ showInContactCard: 'false' })],
    [
      'required in another order',
      schemaOf(AB, ', "required": ["a", "b"]'),
      schemaOf(AB, ', "required": ["b", "a"]'),
    ],
    ['required left out', schemaOf(A), schemaOf(A, ', "required": []')],
    ['fields of the server', BEFORE, { ...BEFORE, createdDate: '2023-01-01' } as InteractionSchema],
    [
      'numbers written differently',
      parseJson(
        JSON.stringify(schemaWith({ maximum: 100 })).replace('100', '1.0e2'),
      ) as unknown as InteractionSchema,
      schemaWith({ maximum: 100 }),
    ],
  ]

  it.each(equal)('%s', (_name, a, b) => {
    expect(schemaDifferences(a, b)).toEqual([])
    expect(sameSchema(a, b)).toBe(true)
    expect(sameSchema(b, a)).toBe(true)
    expect(diffSchemas(a, b)).toEqual([])
  })

  it('tells each place', () => {
    const found = schemaOf('{"a": {"type": "number", "format": "date"}, "c d": {"type": "string"}}')
    expect(schemaDifferences(schemaOf(AB), { ...found, displayName: 'T' })).toEqual([
      'displayName: expected "S", found "T"',
      'jsonSchema.properties.a.type: expected "string", found "number"',
      'jsonSchema.properties.a.format: expected nothing, found "date"',
      'jsonSchema.properties.b: expected {"type":"string"}, found nothing',
      'jsonSchema.properties["c d"]: expected nothing, found {"type":"string"}',
    ])
  })

  it('does not take two large numbers for one', () => {
    const large = (digits: string): InteractionSchema =>
      parseJson(
        JSON.stringify(schemaWith({ maximum: 100 })).replace('100', digits),
      ) as unknown as InteractionSchema
    expect(sameSchema(large('12345678901234567890'), large('12345678901234567891'))).toBe(false)
    expect(sameSchema(large('1e400'), large('10e399'))).toBe(true)
  })
})

describe('schemaDigest', () => {
  it('is the SHA-256 of sorted JSON', () => {
    const text =
      '{"displayName":"S","id":"s","jsonSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema",' +
      '"properties":{"a":{"maximum":1.5,"type":"number"}},"type":"object"}}'
    const expected = createHash('sha256').update(text).digest('hex')
    expect(schemaDigest(schemaOf('{"a": {"type": "number", "maximum": 1.5}}'))).toBe(expected)
  })

  it('takes no notice of the order of keys or of fields of the server', () => {
    const { id, displayName, jsonSchema } = BEFORE
    const other = { etag: 1, jsonSchema, displayName, id } as InteractionSchema
    expect(schemaDigest(other)).toBe(schemaDigest(BEFORE))
  })

  it('is another for every schema', () => {
    const digests = [...DOCUMENTED, ...PUBLISHED].map((name) => schemaDigest(fixture(name)))
    expect(new Set(digests).size).toBe(digests.length)
  })
})
