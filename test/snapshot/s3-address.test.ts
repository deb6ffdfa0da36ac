import { describe, expect, test } from 'vitest'
import { rootPlace } from '../../src/commands/places.ts'
import { readConfig } from '../../src/config.ts'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { isName, s3AddressOf } from '../../src/snapshot/s3-address.ts'
import { thrownBy } from '../support/failure.ts'

test.each([
  ['s3://nightly', 'nightly', ''],
  ['s3://nightly/', 'nightly', ''],
  ['S3://nightly/a/b c/å', 'nightly', 'a/b c/å'],
  ['s3://my.bucket_1-x/a//', 'my.bucket_1-x', 'a'],
])('%s is a bucket and a prefix', (address, bucket, prefix) => {
  expect(s3AddressOf(address)).toEqual({ bucket, prefix })
})

test.each(['', 'snapshots', './s3', '/var/s3/x', 'C:\\backups', '../a:b', 's3', 's3/bucket'])(
  '%j is a path',
  (address) => {
    expect(s3AddressOf(address)).toBeUndefined()
  },
)

describe('what is neither is refused, and changes nothing', () => {
  test.each([
    ['s3:nightly', 'folder or under s3://'],
    ['s3:/nightly/a', 'folder or under s3://'],
    ['gs://nightly/a', 'folder or under s3://'],
    ['https://s3.example.com/nightly', 'folder or under s3://'],
    ['s3://', '"" is no name of a bucket'],
    ['s3:///a', '"" is no name of a bucket'],
    ['s3://ab', '"ab" is no name of a bucket'],
    ['s3://a bucket/x', 'no name of a bucket'],
    ['s3://nightly/a//b', '"" can\'t be part'],
    ['s3://nightly/a/../b', '".." can\'t be part'],
    ['s3://nightly/./b', '"." can\'t be part'],
    ['s3://nightly/a\u001b[2J', "can't be part"],
    ['s3://nightly/a?region=eu-north-1', '? and #'],
    ['s3://nightly/a#1', '? and #'],
  ])('%j', (address, why) => {
    const error = thrownBy(() => s3AddressOf(address))
    expect(error).toBeInstanceOf(OperatorError)
    expect(error).toMatchObject({ exit: EXIT.usage, safe: 'Nothing was changed.' })
    expect((error as Error).message).toContain(why)
  })

  test('a key in an address is not repeated', () => {
    for (const address of ['s3://AKIA:secret@nightly/a', 's3://AKIA:secret/a', 's3://secret@nightly']) {
      const error = thrownBy(() => s3AddressOf(address))
      expect(error).toMatchObject({ exit: EXIT.usage })
      expect(`${error}`).not.toContain('secret')
    }
  })
})

test('a name is one step down', () => {
  expect(['a', 'a b', '...', 'manifest.json', '.tmp'].filter((name) => !isName(name))).toEqual([])
  expect(['', '.', '..', 'a/b', '/', 'a\n', '\u0000'].filter(isName)).toEqual([])
})

test('an address makes a place: a bucket, a folder, or the data folder', async () => {
  const config = readConfig({ data: '/data' }, {}, false)
  const stored = await rootPlace('s3://nightly/a', config)
  expect([stored.name, stored.folder]).toEqual(['s3://nightly/a', undefined])
  expect((await rootPlace('/somewhere', config)).folder).toBe('/somewhere')
  expect((await rootPlace(undefined, config)).folder).toBe('/data')
  await expect(rootPlace('gs://nightly', config)).rejects.toMatchObject({ exit: EXIT.usage })
})
