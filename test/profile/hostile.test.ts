/** Data that nobody meant well with: nothing breaks, nothing grows, nothing lies. */
import { describe, expect, it } from 'vitest'
import { type JsonObject, parseJson, stringifyJson } from '../../src/json.ts'
import { keyOf, shownOf } from '../../src/profile/key.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { AS_OF, profiled, propertyOf } from './sample.ts'

const MEGABYTE = 'lorem ipsum '.repeat(90_000)

describe('a value', () => {
  it('of a megabyte is counted, and cut', async () => {
    const found = await propertyOf([MEGABYTE, MEGABYTE, `${MEGABYTE}!`, 'x'])
    expect(found).toMatchObject({ filled: 4, distinct: { count: 3, errorPercent: 0 } })
    expect(found.range).toEqual({ of: 'lengths', least: 1, most: MEGABYTE.length + 1 })
    expect(stringifyJson(found).length).toBeLessThan(1500)
  })

  it('is cut to 80 characters, and no character in two', async () => {
    for (const more of [10, 99]) {
      const { frequent } = await propertyOf([`${'é'.repeat(79)}\u{1f600}${'é'.repeat(more)}`])
      expect(frequent).toEqual([{ value: `${'é'.repeat(79)}…`, count: 1 }])
    }
    expect(shownOf(keyOf(['é'.repeat(100)]))).toBe(`["${'é'.repeat(78)}…`)
    expect(shownOf(keyOf(['é'.repeat(200)]))).toBe(`["${'é'.repeat(78)}…`)
  })

  it('is as long as it has characters', async () => {
    expect((await propertyOf(['\u{1f600}\u{1f600}', 'abc'])).range).toEqual({
      of: 'lengths',
      least: 2,
      most: 3,
    })
  })

  it('that is there once is frequent among five, and not among six', async () => {
    expect((await propertyOf(['a', 'b', 'c', 'd', 'e'])).frequent).toHaveLength(5)
    expect((await propertyOf(['a', 'b', 'c', 'd', 'e', 'f'])).frequent).toEqual([])
  })

  it('of another type than the schema says counts as what it is', async () => {
    const values = [5, '5', 5.0, parseJson('5.0'), true, ['a', 1], { b: { c: 'd' } }, null]
    const found = await propertyOf(values as readonly JsonObject[string][], { type: 'integer' })
    expect(found).toMatchObject({
      filled: 7,
      distinct: { count: 5, errorPercent: 0 },
      range: { of: 'numbers', least: '5', most: '5' },
      frequent: [{ value: '5', count: 3 }, {}, {}, {}, {}],
    })
    expect(found.frequent.map(({ value }) => value)).toEqual(['5', '["a",1]', 'true', '{"b":{"c":"d"}}', '5'])
    const nested = await propertyOf([{ b: { c: 'anna@example.com' } }], { type: 'integer' })
    expect([nested.personal[0]?.count, nested.frequent]).toEqual([1, []])
  })

  it('that is a number counts by value, however it is written and however large it is', async () => {
    const texts = [
      '1e2',
      '100',
      '100.0',
      '12345678901234567890',
      '12345678901234567891',
      '-0',
      '0',
      '1e400',
      '0.10',
    ]
    const { distinct, range, frequent } = await propertyOf(texts.map(parseJson), { type: 'number' })
    expect(distinct.count).toBe(6)
    expect(range).toEqual({ of: 'numbers', least: '0', most: '1e400' })
    expect(frequent[0]).toEqual({ value: '100', count: 3 })
  })

  it.each([
    ['12345678901234567890', '12345678901234567890'],
    ['-1234567890123456789.25', '-1234567890123456789.25'],
    ['0.00000000000000000000123456789012345678', '0.00000000000000000000123456789012345678'],
    ['1e400', '1e400'],
    ['19.90', '19.9'],
  ])('that is the number %s is shown as %s', (text, shown) => {
    expect(shownOf(keyOf(parseJson(text)))).toBe(shown)
  })

  it.each([
    ['', '""'],
    [' a', '" a"'],
    ['a\u001b[31mb', '"a\\u001b[31mb"'],
    ['\0@2026', '"\\u0000@2026…"'],
    ['=cmd()', '=cmd()'],
  ])('that is the text %j is shown as %s', (text, shown) => {
    expect(shownOf(keyOf(text))).toBe(shown)
  })

  it('that is text is no other than text, whatever it begins with', () => {
    const other = [5, true, ['a'], parseJson('1e400')]
    const keys = [...other.map((each) => keyOf(each)), keyOf('x', AS_OF)]
    expect(new Set([...keys, ...keys.map((each) => keyOf(each))]).size).toBe(2 * keys.length)
  })

  it('that is an instant counts as that, in whatever notation', async () => {
    const dates = ['2026-01-01T12:00:00Z', '2026-01-01T13:00:00.000+01:00', '0001-01-01T00:00:00', 'soon']
    const found = await propertyOf(dates, { type: 'string', format: 'date-time' })
    expect(found).toMatchObject({
      type: 'string (date-time)',
      distinct: { count: 3 },
      range: { of: 'instants', least: '0001-01-01T00:00:00.000Z', most: '2026-01-01T12:00:00.000Z' },
      frequent: [
        { value: '2026-01-01T12:00:00.000Z', count: 2 },
        { value: '0001-01-01T00:00:00.000Z', count: 1 },
        { value: 'soon', count: 1 },
      ],
    })
  })

  it('that is half a surrogate pair is not taken for the other half', () => {
    const long = 'x'.repeat(200)
    expect(keyOf(`${long}\ud800`)).not.toBe(keyOf(`${long}\udc00`))
  })
})

