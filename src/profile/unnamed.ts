/**
 * Names that payloads have and the new schema does not: what goes by them can't come back.
 * Guarantees: each time that one is there is counted, however many different ones there are; a name like `__proto__` is one like
 * any other; long ones are cut, those that hold personal data are not shown; flat memory.
 */
import type { JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { keyOf, shownOf } from './key.ts'
import type { Profile } from './profile.ts'

/** So many different names are told apart. */
const KEPT = 4096
const SHOWN = 50

const HIDDEN = keyOf('(names that hold personal data)')

export class UnnamedProperties {
  readonly #named: ReadonlySet<string>
  readonly #namedBefore: ReadonlySet<string>
  readonly #isPersonal: (text: string) => boolean
  readonly #counts = new Map<string, number>()
  #others = 0

  /**
   * @param before the schema that the payloads are in
   * @param after the one that they shall be in
   * @param isPersonal whether a name holds personal data
   */
  constructor(before: InteractionSchema, after: InteractionSchema, isPersonal: (text: string) => boolean) {
    this.#named = new Set(Object.keys(after.jsonSchema.properties))
    // As they are shown: what is told apart no more is not named by any schema.
    this.#namedBefore = new Set(Object.keys(before.jsonSchema.properties).map((name) => keyOf(name)))
    this.#isPersonal = isPersonal
  }

  add(payload: JsonObject): void {
    for (const name of Object.keys(payload)) if (!this.#named.has(name)) this.#addName(name)
  }

  /** @returns most frequent first, of those as frequent the one that sorts first; what is beyond the 50 in one */
  names(): Profile['unnamed'] {
    const sorted = Array.from(this.#counts, ([key, count]) => ({ key, count })).sort(
      (a, b) => b.count - a.count || (a.key < b.key ? -1 : 1),
    )
    const all = sorted.length <= SHOWN && this.#others === 0
    const shown = sorted.slice(0, all ? SHOWN : SHOWN - 1)
    const names = shown.map(({ key, count }) => ({
      ...{ name: shownOf(key), count },
      before: this.#namedBefore.has(key),
    }))
    if (all) return names
    const rest = sorted.slice(shown.length).reduce((sum, { count }) => sum + count, this.#others)
    return [...names, { name: '(other names)', count: rest, before: false }]
  }

  #addName(name: string): void {
    const key = this.#isPersonal(name) ? HIDDEN : keyOf(name)
    const count = this.#counts.get(key)
    if (count === undefined && this.#counts.size >= KEPT) this.#others += 1
    else this.#counts.set(key, (count ?? 0) + 1)
  }
}
