/**
 * Phone numbers within texts.
 * Guarantees: time grows with the length of a text and no faster. What articles, orders and customers are numbered like as well is
 * not called a phone number here: whether it is one, the company decides that it is found in (see personal.ts).
 */
import type { PhonePlans } from './phone-plans.ts'

/**
 * How something is written that may be a phone number or not. `spaced`: a 0, an area and more with something between (08-123 45 67),
 * `trunk`: the same in one row (0701234567), `code`: a calling code and more in one row (46701234567).
 */
export type Dress = 'spaced' | 'trunk' | 'code'

/** What a text has that is dressed like that: true where, if it is meant for a phone number, it is one. */
export type Likenesses = { readonly [dress in Dress]?: boolean }

/** At least seven digits, with at most a few other characters between. */
const CANDIDATE = /\+?\(?\d[\d\u00a0\u2007\u2009\u202f\u2010-\u2015 ()./-]{5,40}\d/g

/** What a number is a part of: words, paths, prices, numbers with decimals. */
const BEFORE = /[\p{L}\p{N}_\-/#=&?@%€$£+]$|\p{N}[.,:]$/u
const BEHIND = /^(?:[\p{L}\p{N}_@%]|[-/:.,]\p{N}|\.\p{Ll})/u

/** Dates, hours from and to, numbers below 1, the books of the English-speaking world. */
const SOMETHING_ELSE =
  /^(?:0\d([./-])(?:0\d|1[0-2])\1(?:\d{4}|\d{2})(?:$|[ T])|0\d (?:0\d|1[0-2]) (?:19|20)\d\d(?:$| )|\d\d\.\d\d\s?[-\u2013]\s?\d\d\.\d\d$|\d{4}\s?[-\u2013]\s?\d{4}$|0[./-])/

/** What, right before a number, says that it is one to call. */
const MEANT =
  /(?:^|[^\p{L}])(?:telef\p{L}*|telep\p{L}*|tel|tlf|phone|mobil\p{L}*|mob|cell|gsm|sms|puh\p{L}*|whatsapp)[.:\s]*(?:nr|no|number|nummer)?[.:\s]*$/iu

/** What a property for phone numbers is called. */
const NAMED =
  /(?:^|[^\p{L}])(?:telef\p{L}+|telep\p{L}+|tel|tlf|tfn|handy\p{L}*|phone\p{L}*|mobil\p{L}*|mob|gsm|sms|puh|puhelin\p{L}*|msisdn|whatsapp)(?!\p{L})/iu

/** So many are asked about in one text: a person writes no more, and what a machine writes should not hold up everything else. */
const MOST = 1000

/** @returns whether a property of that name, or display name, is one for phone numbers */
export function namesPhone(name: string): boolean {
  return NAMED.test(name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2'))
}

/**
 * @param meant whether the property is one for phone numbers
 * @returns true where there is a phone number; else what may be one
 */
export function phonesIn(text: string, plans: PhonePlans, meant: boolean): true | Likenesses {
  let found: Likenesses = {}
  if (text.search(CANDIDATE) === -1) return found
  let asked = 0
  for (const { 0: run, index } of text.matchAll(CANDIDATE)) {
    const before = text.slice(Math.max(0, index - 24), index)
    const behind = text.slice(index + run.length, index + run.length + 24)
    if (BEFORE.test(before) || BEHIND.test(behind)) continue
    asked += 1
    if (asked > MOST) break
    const alone = before.trim() === '' && behind.trim() === ''
    for (const part of partsOf(run)) {
      const reading = readingOf(part, plans, meant || MEANT.test(before))
      // Within a sentence, nothing else is written with gaps and a 0 before it.
      if (reading === true || (!alone && reading?.dress === 'spaced' && reading.valid)) return true
      if (reading !== undefined) found = { ...found, [reading.dress]: found[reading.dress] || reading.valid }
    }
  }
  return found
}

/** Several numbers, one after the other, are told apart where a slash is or the next one begins with a 0. */
function partsOf(run: string): readonly string[] {
  const longest = run.startsWith('+') ? 15 : 12
  const one = /^[+(]*[0+]/.test(run) && digitsOf(run).length <= longest
  return one ? [run] : run.split(/\s+(?=0\d)|\s*\/\s*/)
}

function readingOf(
  part: string,
  plans: PhonePlans,
  meant: boolean,
): true | { readonly dress: Dress; readonly valid: boolean } | undefined {
  const digits = digitsOf(part)
  const gaps = digits.length < part.length
  const sure = (is: boolean) => (is ? true : undefined)
  if (digits.length < 7) return undefined
  if (part.startsWith('+')) return sure(plans.international(digits))
  if (meant) return sure(plans.meant(digits))
  if (digits.startsWith('00')) {
    const rest = digits.slice(2)
    return gaps ? sure(plans.international(rest)) : { dress: 'code', valid: plans.mobileWithCode(rest) }
  }
  if (digits.startsWith('0')) {
    if (digits.length < 8 || digits.length > 12 || SOMETHING_ELSE.test(part)) return undefined
    if (gaps) return { dress: 'spaced', valid: plans.national(digits) }
    return digits.length < 9 ? undefined : { dress: 'trunk', valid: plans.mobileWithTrunk(digits) }
  }
  if (gaps || digits.length < 10 || digits.length > 13) return undefined
  return { dress: 'code', valid: plans.mobileWithCode(digits) }
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '')
}
