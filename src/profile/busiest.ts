/**
 * Contacts with most interactions.
 * Guarantees: flat memory; of those with as many, the ids that sort first, so that the order of the contacts makes no difference.
 */
import { cut } from './key.ts'
import type { Profile } from './profile.ts'

const KEPT = 10

type Contact = Profile['busiest'][number]

export class Busiest {
  #kept: readonly Contact[] = []

  add(contactId: string, interactions: number): void {
    const least = this.#kept[KEPT - 1]
    if (interactions === 0 || (least !== undefined && least.interactions > interactions)) return
    this.#kept = [...this.#kept, { contactId: cut(contactId), interactions }].sort(byCount).slice(0, KEPT)
  }

  /** @returns those with most first */
  contacts(): readonly Contact[] {
    return this.#kept
  }
}

function byCount(a: Contact, b: Contact): number {
  if (a.interactions !== b.interactions) return b.interactions - a.interactions
  return a.contactId < b.contactId ? -1 : 1
}