describe('a payload', () => {
  it('with names that every object has is read as its own', async () => {
    const names =
      '{"__proto__": {"type": "string"}, "constructor": {"type": "string"}, "p": {"type": "string"}}'
    const payload = parseJson('{"__proto__": "a", "p": "b"}') as JsonObject
    const { properties } = await profiled([[{ payload }], [{}]], schemaOf(names))
    expect(properties.map(({ name, filled, frequent }) => [name, filled, frequent[0]?.value])).toEqual([
      ['__proto__', 1, 'a'],
      ['constructor', 0, undefined],
      ['p', 1, 'b'],
    ])
  })

  it('of a megabyte of everything leaves a small profile', async () => {
    const names = (salt: number) =>
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, index) => [`${salt}-${index}-${'k'.repeat(200)}`, MEGABYTE]),
      )
    const given = Array.from({ length: 6 }, (_, index) => [
      { payload: { ...names(index), p: MEGABYTE + index }, createdDate: `${MEGABYTE}${index}` },
    ])
    const profile = await profiled(given, schemaOf('{"p": {"type": "integer"}}'))
    expect(profile.refused.interactions).toBe(6)
    expect(profile.undated).toBe(6)
    expect(stringifyJson(profile).length).toBeLessThan(12_000)
  })
})

describe('a schema', () => {
  it('that says odd things of a property is shown as it is', async () => {
    const odd = schemaOf(
      '{"a": {"type": ["string", "null"]}, "b": {"type": "string", "displayName": 5}, "c": {}}',
    )
    const { properties } = await profiled([[{}]], odd)
    expect(properties.map(({ type, displayName }) => [type, displayName])).toEqual([
      ['["string","null"]', ''],
      ['string', ''],
      ['null', ''],
    ])
  })

  it('that is new says which properties there are, and both which are segmentable', async () => {
    const before = schemaOf(
      '{"old": {"type": "string"}, "a": {"type": "string", "addToSegmentation": "true"}}',
    )
    const after = schemaOf('{"b": {"type": "string", "addToSegmentation": "true"}, "a": {"type": "string"}}')
    const { properties, unnamed } = await profiled([[{ payload: { old: 1, a: 'x', b: 'y' } }]], after, before)
    expect(properties.map(({ name, segmentable }) => [name, segmentable])).toEqual([
      ['b', { before: false, after: true }],
      ['a', { before: true, after: false }],
    ])
    expect(unnamed).toEqual([{ name: 'old', count: 1, before: true }])
  })

  it('that checks nothing can be told so', async () => {
    await expect(profiled([], schemaOf('{"p": {"type": "text"}}'))).rejects.toThrow(
      /can't be used to check payloads/,
    )
  })
})
