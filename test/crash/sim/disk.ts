/**
 * What a power cut leaves of a folder: un-synced bytes and un-synced names are lost, or half there.
 * Guarantees: a file's bytes survive up to its last sync, its name once its folder was synced after it got it; of what
 * was not synced, chance decides what survives, in the order of a journaling file system (a folder's changes survive
 * as a prefix of what was done to it). Files that were never opened through `SimDisk` are left alone.
 */
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { between, type Random } from '../../../src/sandbox/random.ts'
import { currentLife, passed } from './life.ts'

/** Node's own, taken before anything stands between: a power cut is nobody's effect. */
const {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} = fs

/** A file's content, whatever its name is. */
interface Content {
  /** What is on the disk for certain; undefined where nothing is. */
  synced: Buffer | undefined
  dirty: boolean
}

type Change =
  | { readonly kind: 'name'; readonly path: string; readonly content: Content }
  | { readonly kind: 'gone'; readonly path: string; readonly content: Content; readonly bytes: Buffer }
  | { readonly kind: 'folder'; readonly path: string }

/** What a file system offers, as `node:fs/promises` has it, where each call is an effect. */
export class SimDisk {
  readonly #contents = new Map<string, Content>()
  /** What was done to the names in a folder since it was synced. */
  readonly #changes = new Map<string, Change[]>()

  readonly open = async (path: string, flags = 'r', mode?: number): Promise<SimHandle> => {
    const at = resolve(String(path))
    await passed(`open ${flags}`)
    if (flags !== 'r') this.#refuseWhenFull(at)
    const there = existsSync(at)
    const descriptor = openSync(at, flags, mode)
    if (flags !== 'r') {
      const content = this.#contents.get(at) ?? { synced: there ? readFileSync(at) : undefined, dirty: true }
      content.dirty = true
      this.#contents.set(at, content)
      if (!there) this.#changed({ kind: 'name', path: at, content })
    }
    return new SimHandle(this, at, descriptor)
  }

  readonly mkdir = async (path: string, options?: { recursive?: boolean; mode?: number }) => {
    await passed('mkdir')
    const at = resolve(String(path))
    const made = mkdirSync(at, options)
    if (made !== undefined) this.#changed({ kind: 'folder', path: resolve(made) })
    return made
  }

  readonly rename = async (from: string, to: string): Promise<void> => {
    await passed('before a rename')
    const source = resolve(from)
    const target = resolve(to)
    const content = this.#contents.get(source)
    const replaced = this.#contents.get(target)
    const bytes = existsSync(target) ? readFileSync(target) : undefined
    renameSync(source, target)
    this.#contents.delete(source)
    if (content !== undefined) {
      if (replaced !== undefined && bytes !== undefined)
        this.#changed({ kind: 'gone', path: target, content: replaced, bytes })
      this.#contents.set(target, content)
      // One change to the folder: the temporary name goes as the other comes.
      const changes = this.#changes.get(dirname(target)) ?? []
      const made = changes.findIndex((each) => each.kind === 'name' && each.path === source)
      if (made >= 0) changes.splice(made, 1)
      this.#changed({ kind: 'name', path: target, content })
    }
    await passed('after a rename')
  }

