import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { catalogOf } from '../../src/snapshot/catalog.ts'
import { MANIFEST } from '../../src/snapshot/format.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { createS3Client } from '../../src/snapshot/s3-client.ts'
import { s3Place } from '../../src/snapshot/s3-place.ts'
import type { Meddling } from '../s3/front.ts'
import { type Bucket, CREDENTIALS, openStore, type Store } from '../s3/store.ts'
import { digest, fileOf, isPart, LARGE, PART, read, refusalOf } from '../s3/trial.ts'
import { failureOf } from '../support/failure.ts'
import { collect, contact, temporaryFolder, writeSnapshot } from './sample.ts'

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

describe('files', () => {
  test('one that is put is read as it was, replaces one of its name, and goes', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('a/b')
    expect([place.name, place.folder]).toEqual([`s3://${bucket.name}/a/b`, undefined])
    await place.put('one.bin', await fileOf(Buffer.from('first')))
    await place.write('two å+ (1).bin', Buffer.from('second'))
    await place.put('empty.bin', await fileOf(Buffer.alloc(0)))
    expect((await read(place.read('one.bin'))).toString()).toBe('first')
    expect((await read(place.read('two å+ (1).bin'))).toString()).toBe('second')
    expect((await read(place.read('empty.bin'))).length).toBe(0)
    await place.put('one.bin', await fileOf(Buffer.from('another')))
    expect((await read(place.read('one.bin'))).toString()).toBe('another')
    expect((await place.list()).files).toEqual([
      { name: 'empty.bin', bytes: 0 },
      { name: 'one.bin', bytes: 7 },
      { name: 'two å+ (1).bin', bytes: 6 },
    ])
    await place.remove('one.bin')
    await place.remove('one.bin')
    expect((await place.list()).files.map(({ name }) => name)).toEqual(['empty.bin', 'two å+ (1).bin'])
  })

  test('a large one goes in parts, each with its checksum', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('large', PART)
    const bytes = randomBytes(LARGE)
    await place.put('large.bin', await fileOf(bytes))
    expect(digest(await read(place.read('large.bin')))).toBe(digest(bytes))
    const parts = bucket.front.seen.filter(isPart)
    expect(parts.map(({ headers }) => Number(headers['content-length']))).toEqual([
      PART.partBytes,
      PART.partBytes,
      17,
    ])
    expect(parts.map(({ headers }) => headers['x-amz-checksum-sha256'])).toEqual(
      [0, 1, 2].map((n) =>
        createHash('sha256')
          .update(bytes.subarray(n * PART.partBytes, (n + 1) * PART.partBytes))
          .digest('base64'),
      ),
    )
    expect(await bucket.uploads()).toEqual([])
  })

  test('a service that takes no checksums gets none, and is not asked twice', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('plain', PART)
    bucket.front.meddle(({ headers }) =>
      Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum/.test(name))
        ? {
            status: 400,
            body: '<?xml version="1.0"?><Error><Code>InvalidArgument</Code><Message>Unsupported header \'x-amz-checksum-sha256\' received for this API call.</Message></Error>',
          }
        : 'pass',
    )
    const bytes = randomBytes(LARGE)
    await place.write('small.bin', Buffer.from('small'))
    const before = bucket.front.seen.length
    await place.put('large.bin', await fileOf(bytes))
    await place.at('within').write('small.bin', Buffer.from('small'))
    expect(digest(await read(place.read('large.bin')))).toBe(digest(bytes))
    const later = bucket.front.seen.slice(before).flatMap(({ headers }) => Object.keys(headers))
    expect(later.filter((name) => name.includes('checksum'))).toEqual([])
  })

  test('what the service has kept another size of is removed, and told', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('short')
    bucket.front.meddle(async ({ method, url }): Promise<Meddling> => {
      if (method !== 'HEAD') return 'pass'
      const Key = decodeURIComponent(url.slice(bucket.name.length + 2))
      await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body: 'shor' }))
      return 'pass'
    })
    const error = await refusalOf(place.put('short.bin', await fileOf(Buffer.from('short'))))
    expect(error.message).toContain('of 5 bytes it has kept 4')
    expect(await bucket.keys()).toEqual([])
  })
})

