/**
 * National identity numbers within texts: Swedish, Norwegian and Finnish ones.
 * Guarantees: pure; time grows with the length of the text and no faster; what is called valid has a day that the calendar has, and
 * the check digits of its country. A Danish one has none since 2007: it is told by the property's name alone.
 *
 * Orders and articles are numbered like them as well, and one in ten that begins with a date has the right check digit by chance:
 * whether it is one, the company decides that it is found in (see personal.ts).
 */

/** How something is written that may be one: Swedish with a sign between, or ten or twelve digits in one row; Norwegian; Finnish. */
export type IdDress = 'signed' | 'ten' | 'twelve' | 'norwegian' | 'finnish'

/** What a text has that is dressed like that: true where it is valid. */
export type IdLikenesses = { readonly [dress in IdDress]?: boolean }

export const ID_DRESSES: readonly IdDress[] = ['signed', 'ten', 'twelve', 'norwegian', 'finnish']

const BEFORE = String.raw`(?<![\p{L}\p{N}_/#=.,:+\-])`
const BEHIND = String.raw`(?![\p{L}\p{N}_%]|[-+/.,:]\p{N})`
const SWEDISH = new RegExp(String.raw`${BEFORE}(18|19|20)?(\d{6})([-+\u2010-\u2013 ]?)(\d{4})${BEHIND}`, 'gu')
const NORWEGIAN = new RegExp(String.raw`${BEFORE}(\d{6}) ?(\d{5})${BEHIND}`, 'gu')
const FINNISH = new RegExp(
  String.raw`${BEFORE}(\d{6})[-+A-FU-Y](\d{3})([0-9A-FHJ-NPR-Y])(?![\p{L}\p{N}_])`,
  'giu',
)

const FINNISH_CHECK = '0123456789ABCDEFHJKLMNPRSTUVWXY'
const NORWEGIAN_WEIGHTS: readonly (readonly number[])[] = [
  [3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0],
  [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1],
]
/** Of January to December; which century it was is not always said. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** @returns what the text has that is dressed like one, and whether it is valid */
export function idsIn(text: string): IdLikenesses {
  const found: { [dress in IdDress]?: boolean } = {}
  if (!/\d{6}/.test(text)) return found
  const add = (dress: IdDress, valid: boolean): void => {
    found[dress] = found[dress] === true || valid
  }
  for (const [, century, date = '', sign, serial = ''] of text.matchAll(SWEDISH)) {
    const dated = isDay(Number(date.slice(4)) % 60, Number(date.slice(2, 4)))
    const valid = dated && luhn(date + serial)
    if (sign === '') add(century === undefined ? 'ten' : 'twelve', valid)
    // An organisation's number, which has no month, is not dressed like one.
    else if (dated) add('signed', valid)
  }
  for (const [, date = '', serial = ''] of text.matchAll(NORWEGIAN))
    add('norwegian', isNorwegian(date + serial))
  for (const [, date = '', serial, check = ''] of text.matchAll(FINNISH)) {
    if (!isDay(Number(date.slice(0, 2)), Number(date.slice(2, 4)))) continue
    add('finnish', FINNISH_CHECK[Number(`${date}${serial}`) % 31] === check.toUpperCase())
  }
  return found
}

/** Days of people who have no number yet are 40 more, months of numbers for tests 40 or 80 more. */
function isNorwegian(digits: string): boolean {
  const day = Number(digits.slice(0, 2)) % 40
  const month = Number(digits.slice(2, 4)) % 40
  if (!isDay(day, month)) return false
  return NORWEGIAN_WEIGHTS.every(
    (weights) => weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % 11 === 0,
  )
}

function isDay(day: number, month: number): boolean {
  return day >= 1 && day <= (DAYS[month - 1] ?? 0)
}

function luhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[at]) * (at % 2 === 0 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}
