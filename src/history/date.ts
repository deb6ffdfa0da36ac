/**
 * When an interaction was created, from the text that another system has of it.
 * Guarantees: pure; what is returned is a date-time with an offset, the same instant to its last digit; a day that the
 * calendar does not have, and a time whose zone nobody has said, are refused.
 */

const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?$/
const OFFSET = /^(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/

export type DateReading = { readonly date: string } | { readonly problem: string }

/** @returns whether the text is an offset from UTC as a date-time ends with it: `Z` or `+01:00` */
export function isOffset(text: string): boolean {
  return OFFSET.test(text)
}

/**
 * @param text ISO 8601 to the second at least; a space may stand for the T
 * @param zone the offset of a date-time that has none
 */
export function readDate(text: string, zone: string | undefined): DateReading {
  const match = DATE_TIME.exec(text.trim())
  if (match === null) return { problem: 'is not a date-time such as 2024-02-29T23:59:59+01:00' }
  const [, day = '', time = '', fraction, utc, hours, minutes = '00'] = match
  const own = utc === undefined ? hours && `${hours}:${minutes}` : 'Z'
  const offset = own ?? zone
  if (offset === undefined) return { problem: 'has no offset from UTC, and --time-zone does not say which' }
  const wall = new Date(`${day}T${time}Z`)
  if (Number.isNaN(wall.getTime()) || !wall.toISOString().startsWith(`${day}T${time}`) || !isOffset(offset))
    return { problem: 'is a date-time that there is not' }
  return { date: `${day}T${time}${fraction === undefined ? '' : `.${fraction}`}${offset}` }
}
