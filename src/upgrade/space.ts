/**
 * Room on the disk, before it is needed.
 * Guarantees: a pass that would not fit is not begun; what is needed is computed purely, from what was measured.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import type { HistoryTerms } from './history-terms.ts'
import type { ReadContext } from './strategy.ts'

/** What a snapshot holds. */
export interface Volume {
  readonly contacts: number
  readonly interactions: number
  /** Bytes of all interactions together, compressed. */
  readonly recordBytes: number
}

/** The journal with its log of what it has not yet taken over, before anything is in it. */
const JOURNAL = 4_500_000
/** A contact's line in a snapshot, compressed: its id can't be. */
const CONTACT_LINE = 60
/** A contact in the journal's list, with its index. */
const CONTACT_ROW = 60
/** An interaction in the journal: its state, and its new id. */
const ITEM_ROW = 80
/** A line of `id-map.ndjson`: three ids. */
const MAP_LINE = 170

/**
 * @param snapshots how many are still to be written: two of a run that has not begun, one after the base pass
 * @returns bytes that a run still needs
 */
export function bytesNeeded({ contacts, interactions, recordBytes }: Volume, snapshots: number): number {
  const snapshot = recordBytes + contacts * CONTACT_LINE
  return Math.ceil(
    JOURNAL + snapshots * snapshot + contacts * CONTACT_ROW + interactions * (ITEM_ROW + MAP_LINE),
  )
}

/** @returns what a snapshot has really taken, with all that it follows */
export function volumeOf({ manifest, links }: Pick<Snapshot, 'manifest' | 'links'>): Volume {
  const parts = links.flatMap((link) => link.manifest.parts)
  return {
    contacts: manifest.contacts.listed,
    interactions: manifest.interactions.records,
    recordBytes: parts.reduce((sum, { interactions }) => sum + interactions.bytes, 0),
  }
}

/**
 * @param engage what Engage holds
 * @returns bytes that it takes besides to merge a history with it, where there is one: the merged snapshot at its largest,
 *   the source's records while they are sorted, and what the journal and the evidence have more
 */
export function bytesToMerge(engage: Volume, history: HistoryTerms | undefined): number {
  if (history === undefined) return 0
  const { interactions, recordBytes } = history
  const merged = engage.recordBytes + recordBytes + engage.contacts * CONTACT_LINE
  return Math.ceil(merged + recordBytes + interactions * (ITEM_ROW + MAP_LINE))
}

/**
 * @param besides bytes, as `bytesToMerge` has them
 * @throws OperatorError (exit 4) where the data folder's disk has less room than the run needs
 */
export async function assertSpace(
  { freeSpace, snapshots: folder }: Pick<ReadContext, 'freeSpace' | 'snapshots'>,
  volume: Volume,
  snapshots: number,
  besides = 0,
): Promise<void> {
  const needed = bytesNeeded(volume, snapshots) + besides
  const free = await freeSpace(folder)
  if (free === undefined || free >= needed) return
  throw new OperatorError({
    what: `The disk of ${folder} has ${sizeText(free)} free, and this run needs some ${sizeText(needed)} there.`,
    safe: 'Nothing was changed, and nothing begun that would not fit.',
    next: 'Make room on it, or set --data (ENGAGE_MIGRATE_DATA) to a folder on another disk with all that is in this one, then run the same command again.',
    exit: EXIT.precondition,
  })
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** @returns a number of bytes in words: "340 kB", "2.1 GB" */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const amount = bytes / 1_000 ** power
  return `${amount.toFixed(power > 0 && amount < 10 ? 1 : 0)} ${UNITS[power]}`
}
