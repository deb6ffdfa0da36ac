/**
 * A list page by page.
 * Guarantees: 50 a page. Stable: a page starts behind the last item of the one before, whatever was added or
 * deleted meanwhile. Shifting: it starts at a count of items, so that what came meanwhile repeats items and what
 * went skips some. A continuation means the same whatever the option has become.
 */
import type { JsonObject } from '../json.ts'
import type { Behaviour } from './behaviour.ts'
import { type Position, placeIn, type StoredInteraction } from './timeline.ts'

export const PAGE_SIZE = 50

/** Where a page starts: behind a place, or at a count of items. */
export type Start = Position | number

export interface Page {
  readonly items: readonly StoredInteraction[]
  /** The continuation of the next page; undefined: this is the last one. */
  readonly next: string | undefined
}

/** @param list all that there is, in order. */
export function pageOf(
  list: readonly StoredInteraction[],
  start: Start,
  { pages, emptyLastPage }: Pick<Behaviour, 'pages' | 'emptyLastPage'>,
): Page {
  const from = typeof start === 'number' ? start : placeIn(list, start, 1)
  const end = from + PAGE_SIZE
  const items = list.slice(from, end)
  const last = items.at(-1)
  const more = list.length > end || (emptyLastPage && items.length === PAGE_SIZE)
  if (!more || last === undefined) return { items, next: undefined }
  return { items, next: tokenOf(pages === 'stable' ? [last.ms, last.interaction.id] : [end]) }
}

/** @returns where the page of a continuation starts, or undefined where it is none. */
export function startOf(token: string): Start | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (!Array.isArray(value)) return undefined
    const [first, id]: readonly unknown[] = value
    if (typeof first !== 'number') return undefined
    if (typeof id === 'string') return { ms: first, id }
    return value.length === 1 && Number.isSafeInteger(first) && first >= 0 ? first : undefined
  } catch {
    return undefined
  }
}

function tokenOf(value: readonly (number | string)[]): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The answers that handed out a continuation: what a listing that goes round in a circle answers again. */
export class PageMemory {
  readonly #answered = new Map<string, JsonObject>()

  keep(contactId: string, schemaId: string, token: string, body: JsonObject): void {
    this.#answered.set(keyOf(contactId, schemaId, token), body)
  }

  /** @returns the answer that the continuation came with; undefined where this process gave none. */
  before(contactId: string, schemaId: string, token: string): JsonObject | undefined {
    return this.#answered.get(keyOf(contactId, schemaId, token))
  }
}

function keyOf(contactId: string, schemaId: string, token: string): string {
  return `${contactId}/${schemaId}/${token}`
}
