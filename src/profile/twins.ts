/**
 * Interactions of one contact that are the same event.
 * Guarantees: by the one rule of equality (src/schema/canonical.ts), under the new schema; flat memory: one contact at a time.
 */
import type { ContactRead, Interaction, InteractionSchema } from '../model.ts'
import { canonicalForm } from '../schema/canonical.ts'
import { cut } from './key.ts'
import type { Twins } from './profile.ts'

export class TwinCount {
  readonly #form: (event: Interaction) => string
  #surplus = 0
  #contacts = 0
  #example: Twins['example'] = null

  /** @param schema the one that the interactions will be kept under */
  constructor(schema: InteractionSchema) {
    this.#form = canonicalForm(schema)
  }

  /** @param instants when each of them was created; undefined where that can't be told */
  add(
    { contactId, interactions }: Pick<ContactRead, 'contactId' | 'interactions'>,
    instants: ReadonlyArray<number | undefined>,
  ): void {
    let surplus = 0
    // Few are of the very same instant; the canonical form of all others needs not be made.
    const together = Map.groupBy(interactions, (_, index) => instants[index])
    for (const simultaneous of together.values()) {
      if (simultaneous.length < 2) continue
      for (const [first, second, ...more] of Map.groupBy(simultaneous, this.#form).values()) {
        if (first === undefined || second === undefined) continue
        surplus += 1 + more.length
        this.#example ??= { contactId: cut(contactId), ids: [cut(first.id), cut(second.id)] }
      }
    }
    this.#surplus += surplus
    if (surplus > 0) this.#contacts += 1
  }

  twins(): Twins {
    return { surplus: this.#surplus, contacts: this.#contacts, example: this.#example }
  }
}
