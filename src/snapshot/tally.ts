/**
 * Adds up what a part, or a snapshot, holds.
 * Guarantees: the writer and the proof count with this same code; memory doesn't grow with what is counted.
 */
import type { Interaction } from '../model.ts'
import { addContents, Content } from './content.ts'
import type { PartFacts } from './format.ts'
import type { ContactChange } from './record.ts'

/** Counts the contacts of one part. */
export class PartTally {
  #contactCount = 0
  #gone = 0
  #empty = 0
  #failed = 0
  #dropped = 0
  #removed = 0
  #records = 0
  readonly #content = new Content()
  readonly #readAt = new Span()
  readonly #created = new Span()

  /** Counts one contact; `records` is how many interactions it has, each of which is given to `addRecord`. */
  addContact(contact: Pick<ContactChange, 'state' | 'readAt' | 'removed'>, records: number): void {
    this.#contactCount += 1
    this.#removed += contact.removed?.length ?? 0
    if (contact.state === 'gone') this.#gone += 1
    else if (contact.state === 'failed') this.#failed += 1
    else if (contact.state === 'dropped') this.#dropped += 1
    else if (records === 0) this.#empty += 1
    this.#readAt.add(contact.readAt)
  }

  addRecord(record: Interaction): void {
    this.#records += 1
    this.#content.add(record)
    this.#created.add(instantOf(record.createdDate))
  }

  /** @returns what was counted so far. */
  facts(): PartFacts {
    const read = this.#readAt.ends()
    const created = this.#created.ends()
    return {
      contactCount: this.#contactCount,
      gone: this.#gone,
      empty: this.#empty,
      ...someOf({ failed: this.#failed, dropped: this.#dropped, removed: this.#removed }),
      records: this.#records,
      content: this.#content.text(),
      ...(read && { firstReadAt: read.first, lastReadAt: read.last }),
      ...(created && { oldestCreated: created.first, newestCreated: created.last }),
    }
  }
}

/** @returns the sum of parts. */
export function addUp(parts: readonly PartFacts[]): PartFacts {
  const span = (of: (part: PartFacts) => readonly (string | undefined)[]) => {
    const all = new Span()
    for (const date of parts.flatMap(of)) if (date !== undefined) all.add(Date.parse(date))
    return all.ends()
  }
  const contents = parts.flatMap(({ content }) => content ?? [])
  const total = (of: (part: PartFacts) => number) => parts.reduce((sum, part) => sum + of(part), 0)
  const read = span((part) => [part.firstReadAt, part.lastReadAt])
  const created = span((part) => [part.oldestCreated, part.newestCreated])
  return {
    contactCount: total((part) => part.contactCount),
    gone: total((part) => part.gone),
    empty: total((part) => part.empty),
    ...someOf({
      failed: total((part) => part.failed ?? 0),
      dropped: total((part) => part.dropped ?? 0),
      removed: total((part) => part.removed ?? 0),
    }),
    records: total((part) => part.records),
    // A sum that lacks some is none.
    ...(contents.length === parts.length && { content: addContents(contents) }),
    ...(read && { firstReadAt: read.first, lastReadAt: read.last }),
    ...(created && { oldestCreated: created.first, newestCreated: created.last }),
  }
}

/** @returns the counts that are above 0 */
function someOf(counts: { readonly [name: string]: number }): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

export class Span {
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  add(instant: number): void {
    if (Number.isNaN(instant)) return
    if (instant < this.#first) this.#first = instant
    if (instant > this.#last) this.#last = instant
  }

  ends(): { first: string; last: string } | undefined {
    if (this.#first > this.#last) return undefined
    return { first: new Date(this.#first).toISOString(), last: new Date(this.#last).toISOString() }
  }
}

/** A date-time without an offset is UTC here: the machine's own zone must not change what a proof computes. */
export function instantOf(date: string): number {
  const hasOffset = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(date)
  return Date.parse(date.includes(':') && !hasOffset ? `${date}Z` : date)
}
