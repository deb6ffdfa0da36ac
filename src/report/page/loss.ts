/**
 * Does all come back?
 * Guarantees: pure; told in one way wherever it is told: never of more than was read, nor of what is not known yet.
 */
import type { Profile } from '../../profile/profile.ts'
import { lossKnown } from '../history-facts.ts'
import { refusedOf } from '../not-back.ts'
import type { Facts } from '../report.ts'

type Known = Pick<Facts, 'notBack' | 'history'> & {
  readonly profile: Pick<Profile, 'refused' | 'unnamed'>
}

/** Of what was read, whether the report knows of anything that will not come back, or may not. */
export function losesNothing({ notBack, profile, history }: Known): boolean {
  return (
    notBack.every(({ today }) => !today) &&
    refusedOf({ profile, history }) === 0 &&
    profile.unnamed.length === 0 &&
    lossKnown(history) !== null
  )
}

/** Whether what was read is all that there is, and all of it after the producers have stopped. */
export function hasReadAll({ evidence: { coverage, finalPass } }: Pick<Facts, 'evidence'>): boolean {
  const { sure, failed, carried } = coverage
  return sure && failed === 0 && (carried ?? 0) === 0 && finalPass !== 'hot'
}
