/**
 * What the rules of the new schema say to every payload.
 * Guarantees: each interaction that breaks one is counted, and each rule that it breaks, however many different ones there are; no
 * value of a payload is kept; flat memory.
 */
import type { Interaction } from '../model.ts'
import { cut } from './key.ts'
import type { RefusalReason, Refused } from './profile.ts'

/** So many different reasons are told apart: rules are few, but names that a payload makes up can be part of them. */
const KEPT = 1000
const SHOWN = 20
const EXAMPLES = 3
const REASON_LENGTH = 200

interface Tally {
  count: number
  readonly examples: RefusalReason['examples'][number][]
}

export class Refusals {
  readonly #check: (payload: Interaction['payload']) => readonly string[]
  readonly #isPersonal: (text: string) => boolean
  readonly #reasons = new Map<string, Tally>()
  readonly #others: Tally = { count: 0, examples: [] }
  #interactions = 0

  /**
   * @param check as createPayloadCheck makes it
   * @param isPersonal whether a name, which can be part of a reason, holds personal data
   */
  constructor(
    check: (payload: Interaction['payload']) => readonly string[],
    isPersonal: (text: string) => boolean,
  ) {
    this.#check = check
    this.#isPersonal = isPersonal
  }

  add(interaction: Interaction): void {
    const reasons = this.#check(interaction.payload)
    if (reasons.length === 0) return
    this.#interactions += 1
    for (const reason of new Set(reasons)) {
      const tally = this.#tallyOf(cut(reason, REASON_LENGTH))
      tally.count += 1
      if (tally.examples.length < EXAMPLES) tally.examples.push(exampleOf(interaction))
    }
  }

  refused(): Refused {
    const sorted = Array.from(this.#reasons, ([reason, tally]) => ({ reason, ...tally })).sort(
      (a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1),
    )
    if (sorted.length <= SHOWN && this.#others.count === 0)
      return { interactions: this.#interactions, reasons: sorted }
    const rest = [...sorted.slice(SHOWN - 1), this.#others]
    const others = {
      reason: 'other rules',
      count: rest.reduce((sum, { count }) => sum + count, 0),
      examples: rest.flatMap(({ examples }) => examples).slice(0, EXAMPLES),
    }
    return { interactions: this.#interactions, reasons: [...sorted.slice(0, SHOWN - 1), others] }
  }

  #tallyOf(reason: string): Tally {
    const known = this.#reasons.get(reason)
    if (known !== undefined) return known
    if (this.#reasons.size >= KEPT) return this.#others
    if (this.#isPersonal(reason))
      return this.#tallyOf('a property whose name holds personal data breaks a rule')
    const tally = { count: 0, examples: [] }
    this.#reasons.set(reason, tally)
    return tally
  }
}

function exampleOf({ id, contactId, createdDate }: Interaction): RefusalReason['examples'][number] {
  return { id: cut(id), contactId: cut(contactId), createdDate: cut(createdDate) }
}
