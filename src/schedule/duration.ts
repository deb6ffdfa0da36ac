/**
 * Lengths of time as a schedule has them: `90m`, `2h`, `1h30m`, `45s`.
 * Guarantees: pure; what has no unit is refused, since whether it means seconds or minutes can't be guessed.
 */
import { EXIT, OperatorError } from '../errors.ts'

const MILLISECONDS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 }

/**
 * @param flag its name without dashes, for the error
 * @param text numbers with units (h, m, s), largest first, e.g. `1h30m`
 * @returns milliseconds, more than 0
 * @throws OperatorError (exit 2) where it is anything else, or longer than a week
 */
export function durationOf(flag: string, text: string): number {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.trim())
  const ms = ['h', 'm', 's'].reduce(
    (sum, unit, at) => sum + Number(parts?.[at + 1] ?? 0) * (MILLISECONDS[unit] ?? 0),
    0,
  )
  // A schedule comes round sooner than that: more is a slip of the hand.
  if (ms > 0 && ms <= 7 * 24 * 3_600_000) return ms
  throw new OperatorError({
    what: `--${flag} must be a length of time like 90m, 2h or 1h30m, a week at most; it is ${JSON.stringify(text)}.`,
    safe: 'Nothing was changed.',
    next: 'Mend it and run the same command again.',
    exit: EXIT.usage,
  })
}
