/**
 * Months and what was created in each, ready to be drawn and to be read.
 * Guarantees: pure; every interaction of every month is in one row, and in one bar; however many years there are, there are at most
 * as many rows and bars as a person can read.
 */
import type { MonthCount } from '../../profile/profile.ts'
import { grouped } from '../../words.ts'
import { monthName } from './wording.ts'

/** More than that, and a bar is a year. */
const MOST_BARS = 360
/** More than that, and the earliest years are one row. */
const MOST_YEARS = 60
/** Stands for the years of that row. */
const EARLIER = 'earlier'

export interface Bar {
  /** `2026-03`, `2026`, or `earlier` */
  readonly key: string
  readonly interactions: number
}

export interface YearRow {
  readonly year: string
  /** Of January to December; undefined where the month is before the first or after the last. */
  readonly months: ReadonlyArray<number | undefined>
  readonly total: number
}

export interface History {
  readonly by: 'month' | 'year'
  readonly bars: readonly Bar[]
  /** Years without any interaction are left out where there are too many years. */
  readonly years: readonly YearRow[]
  /** What the bars show, in sentences. */
  readonly summary: string
}

/** @param months in order; one that is no month (`2026-03`) is left out */
export function historyOf(months: readonly MonthCount[]): History {
  const dated = months.filter(({ month }) => /^[+-]?\d{4,6}-(0[1-9]|1[0-2])$/.test(month))
  const years = yearsOf(dated)
  const by = dated.length > MOST_BARS ? 'year' : 'month'
  const bars =
    by === 'month'
      ? dated.map(({ month, interactions }) => ({ key: month, interactions }))
      : years.map(({ year, total }) => ({ key: year, interactions: total }))
  return {
    by,
    bars,
    years,
    summary: summaryOf(
      by,
      bars.filter(({ key }) => key !== EARLIER),
    ),
  }
}

function yearsOf(months: readonly MonthCount[]): readonly YearRow[] {
  const groups = [...Map.groupBy(months, ({ month }) => month.slice(0, -3))]
  const rows = groups.map(([year, members]) => {
    const counts = new Map(
      members.map(({ month, interactions }) => [Number(month.slice(-2)) - 1, interactions]),
    )
    return {
      year,
      months: Array.from({ length: 12 }, (_, index) => counts.get(index)),
      total: members.reduce((sum, { interactions }) => sum + interactions, 0),
    }
  })
  if (rows.length <= MOST_YEARS) return rows
  const filled = rows.filter(({ total }) => total > 0)
  const early = filled.slice(0, -MOST_YEARS)
  if (early.length === 0) return filled
  const total = early.reduce((sum, row) => sum + row.total, 0)
  return [
    { year: EARLIER, months: Array.from({ length: 12 }, () => undefined), total },
    ...filled.slice(-MOST_YEARS),
  ]
}

function summaryOf(by: 'month' | 'year', bars: readonly Bar[]): string {
  const [first] = bars
  const last = bars.at(-1)
  if (first === undefined || last === undefined) return 'No interaction has a date.'
  const most = bars.reduce((a, b) => (b.interactions > a.interactions ? b : a))
  const least = bars.reduce((a, b) => (b.interactions < a.interactions ? b : a))
  const mean = Math.round(bars.reduce((sum, { interactions }) => sum + interactions, 0) / bars.length)
  if (bars.length === 1) return `All ${grouped(first.interactions)} are of ${nameOf(first.key)}.`
  return (
    `${grouped(bars.length)} ${by}s, from ${nameOf(first.key)} to ${nameOf(last.key)}: ${grouped(mean)} a ${by} on average; ` +
    `most in ${nameOf(most.key)} (${grouped(most.interactions)}), fewest in ${nameOf(least.key)} (${grouped(least.interactions)}).`
  )
}

/** @param key of a bar @returns "March 2026" */
export function nameOf(key: string): string {
  const [, year = key, month] = /^(.*\d)-(\d\d)$/.exec(key) ?? []
  return month === undefined ? year : `${monthName(Number(month) - 1, 'long')} ${year}`
}
