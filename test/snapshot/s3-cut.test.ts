import { randomBytes } from 'node:crypto'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, EXIT } from '../../src/errors.ts'
import { s3Place } from '../../src/snapshot/s3-place.ts'
import type { Meddling } from '../s3/front.ts'
import { openStore, type Store } from '../s3/store.ts'
import { digest, fileOf, isPart, LARGE, MIB, PART, read, refusalOf } from '../s3/trial.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from './sample.ts'

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

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