  readonly rm = async (path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> => {
    await passed('before a removal')
    const at = resolve(String(path))
    const content = this.#contents.get(at)
    if (content !== undefined && existsSync(at))
      this.#changed({ kind: 'gone', path: at, content, bytes: readFileSync(at) })
    rmSync(at, options)
    for (const known of [...this.#contents.keys()])
      if (known === at || known.startsWith(`${at}/`)) this.#contents.delete(known)
    await passed('after a removal')
  }

  readonly readdir = async (path: string): Promise<string[]> => readdirSync(String(path))
  readonly readFile = async (path: string, encoding?: BufferEncoding): Promise<string | Buffer> =>
    encoding === undefined ? readFileSync(String(path)) : readFileSync(String(path), encoding)
  readonly stat = async (path: string) => statSync(String(path))

  /** @throws ENOSPC where this life's disk is full now */
  #refuseWhenFull(path: string): void {
    if (currentLife()?.isFull() === true) throw noSpace(path)
  }

  write(path: string, descriptor: number, data: string | Uint8Array): void {
    this.#refuseWhenFull(path)
    const bytes = Buffer.from(data as Uint8Array)
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done)
    const content = this.#contents.get(path)
    if (content !== undefined) content.dirty = true
  }

  sync(path: string, descriptor: number): void {
    if (fstatSync(descriptor).isDirectory()) {
      this.#changes.delete(path)
      return
    }
    fsyncSync(descriptor)
    for (const [name, content] of this.#contents) {
      if (name !== path) continue
      content.synced = readFileSync(path)
      content.dirty = false
    }
  }

  #changed(change: Change): void {
    const folder = dirname(change.path)
    const changes = this.#changes.get(folder) ?? []
    changes.push(change)
    this.#changes.set(folder, changes)
  }

  /** The power goes: makes the folder what the disk would hold. */
  cut(random: Random): void {
    for (const changes of this.#changes.values()) {
      let kept = between(random, 0, changes.length)
      // A rename over another file is one change: whoever has lost the old name has the new one.
      const [last, next] = [changes[kept - 1], changes[kept]]
      if (last?.kind === 'gone' && next?.kind === 'name' && next.path === last.path) kept += 1
      for (const change of changes.slice(kept).reverse()) this.#undo(change)
    }
    this.#changes.clear()
    for (const [path, content] of this.#contents) {
      if (!content.dirty || !existsSync(path)) continue
      writeFileSync(path, survivor(readFileSync(path), content.synced, random))
      content.dirty = false
      content.synced = readFileSync(path)
    }
  }

  #undo(change: Change): void {
    if (change.kind === 'gone') {
      mkdirSync(dirname(change.path), { recursive: true })
      writeFileSync(change.path, change.bytes)
      this.#contents.set(change.path, change.content)
      return
    }
    rmSync(change.path, { recursive: true, force: true })
    for (const known of [...this.#contents.keys()])
      if (known === change.path || known.startsWith(`${change.path}/`)) this.#contents.delete(known)
  }
}

/** Bytes that were never synced: all, some, none or nonsense, with what was synced at least where they only grew. */
function survivor(current: Buffer, synced: Buffer | undefined, random: Random): Buffer {
  const least = synced !== undefined && current.subarray(0, synced.length).equals(synced) ? synced.length : 0
  const length = between(random, least, current.length)
  const kept = Buffer.from(current.subarray(0, length))
  // Blocks that were allocated but not written read as zeroes.
  if (random() < 0.3) kept.fill(0, least)
  return kept
}

export function noSpace(path: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), {
    code: 'ENOSPC',
    errno: -28,
    syscall: 'write',
  })
}

/** A file handle, as far as this project uses one. */
class SimHandle {
  readonly #disk: SimDisk
  readonly #path: string
  #descriptor: number | undefined

  constructor(disk: SimDisk, path: string, descriptor: number) {
    this.#disk = disk
    this.#path = path
    this.#descriptor = descriptor
  }

  #open(): number {
    if (this.#descriptor === undefined) throw Object.assign(new Error('file closed'), { code: 'EBADF' })
    return this.#descriptor
  }

  async writeFile(data: string | Uint8Array): Promise<void> {
    await passed('a write')
    this.#disk.write(this.#path, this.#open(), data)
  }

  appendFile(data: string | Uint8Array): Promise<void> {
    return this.writeFile(data)
  }

  async read(buffer: Buffer, offset: number, length: number, position: number) {
    return { buffer, bytesRead: readSync(this.#open(), buffer, offset, length, position) }
  }

  async sync(): Promise<void> {
    await passed('before a sync')
    this.#disk.sync(this.#path, this.#open())
    await passed('after a sync')
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
