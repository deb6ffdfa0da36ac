/**
 * The history that the source system has kept, as a plan names it.
 * Guarantees: plain values; a plan that was read back names one snapshot, by its manifest's digest, and one of two modes, or
 * is refused.
 */
import { isObject, type Json } from '../json.ts'

/** `besides`: what Engage holds is imported again, and what only the source holds as well; `only`: what the source holds. */
export type HistoryMode = 'besides' | 'only'

export interface HistoryTerms {
  /** Where the snapshot is: a path, or an address. */
  readonly snapshot: string
  readonly manifestDigest: string
  /** The label of its pass: `history` where it was made of what a source has kept. */
  readonly pass: string
  readonly mode: HistoryMode
  /** Absent in plans of an earlier version. */
  readonly encrypted?: boolean
  readonly contacts: number
  readonly interactions: number
  /** Bytes of all its interactions together, as they are at rest. */
  readonly recordBytes: number
  /** Of its contacts, those that the contact list does not name. */
  readonly unlisted: number
  /** ISO 8601; null where none of its dates can be read. */
  readonly oldestCreated: string | null
  readonly newestCreated: string | null
}

/** @returns the names of the fields that a history read from a file lacks, or that are something else than they should be */
export function missingHistory(value: Json | undefined): readonly string[] {
  if (value === undefined) return []
  if (!isObject(value)) return ['history']
  const texts = (['snapshot', 'manifestDigest', 'pass'] as const).filter(
    (name) => typeof value[name] !== 'string',
  )
  const counts = (['contacts', 'interactions', 'recordBytes', 'unlisted'] as const).filter(
    (name) => typeof value[name] !== 'number',
  )
  // Anything but `only` would read as `besides`, which imports what was not asked for.
  const mode = value['mode'] === 'besides' || value['mode'] === 'only' ? [] : ['mode']
  return [...texts, ...counts, ...mode].map((name) => `history.${name}`)
}
