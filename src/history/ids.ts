/**
 * Ids that the source has given to its interactions: each names one of them.
 * Guarantees: no repetition in the file goes unseen, whatever the number of lines; the first line with an id keeps it. Ids
 * that are made up are the same for the same file.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { Sorter } from './sort.ts'

interface IdLine {
  readonly id: string
  readonly line: number
}

/** So many repetitions are no mistakes in a file: what was named does not hold ids. */
const MOST = 1_000_000

/** @returns the id of an interaction whose source has none: in the order of the lines, sorted as text */
export function madeUpId(line: number): string {
  return `h-${String(line).padStart(12, '0')}`
}

export class Ids {
  readonly #sorter: Sorter<IdLine>

  /** @param folder where more than fits into memory is put; @param runSize as the sorter's */
  constructor(folder: string, runSize?: number) {
    this.#sorter = new Sorter<IdLine>({
      folder,
      name: 'ids',
      compare: (a, b) => (a.id === b.id ? a.line - b.line : a.id < b.id ? -1 : 1),
      parse: (line) => JSON.parse(line) as IdLine,
      ...(runSize !== undefined && { runSize }),
    })
  }

  add(line: number, id: string): Promise<void> {
    return this.#sorter.add({ id, line }, id.length)
  }

  /**
   * To be asked once, at the end.
   * @returns from each line whose id was on an earlier one to the first that has it
   * @throws OperatorError (exit 2) where there are more than a million
   */
  async repeated(): Promise<ReadonlyMap<number, number>> {
    const repeated = new Map<number, number>()
    let first: IdLine | undefined
    for await (const each of this.#sorter.sorted()) {
      if (first?.id !== each.id) first = each
      else repeated.set(each.line, first.line)
      if (repeated.size > MOST) throw notIds()
    }
    return repeated
  }

  discard(): Promise<void> {
    return this.#sorter.discard()
  }
}

function notIds(): OperatorError {
  return new OperatorError({
    what: `More than ${MOST} lines have an id that an earlier one has: these are no ids of interactions.`,
    safe: 'Nothing was changed.',
    next: 'Name the field that holds them with --map id=FIELD, or leave it out: then ids are made up.',
    exit: EXIT.usage,
  })
}
