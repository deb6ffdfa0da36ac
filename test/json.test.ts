/** JSON that survives a journey unchanged, wherever in a text a number stands. */
import { describe, expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../src/json.ts'
import { between, pick, type Random, seededRandom } from '../src/sandbox/random.ts'

const NUMBERS = [
  ...['0', '7', '-7', '123456789012345', '9007199254740991', '-9007199254740993', '12345678901234567890'],
  ...['1.0', '0.10', '-0', '-0.0', '0.5', '1e2', '1E2', '-1e-7', '1.5e+300', '0e0', '100000000000000000000'],
]
const STRINGS = ['"a"', '":"', '"03:04:05.123Z"', '"\\":1.0,[2.0"', '"1e5"', '""', '"\\\\"', '"[-0"']

interface Text {
  /** Without white space. */
  readonly dense: string
  readonly loose: string
}

/** @returns a JSON text with odd numbers in it, and the same with white space wherever that may stand */
function draw(random: Random, depth: number): Text {
  const space = (): string => pick(random, ['', '', ' ', '\n\t', '\r\n  '])
  const around = ({ dense, loose }: Text): Text => ({ dense, loose: `${space()}${loose}${space()}` })
  const kind = depth === 0 ? between(random, 0, 2) : between(random, 0, 4)
  const one = (text: string): Text => ({ dense: text, loose: text })
  if (kind === 0) return around(one(pick(random, NUMBERS)))
  if (kind === 1) return around(one(pick(random, STRINGS)))
  if (kind === 2) return around(one(pick(random, ['true', 'false', 'null'])))
  const inner = Array.from({ length: between(random, 0, 4) }, () => draw(random, depth - 1))
  const [open, close] = kind === 3 ? '[]' : '{}'
  const parts = inner.map((each, index) => {
    if (kind === 3) return each
    const name = `"${pick(random, ['a', 'b:', 'c,', '\\"'])}${index}"`
    return { dense: `${name}:${each.dense}`, loose: `${space()}${name}${space()}:${each.loose}` }
  })
  const joined = (form: keyof Text): string => parts.map((each) => each[form]).join(',')
  return around({
    dense: `${open}${joined('dense')}${close}`,
    loose: `${open}${parts.length === 0 ? space() : ''}${joined('loose')}${close}`,
  })
}

describe('A text comes back as it was, but for white space', () => {
  test.each(NUMBERS)('with the number %s', (number) => {
    for (const text of [number, `[${number}]`, `[0,${number}]`, `{"a":${number}}`, `{"a":"b","c":${number}}`])
      expect(stringifyJson(parseJson(text))).toBe(text)
  })

  test('whatever is drawn', () => {
    const random = seededRandom('json')
    for (let n = 0; n < 3_000; n++) {
      const { dense, loose } = draw(random, 4)
      expect(stringifyJson(parseJson(loose)), loose).toBe(dense)
    }
  })
})

test('A number that a double gives back is an ordinary one', () => {
  expect(parseJson('{"a":[1,-7,123456789012345],"b":"03:04:05.123"}')).toEqual({
    a: [1, -7, 123_456_789_012_345],
    b: '03:04:05.123',
  })
})
