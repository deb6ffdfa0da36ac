/**
 * Names that payloads have and their schema does not.
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
  readonly #isPersonal: (text: string) => boolean
  readonly #counts = new Map<string, number>()
  #others = 0

  /**
   * @param schema the one that the payloads are in
   * @param isPersonal whether a name holds personal data
   */
  constructor(schema: InteractionSchema, isPersonal: (text: string) => boolean) {
    this.#named = new Set(Object.keys(schema.jsonSchema.properties))
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
    const names = shown.map(({ key, count }) => ({ name: shownOf(key), count }))
    if (all) return names
    const rest = sorted.slice(shown.length).reduce((sum, { count }) => sum + count, this.#others)
    return [...names, { name: '(other names)', count: rest }]
  }

  #addName(name: string): void {
    const key = this.#isPersonal(name) ? HIDDEN : keyOf(name)
    const count = this.#counts.get(key)
    if (count === undefined && this.#counts.size >= KEPT) this.#others += 1
    else this.#counts.set(key, (count ?? 0) + 1)
  }
}
