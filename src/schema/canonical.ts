/**
 * Equality: the one place that says when two records are the same event.
 * Guarantees: the canonical form is equal for every form that Engage may legally keep a record in (another
 * notation of a number or of a date-time, a null left out, properties that the schema doesn't name dropped, keys
 * in another order), and different for everything else. Text counts exactly, numbers count by exact value,
 * `createdDate` counts as an instant to the millisecond.
 */
import type { JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { canonicalText } from './json-value.ts'

export interface Event {
  readonly createdDate: string
  readonly payload: JsonObject
}

/**
 * @param schema the schema under which the events are kept: only the properties that it names count
 *   ("Sending an interaction": a property that does not match the schema is not sent to Engage)
 * @returns a function from an event to its canonical form, a text that is equal for equal events
 */
export function canonicalForm(schema: InteractionSchema): (event: Event) => string {
  const properties = Object.entries(schema.jsonSchema.properties)
    .map(([name, property]) => ({ name, instant: property['format'] === 'date-time' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return ({ createdDate, payload }) => {
    const parts = [instantOf(createdDate) ?? JSON.stringify(createdDate)]
    for (const { name, instant } of properties) {
      const value = Object.hasOwn(payload, name) ? payload[name] : undefined
      if (value === undefined || value === null) continue
      const text = instant && typeof value === 'string' ? instantOf(value) : undefined
      parts.push(`${JSON.stringify(name)}:${text ?? canonicalText(value)}`)
    }
    return parts.join('\n')
  }
}

/**
 * Of records that come from another schema, an earlier form of it say: what that one does not name, none of them can say
 * anything about.
 * @param schema the schema under which the events are kept
 * @param known names of the properties of the one that they come from
 * @returns as canonicalForm, by the properties that both name; where they have none in common, by all of the schema's, or
 *   any two events of an instant would be the same
 */
export function commonForm(schema: InteractionSchema, known: readonly string[]): (event: Event) => string {
  const { jsonSchema } = schema
  const both = Object.entries(jsonSchema.properties).filter(([name]) => known.includes(name))
  if (both.length === 0) return canonicalForm(schema)
  return canonicalForm({ ...schema, jsonSchema: { ...jsonSchema, properties: Object.fromEntries(both) } })
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?$/

/**
 * @param text a date-time as RFC 3339 or .NET writes it; without an offset it is taken as UTC
 * @returns the instant in milliseconds since the epoch, further digits cut off; undefined for anything else
 */
export function instantMs(text: string): number | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    ,
    sign,
    offsetHour = '0',
    offsetMinute = '0',
  ] = match
  const date = new Date(0)
  // Not by Date.UTC, to which the year 1 is 1901.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  // A day that the calendar does not have would roll over to another one.
  if (date.getUTCDate() !== Number(day)) return undefined
  const local = date.setUTCHours(
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.slice(0, 3).padEnd(3, '0')),
  )
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  return sign === '-' ? local + offset : local - offset
}

function instantOf(text: string): string | undefined {
  const ms = instantMs(text)
  return ms === undefined ? undefined : `@${ms}`
}
