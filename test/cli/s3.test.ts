/** Commands that are given an address in an object store, with nothing but the AWS SDK's own settings to find it by. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { acquireLock } from '../../src/journal/lock.ts'
import { stamp } from '../../src/names.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import { type Bucket, CREDENTIALS, openStore, type Store } from '../s3/store.ts'
import { contact, temporaryFolder, writeSnapshot } from '../snapshot/sample.ts'
import { type Ended, type Env, launch } from './harness.ts'

const STAMP = '20260203T040506789Z'

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** Nothing of this machine's own settings reaches it. */
function list(from: string, bucket: Bucket, env: Env = {}): Promise<Ended> {
  return run(['snapshots', 'list', '--from', from], bucket, env)
}

async function run(args: readonly string[], { front }: Bucket, env: Env = {}): Promise<Ended> {
  const folder = await temporaryFolder()
  const ended: Ended = await launch([...args, '--json'], folder, {
    HOME: folder,
    AWS_EC2_METADATA_DISABLED: 'true',
    // By a name: the SDK never puts a bucket's name before a number.
    AWS_ENDPOINT_URL: front.endpoint.replace('127.0.0.1', 'localhost'),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...env,
  }).ended
  return ended
}

test('snapshots in a bucket are listed, found by the SDK and with the bucket in the path', async () => {
  const bucket = await store.bucket()
  const folder = await temporaryFolder()
  await writeSnapshot(folder, [[contact(1, ['{"n":1}'])]])
  const root = bucket.place('backups')
  for (const { name } of (await localPlace(folder).list()).files)
    await root.at('demo').at('orderPlaced').at(STAMP).put(name, join(folder, name))
  await root.at('demo').at('orderPlaced').at('20260204T040506789Z').write('schema.json', Buffer.from('{}'))
  const ended = await list(`s3://${bucket.name}/backups/`, bucket)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  expect(ended.json).toMatchObject({
    snapshots: [
      { snapshot: STAMP, condition: 'complete', at: `s3://${bucket.name}/backups/demo/orderPlaced/${STAMP}` },
      { snapshot: '20260204T040506789Z', condition: 'half', bytes: 2 },
    ],
  })
  expect(bucket.front.seen.filter(({ url }) => !url.startsWith(`/${bucket.name}`))).toEqual([])
  expect((await list(`s3://${bucket.name}/nothing`, bucket)).stderr).toContain('There are no snapshots')
})

test('a bucket is pruned while no backup of the tenant is at work here, and what is new may be being written elsewhere', async () => {
  const bucket = await store.bucket()
  const home = bucket.place('backups').at('demo').at('orderPlaced')
  const folder = await temporaryFolder()
  await writeSnapshot(folder, [[contact(1, ['{"n":1}'])]])
  for (const { name } of (await localPlace(folder).list()).files)
    await home.at(STAMP).put(name, join(folder, name))
  const yesterday = stamp(Date.now() - 86_400_000)
  await home.at('20200101T000000000Z').write('schema.json', Buffer.from('{}'))
  await home.at(yesterday).write('schema.json', Buffer.from('{}'))
  const data = await temporaryFolder()
  const prune = () =>
    run(['snapshots', 'prune', '--from', `s3://${bucket.name}/backups`, '--keep-last', '1'], bucket, {
      ENGAGE_MIGRATE_DATA: data,
    })
  {
    using _backup = acquireLock(join(data, 'backups', 'demo', 'lock'), 'a backup', systemClock)
    expect(await prune()).toMatchObject({ code: 6 })
  }
  const pruned = await prune()
  expect(pruned, pruned.stderr).toMatchObject({ code: 0, json: { removed: 1 } })
  expect((await home.list()).folders).toEqual([STAMP, yesterday])
})

test('what is missing is named: the bucket, credentials, the region, the service', async () => {
  const bucket = await store.bucket()
  const from = `s3://${bucket.name}/backups`
  const nobody = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const absent = await list('s3://not-a-bucket-of-ours', bucket)
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('NoSuchBucket') })
  const secretless = await list(from, bucket, nobody)
  expect(secretless).toMatchObject({ code: 2, stderr: expect.stringContaining('AWS_PROFILE') })
  for (const AWS_REGION of [undefined, '']) {
    const nowhere = await list(from, bucket, { AWS_REGION })
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('Set AWS_REGION') })
  }
  const token = join(await temporaryFolder(), 'token')
  const tokenless = await list(from, bucket, {
    ...{ ...nobody, AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/a' },
  })
  expect(tokenless.code).not.toBe(0)
  expect(tokenless.stderr).toContain(token)
  const silent = await list(from, bucket, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' })
  expect(silent).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
  const elsewhere = await list('gs://bucket', bucket)
  expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('s3://bucket/prefix') })
})
