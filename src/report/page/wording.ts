/**
 * Dates and lengths of time, as somebody reads them who never saw a log.
 * Guarantees: pure; dates are of UTC and say so.
 */
import { duration } from '../../upgrade/estimate.ts'
import type { MomentForm } from './document.ts'

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

/** Beside a length of time that people have to read and sign within. */
export const WAITS = 'plus the time to read and sign'

const HOUR = 3_600
const DAY = 24 * HOUR

/** @returns "14 March 2026" (UTC), or undefined where it is no date */
function dayOf(at: string): string | undefined {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return undefined
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

/** @returns "09:30 UTC", or undefined where it is no date */
function timeOf(at: string): string | undefined {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? undefined : `${date.toISOString().slice(-13, -8)} UTC`
}

/** @returns "14 March 2026, 09:30 UTC", or undefined where it is no date */
function minuteOf(at: string): string | undefined {
  const day = dayOf(at)
  return day === undefined ? undefined : `${day}, ${timeOf(at)}`
}

const FORMS = { day: dayOf, minute: minuteOf, time: timeOf } as const

/** @returns a date in one of its forms, or undefined where it is no date */
export function momentWords(at: string, as: MomentForm): string | undefined {
  return FORMS[as](at)
}

/** @param month from 0 @returns "March", "Mar" */
export function monthName(month: number, length: 'long' | 'short'): string {
  const name = MONTHS[month] ?? ''
  return length === 'long' ? name : name.slice(0, 3)
}

/** @returns seconds in words; from two days on in days as well */
export function lasting(seconds: number): string {
  const words = duration(seconds)
  return seconds < 2 * DAY ? words : `${words} (${(seconds / DAY).toFixed(1)} days)`
}
