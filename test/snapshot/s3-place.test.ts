import { createHash, randomBytes } from 'node:crypto'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, EXIT, OperatorError } from '../../src/errors.ts'
import { catalogOf } from '../../src/snapshot/catalog.ts'
import { MANIFEST } from '../../src/snapshot/format.ts'
import { localPlace, type Place } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { createS3Client } from '../../src/snapshot/s3-client.ts'
import { s3Place } from '../../src/snapshot/s3-place.ts'
import type { Meddling } from '../s3/front.ts'
import { type Bucket, CREDENTIALS, openStore, REAL, type Store } from '../s3/store.ts'
import { failureOf } from '../support/failure.ts'
import { collect, contact, temporaryFolder, writeSnapshot } from './sample.ts'

const MIB = 1024 * 1024
/** The smallest part that a store takes. */
const PART = { partBytes: 5 * MIB }
/** Two parts and a bit. */
const LARGE = 2 * PART.partBytes + 17
const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>You may not.</Message></Error>'

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

async function read(from: Readable): Promise<Buffer> {
  return Buffer.concat(await collect<Buffer>(from))
}

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'source')
  await writeFile(path, bytes)
  return path
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Whether a request brings a part of a file. */
function isPart({ method, url }: { readonly method: string; readonly url: string }): boolean {
  return method === 'PUT' && url.includes('partNumber=')
}

async function refusalOf(promise: Promise<unknown>): Promise<OperatorError> {
  const error = await failureOf(promise)
  expect(error).toBeInstanceOf(OperatorError)
  // Whoever looks for what is missing must never find this.
  expect(codeOf(error)).not.toBe('ENOENT')
  return error as OperatorError
}

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

