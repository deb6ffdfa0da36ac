/**
 * Where snapshots are kept: a folder on this machine, or a prefix of an object store.
 * Guarantees: only what is certainly absent counts as absent (an error with the code ENOENT), every other failure is
 * thrown; a file that is put is whole under its name or not there; what a name leads to stays inside the place.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { codeOf } from '../errors.ts'
import { cannotWrite, makeFolder, openTemporary, seal, syncFolder, writeWhole } from './durable.ts'

export interface PlacedFile {
  readonly name: string
  readonly bytes: number
}

export interface Listing {
  /** Files and folders directly in it, sorted by name (code units). */
  readonly files: readonly PlacedFile[]
  readonly folders: readonly string[]
}

export interface Place {
  /** For people: a path, or `s3://bucket/prefix`. */
  readonly name: string
  /** The last part of it: a snapshot's stamp. */
  readonly base: string
  /** @returns a place within this one; it need not exist yet */
  at(folder: string): Place
  /** @returns the place of another folder beside this one */
  beside(folder: string): Place
  /** @returns nothing at all where the place does not exist */
  list(): Promise<Listing>
  /** The bytes of a file. Where there is none the stream ends in an error with the code ENOENT. */
  read(file: string): Readable
  /** Puts a file of this machine here, whole or not at all; one of this name is replaced. Durable on return. */
  put(file: string, from: string): Promise<void>
  /** As `put`, for a few bytes. */
  write(file: string, bytes: Uint8Array): Promise<void>
  /** Removes a file; harmless where there is none. */
  remove(file: string): Promise<void>
  /** Gives up what was begun here and never finished (uploads), and the place itself where nothing is left in it. */
  tidy(): Promise<void>
  /** The folder on this machine; undefined where the place is elsewhere. */
  readonly folder?: string
}

/** @param folder path of a folder; it need not exist yet */
export function localPlace(folder: string): Place {
  return {
    name: folder,
    base: basename(resolve(folder)),
    folder,
    at: (each) => localPlace(join(folder, each)),
    beside: (each) => localPlace(join(dirname(resolve(folder)), each)),
    async list() {
      try {
        const entries = await readdir(folder, { withFileTypes: true })
        const names = entries.filter((each) => each.isFile()).map(({ name }) => name)
        const files = await Promise.all(
          names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })),
        )
        const folders = entries.filter((each) => each.isDirectory()).map(({ name }) => name)
        return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), folders: folders.sort() }
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return { files: [], folders: [] }
        throw error
      }
    },
    read: (file) => createReadStream(join(folder, file)),
    async put(file, from) {
      await makeFolder(folder)
      let handle: FileHandle | undefined
      try {
        handle = await openTemporary(folder, file)
        for await (const chunk of createReadStream(from)) await handle.writeFile(chunk as Buffer)
        await seal(folder, file, handle)
        await syncFolder(folder)
      } catch (error) {
        await handle?.close().catch(() => undefined)
        throw cannotWrite(join(folder, file), error)
      }
    },
    async write(file, bytes) {
      await makeFolder(folder)
      await writeWhole(folder, file, bytes)
    },
    async remove(file) {
      await rm(join(folder, file), { force: true })
      await syncFolder(folder).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
      })
    },
    async tidy() {
      try {
        await rmdir(folder)
      } catch (error) {
        if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error
      }
    },
  }
}
