/**
 * Adds up what a tenant holds of a schema, contact by contact.
 * Guarantees: a backup that reads the tenant and a proof that reads a chain count with this same code; sums of parts add up.
 */
import type { ContactRead } from '../model.ts'
import { addContents, Content } from './content.ts'
import type { State } from './facts.ts'
import type { ContactState } from './record.ts'
import { instantOf, Span } from './tally.ts'

export const EMPTY_STATE: State = {
  contacts: { read: 0, empty: 0, gone: 0, failed: 0 },
  interactions: { records: 0 },
  content: new Content().text(),
}

export class StateTally {
  readonly #contacts = { read: 0, empty: 0, gone: 0, failed: 0 }
  #records = 0
  readonly #created = new Span()
  readonly #content = new Content()
  #readable = true

  /** @param contact with all that it has; of one that failed, what is known of it */
  add({ state, interactions }: Pick<ContactRead, 'interactions'> & { readonly state: ContactState }): void {
    if (state === 'gone') this.#contacts.gone += 1
    else if (state === 'failed') this.#contacts.failed += 1
    else this.#contacts.read += 1
    if (state === 'read' && interactions.length === 0) this.#contacts.empty += 1
    for (const record of interactions) {
      this.#records += 1
      this.#created.add(instantOf(record.createdDate))
      this.#content.add(record)
    }
  }

  /** As `add`, of a contact of which only that is known. */
  addSealed(state: ContactState, records: number): void {
    this.add({ state, interactions: [] })
    if (state === 'read' && records > 0) this.#contacts.empty -= 1
    this.#records += records
    if (records > 0) this.#readable = false
  }

  state(): State {
    const created = this.#created.ends()
    if (!this.#readable) return { contacts: { ...this.#contacts }, interactions: { records: this.#records } }
    return {
      contacts: { ...this.#contacts },
      interactions: {
        records: this.#records,
        ...(created && { oldestCreated: created.first, newestCreated: created.last }),
      },
      content: this.#content.text(),
    }
  }
}

/** @returns the sum of states of different contacts */
export function addStates(a: State, b: State): State {
  const readable = a.content !== undefined && b.content !== undefined
  const created = new Span()
  for (const { oldestCreated, newestCreated } of [a.interactions, b.interactions]) {
    if (oldestCreated !== undefined) created.add(Date.parse(oldestCreated))
    if (newestCreated !== undefined) created.add(Date.parse(newestCreated))
  }
  const ends = created.ends()
  return {
    contacts: {
      read: a.contacts.read + b.contacts.read,
      empty: a.contacts.empty + b.contacts.empty,
      gone: a.contacts.gone + b.contacts.gone,
      failed: a.contacts.failed + b.contacts.failed,
    },
    interactions: {
      records: a.interactions.records + b.interactions.records,
      ...(readable && ends && { oldestCreated: ends.first, newestCreated: ends.last }),
    },
    ...(readable && { content: addContents([a.content ?? '', b.content ?? '']) }),
  }
}
