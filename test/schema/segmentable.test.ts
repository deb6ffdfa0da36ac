import { describe, expect, it } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { lintSchema } from '../../src/schema/rules.ts'
import { makeSegmentable, segmentableProperties } from '../../src/schema/segmentable.ts'
import { fixture, INHERITED, schemaOf } from './fixtures.ts'

/** Properties a, b, c …, the first `on` of them segmentable. */
function letters(count: number, on: number): string {
  const names = [...'abcdefghij'].slice(0, count)
  return JSON.stringify(
    Object.fromEntries(
      names.map((name, i) => [
        name,
        i < on ? { type: 'string', addToSegmentation: 'true' } : { type: 'string' },
      ]),
    ),
  )
}

describe('makeSegmentable', () => {
  it('does what a vendor did by hand', () => {
    const before = fixture('completed-product-rating.before')
    const text = JSON.stringify(before)
    const after = makeSegmentable(before, ['rating', 'productSku'])
    expect(after.jsonSchema).toEqual(fixture('completed-product-rating.after').jsonSchema)
    expect(segmentableProperties(after)).toEqual(['productSku', 'rating'])
    expect(JSON.stringify(before)).toBe(text)
  })

  it('changes nothing else, and keeps the order of keys', () => {
    const before = schemaOf(
      '{"z": {"type": "string", "addToSegmentation": "false", "x-y": 1}, "a": {"type": "number"}}',
      ', "required": ["z"]',
    )
    expect(JSON.stringify(makeSegmentable(before, ['z']))).toBe(
      JSON.stringify(before).replace('"addToSegmentation":"false"', '"addToSegmentation":"true"'),
    )
    expect(JSON.stringify(makeSegmentable(before, ['a', 'a']))).toBe(
      JSON.stringify(before).replace('{"type":"number"}', '{"type":"number","addToSegmentation":"true"}'),
    )
  })

  it('leaves those that are segmentable so', () => {
    const after = makeSegmentable(schemaOf(letters(3, 1)), ['a', 'c'])
    expect(segmentableProperties(after)).toEqual(['a', 'c'])
  })

  it.each(INHERITED)('knows %s as a name like any other', (name) => {
    expect(() => makeSegmentable(schemaOf(letters(1, 0)), [name])).toThrow(`no property ${name}`)
    const after = makeSegmentable(schemaOf(`{"${name}": {"type": "string"}}`), [name])
    expect(segmentableProperties(after)).toEqual([name])
    expect(lintSchema(after).some((finding) => finding.severity === 'error')).toBe(false)
  })

  it('fills the six places', () => {
    const after = makeSegmentable(schemaOf(letters(7, 4)), ['e', 'f'])
    expect(segmentableProperties(after)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it.each([
    ['unknown names, all of them', 2, 0, ['a', 'x', 'y'], /has no property x, y/, 'a, b'],
    ['a seventh', 7, 5, ['f', 'g'], /7 segmentable properties \(a, b, c, d, e, f, g\)/, 'fewer'],
    ['what is so already', 2, 2, ['a', 'b'], /Nothing would change in schema s: a, b/, 'not segmentable yet'],
    ['no names', 2, 0, [], /nothing would change/, 'Name a property'],
  ])('refuses %s', (_name, count, on, names, message, next) => {
    const attempt = (): unknown => makeSegmentable(schemaOf(letters(count, on)), names)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(
      expect.objectContaining({ exit: EXIT.usage, next: expect.stringContaining(next) }) as Error,
    )
  })
})
