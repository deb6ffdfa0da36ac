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

type Counted = Pick<ContactRead, 'interactions'> & { readonly state: ContactState }

/** Counts and a sum that contacts can be taken out of again. */
class Sum {
  readonly contacts = { read: 0, empty: 0, gone: 0, failed: 0 }
  records = 0
  readonly content = new Content()

  /** @param sign 1 where the contact comes, -1 where it goes */
  add({ state, interactions }: Counted, sign: 1 | -1): void {
    this.contacts[state === 'gone' || state === 'failed' ? state : 'read'] += sign
    if (state === 'read' && interactions.length === 0) this.contacts.empty += sign
    this.records += sign * interactions.length
    for (const record of interactions) {
      if (sign > 0) this.content.add(record)
      else this.content.remove(record)
    }
  }
}

export class StateTally {
  readonly #sum = new Sum()
  readonly #created = new Span()
  #readable = true

  /** @param contact with all that it has; of one that failed, what is known of it */
  add(contact: Counted): void {
    this.#sum.add(contact, 1)
    for (const { createdDate } of contact.interactions) this.#created.add(instantOf(createdDate))
  }

  /** As `add`, of a contact of which only that is known. */
  addSealed(state: ContactState, records: number): void {
    this.add({ state, interactions: [] })
    if (state === 'read' && records > 0) this.#sum.contacts.empty -= 1
    this.#sum.records += records
    if (records > 0) this.#readable = false
  }

  state(): State {
    const { contacts, records, content } = this.#sum
    if (!this.#readable) return { contacts: { ...contacts }, interactions: { records } }
    return stateOf(contacts, records, content.text(), this.#created)
  }
}

/** Adds up a chain as each of its links leaves it. */
export class ChainTally {
  readonly #sums: readonly Sum[]
  readonly #created: readonly Span[]

  /** @param links how many there are */
  constructor(links: number) {
    this.#sums = Array.from({ length: links }, () => new Sum())
    this.#created = Array.from({ length: links }, () => new Span())
  }

  /** @param contact that stands so from one link on up to, not with, another one; counted from 0 */
  add(contact: Counted, from: number, upTo: number): void {
    this.#sums[from]?.add(contact, 1)
    this.#sums[upTo]?.add(contact, -1)
    const spans = this.#created.slice(from, upTo)
    for (const { createdDate } of contact.interactions) {
      const created = instantOf(createdDate)
      for (const span of spans) span.add(created)
    }
  }

  /** @returns what each link comes to */
  states(): readonly State[] {
    const contacts = { read: 0, empty: 0, gone: 0, failed: 0 }
    let records = 0
    let content = EMPTY_STATE.content ?? ''
    return this.#sums.map((sum, index) => {
      for (const key of ['read', 'empty', 'gone', 'failed'] as const) contacts[key] += sum.contacts[key]
      records += sum.records
      content = addContents([content, sum.content.text()])
      return stateOf(contacts, records, content, this.#created[index] ?? new Span())
    })
  }
}

function stateOf(contacts: State['contacts'], records: number, content: string, span: Span): State {
  const created = span.ends()
  return {
    contacts: { ...contacts },
    interactions: {
      records,
      ...(created && { oldestCreated: created.first, newestCreated: created.last }),
    },
    content,
  }
}

/** @returns the sum of states of different contacts */
export function addStates(a: State, b: State): State {
  const contacts = {
    read: a.contacts.read + b.contacts.read,
    empty: a.contacts.empty + b.contacts.empty,
    gone: a.contacts.gone + b.contacts.gone,
    failed: a.contacts.failed + b.contacts.failed,
  }
  const records = a.interactions.records + b.interactions.records
  if (a.content === undefined || b.content === undefined) return { contacts, interactions: { records } }
  const created = new Span()
  for (const { oldestCreated, newestCreated } of [a.interactions, b.interactions]) {
    if (oldestCreated !== undefined) created.add(Date.parse(oldestCreated))
    if (newestCreated !== undefined) created.add(Date.parse(newestCreated))
  }
  return stateOf(contacts, records, addContents([a.content, b.content]), created)
}
