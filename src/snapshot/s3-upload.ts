/**
 * Puts files into an object store.
 * Guarantees: a file is there whole or not at all, and its size was asked for afterwards; memory is flat up to 80 GB, and
 * grows with the size above it (a store takes 10,000 parts at most). What bytes arrived is not relied on here: that is
 * for the proof of a snapshot to say.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { refusesChecksums, troubleWith } from './s3-errors.ts'

const MOST_PARTS = 10_000

/** Where files go, and what has been learned of it. */
export interface Target {
  readonly client: S3Client
  readonly bucket: string
  readonly partBytes: number
  readonly stop: AbortSignal | undefined
  /** Whether it takes checksums; taken for true until it refuses one. */
  checksums: boolean
}

/**
 * Uploads a file of this machine, in parts where it is larger than one.
 * @throws OperatorError where it can't be read whole, or the service refuses; the reason of `stop` where that ended it
 */
export async function uploadFile(target: Target, key: string, from: string): Promise<void> {
  const { client, partBytes, stop } = target
  stop?.throwIfAborted()
  const { size } = await stat(from).catch((error: unknown) => {
    throw unreadable(target, key, from, error)
  })
  await storing(target, key, size, async (params) => {
    let failure: { readonly error: unknown } | undefined
    const body = Readable.from(
      wholeFile(from, size, stop, (error) => {
        failure = { error }
      }),
      { objectMode: false },
    )
    const partSize = Math.max(partBytes, Math.ceil(size / MOST_PARTS))
    try {
      // One part at a time: with more, the rest of the file would still be sent after one of them has failed.
      const upload = { client, params: { ...params, Body: body }, partSize, queueSize: 1 }
      await new Upload(upload).done()
    } catch (error) {
      if (stop?.aborted === true) throw stop.reason
      throw failure === undefined ? error : unreadable(target, key, from, failure.error)
    } finally {
      body.destroy()
    }
  })
}

/** Uploads a few bytes. @throws OperatorError where the service refuses */
export async function uploadBytes(target: Target, key: string, bytes: Uint8Array): Promise<void> {
  await storing(target, key, bytes.length, (params) =>
    target.client.send(new PutObjectCommand({ ...params, Body: bytes })),
  )
}

async function storing(
  target: Target,
  key: string,
  size: number,
  store: (params: Omit<PutObjectCommandInput, 'Body'>) => Promise<unknown>,
): Promise<void> {
  const params = { Bucket: target.bucket, Key: key }
  try {
    if (target.checksums) {
      try {
        await store({ ...params, ChecksumAlgorithm: 'SHA256' })
      } catch (error) {
        if (!refusesChecksums(error)) throw error
        target.checksums = false
      }
    }
    if (!target.checksums) await store(params)
    const { ContentLength: found } = await target.client.send(new HeadObjectCommand(params))
    if (found === size) return
    await target.client.send(new DeleteObjectCommand(params))
    throw new Error(
      `of ${size} bytes it has kept ${found ?? 'an unknown number'}; the file was removed there`,
    )
  } catch (error) {
    if (target.stop?.aborted === true && error === target.stop.reason) throw error
    throw troubleWith({ doing: 'write', bucket: target.bucket, key }, error)
  }
}

/** The bytes of a file, ending in an error where it is cut short or grows meanwhile: nothing must get its name then. */
async function* wholeFile(
  path: string,
  size: number,
  stop: AbortSignal | undefined,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      stop?.throwIfAborted()
      bytes += chunk.length
      yield chunk
    }
    if (bytes !== size) throw new Error(`it had ${size} bytes, and then ${bytes}`)
  } catch (error) {
    // What is thrown into it where the upload has failed is not its own.
    if (!(error instanceof Error) || error.name !== 'AbortError') onFailure(error)
    throw error
  }
}

function unreadable({ bucket }: Target, key: string, from: string, error: unknown): OperatorError {
  return new OperatorError({
    what: `Cannot write s3://${bucket}/${key}: ${from} can't be read: ${messageOf(error)}.`,
    safe: 'Nothing half-written counts: a file is there only when it is whole.',
    next: 'Make sure that the file is there and nothing else changes it, then run the same command again.',
    exit: EXIT.failed,
  })
}
