/**
 * A list of what is wrong.
 * Guarantees: it stays short, whatever is broken, and says how much it left out.
 */

const MOST = 50

export class Problems {
  readonly #list: string[] = []
  #more = 0

  /** @param where a file's name. @param line its line, from 1. */
  add(where: string, what: string, line?: number): void {
    if (this.#list.length === MOST) this.#more += 1
    else this.#list.push(`${where}${line === undefined ? '' : `, line ${line}`}: ${what}`)
  }

  /** @returns a list for what is elsewhere: each problem is added to this one, with that place before it */
  within(place: string): Problems {
    const inner = new Problems()
    inner.add = (where, what, line) => this.add(`${place}/${where}`, what, line)
    return inner
  }

  /** @returns the problems in the order found: at most 50, and a line on the rest. */
  list(): readonly string[] {
    return this.#more === 0 ? [...this.#list] : [...this.#list, `and ${this.#more} more`]
  }
}
