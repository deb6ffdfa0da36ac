/**
 * What is said to people, as lines for whoever collects logs: one JSON object each.
 * Guarantees: pure; one entry is one line; a text is as a terminal would have been sent it, so that nothing that a
 * collector shows of it can steer one.
 */
import type { OperatorError } from '../errors.ts'
import type { ProgressReport } from '../transfer/progress.ts'
import { safeText } from './terminal.ts'

export type LogFormat = 'text' | 'ndjson'

export type LogEntry =
  | { readonly level: 'info'; readonly text: string }
  | {
      readonly level: 'progress'
      readonly text: string
      readonly phase: string
      readonly done: number
      /** null where it can't be known beforehand. */
      readonly total: number | null
    }
  | {
      readonly level: 'error'
      readonly text: string
      readonly safe: string | null
      readonly next: string | null
      readonly exit: number
    }

/** @param text the report in words */
export function progressEntry({ phase, done, total }: ProgressReport, text: string): LogEntry {
  return { level: 'progress', text, phase, done, total: total ?? null }
}

/** @param shown what makes a text fit to be shown */
export function errorEntry(
  { message, safe, next, exit }: OperatorError,
  shown: (text: string) => string,
): LogEntry {
  const orNull = (text: string | undefined): string | null => (text === undefined ? null : shown(text))
  return { level: 'error', text: shown(message), safe: orNull(safe), next: orNull(next), exit }
}

/**
 * @param at milliseconds since the epoch
 * @returns the line, with its line feed
 */
export function logLine(at: number, entry: LogEntry): string {
  const safe = Object.entries(entry).map(([key, value]) => [
    key,
    typeof value === 'string' ? safeText(value) : value,
  ])
  return `${JSON.stringify({ at: new Date(at).toISOString(), ...Object.fromEntries(safe) })}\n`
}
