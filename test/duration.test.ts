import { expect, test } from 'vitest'
import { parseDuration } from '../src/duration.ts'

test.each([
  ['30s', 30_000],
  ['90m', 5_400_000],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
  ['8w', 4_838_400_000],
  ['1mo', 2_678_400_000],
  [' 6 mo ', 6 * 2_678_400_000],
  ['0m', 0],
])('%j is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '30', 'd', '1.5h', '-1d', '1h30m', '3y', '5M', '99999999999999999d', 'NaNd'])(
  '%j is refused',
  (text) => {
    expect(() => parseDuration(text)).toThrow('must be a whole number and a unit')
  },
)
