/**
 * What the server makes of a payload when it stores it. What the real one does is not known, so there is a choice.
 * Guarantees: 'as-is' keeps every value as it came; each of the legal forms writes the same values differently, each
 * of the illegal ones loses something.
 */
import type { Json, JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { parseDateTime } from './dates.ts'

export const LEGAL_FORMS = [
  'as-is',
  /** 1.0 → 1, 0.10 → 0.1, 1e2 → 100. */
  'numbers',
  /** Date-times with seven digits and +00:00, as JSON libraries of .NET write them; createdDate with +00:00. */
  'dates',
  /** Nulls are dropped, before the rules of the schema are asked: to .NET an absent value is the same thing. */
  'nulls',
  /** Keys in the order of the alphabet. */
  'keys',
  /** The four together. */
  'dotnet',
] as const

export const ILLEGAL_FORMS = [
  /** Texts lose the difference between composed and decomposed characters. */
  'nfc',
  /** Texts lose the spaces at their ends. */
  'trimmed',
  /** createdDate loses what is finer than a second. */
  'seconds',
] as const

export type Keeps = (typeof LEGAL_FORMS)[number] | (typeof ILLEGAL_FORMS)[number]

export const FORMS: readonly Keeps[] = [...LEGAL_FORMS, ...ILLEGAL_FORMS]

/** @returns the payload without the properties that the schema doesn't name ("Sending an interaction"). */
export function namedOnly(schema: InteractionSchema, payload: JsonObject): JsonObject {
  const { properties } = schema.jsonSchema
  return Object.fromEntries(Object.entries(payload).filter(([name]) => Object.hasOwn(properties, name)))
}

/** @returns the payload as this server reads it: what the rules of the schema are held against. */
export function readPayload(payload: JsonObject, keeps: Keeps): JsonObject {
  if (!covers(keeps, 'nulls')) return payload
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null))
}

/** @returns the payload in the form that this server keeps it. */
export function keptPayload(schema: InteractionSchema, payload: JsonObject, keeps: Keeps): JsonObject {
  const entries = Object.entries(payload).map(
    ([name, value]) => [name, keptValue(schema, name, value, keeps)] as const,
  )
  if (covers(keeps, 'keys')) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries)
}

/** @returns createdDate as this server writes it, from milliseconds since the epoch. */
export function keptDate(ms: number, keeps: Keeps): string {
  const iso = new Date(ms).toISOString()
  if (keeps === 'seconds') return `${iso.slice(0, 19)}Z`
  return covers(keeps, 'dates') ? iso.replace('Z', '+00:00') : iso
}

function covers(keeps: Keeps, part: 'numbers' | 'dates' | 'nulls' | 'keys'): boolean {
  return keeps === part || keeps === 'dotnet'
}

function keptValue(schema: InteractionSchema, name: string, value: Json, keeps: Keeps): Json {
  if (JSON.isRawJSON(value)) {
    return covers(keeps, 'numbers') ? JSON.rawJSON(plainDecimal(value.rawJSON)) : value
  }
  if (typeof value !== 'string') return value
  if (keeps === 'nfc') return value.normalize('NFC')
  if (keeps === 'trimmed') return value.trim()
  const isDate = schema.jsonSchema.properties[name]?.['format'] === 'date-time'
  return isDate && covers(keeps, 'dates') ? longDateTime(value) : value
}

function longDateTime(text: string): string {
  const instant = parseDateTime(text)
  if (instant === undefined) return text
  const seconds = new Date(instant.ms).toISOString().slice(0, 19)
  return `${seconds}.${instant.fraction.slice(0, 7).padEnd(7, '0')}+00:00`
}

/** @returns the same number without exponent and closing zeros: 1.0 → 1, 0.10 → 0.1, 1e2 → 100. */
function plainDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  // Beyond this .NET keeps an exponent as well.
  if (Math.abs(Number(exponent)) > 25) return text
  const digits = `${whole}${fraction}`
  const point = whole.length + Number(exponent)
  const left =
    digits
      .slice(0, Math.max(point, 0))
      .padEnd(point, '0')
      .replace(/^0+(?=\d)/, '') || '0'
  const right = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)).replace(/0+$/, '')
  const plain = right === '' ? left : `${left}.${right}`
  return plain === '0' ? plain : sign + plain
}