describe('listing', () => {
  test('page by page: what is directly in it, sorted, and nothing else', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('root', { pageKeys: 2 })
    for (const name of ['b', 'a', 'c', 'z-1']) await place.write(name, Buffer.from(name))
    for (const folder of ['y', 'd']) {
      await place.at(folder).write('in', Buffer.from('1'))
      await place.at(folder).at('deeper').write('in', Buffer.from('2'))
    }
    await bucket.place('root-2').write('beside', Buffer.from('3'))
    // A console's way to make a folder.
    await bucket.client.send(
      new PutObjectCommand({ Bucket: bucket.name, Key: 'root/', Body: Buffer.alloc(0) }),
    )
    const before = bucket.front.seen.length
    expect(await place.list()).toEqual({
      files: ['a', 'b', 'c', 'z-1'].map((name) => ({ name, bytes: name.length })),
      folders: ['d', 'y'],
    })
    expect(bucket.front.seen.length - before).toBeGreaterThan(2)
    expect(await place.at('y').list()).toEqual({
      files: [{ name: 'in', bytes: 1 }],
      folders: ['deeper'],
    })
    expect((await bucket.place().list()).folders).toEqual(['root', 'root-2'])
    expect(await place.at('nowhere').list()).toEqual({ files: [], folders: [] })
  })

  test('is sorted by code units, however the service does it', async () => {
    const place = (await store.bucket()).place('sorted')
    for (const name of ['b', 'B', '_', 'a', 'Z']) {
      await place.write(name, Buffer.from(name))
      await place.at(`in-${name}`).write('file', Buffer.from(name))
    }
    const { files, folders } = await place.list()
    expect(files.map(({ name }) => name)).toEqual(['B', 'Z', '_', 'a', 'b'])
    expect(folders).toEqual(['in-B', 'in-Z', 'in-_', 'in-a', 'in-b'])
  })

  test('places within and beside', async () => {
    const bucket = await store.bucket()
    const name = `s3://${bucket.name}`
    expect(bucket.place().name).toBe(name)
    expect(bucket.place().at('a').name).toBe(`${name}/a`)
    expect(bucket.place('a').beside('b').name).toBe(`${name}/b`)
    expect(bucket.place('a/b/c').beside('d').at('e').name).toBe(`${name}/a/b/d/e`)
    for (const wrong of ['', '.', '..', 'a/../b', '/a', 'a/']) {
      expect(() => bucket.place('a').at(wrong)).toThrow(OperatorError)
      expect(() => bucket.place('a').beside(wrong)).toThrow(OperatorError)
      expect(() => bucket.place('a').read(wrong)).toThrow(OperatorError)
    }
  })
})

test('the bucket is in the name of the server at AWS, and in the path anywhere else', async () => {
  const places: string[] = []
  const own = {
    region: 'eu-north-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: {
      async handle({ hostname, path }: { readonly hostname: string; readonly path: string }) {
        places.push(hostname + path)
        throw new Error('it need not be sent')
      },
    },
  }
  for (const endpoint of [undefined, 'https://minio.example.com', 'https://example.com/store']) {
    const client = createS3Client({ ...own, ...(endpoint && { endpoint }) })
    await refusalOf(s3Place(client, 'nightly', 'a').write('file.bin', Buffer.from('1')))
  }
  expect(places).toEqual([
    'nightly.s3.eu-north-1.amazonaws.com/a/file.bin',
    'minio.example.com/nightly/a/file.bin',
    'example.com/store/nightly/a/file.bin',
  ])
})

describe('a snapshot there', () => {
  const PARTS = [
    [contact(1, ['{"n":1.0}', '{"n":2}']), contact(2, [])],
    [contact(3, [], 'gone'), contact(4, ['{"n":12345678901234567890}'])],
  ]

  async function copied(bucket: Bucket, parts = PARTS) {
    const folder = await temporaryFolder()
    const manifest = await writeSnapshot(folder, parts)
    const root = bucket.place('backups')
    const place = root.at('demo').at('orderPlaced').at('20260203T040506789Z')
    const { files } = await localPlace(folder).list()
    const names = files.map(({ name }) => name).filter((name) => name !== MANIFEST)
    for (const name of names) await place.put(name, join(folder, name))
    return { folder, manifest, root, place, names }
  }

  test('reads, is proven, and is listed as one on disk is', async () => {
    const bucket = await store.bucket()
    const { folder, manifest, root, place } = await copied(bucket)
    expect(await catalogOf(root)).toMatchObject([{ stamp: '20260203T040506789Z', condition: 'half' }])
    expect(await failureOf(openSnapshot(place))).toMatchObject({ exit: EXIT.precondition })
    await place.put(MANIFEST, join(folder, MANIFEST))
    const snapshot = await openSnapshot(place)
    expect(snapshot.folder).toBe(place.name)
    expect(snapshot.manifest).toEqual(manifest)
    expect(await collect(snapshot.contacts())).toEqual(await collect((await openSnapshot(folder)).contacts()))
    expect(await proveSnapshot(place)).toEqual(await proveSnapshot(folder))
    expect((await proveSnapshot(place)).ok).toBe(true)
    expect(await catalogOf(root)).toMatchObject([
      { tenant: 'demo', schemaId: 'orderPlaced', condition: 'complete', manifest },
    ])
    for await (const each of snapshot.contacts()) {
      expect(each.ordinal).toBe(0)
      break
    }
  })

  test('is not proven where a byte is another, or a file is missing or too many', async () => {
    const bucket = await store.bucket()
    const { folder, place, names } = await copied(bucket)
    await place.put(MANIFEST, join(folder, MANIFEST))
    const name = names.find((each) => each.startsWith('interactions')) ?? ''
    const bytes = await read(place.read(name))
    const damaged = Buffer.from(bytes)
    damaged[bytes.length >> 1] = (damaged[bytes.length >> 1] ?? 0) ^ 1
    await place.write(name, damaged)
    expect((await proveSnapshot(place)).problems.join()).toContain(name)
    await place.remove(name)
    expect((await proveSnapshot(place)).problems.join()).toContain(`${name}: the file is missing`)
    await place.write(name, bytes)
    expect((await proveSnapshot(place)).ok).toBe(true)
    await place.write('interactions-00009.ndjson.zst', bytes)
    expect((await proveSnapshot(place)).problems.join()).toContain('interactions-00009')
  })
})
