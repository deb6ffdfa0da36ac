/**
 * Snapshots in an object store: a prefix of a bucket as a place.
 * Guarantees: those of a place; everything that the service refuses is an OperatorError that says where, why and what to
 * do next. Nothing here relies on conditional writes or on checksums of the service: some ignore them.
 */
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { EXIT, OperatorError } from '../errors.ts'
import type { Listing, Place, PlacedFile } from './place.ts'
import { isName } from './s3-address.ts'
import { type S3Attempt, troubleWith } from './s3-errors.ts'
import { readObject } from './s3-read.ts'
import { type Target, uploadBytes, uploadFile } from './s3-upload.ts'

export interface S3PlaceOptions {
  /** Ends reads and uploads, an upload between two parts. */
  readonly stop?: AbortSignal | undefined
  /** Bytes of a part: 5 MiB at least, 8 MiB if absent; more where a file has more than 10,000 of them. */
  readonly partBytes?: number
  /** Keys that are asked for at once; 1,000, the most, if absent. */
  readonly pageKeys?: number
}

const PART_BYTES = 8 * 1024 * 1024

/**
 * @param prefix without slashes at its ends; empty: the whole bucket
 * @returns the place; nothing is asked or made yet
 */
export function s3Place(
  client: S3Client,
  bucket: string,
  prefix: string,
  { stop, partBytes = PART_BYTES, pageKeys = 1000 }: S3PlaceOptions = {},
): Place {
  // One target for all places within: what has been learned of the service holds for them, too.
  return placeIn({ client, bucket, partBytes, stop, checksums: true }, prefix, pageKeys)
}

function placeIn(target: Target, prefix: string, pageKeys: number): Place {
  const { client, bucket, stop } = target
  const within = prefix === '' ? '' : `${prefix}/`
  const keyOf = (name: string): string => within + checked(name)
  const told = (doing: S3Attempt['doing'], key: string, error: unknown): unknown =>
    stop?.aborted === true && (error as Error).name === 'AbortError'
      ? stop.reason
      : troubleWith({ doing, bucket, key }, error)
  const place: Place = {
    name: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    base: prefix.slice(prefix.lastIndexOf('/') + 1),
    at: (folder) => placeIn(target, keyOf(folder), pageKeys),
    beside(folder) {
      const above = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
      return placeIn(target, (above === '' ? '' : `${above}/`) + checked(folder), pageKeys)
    },
    async list() {
      try {
        return await listingOf(target, within, pageKeys)
      } catch (error) {
        throw told('list', prefix, error)
      }
    },
    read: (file) => readObject(client, bucket, keyOf(file), stop),
    put: (file, from) => uploadFile(target, keyOf(file), from),
    write: (file, bytes) => uploadBytes(target, keyOf(file), bytes),
    async remove(file) {
      const key = keyOf(file)
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
      } catch (error) {
        throw told('remove', key, error)
      }
    },
    async tidy() {
      try {
        for await (const { key, id } of uploadsUnder(target, within, pageKeys)) await giveUp(target, key, id)
      } catch (error) {
        throw told('tidy', prefix, error)
      }
    },
  }
  return place
}

async function listingOf(
  { client, bucket, stop }: Target,
  within: string,
  pageKeys: number,
): Promise<Listing> {
  const files: PlacedFile[] = []
  const folders: string[] = []
  const pages = paginateListObjectsV2(
    { client, pageSize: pageKeys },
    { Bucket: bucket, Prefix: within, Delimiter: '/' },
    { ...(stop && { abortSignal: stop }) },
  )
  for await (const { Contents = [], CommonPrefixes = [] } of pages) {
    for (const { Key = '', Size = 0 } of Contents) files.push({ name: Key.slice(within.length), bytes: Size })
    for (const { Prefix = '' } of CommonPrefixes) folders.push(Prefix.slice(within.length, -1))
  }
  return {
    // What has no name that a place can have is none of ours: consoles put an empty file in place of a folder.
    files: files.filter(({ name }) => isName(name)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    folders: folders.filter(isName).sort(),
  }
}

/** Multipart uploads that were begun and neither finished nor given up: they are in no listing, and are paid for. */
async function* uploadsUnder(
  { client, bucket }: Target,
  within: string,
  pageKeys: number,
): AsyncGenerator<{ readonly key: string; readonly id: string }, void, undefined> {
  let page: ListMultipartUploadsCommandOutput | undefined
  do {
    page = await client.send(
      new ListMultipartUploadsCommand({
        ...{ Bucket: bucket, Prefix: within, MaxUploads: pageKeys },
        ...(page && { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }),
      }),
    )
    // Not every server knows the prefix.
    for (const { Key, UploadId } of page.Uploads ?? [])
      if (UploadId !== undefined && Key?.startsWith(within) === true) yield { key: Key, id: UploadId }
  } while (page.IsTruncated === true && page.NextKeyMarker !== undefined)
}

async function giveUp({ client, bucket }: Target, key: string, id: string): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }))
  } catch (error) {
    // Whoever began it was quicker.
    if ((error as Error).name !== 'NoSuchUpload') throw error
  }
}

/** @throws OperatorError (usage) where it would not stay within its place */
function checked(name: string): string {
  if (name.split('/').every(isName)) return name
  throw new OperatorError({
    what: `${JSON.stringify(name)} can't be the name of a folder or file in an object store.`,
    safe: 'Nothing was changed.',
    next: 'Give another name.',
    exit: EXIT.usage,
  })
}
