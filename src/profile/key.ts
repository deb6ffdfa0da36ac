/**
 * A text that stands for a value where values are counted.
 * Guarantees: the same for values that are equal (numbers by value, instants whatever the notation), another for all others;
 * at most 160 characters, however long the value is, and nothing of a longer one is kept alive by it.
 */
import { hash } from 'node:crypto'
import type { Json } from '../json.ts'
import { canonicalText } from '../schema/json-value.ts'

/** Longer texts are cut where a person reads them, in UTF-16 units. */
const SHOWN_LENGTH = 80
/** Longer ones are not compared themselves, but by their digest. */
export const KEY_LENGTH = 160

/** A short text is its own key, which is the fastest. All other keys begin with a mark, two characters long. */
const MARK = '\0'
const INSTANT = `${MARK}@`
const JSON_TEXT = `${MARK}=`
/** Behind these are a digest and the beginning of a text, or of JSON. */
const LONG_TEXT = `${MARK}"`
const LONG_JSON = `${MARK}#`
const MARK_LENGTH = 2
/** SHA-256 in base64url. */
const DIGEST_LENGTH = 43

/** Where one would not see its beginning, its end or what is within. */
const UNSEEN = /^$|^\s|\s$|\p{Cc}/u

/** Digits that a double can't give back, as canonicalText has them; those with a great exponent stay as they are. */
const EXPONENT = /^(-?)(\d+)e(-?\d{1,2})$/

/** @param instant what the value means, in milliseconds since the epoch, where that is what counts of it */
export function keyOf(value: Json, instant?: number): string {
  if (instant !== undefined) return INSTANT + new Date(instant).toISOString()
  // As canonicalText has it, and many times as fast.
  if (typeof value === 'number') return JSON_TEXT + String(value)
  if (typeof value !== 'string') {
    const text = canonicalText(value)
    return text.length > KEY_LENGTH - MARK_LENGTH ? longKey(LONG_JSON, text) : JSON_TEXT + text
  }
  return value.length > KEY_LENGTH || value.startsWith(MARK) ? longKey(LONG_TEXT, value) : value
}

/** @returns the value of a key as a person is shown it: texts without quotes, unless one would not see all of them */
export function shownOf(key: string): string {
  const text = key.slice(MARK_LENGTH)
  if (key.startsWith(INSTANT)) return text
  if (key.startsWith(JSON_TEXT)) return cut(text.replace(EXPONENT, written))
  if (key.startsWith(LONG_JSON)) return `${text.slice(DIGEST_LENGTH)}…`
  if (key.startsWith(LONG_TEXT)) return seen(`${text.slice(DIGEST_LENGTH)}…`)
  return seen(cut(key))
}

/** @returns all of a key's value, as text or JSON; undefined where the key has only its beginning */
export function wholeOf(key: string): string | undefined {
  if (key.startsWith(LONG_TEXT) || key.startsWith(LONG_JSON)) return undefined
  return key.startsWith(MARK) ? key.slice(MARK_LENGTH) : key
}

/** @returns the text, or its beginning and an ellipsis: names and ids that nobody has looked at yet */
export function cut(text: string, length = SHOWN_LENGTH): string {
  return text.length > length ? `${beginningOf(text, length)}…` : text
}

function longKey(mark: string, text: string): string {
  // Not as UTF-8, which is the same for all halves of a surrogate pair.
  return mark + hash('sha256', Buffer.from(text, 'utf16le'), 'base64url') + beginningOf(text, SHOWN_LENGTH)
}

/** A copy: a slice would keep the whole text in memory. */
function beginningOf(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  const whole = last >= 0xd800 && last <= 0xdbff ? length - 1 : length
  return Buffer.from(text.slice(0, whole), 'utf16le').toString('utf16le')
}

function seen(text: string): string {
  return UNSEEN.test(text) ? JSON.stringify(text) : text
}

function written(_: string, sign: string, digits: string, exponent: string): string {
  const shift = Number(exponent)
  if (shift >= 0) return sign + digits + '0'.repeat(shift)
  const padded = digits.padStart(1 - shift, '0')
  return `${sign}${padded.slice(0, shift)}.${padded.slice(shift)}`
}
