/**
 * The order of a contact's interactions: newest first, then by id.
 * Guarantees: the order is total, so a place in it means the same after others have come and gone.
 */
import type { Interaction } from '../model.ts'

export interface StoredInteraction {
  readonly interaction: Interaction
  /** The instant of createdDate. */
  readonly ms: number
  readonly visibleAt: number
  /** Only of one that is deleted: until when reads show it. */
  readonly shownUntil?: number
}

/** A place in a contact's interactions: that of the last one seen. */
export interface Position {
  readonly ms: number
  readonly id: string
}

/** @returns whether reads show it at `now`: it can be seen by now and, where it is deleted, still is. */
export function isShown(
  { visibleAt, shownUntil }: Pick<StoredInteraction, 'visibleAt' | 'shownUntil'>,
  now: number,
): boolean {
  return visibleAt <= now && (shownUntil === undefined || now < shownUntil)
}

/** @returns both lists as one, in order. */
export function inOrder(
  list: readonly StoredInteraction[],
  other: readonly StoredInteraction[],
): readonly StoredInteraction[] {
  if (other.length === 0) return list
  return [...list, ...other].sort((a, b) => order(a, { ms: b.ms, id: b.interaction.id }))
}

/** @returns how many of a sorted list come before the position; with `side` 1, up to and including it. */
export function placeIn(list: readonly StoredInteraction[], position: Position, side: 0 | 1): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = list[middle]
    if (at !== undefined && order(at, position) < side) low = middle + 1
    else high = middle
  }
  return low
}

/** Newest first, then by id. */
function order(stored: StoredInteraction, position: Position): number {
  if (stored.ms !== position.ms) return position.ms - stored.ms
  return stored.interaction.id < position.id ? -1 : stored.interaction.id > position.id ? 1 : 0
}
