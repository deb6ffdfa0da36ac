/**
 * Reads files of an object store.
 * Guarantees: flat memory, with backpressure; a connection that is lost half-way is made again and goes on behind the
 * last byte, of the same version of the file or not at all; a stream that nobody reads any more holds no connection.
 */
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3'
import { isLost, type S3Attempt, troubleWith } from './s3-errors.ts'

/** Connections in a row that may be lost without a byte having come. */
const FRUITLESS_AT_MOST = 3

/**
 * @param stop ends it once aborted, with the signal's reason
 * @returns the bytes of a file; an error with the code ENOENT where there is none, an OperatorError for everything else
 */
export function readObject(client: S3Client, bucket: string, key: string, stop?: AbortSignal): Readable {
  const bytes = new PassThrough()
  const left = new AbortController()
  bytes.once('close', () => left.abort())
  const signal = stop === undefined ? left.signal : AbortSignal.any([stop, left.signal])
  pipeline(bytesOf(client, { doing: 'read', bucket, key }, signal), bytes).catch(() => undefined)
  return bytes
}

async function* bytesOf(
  client: S3Client,
  attempt: S3Attempt,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0
  let fruitless = 0
  let first: GetObjectCommandOutput | undefined
  try {
    for (;;) {
      const answer = await client.send(
        new GetObjectCommand({
          ...{ Bucket: attempt.bucket, Key: attempt.key },
          ...(offset > 0 && { Range: `bytes=${offset}-`, IfMatch: first?.ETag }),
        }),
        { abortSignal: signal },
      )
      if (offset > 0 && answer.ContentRange?.startsWith(`bytes ${offset}-`) !== true)
        throw new Error('the connection was lost, and the service can not go on from there')
      first ??= answer
      try {
        for await (const chunk of answer.Body instanceof Readable ? answer.Body : []) {
          offset += chunk.length
          fruitless = 0
          yield chunk
        }
        return
      } catch (error) {
        if (offset > 0 && offset === first.ContentLength) return
        fruitless += 1
        const same = first.ETag !== undefined || offset === 0
        if (signal.aborted || !isLost(error) || !same || fruitless > FRUITLESS_AT_MOST) throw error
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : troubleWith(attempt, error)
  }
}
