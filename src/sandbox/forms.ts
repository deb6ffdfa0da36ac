/**
 * What the server makes of a payload when it stores it. What the real one does is not known, so there is a choice.
 * Guarantees: 'as-is' keeps every value as it came; 'dotnet' writes the same values differently; 'trimmed' loses
 * something (spaces at the ends of texts, and the difference between composed and decomposed characters).
 */
import type { Json, JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { parseDateTime } from './dates.ts'

export type Keeps = 'as-is' | 'dotnet' | 'trimmed'

/** @returns the payload without the properties that the schema doesn't name ("Sending an interaction"). */
export function namedOnly(schema: InteractionSchema, payload: JsonObject): JsonObject {
  const { properties } = schema.jsonSchema
  return Object.fromEntries(Object.entries(payload).filter(([name]) => Object.hasOwn(properties, name)))
}

/** @returns the payload in the form that this server keeps it. */
export function keptPayload(schema: InteractionSchema, payload: JsonObject, keeps: Keeps): JsonObject {
  if (keeps === 'as-is') return payload
  if (keeps === 'trimmed') {
    return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, trimmed(value)]))
  }
  const entries = Object.entries(payload)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, value]) => [name, dotnet(schema, name, value)]))
}

/** @returns createdDate as this server writes it, from milliseconds since the epoch. */
export function keptDate(ms: number, keeps: Keeps): string {
  const iso = new Date(ms).toISOString()
  return keeps === 'dotnet' ? iso.replace('Z', '+00:00') : iso
}

function trimmed(value: Json): Json {
  return typeof value === 'string' ? value.trim().normalize('NFC') : value
}

function dotnet(schema: InteractionSchema, name: string, value: Json): Json {
  if (JSON.isRawJSON(value)) return JSON.rawJSON(plainDecimal(value.rawJSON))
  if (typeof value !== 'string' || schema.jsonSchema.properties[name]?.['format'] !== 'date-time')
    return value
  const instant = parseDateTime(value)
  if (instant === undefined) return value
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
