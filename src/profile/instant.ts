/**
 * What a text says of when something happened.
 * Guarantees: pure; the machine's own zone makes no difference; a day that the calendar does not have is none.
 */
import { instantMs } from '../schema/canonical.ts'

export const DAY_MS = 24 * 60 * 60_000

/** Longer ones are not looked at: no date-time with a sensible fraction is. */
const LONGEST = 64

const EPOCH = '1970-01-01'
const DATE = /^\d{4}-\d\d-\d\d(?:$|[Tt ](?:[01]\d|2[0-4]):[0-5]\d:[0-6]\d)/

/**
 * @param text a date, or a date-time as RFC 3339 or .NET writes it; without an offset it is taken as UTC
 * @returns milliseconds since the epoch, of a date those of its beginning; undefined for anything else
 */
export function instantIn(text: string): number | undefined {
  if (text.length > LONGEST || !DATE.test(text)) return undefined
  const midnight = midnightOf(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)))
  if (midnight === undefined || text.length === EPOCH.length) return midnight
  // The time by itself: with its date, years below 100 would be taken for those of the last century.
  const time = instantMs(EPOCH + text.slice(EPOCH.length))
  return time === undefined ? undefined : midnight + time
}

/** @returns undefined where there is no such day */
function midnightOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  const midnight = date.setUTCFullYear(year, month - 1, day)
  return date.getUTCDate() === day && date.getUTCMonth() === month - 1 ? midnight : undefined
}