describe('reading', () => {
  test('a file that is not there is told with the code ENOENT', async () => {
    const place = (await store.bucket()).place('a')
    const error = await failureOf(read(place.read('absent.bin')))
    expect(codeOf(error)).toBe('ENOENT')
    expect(String(error)).toContain(`${place.name}/absent.bin`)
  })

  test('a connection that is lost half-way is made again, and goes on from there', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('lost')
    const bytes = randomBytes(3 * MIB)
    await place.write('file.bin', bytes)
    let cuts = 0
    bucket.front.meddle(({ method }) => {
      if (method !== 'GET' || cuts === 5) return 'pass'
      cuts += 1
      return { cutAfter: cuts * 100_000 }
    })
    const before = bucket.front.seen.length
    expect(digest(await read(place.read('file.bin')))).toBe(digest(bytes))
    expect(bucket.front.seen.slice(before).map(({ headers }) => headers.range !== undefined)).toEqual([
      false,
      ...Array(5).fill(true),
    ])
  })

  test('one that never gets on ends in an error, not in a shorter file', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('lost')
    await place.write('file.bin', randomBytes(MIB))
    bucket.front.meddle(({ headers }) => ({ cutAfter: headers.range === undefined ? 1000 : 0 }))
    const error = await refusalOf(read(place.read('file.bin')))
    expect(error).toMatchObject({ exit: EXIT.failed, next: expect.stringContaining('network') })
    expect(error.message).toContain(`${place.name}/file.bin`)
  })

  test('one that was replaced meanwhile is not mixed with the other', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('replaced')
    await place.write('file.bin', Buffer.alloc(MIB, 1))
    bucket.front.meddle(async ({ headers }): Promise<Meddling> => {
      if (headers.range === undefined) return { cutAfter: 1000 }
      bucket.front.heal()
      await place.write('file.bin', Buffer.alloc(MIB, 2))
      return 'pass'
    })
    const error = await refusalOf(read(place.read('file.bin')))
    expect(error.message).toContain('PreconditionFailed')
  })

  test('a reader that leaves holds no connection', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('left')
    await place.write('file.bin', randomBytes(3 * MIB))
    const opened = place.read('file.bin')
    for await (const chunk of opened) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(opened.destroyed).toBe(true)
    await bucket.front.seen.at(-1)?.closed
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

describe('an upload that is cut', () => {
  test('by its source: nothing is under the name, nor unfinished', async () => {
    const bucket = await store.bucket()
    const place = bucket.place('source', PART)
    const path = await fileOf(randomBytes(4 * PART.partBytes))
    bucket.front.meddle(async (passing): Promise<Meddling> => {
      if (isPart(passing)) await truncate(path, 3 * PART.partBytes + 1)
      return 'pass'
    })
    const error = await refusalOf(place.put('cut.bin', path))
    expect(error.message).toContain(path)
    expect(await bucket.keys()).toEqual([])
    expect(await bucket.uploads()).toEqual([])
  })

  test('by a source that is none', async () => {
    const bucket = await store.bucket()
    const folder = await temporaryFolder()
    for (const path of [join(folder, 'absent'), folder]) {
      const error = await refusalOf(bucket.place('source').put('cut.bin', path))
      expect(error.message).toContain(path)
    }
    expect(await bucket.keys()).toEqual([])
  })

  test('by the network: nothing is under the name, and what is left is tidied', async () => {
    const bucket = await store.bucket()
    const client = bucket.clientWith({ maxAttempts: 1 })
    const place = s3Place(client, bucket.name, 'a/network', { ...PART, pageKeys: 1 })
    const path = await fileOf(randomBytes(LARGE))
    for (const name of ['one.bin', 'two.bin', 'deeper/three.bin']) {
      let gone = false
      bucket.front.meddle((passing) => {
        gone ||= isPart(passing) && passing.url.includes('partNumber=2')
        return gone ? 'cut' : 'pass'
      })
      const error = await refusalOf(place.put(name, path))
      expect(error).toMatchObject({
        exit: EXIT.failed,
        safe: expect.stringContaining('Nothing half-written'),
      })
    }
    bucket.front.heal()
    expect(await bucket.keys()).toEqual([])
    expect((await place.list()).files).toEqual([])
    expect((await bucket.uploads()).toSorted()).toEqual([
      'a/network/deeper/three.bin',
      'a/network/one.bin',
      'a/network/two.bin',
    ])
    await bucket.place('a/net').tidy()
    await bucket.place('b').tidy()
    expect(await bucket.uploads()).toHaveLength(3)
    await place.tidy()
    expect(await bucket.uploads()).toEqual([])
    await place.put('one.bin', path)
    await place.tidy()
    expect(await bucket.keys()).toEqual(['a/network/one.bin'])
  })

  test('by a signal: the upload is given up, the reason is thrown, finished files stay', async () => {
    const bucket = await store.bucket()
    const stop = new AbortController()
    const reason = new Error('enough')
    const place = bucket.place('stopped', { ...PART, stop: stop.signal })
    await place.write('before.bin', Buffer.from('1'))
    bucket.front.meddle((passing) => {
      if (isPart(passing)) stop.abort(reason)
      return 'pass'
    })
    expect(await failureOf(place.put('cut.bin', await fileOf(randomBytes(4 * PART.partBytes))))).toBe(reason)
    expect(await failureOf(place.put('later.bin', await fileOf(Buffer.from('2'))))).toBe(reason)
    expect(await failureOf(read(place.read('before.bin')))).toBe(reason)
    expect(await failureOf(place.list())).toBe(reason)
    expect(await bucket.keys()).toEqual(['stopped/before.bin'])
    expect(await bucket.uploads()).toEqual([])
    await place.remove('before.bin')
    expect(await bucket.keys()).toEqual([])
  })

  test('a signal ends a read that is under way', async () => {
    const bucket = await store.bucket()
    const stop = new AbortController()
    const reason = new Error('enough')
    const place = bucket.place('stopped', { stop: stop.signal })
    await place.write('file.bin', randomBytes(8 * MIB))
    let bytes = 0
    const reading = (async () => {
      for await (const chunk of place.read('file.bin')) {
        bytes += chunk.length
        stop.abort(reason)
      }
    })()
    expect(await failureOf(reading)).toBe(reason)
    expect(bytes).toBeLessThan(8 * MIB)
  })
})

describe('what is wrong is told with what to do', () => {
  /** Everything that a place can do. */
  const ALL: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
    list: (place) => place.list(),
    read: (place) => read(place.read('file.bin')),
    put: async (place) => place.put('file.bin', await fileOf(randomBytes(LARGE))),
    write: (place) => place.write('file.bin', Buffer.from('1')),
    remove: (place) => place.remove('file.bin'),
    tidy: (place) => place.tidy(),
  }

  async function refusalsOf(place: Place): Promise<readonly OperatorError[]> {
    const errors: OperatorError[] = []
    for (const act of Object.values(ALL)) errors.push(await refusalOf(act(place)))
    for (const { message } of errors) expect(message).toContain(place.name)
    return errors
  }

  test('no such bucket', async () => {
    const { client } = await store.bucket()
    const place = s3Place(client, 'not-a-bucket-of-ours', 'a', PART)
    for (const act of ['list', 'read', 'put', 'write'] as const) {
      const error = await refusalOf(ALL[act]?.(place) ?? Promise.resolve())
      expect(error).toMatchObject({ exit: EXIT.usage, next: expect.stringContaining('name of the bucket') })
      expect(error.message).toContain('NoSuchBucket')
    }
  })

  test('access denied', async () => {
    const bucket = await store.bucket()
    bucket.front.meddle(({ method }) => ({ status: 403, body: method === 'HEAD' ? '' : DENIED }))
    for (const error of await refusalsOf(bucket.place('a', PART)))
      expect(error).toMatchObject({ exit: EXIT.usage, next: expect.stringContaining('credentials') })
  })

  test('what is written and may not be looked at', async () => {
    const bucket = await store.bucket()
    bucket.front.meddle(({ method }) => (method === 'HEAD' ? { status: 403, body: '' } : 'pass'))
    const error = await refusalOf(bucket.place('a').write('file.bin', Buffer.from('1')))
    expect(error).toMatchObject({ exit: EXIT.usage, next: expect.stringContaining('credentials') })
  })

  test('a service that nobody reaches', async () => {
    const bucket = await store.bucket()
    bucket.front.meddle(() => 'cut')
    for (const client of [
      bucket.clientWith({ maxAttempts: 1 }),
      bucket.clientWith({ maxAttempts: 1, endpoint: 'http://127.0.0.1:9' }),
      bucket.clientWith({ maxAttempts: 1, endpoint: 'http://nowhere.invalid' }),
    ]) {
      for (const error of await refusalsOf(s3Place(client, bucket.name, 'a', PART)))
        expect(error).toMatchObject({ exit: EXIT.failed, next: expect.stringContaining('AWS_ENDPOINT_URL') })
    }
  })

  test('a server that is something else, even one that says that nothing is there', async () => {
    const bucket = await store.bucket()
    for (const status of [200, 404]) {
      bucket.front.meddle(() => ({ status, body: '<!doctype html><html><body>Hello<br></body></html>' }))
      const place = bucket.place('a', PART)
      for (const act of ['list', 'read', 'put', 'write'] as const) {
        if (act === 'read' && status === 200) continue
        const error = await refusalOf(ALL[act]?.(place) ?? Promise.resolve())
        expect(error.exit).not.toBe(EXIT.done)
      }
    }
  })

  test('credentials that nobody gave, and files of them that are missing', async () => {
    const bucket = await store.bucket()
    const chain = async () => {
      throw Object.assign(new Error('Could not load credentials from any providers'), {
        name: 'CredentialsProviderError',
      })
    }
    const file = async () => {
      throw Object.assign(new Error("ENOENT: no such file or directory, open '/run/token'"), {
        code: 'ENOENT',
      })
    }
    for (const [credentials, next] of [
      [chain, 'AWS_PROFILE'],
      [file, 'Run the same command again'],
    ] as const) {
      const client = bucket.clientWith({ credentials })
      for (const error of await refusalsOf(s3Place(client, bucket.name, 'a', PART)))
        expect(error.next).toContain(next)
    }
  })

  test('no region', async () => {
    const bucket = await store.bucket()
    const region = async () => {
      throw new Error('Region is missing')
    }
    const place = s3Place(bucket.clientWith({ region }), bucket.name, 'a')
    expect((await refusalOf(place.list())).next).toContain('AWS_REGION')
  })

  // fauxqs lets everybody in.
  test.runIf(REAL !== undefined)('credentials that are wrong', async () => {
    const bucket = await store.bucket()
    for (const credentials of [
      { accessKeyId: 'nobody', secretAccessKey: 'k7Qd-93hfSECRETxx-Zp20' },
      { accessKeyId: process.env['S3_TEST_KEY'] ?? '', secretAccessKey: 'k7Qd-93hfSECRETxx-Zp20' },
    ]) {
      const client = bucket.clientWith({ credentials })
      for (const error of await refusalsOf(s3Place(client, bucket.name, 'a', PART))) {
        expect(error).toMatchObject({ exit: EXIT.usage, next: expect.stringContaining('credentials') })
        expect(`${error.message} ${error.next}`).not.toContain('k7Qd')
      }
    }
  })
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
