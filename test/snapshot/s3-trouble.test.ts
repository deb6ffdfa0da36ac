import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT, type OperatorError } from '../../src/errors.ts'
import type { Place } from '../../src/snapshot/place.ts'
import { s3Place } from '../../src/snapshot/s3-place.ts'
import { openStore, REAL, type Store } from '../s3/store.ts'
import { fileOf, LARGE, PART, read, refusalOf } from '../s3/trial.ts'

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>You may not.</Message></Error>'

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
