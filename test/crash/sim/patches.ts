/**
 * Puts the simulation between the program and Node: the disk, the compressors, and the journal's commits.
 * Guarantees: the program under test is the one that ships, unchanged; nothing of it runs on a thread or a timer, so
 * that the same seed gives the same run.
 */
import fs, { readFileSync, statfsSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { Readable, Transform, type TransformCallback } from 'node:stream'
import zlib, { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { noSpace, type SimDisk } from './disk.ts'
import { currentLife, Dead, type Life, passedNow } from './life.ts'

const SQLITE_FULL = 13
/** PRAGMA synchronous: a commit that returned is on the disk. */
const FULL = 2

/** Node's own, as they were. */
const nodeFs = { ...fs }

let disk: SimDisk | undefined
const open = new Map<Life, Set<DatabaseSync>>()
/** Journals whose commits are not synced, as they were when the process opened them: what a power cut leaves. */
const unsynced = new Map<Life, Map<string, Buffer | undefined>>()

/** @param mounted the disk that the lives from now on write to */
export function mount(mounted: SimDisk): void {
  disk = mounted
}

export function unmount(): void {
  disk = undefined
}

/** Takes a process's databases from it, as its death does: what was not committed is rolled back. */
export function closeDatabases(life: Life): void {
  for (const database of open.get(life) ?? []) if (database.isOpen) database.close()
  open.delete(life)
}

/** The power goes: commits that were not synced are lost. To be called when the databases are closed. */
export function loseCommits(life: Life): void {
  for (const [file, before] of unsynced.get(life) ?? []) {
    for (const tail of ['', '-wal', '-shm']) nodeFs.rmSync(file + tail, { force: true })
    if (before !== undefined) nodeFs.writeFileSync(file, before)
  }
  unsynced.delete(life)
}

/** Once a process. */
export function install(): void {
  for (const name of ['open', 'mkdir', 'rename', 'rm', 'readdir', 'readFile', 'stat'] as const) {
    const real = promises[name] as (...args: unknown[]) => unknown
    define(promises, name, (...args: unknown[]) =>
      disk === undefined ? real(...args) : (disk[name] as (...args: unknown[]) => unknown)(...args),
    )
  }
  define(promises, 'statfs', async (path: string) => statfsSync(path))
  define(fs, 'createReadStream', (path: string) => readStream(String(path)))
  for (const name of ['appendFileSync', 'writeFileSync'] as const) {
    const real = fs[name] as (...args: unknown[]) => unknown
    define(fs, name, (...args: unknown[]) => {
      if (currentLife() !== undefined) {
        passedNow(name)
        if (currentLife()?.isFull() === true) throw noSpace(String(args[0]))
      }
      return real(...args)
    })
  }
  define(zlib, 'createGzip', () => atOnce(gzipSync))
  define(zlib, 'createGunzip', () => atOnce(gunzipSync))
  define(zlib, 'createZstdCompress', () => atOnce((bytes) => zstdCompressSync(bytes)))
  define(zlib, 'createZstdDecompress', () => atOnce((bytes) => zstdDecompressSync(bytes)))
  patchDatabase()
  syncBuiltinESMExports()
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true })
}

function readStream(path: string): Readable {
  return new Readable({
    read() {
      try {
        this.push(readFileSync(path))
        this.push(null)
      } catch (error) {
        this.destroy(error as Error)
      }
    },
  })
}

function atOnce(convert: (bytes: Buffer) => Buffer): Transform {
  const chunks: Buffer[] = []
  return new Transform({
    transform(chunk: Buffer | string, _encoding: BufferEncoding, done: TransformCallback) {
      chunks.push(Buffer.from(chunk as string))
      done()
    },
    flush(done: TransformCallback) {
      try {
        done(null, convert(Buffer.concat(chunks)))
      } catch (error) {
        done(error as Error)
      }
    },
  })
}

/** The class can't be replaced in modules that have it already, its methods can. */
function patchDatabase(): void {
  const { exec, prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function patched(this: DatabaseSync, ...args: Parameters<typeof prepare>) {
    belongsTo(this)
    return prepare.apply(this, args)
  }
  DatabaseSync.prototype.exec = function patched(this: DatabaseSync, sql: string): void {
    const life = belongsTo(this)
    if (life === undefined || !/\bCOMMIT\b/.test(sql)) {
      exec.call(this, sql)
      return
    }
    passedNow('before a commit')
    if (life.isFull()) {
      if (this.isTransaction) exec.call(this, 'ROLLBACK')
      throw Object.assign(new Error('database or disk is full'), {
        code: 'ERR_SQLITE_ERROR',
        errcode: SQLITE_FULL,
      })
    }
    if (prepare.call(this, 'PRAGMA synchronous').get()?.['synchronous'] !== FULL) keepBefore(life, this)
    exec.call(this, sql)
    passedNow('after a commit')
  }
}

function belongsTo(database: DatabaseSync): Life | undefined {
  const life = currentLife()
  if (life === undefined) return undefined
  if (life.dead) {
    if (database.isOpen) database.close()
    throw new Dead()
  }
  const known = open.get(life) ?? new Set()
  known.add(database)
  open.set(life, known)
  return life
}

function keepBefore(life: Life, database: DatabaseSync): void {
  const file = database.location()
  if (file === null || file === '') return
  const files = unsynced.get(life) ?? new Map<string, Buffer | undefined>()
  unsynced.set(life, files)
  if (files.has(file)) return
  // Whoever begins a process finds a journal of one file: the last one that closed it has seen to that.
  files.set(file, nodeFs.existsSync(file) ? nodeFs.readFileSync(file) : undefined)
}
