/**
 * Compressed NDJSON files, one line at a time.
 * Guarantees: flat memory both ways, with backpressure; a number goes through as its text; a character or a line
 * that is split across two chunks arrives whole; hashes and byte counts are of the compressed bytes on disk.
 */
import { createHash, type Hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import { pipeline as pipelineOf } from 'node:stream/promises'
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
import ndjson from 'ndjson'
import split from 'split2'
import { cannotWrite, openTemporary, seal as sealFile } from './durable.ts'
import { type Compression, type FileProof, TEMPORARY } from './format.ts'
import { locked, type Opener, type Seal } from './seal.ts'

/** In UTF-16 units; far above any interaction, it bounds what a damaged file can make us hold. */
const LONGEST_LINE = 64 * 1024 * 1024

/** Bytes that are compressed at once, at least. */
const PIECE = 64 * 1024

/** Its default, 3, makes more of a history, which is ids for the most part, than gzip does. */
const LEVEL = 6

/** Passes bytes on, counted and hashed. */
export class Meter extends Transform {
  bytes = 0
  readonly #hash: Hash = createHash('sha256')

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.count(chunk)
    done(null, chunk)
  }

  /** Counts bytes that take another way. */
  count(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
  }

  /** @returns the hash of all that passed, in hex; to be asked once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex')
  }
}

/** A file being written. One call at a time. */
export interface LineFile {
  /** Resolves when there's room for the next line. Throws an OperatorError where the disk refuses. */
  write(value: object): Promise<void>
  /** Makes the bytes durable and gives the file its name; the folder is still to be synced. */
  close(): Promise<FileProof>
  /** Stops, and removes the temporary file. Never throws for a disk that refused before. */
  abandon(): Promise<void>
}

/**
 * Starts a file of lines under its temporary name. Throws an OperatorError where the disk refuses.
 * @param seal encrypts the compressed bytes, where given
 */
export async function createLineFile(
  folder: string,
  name: string,
  compression: Compression,
  seal?: Seal,
): Promise<LineFile> {
  const path = join(folder, name)
  const handle = await openTemporary(folder, name).catch((error: unknown) => {
    throw cannotWrite(path, error)
  })
  const source = ndjson.stringify()
  const meter = new Meter()
  let lines = 0
  let failure: { readonly cause: unknown } | undefined
  let wake: (() => void) | undefined
  source.on('drain', () => wake?.())
  const written = pipelineOf(
    source,
    joined,
    compressor(compression),
    seal?.encrypt ?? unchanged,
    meter,
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) await handle.writeFile(chunk)
    },
  ).catch((cause: unknown) => {
    failure = { cause }
    wake?.()
  })
  const check = (): void => {
    if (failure !== undefined) throw cannotWrite(path, failure.cause)
  }

  return {
    async write(value) {
      check()
      lines += 1
      if (source.write(value)) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      check()
    },
    async close() {
      source.end()
      await written
      check()
      await sealFile(folder, name, handle).catch((error: unknown) => {
        throw cannotWrite(path, error)
      })
      return { name, lines, bytes: meter.bytes, sha256: meter.sha256() }
    },
    async abandon() {
      source.destroy()
      await written
      // Closed already where sealing failed half-way.
      await handle.close().catch(() => undefined)
      await rm(path + TEMPORARY, { force: true })
    },
  }
}

/**
 * @param open begins to read the bytes of the file; asked when the first line is
 * @param name its name, which tells how it is compressed and whether it is encrypted
 * @param meter counts and hashes the bytes as they are at rest; its sums are of the whole file once the lines have ended.
 * @param opener decrypts; needed for encrypted files only
 * @returns the lines without their ends. Throws what the disk, the decryption or the decompressor says of a damaged file.
 */
export async function* readLines(
  open: () => Readable,
  name: string,
  meter: Meter = new Meter(),
  opener?: Opener,
): AsyncGenerator<string> {
  const clear = name.replace(/\.age$/, '')
  const decrypt = clear === name ? unchanged : opener?.decrypt
  if (decrypt === undefined) throw locked(name)
  // Not node:readline, which takes U+2028 for an end of line; and not ndjson.parse, which rounds large integers.
  const lines = pipeline(
    open(),
    meter,
    decrypt,
    clear.endsWith('.zst') ? createZstdDecompress() : createGunzip(),
    split({ maxLength: LONGEST_LINE }),
    // The error reaches the loop below by itself.
    () => undefined,
  )
  for await (const line of lines) yield line as string
}

/** Lines are short, and each piece that a compressor is given is a task of its own in another thread. */
async function* joined(lines: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = []
  let bytes = 0
  for await (const line of lines) {
    const piece = typeof line === 'string' ? Buffer.from(line) : line
    pending.push(piece)
    bytes += piece.length
    if (bytes < PIECE) continue
    yield Buffer.concat(pending)
    pending = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(pending)
}

async function* unchanged(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield* chunks
}

function compressor(compression: Compression): Transform {
  return compression === 'zstd'
    ? createZstdCompress({
        params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: LEVEL },
      })
    : createGzip()
}
