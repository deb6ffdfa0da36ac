/**
 * Counts and shares as a person writes them.
 * Guarantees: pure; one is one, anything else is more; nothing is rounded to all or to nothing.
 */

/** A narrow blank that no line is broken at. */
export const THIN = '\u202f'

/** @returns "1 contact", "0 contacts", "2 contacts" */
export function countOf(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`
}

/** @returns a whole number, its digits in groups of three: 1 234 567 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, THIN)
}

/** @returns "1 contact", "12 345 contacts" */
export function several(count: number, noun: string, nouns = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : nouns}`
}

/** What an estimate is rounded to: three digits change it by half a percent at most, which is less than its error. */
const DIGITS = 3

/**
 * @param errorPercent standard error in percent of the count, 1 or more; 0 where it is exact
 * @returns "4 096" where it is exact, else "some 82 100"
 */
export function estimated({ count, errorPercent }: { count: number; errorPercent: number }): string {
  return errorPercent === 0 ? grouped(count) : `some ${grouped(Number(count.toPrecision(DIGITS)))}`
}

/** @returns a share in percent; "under 1 %" and "over 99 %" where rounding would make nothing or all of it */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  const share = (part / whole) * 100
  if (part > 0 && share < 1) return `under 1${THIN}%`
  if (part < whole && share > 99) return `over 99${THIN}%`
  return `${Math.round(share)}${THIN}%`
}

/** @returns a word that begins a sentence */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
