/**
 * A file of JSON lines for people and their tools: a list that a command leaves where it was told to.
 * Guarantees: flat memory; the file is whole or not there, readable by its owner only; what is in its place and is no such
 * list is not touched.
 */
import { type FileHandle, open, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { type Json, stringifyJson } from '../json.ts'
import { cannotWrite, openTemporary, seal, syncFolder } from './durable.ts'
import { TEMPORARY } from './format.ts'

/** Characters that are written at once. */
const CHUNK = 64 * 1024

export class PlainLines {
  readonly path: string
  readonly #folder: string
  readonly #name: string
  #handle: FileHandle | undefined
  #pending = ''

  /** @param path of the file; its folder must be there */
  constructor(path: string) {
    this.path = resolve(path)
    this.#folder = dirname(this.path)
    this.#name = basename(this.path)
  }

  /**
   * @param beginning how every line of such a list begins
   * @param flag the one that names another file
   * @throws OperatorError (exit 2) where there is something else in the file's place
   */
  async assertFree(beginning: string, flag: string): Promise<void> {
    const refused = (what: string, cause?: unknown): OperatorError =>
      new OperatorError({
        what: `${this.path} ${what}.`,
        safe: 'It was not touched, and nothing else was changed.',
        next: `Name another file: ${flag} FILE.`,
        exit: EXIT.usage,
        cause,
      })
    const found = await beginningOf(this.path, Buffer.byteLength(beginning)).catch((error: unknown) => {
      throw refused(`can't be used: ${messageOf(error)}`, error)
    })
    if (found !== '' && found !== beginning) throw refused('is there already, and is not a list of this kind')
  }

  /** Throws an OperatorError where the disk refuses. */
  async add(value: Json): Promise<void> {
    this.#pending += `${stringifyJson(value)}\n`
    if (this.#pending.length >= CHUNK) await this.#write()
  }

  /** Gives the file its name, durably; also where nothing was added. Throws an OperatorError where the disk refuses. */
  async close(): Promise<void> {
    await this.#write()
    try {
      if (this.#handle !== undefined) await seal(this.#folder, this.#name, this.#handle)
      this.#handle = undefined
      await syncFolder(this.#folder)
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
  }

  /** Stops and removes what was written, unless it was closed. Never throws for a disk that refused before. */
  async abandon(): Promise<void> {
    if (this.#handle === undefined) return
    await this.#handle.close().catch(() => undefined)
    await rm(this.path + TEMPORARY, { force: true })
  }

  async #write(): Promise<void> {
    try {
      this.#handle ??= await openTemporary(this.#folder, this.#name)
      await this.#handle.writeFile(this.#pending)
      this.#pending = ''
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
  }
}

/** @returns the first bytes of a file; nothing where there is none */
async function beginningOf(path: string, bytes: number): Promise<string> {
  try {
    await using handle = await open(path, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead).toString()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

/** Removes the list of an earlier try. */
export async function removeList(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
    await syncFolder(join(path, '..'))
  } catch (error) {
    throw cannotWrite(path, error)
  }
}
