/** What the new schema refuses, and what it has no name for. */
import { describe, expect, it } from 'vitest'
import { type JsonObject, parseJson, stringifyJson } from '../../src/json.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { EMPTY, guid, profiled } from './sample.ts'

const given = (...payloads: readonly JsonObject[]) => payloads.map((payload) => [{ payload }])

describe('refused', () => {
  const schema = schemaOf(
    '{"rating": {"type": "integer"}, "name": {"type": "string"}}',
    ', "required": ["name"]',
  )

  it('counts interactions once, and each rule that they break', async () => {
    const { refused } = await profiled(
      given({ name: 'a' }, { rating: 'x' }, { rating: 1.5, name: 'a' }, { rating: 1 }, { rating: 2 }),
      schema,
    )
    expect(refused.interactions).toBe(4)
    expect(refused.reasons.map(({ reason, count }) => [reason, count])).toEqual([
      ["must have required property 'name'", 3],
      ['rating: must be integer', 2],
    ])
    expect(refused.reasons[1]?.examples).toEqual([
      { id: 'i-1', contactId: guid(1), createdDate: '2026-02-03T04:04:06.789Z' },
      { id: 'i-2', contactId: guid(2), createdDate: '2026-02-03T04:03:06.789Z' },
    ])
  })

  it('shows the first three of each', async () => {
    const { refused } = await profiled(given(...Array(9).fill({ name: 1 })), schema)
    expect(refused.reasons[0]?.examples.map(({ id }) => id)).toEqual(['i-0', 'i-1', 'i-2'])
  })

  it('counts a rule that is there twice once', async () => {
    const twice = schemaOf('{}', ', "allOf": [{"required": ["a"]}, {"required": ["a"]}]')
    const { refused } = await profiled(given({}), twice)
    expect(refused.reasons).toMatchObject([{ reason: "must have required property 'a'", count: 1 }])
  })

  it('is judged by the new schema, not by the one that the data is in', async () => {
    const { refused } = await profiled(given({}), EMPTY, schema)
    expect(refused).toEqual({ interactions: 0, reasons: [] })
  })

  it('loses nothing where a payload makes up as many rules as it likes', async () => {
    const open = schemaOf('{}', ', "additionalProperties": {"type": "integer"}')
    const payloads = Array.from({ length: 3000 }, (_, index) => ({
      [`key ${index}`]: 'secret',
      often: 'secret',
    }))
    const { refused } = await profiled(given(...payloads), open)
    expect(refused.interactions).toBe(3000)
    expect(refused.reasons).toHaveLength(20)
    expect(refused.reasons[0]).toMatchObject({ reason: 'often: must be integer', count: 3000 })
    expect(refused.reasons.at(-1)).toMatchObject({ reason: 'other rules', count: 3000 - 18 })
    expect(refused.reasons.at(-1)?.examples).toHaveLength(3)
    expect(stringifyJson(refused)).not.toContain('secret')
  })

  it('names no property whose name is somebody, and cuts long ones', async () => {
    const open = schemaOf('{}', ', "additionalProperties": {"type": "integer"}')
    const long = 'n'.repeat(1_000_000)
    const { refused } = await profiled(given({ 'anna@example.com': '', [long]: '' }), open)
    const text = stringifyJson(refused)
    expect(text).not.toContain('anna')
    expect(text.length).toBeLessThan(1000)
    expect(refused.reasons).toHaveLength(2)
  })
})

describe('unnamed', () => {
  it('are the names that the new schema has not, most frequent first', async () => {
    const before = schemaOf('{"known": {"type": "string"}}')
    const { unnamed } = await profiled(
      given(
        { known: 1, b: 1, a: 1 },
        { b: null, a: 2 },
        parseJson('{"__proto__": 1, "constructor": 2}') as JsonObject,
      ),
      schemaOf('{"b": {"type": "string"}}'),
      before,
    )
    expect(unnamed).toEqual([
      { name: 'a', count: 2, before: false },
      { name: '__proto__', count: 1, before: false },
      { name: 'constructor', count: 1, before: false },
      { name: 'known', count: 1, before: true },
    ])
  })

  it('know a property that is called as what every object has', async () => {
    const named = schemaOf('{"__proto__": {"type": "integer"}, "toString": {"type": "integer"}}')
    const { unnamed, properties } = await profiled(
      given(parseJson('{"__proto__": 5}') as JsonObject, {}),
      named,
    )
    expect(unnamed).toEqual([])
    expect(properties.map(({ name, filled }) => [name, filled])).toEqual([
      ['__proto__', 1],
      ['toString', 0],
    ])
  })

  it('are at most fifty, with none of them lost', async () => {
    const payloads = Array.from({ length: 200 }, (_, index) =>
      Object.fromEntries(Array.from({ length: 50 }, (_, key) => [`n-${index}-${key}`, 1])),
    )
    const { unnamed } = await profiled(given(...payloads, { late: 1 }))
    expect(unnamed).toHaveLength(50)
    expect(unnamed.at(-1)?.name).toBe('(other names)')
    expect(unnamed.reduce((sum, { count }) => sum + count, 0)).toBe(200 * 50 + 1)
  })

  it('are cut, and tell nobody’s address', async () => {
    const long = 'x'.repeat(500)
    const { unnamed } = await profiled(
      given({ [`${long}1`]: 1, [`${long}2`]: 1 }, { 'a@b.se': 1, '070-123 45 67': 1, '+46701234567': 1 }),
    )
    expect(unnamed).toEqual([
      { name: '(names that hold personal data)', count: 3, before: false },
      ...[1, 2].map(() => ({ name: `${'x'.repeat(80)}…`, count: 1, before: false })),
    ])
  })
})
