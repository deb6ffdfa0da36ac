import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { stringifyJson } from '../../src/json.ts'
import type { Compression } from '../../src/snapshot/format.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { collect, contact, guid, READ_AT, schema, temporaryFolder, writeSnapshot } from './sample.ts'

const AWKWARD = [
  '{"n":12345678901234567890,"one":1.0,"e":1e2,"tenth":0.10}',
  '{"text":"a\u2028b\u2029c\\nd\\r\\n","emoji":"👩‍👩‍👧‍👦 åäö"}',
  '{}',
  '{"__proto__":{"x":1},"toJSON":"no","lone":"\\ud800","nothing":null}',
]

describe.each<Compression>(['zstd', 'gzip'])('%s', (compression) => {
  test('what was written is read, numbers as their text', async () => {
    const folder = await temporaryFolder()
    const parts = [
      [contact(1, AWKWARD), contact(2, []), contact(3, [], 'gone')],
      [contact(4, []), contact(5, ['{"a":1}'])],
      [contact(6, AWKWARD)],
    ]
    const manifest = await writeSnapshot(folder, parts, compression)
    const snapshot = await openSnapshot(folder)
    const found = await collect(snapshot.contacts())
    expect(found.map(({ ordinal: _, firstSeq: __, ...read }) => stringifyJson(read as never))).toEqual(
      parts.flat().map((read) => stringifyJson(read as never)),
    )
    expect(found.map((each) => [each.ordinal, each.firstSeq])).toEqual([
      [0, 0],
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
      [5, 5],
    ])
    expect(await collect(snapshot.contacts(2))).toEqual(found.slice(3))
    expect(await collect(snapshot.contacts(4))).toEqual([])
    expect([0, 2, 3, 4, 5, 6].map((ordinal) => snapshot.partOf(ordinal))).toEqual([1, 1, 2, 2, 3, 4])
    expect(stringifyJson(snapshot.schema as never)).toBe(stringifyJson(schema as never))
    expect(snapshot.manifest).toEqual(manifest)
    expect(manifest.contacts).toMatchObject({ listed: 6, read: 5, empty: 2, gone: 1, failed: 0 })
    expect(manifest.interactions.records).toBe(9)
    expect(await proveSnapshot(folder)).toMatchObject({ ok: true, problems: [], records: 9, contacts: 6 })
  })

  test('a line is one JSON text that ends in a line feed', async () => {
    const folder = await temporaryFolder()
    const manifest = await writeSnapshot(folder, [[contact(1, AWKWARD)]], compression)
    const name = manifest.parts[0]?.interactions.name ?? ''
    const decompress = compression === 'zstd' ? zstdDecompressSync : gunzipSync
    const text = decompress(await readFile(join(folder, name))).toString()
    expect(text.split('\n').length).toBe(AWKWARD.length + 1)
    expect(text.split('\n')[0]).toBe(
      `{"id":"i-0000-1","contactId":"${guid(1)}","schemaId":"orderPlaced","createdDate":` +
        `"${new Date(READ_AT - 100_000).toISOString()}","payload":${AWKWARD[0]}}`,
    )
  })
})

test('a snapshot without contacts, and one without interactions, are snapshots', async () => {
  for (const parts of [[], [[]], [[contact(1, [])]]]) {
    const folder = await temporaryFolder()
    await writeSnapshot(folder, parts)
    const snapshot = await openSnapshot(folder)
    expect(await collect(snapshot.contacts())).toHaveLength(parts.flat().length)
    expect(await proveSnapshot(folder)).toMatchObject({ ok: true, records: 0, contacts: parts.flat().length })
  }
})

test('many multi-byte lines, over chunks of every stream, arrive whole', async () => {
  const folder = await temporaryFolder()
  const parts = [0, 1].map((part) =>
    Array.from({ length: 150 }, (_, index) =>
      contact(
        part * 1000 + index,
        Array.from(
          { length: 30 },
          (_, n) => `{"t":"${'€😀ö'.repeat((index * 7 + n) % 60)}","x":${Math.random()}}`,
        ),
      ),
    ),
  )
  await writeSnapshot(folder, parts)
  const found = await collect((await openSnapshot(folder)).contacts())
  expect(found.map((each) => each.interactions)).toEqual(parts.flat().map((each) => each.interactions))
  expect((await proveSnapshot(folder)).problems).toEqual([])
})

test('reading may stop anywhere', async () => {
  const folder = await temporaryFolder()
  await writeSnapshot(folder, [[contact(1, AWKWARD), contact(2, AWKWARD)]])
  for await (const each of (await openSnapshot(folder)).contacts()) {
    expect(each.ordinal).toBe(0)
    break
  }
})

test.skipIf(process.platform === 'win32')('only the owner may read', async () => {
  const folder = join(await temporaryFolder(), 'tenant', 'schema')
  await writeSnapshot(folder, [[contact(1, AWKWARD)]])
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder, '..'))).mode & 0o777).toBe(0o700)
  for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
})

test('what is no snapshot is refused, with what to do', async () => {
  const folder = await temporaryFolder()
  const error = await openSnapshot(folder).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OperatorError)
  expect(error).toMatchObject({ exit: EXIT.precondition, message: expect.stringContaining('not a snapshot') })
  await expect(openSnapshot(join(folder, 'nowhere'))).rejects.toThrow('not a snapshot')
})
