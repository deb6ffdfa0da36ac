/**
 * Does all come back?
 * Guarantees: pure; told in one way wherever the page tells it: never of more than was read.
 */
import type { Facts } from '../report.ts'

/** Of what was read, whether the report knows of anything that will not come back. */
export function losesNothing({ notBack, profile }: Pick<Facts, 'notBack' | 'profile'>): boolean {
  return notBack.every(({ today }) => !today) && profile.refused.interactions === 0
}

/** Whether what was read is all that there is. */
export function hasReadAll({ evidence: { coverage } }: Pick<Facts, 'evidence'>): boolean {
  return coverage.sure && coverage.failed === 0
}
