/**
 * Dates as a person types them.
 * Guarantees: pure; a day that the calendar does not have is no date, and never rolled over to one of the next month.
 */

/** @returns whether a text is a date of ISO 8601, or begins with one, that reads back as it was typed */
export function isDateTyped(text: string): boolean {
  const [, year = '', month = '01', day = '01'] =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?$/i.exec(text) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(`${year}-${month}-${day}`)
}
