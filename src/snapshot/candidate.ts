/**
 * From what is in a place to what is decided on.
 * Guarantees: pure; what has no time that is one can't be used, so that it is never removed.
 */
import { timeOf } from '../names.ts'
import type { CatalogEntry } from './catalog.ts'
import type { Candidate } from './retention.ts'

/** A snapshot to decide on, and where it is. */
export interface Subject extends Candidate {
  readonly entry: CatalogEntry
}

/** @param standing what the snapshot itself does not tell: see Candidate */
export function subjectOf(
  entry: CatalogEntry,
  { needs, inTheMaking }: Pick<Candidate, 'needs' | 'inTheMaking'>,
): Subject {
  const { stamp, condition, manifest } = entry
  const begunAt = manifest === undefined ? timeOf(stamp) : Date.parse(manifest.startedAt)
  const base = { entry, stamp, needs, inTheMaking, pass: manifest?.pass, parent: manifest?.parent?.snapshot }
  return Number.isFinite(begunAt)
    ? { ...base, begunAt, condition }
    : { ...base, begunAt: 0, condition: 'unusable' }
}
