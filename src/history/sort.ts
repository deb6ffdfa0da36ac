/**
 * Sorts more than fits into memory: runs that do are sorted and put on disk, then merged.
 * Guarantees: what was added comes out, each as often, in order; memory for one run, or one value of each run that is
 * merged; the files are readable by their owner only, count as half-written whatever is killed, and are gone after
 * `discard`.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../snapshot/durable.ts'
import { TEMPORARY } from '../snapshot/format.ts'
import { createLineFile, readLines } from '../snapshot/lines.ts'
import { localPlace } from '../snapshot/place.ts'

export interface Sorting<T extends object> {
  /** Where runs are put, and what they are called; made when the first one is. */
  readonly folder: string
  readonly name: string
  compare(a: T, b: T): number
  /** Reads a line that was written of a value. */
  parse(line: string): T
  /** How much a run may come to, in the sizes that values are added with. */
  readonly runSize?: number
  /** Runs that are merged at once. */
  readonly fanIn?: number
}

/** In characters of the rows. As objects they take several times as much. */
const RUN_SIZE = 16 * 1024 * 1024
/** Each run that is read takes a window of the decompressor's. */
const FAN_IN = 32

export class Sorter<T extends object> {
  readonly #sorting: Sorting<T>
  readonly #runSize: number
  readonly #fanIn: number
  #values: T[] = []
  #size = 0
  #runs: string[] = []
  #number = 0

  constructor(sorting: Sorting<T>) {
    this.#sorting = sorting
    this.#runSize = sorting.runSize ?? RUN_SIZE
    this.#fanIn = sorting.fanIn ?? FAN_IN
  }

  /** @param size how much of a run it is. Throws an OperatorError where the disk refuses. */
  async add(value: T, size: number): Promise<void> {
    this.#values.push(value)
    this.#size += size
    if (this.#size >= this.#runSize) await this.#putRun()
  }

  /** @returns all that was added, sorted; to be asked once. Throws an OperatorError where the disk refuses. */
  async *sorted(): AsyncGenerator<T, void, undefined> {
    if (this.#runs.length === 0) {
      yield* this.#values.sort(this.#sorting.compare)
      return
    }
    if (this.#values.length > 0) await this.#putRun()
    while (this.#runs.length > this.#fanIn) {
      const merged = this.#runs.splice(0, this.#fanIn)
      this.#runs.push(await this.#write(this.#merged(merged)))
      for (const name of merged) await this.#remove(name)
    }
    yield* this.#merged(this.#runs)
  }

  /** Removes what is on disk; nothing can be added or read any more. */
  async discard(): Promise<void> {
    this.#values = []
    for (let number = 1; number <= this.#number; number += 1) await this.#remove(this.#nameOf(number))
  }

  async #putRun(): Promise<void> {
    await makeFolder(this.#sorting.folder)
    const values = this.#values.sort(this.#sorting.compare)
    this.#values = []
    this.#size = 0
    this.#runs.push(await this.#write(values))
  }

  async #write(values: Iterable<T> | AsyncIterable<T>): Promise<string> {
    this.#number += 1
    const name = this.#nameOf(this.#number)
    const file = await createLineFile(this.#sorting.folder, name, 'zstd')
    try {
      for await (const value of values) await file.write(value)
    } catch (error) {
      await file.abandon()
      throw error
    }
    await file.close()
    return name
  }

  /** Few enough to look at each: what is least is among the heads. */
  async *#merged(names: readonly string[]): AsyncGenerator<T, void, undefined> {
    const { folder, compare, parse } = this.#sorting
    const runs = names.map((name) => readLines(() => localPlace(folder).read(name), 'run.zst'))
    const next = async (run: AsyncGenerator<string>): Promise<T | undefined> => {
      const { done, value } = await run.next()
      return done === true ? undefined : parse(value)
    }
    try {
      const heads = await Promise.all(runs.map(next))
      for (;;) {
        let least: number | undefined
        for (const [index, head] of heads.entries()) {
          if (head === undefined) continue
          if (least === undefined || compare(head, heads[least] as T) < 0) least = index
        }
        if (least === undefined) return
        yield heads[least] as T
        heads[least] = await next(runs[least] as AsyncGenerator<string>)
      }
    } finally {
      for (const run of runs) await run.return(undefined)
    }
  }

  /** A name that never counts as a file of a snapshot, and that tidies away with half a one. */
  #nameOf(number: number): string {
    return `${this.#sorting.name}-${number}${TEMPORARY}`
  }

  async #remove(name: string): Promise<void> {
    const path = join(this.#sorting.folder, name)
    await rm(path, { force: true })
    await rm(path + TEMPORARY, { force: true })
  }
}
