/**
 * The lines that no interaction could be made of, kept for whoever mends them.
 * Guarantees: flat memory; a file of them is whole or not there, and one of an earlier try never stays; what is in its
 * place and is no such file is not touched.
 */
import { type FileHandle, open, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { cannotWrite, openTemporary, seal, syncFolder } from '../snapshot/durable.ts'
import { TEMPORARY } from '../snapshot/format.ts'

export interface BadLine {
  /** From 1. */
  readonly line: number
  readonly reason: string
}

/** Lines that are kept to be shown. */
const SHOWN = 20
/** Characters that are written at once. */
const CHUNK = 64 * 1024
/** How each line of such a file begins. */
const BEGINNING = '{"line":'

export class BadLines {
  readonly #folder: string
  readonly #name: string
  readonly #shown: BadLine[] = []
  #handle: FileHandle | undefined
  #pending = ''
  #count = 0

  /** @param path of the file; its folder must be there */
  constructor(path: string) {
    this.#folder = dirname(resolve(path))
    this.#name = basename(path)
  }

  get count(): number {
    return this.#count
  }

  /** The first of them. */
  get shown(): readonly BadLine[] {
    return this.#shown
  }

  /** @throws OperatorError (exit 2) where there is something else in the file's place */
  async begin(): Promise<void> {
    const path = join(this.#folder, this.#name)
    const beginning = await beginningOf(path)
    if (beginning === '' || beginning === BEGINNING) return
    throw new OperatorError({
      what: `${path} is there already, and is not a list of bad lines.`,
      safe: 'It was not touched.',
      next: 'Name another file for the bad lines: --bad FILE.',
      exit: EXIT.usage,
    })
  }

  /** Throws an OperatorError where the disk refuses. */
  async add(line: number, reasons: readonly string[]): Promise<void> {
    const bad = { line, reason: reasons.join('; ') }
    this.#count += 1
    if (this.#shown.length < SHOWN) this.#shown.push(bad)
    this.#pending += `${JSON.stringify(bad)}\n`
    if (this.#pending.length >= CHUNK) await this.#write()
  }

  /**
   * Writes what is there to say; where there is nothing, what an earlier try has said is removed.
   * @returns the path of the file; undefined where there is none. Throws an OperatorError where the disk refuses.
   */
  async close(): Promise<string | undefined> {
    const path = join(this.#folder, this.#name)
    try {
      if (this.#count === 0) {
        await rm(path, { force: true })
        return undefined
      }
      await this.#write()
      if (this.#handle !== undefined) await seal(this.#folder, this.#name, this.#handle)
      this.#handle = undefined
      await syncFolder(this.#folder)
      return path
    } catch (error) {
      throw error instanceof OperatorError ? error : cannotWrite(path, error)
    }
  }

  /** Stops and removes what was written, unless it was closed. */
  async abandon(): Promise<void> {
    if (this.#handle === undefined) return
    await this.#handle.close().catch(() => undefined)
    await rm(join(this.#folder, this.#name + TEMPORARY), { force: true })
  }

  async #write(): Promise<void> {
    try {
      this.#handle ??= await openTemporary(this.#folder, this.#name)
      await this.#handle.writeFile(this.#pending)
      this.#pending = ''
    } catch (error) {
      throw cannotWrite(join(this.#folder, this.#name), error)
    }
  }
}

/** @returns as much of a file as the beginning of a list has; nothing where there is no such file */
async function beginningOf(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING.length), 0, BEGINNING.length, 0)
    return buffer.subarray(0, bytesRead).toString()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw new OperatorError({
      what: `${path} can't be used for the bad lines: ${messageOf(error)}.`,
      safe: 'Nothing was changed.',
      next: 'Name another file for them: --bad FILE.',
      exit: EXIT.usage,
      cause: error,
    })
  }
}
