/**
 * The lines that no interaction could be made of, kept for whoever mends them.
 * Guarantees: flat memory; the file is whole or not there, and one of an earlier try never stays; what is in its place and
 * is no such file is not touched.
 */
import { PlainLines, removeList } from '../snapshot/plain-lines.ts'

export interface BadLine {
  /** From 1. */
  readonly line: number
  readonly reason: string
}

/** Lines that are kept to be shown. */
const SHOWN = 20

export class BadLines {
  readonly #list: PlainLines
  readonly #shown: BadLine[] = []
  #count = 0

  /** @param path of the file; its folder must be there */
  constructor(path: string) {
    this.#list = new PlainLines(path)
  }

  get count(): number {
    return this.#count
  }

  /** The first of them. */
  get shown(): readonly BadLine[] {
    return this.#shown
  }

  /** @throws OperatorError (exit 2) where there is something else in the file's place */
  assertFree(): Promise<void> {
    return this.#list.assertFree('{"line":', '--bad')
  }

  /** Throws an OperatorError where the disk refuses. */
  async add(line: number, reasons: readonly string[]): Promise<void> {
    const bad = { line, reason: reasons.join('; ') }
    this.#count += 1
    if (this.#shown.length < SHOWN) this.#shown.push(bad)
    await this.#list.add(bad)
  }

  /**
   * Writes what is there to say; where there is nothing, what an earlier try has said is removed.
   * @returns the path of the file; undefined where there is none. Throws an OperatorError where the disk refuses.
   */
  async close(): Promise<string | undefined> {
    const { path } = this.#list
    if (this.#count > 0) await this.#list.close()
    else await removeList(path)
    return this.#count > 0 ? path : undefined
  }

  /** Stops and removes what was written, unless it was closed. */
  abandon(): Promise<void> {
    return this.#list.abandon()
  }
}
