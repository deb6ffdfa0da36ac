/**
 * Lengths of time as a person writes them: `90s`, `90m`, `12h`, `30d`, `8w`, `6mo`.
 * Guarantees: pure; a number without a unit is refused, since nobody can tell what was meant.
 */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** In milliseconds. A month counts as the longest one: what is to be kept for a month is not gone a day early. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
  ['d', DAY],
  ['w', 7 * DAY],
  ['mo', 31 * DAY],
])

/**
 * @param text a whole number and a unit: s, m (minutes), h, d, w or mo (months of 31 days)
 * @returns milliseconds
 * @throws Error that says what it should be
 */
export function parseDuration(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)\s*([a-z]+)$/.exec(text.trim()) ?? []
  const ms = Number(amount) * (UNITS.get(unit) ?? Number.NaN)
  if (amount === '' || !Number.isSafeInteger(ms))
    throw new Error('must be a whole number and a unit, such as 90m, 12h, 30d, 8w or 6mo (m: minutes)')
  return ms
}
