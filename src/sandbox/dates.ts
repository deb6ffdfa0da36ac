/**
 * The two notations of time on the wire: date-times of interactions, and the window of contacts/changes.
 * Guarantees: a text is either one existing instant or undefined; nothing is rolled over (no 30 February).
 */

export interface Instant {
  /** Milliseconds since the epoch; finer digits are cut off. */
  readonly ms: number
  /** The digits after the second as they were written; '' where there were none. */
  readonly fraction: string
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))?$/
const WINDOW_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}\.\d{3})$/

/** @returns the instant of an ISO 8601 date-time (without an offset it is read as UTC), or undefined. */
export function parseDateTime(text: string): Instant | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [, day, time, fraction = '', sign, hours = '0', minutes = '0'] = match
  const local = exactly(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`)
  if (local === undefined || Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
  return { ms: sign === '-' ? local + offset : local - offset, fraction }
}

/** @returns milliseconds since the epoch of `2023-05-04 11:05:00.000` (UTC, as contacts/changes takes it), or undefined. */
export function parseWindowTime(text: string): number | undefined {
  const match = WINDOW_TIME.exec(text)
  return match === null ? undefined : exactly(`${match[1]}T${match[2]}Z`)
}

/** Date.parse rolls 30 February over to March: what doesn't read back as itself is no date. */
function exactly(iso: string): number | undefined {
  const ms = Date.parse(iso)
  return Number.isFinite(ms) && new Date(ms).toISOString() === iso ? ms : undefined
}
