/**
 * An object store to test with, and buckets in it: fauxqs in this process or, where the environment names one, a real one.
 * Guarantees: each bucket is new, behind a front of its own, and goes away with its test, whatever the test has left in it.
 */
import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { startFauxqs } from 'fauxqs'
import { onTestFinished } from 'vitest'
import type { Place } from '../../src/snapshot/place.ts'
import { createS3Client } from '../../src/snapshot/s3-client.ts'
import { type S3PlaceOptions, s3Place } from '../../src/snapshot/s3-place.ts'
import { type Front, openFront } from './front.ts'

/** What `npm run test:s3` sets: a store that is real. */
export const REAL = process.env['S3_TEST_ENDPOINT']

export const CREDENTIALS = {
  accessKeyId: process.env['S3_TEST_KEY'] ?? 'tester',
  secretAccessKey: process.env['S3_TEST_SECRET'] ?? 'k7Qd-93hfSECRETxx-Zp20',
}

export interface Bucket {
  readonly name: string
  readonly front: Front
  readonly client: S3Client
  /** The place of a prefix. */
  place(prefix?: string, options?: S3PlaceOptions): Place
  /** A client of its own. */
  clientWith(own: S3ClientConfig): S3Client
  /** Keys of all multipart uploads that are neither finished nor given up. */
  uploads(): Promise<readonly string[]>
  /** Keys of all files. */
  keys(): Promise<readonly string[]>
}

export interface Store {
  bucket(): Promise<Bucket>
  close(): Promise<void>
}

export async function openStore(): Promise<Store> {
  const fake =
    REAL === undefined ? await startFauxqs({ port: 0, host: '127.0.0.1', logger: false }) : undefined
  const store = REAL ?? `http://127.0.0.1:${fake?.port}`
  return {
    async bucket() {
      const front = await openFront({ store, listsUploads: fake === undefined })
      const bucket = bucketAt(front, `snapshots-${randomUUID()}`)
      await bucket.client.send(new CreateBucketCommand({ Bucket: bucket.name }))
      onTestFinished(async () => {
        front.heal()
        await empty(bucket)
        // Refused where anything is left, an upload too.
        await bucket.client.send(new DeleteBucketCommand({ Bucket: bucket.name }))
        await front.close()
      })
      return bucket
    },
    async close() {
      await fake?.stop()
    },
  }
}

function bucketAt(front: Front, name: string): Bucket {
  const { endpoint } = front
  const clientWith = (own: S3ClientConfig) =>
    createS3Client({ endpoint, region: 'us-east-1', credentials: CREDENTIALS, ...own })
  const client = clientWith({})
  return {
    name,
    front,
    client,
    clientWith,
    place: (prefix = '', options = {}) => s3Place(client, name, prefix, options),
    async uploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }))
      return Uploads.map(({ Key = '' }) => Key)
    },
    async keys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }))
      return Contents.map(({ Key = '' }) => Key)
    },
  }
}

async function empty({ client, name, keys }: Bucket): Promise<void> {
  for (const key of await keys()) await client.send(new DeleteObjectCommand({ Bucket: name, Key: key }))
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }))
  for (const { Key, UploadId } of Uploads)
    await client.send(new AbortMultipartUploadCommand({ Bucket: name, Key, UploadId }))
}
