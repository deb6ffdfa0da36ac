/**
 * Days, weeks and months, by name.
 * Guarantees: pure; UTC, so that the same instant is of the same day on every machine; weeks and their years as in
 * ISO 8601: a week begins on Monday and belongs to the year that most of its days are in.
 */

const DAY = 24 * 60 * 60 * 1_000

/** @param ms milliseconds since the epoch @returns `2026-02-11` */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** @param ms milliseconds since the epoch @returns `2026-W07` */
export function weekOf(ms: number): string {
  const date = new Date(ms)
  const sinceMonday = (date.getUTCDay() + 6) % 7
  // The Thursday of a week is in the week's year, whatever its other days are in.
  const thursday = ms - (sinceMonday - 3) * DAY
  const year = new Date(thursday).getUTCFullYear()
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY))
  return `${year}-W${String(week).padStart(2, '0')}`
}

/** @param ms milliseconds since the epoch @returns `2026-02` */
export function monthOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7)
}
