/**
 * JSON values compared by what they mean.
 * Guarantees: two values have the same canonical text exactly when they are equal with the order of keys left
 * aside and numbers taken by value, however large (1.0 is 1; 12345678901234567890 is not …891).
 */
import { isObject, type Json, type JsonObject, stringifyJson } from '../json.ts'

/** Longer values are cut where a person reads them. */
const SHOWN_LENGTH = 80

/** @returns the value as JSON without spaces: keys sorted by code unit, numbers written in one way only. */
export function canonicalText(value: Json): string {
  if (typeof value === 'number') return canonicalNumber(String(value))
  if (JSON.isRawJSON(value)) return canonicalNumber(value.rawJSON)
  if (Array.isArray(value)) return `[${value.map((each: Json) => canonicalText(each)).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonicalText(each)}`)
  return `{${members.join(',')}}`
}

/** As JavaScript writes it where a double has that very value; else digits and exponent, which lose nothing. */
function canonicalNumber(text: string): string {
  const exact = scientific(text)
  const double = Number(text)
  if (Number.isFinite(double) && scientific(String(double)) === exact) return JSON.stringify(double)
  return exact
}

/** The value as `-digits` `e` `exponent`, the digits without zeros at either end. */
function scientific(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  const kept = digits.replace(/0+$/, '')
  // An exponent may itself be too long for a double.
  const shifted = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)
  return `${sign}${kept}e${shifted}`
}

/** @returns whether two values are equal; undefined, an absent value, equals only itself. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return canonicalText(a) === canonicalText(b)
}

/** @returns the own member of that name, never an inherited one such as `constructor`; else undefined. */
export function member<Value>(object: { readonly [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** @returns the names of all members of both objects, those of the first one first. */
export function allNames(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
}

/** @returns the value as a person is shown it: JSON, cut when long; "nothing" when absent. */
export function showValue(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  const text = stringifyJson(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
