/** Damages a snapshot in every way we could think of: whatever it is, the proof says so, and never throws. */
import { createHash } from 'node:crypto'
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../src/errors.ts'
import type { Manifest } from '../../src/snapshot/format.ts'
import { digestOf, manifestText } from '../../src/snapshot/manifest.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { seeded } from '../support/seeded.ts'
import { collect, contact, schema, temporaryFolder, writePart, writeSnapshot } from './sample.ts'

const parts = [
  [contact(1, ['{"a":1.0}', '{"a":2}', '{"ö":"€"}']), contact(2, []), contact(3, [], 'gone')],
  [contact(4, ['{"b":12345678901234567890}', '{"b":2}']), contact(5, ['{"c":true}'])],
]

async function whole(): Promise<string> {
  const folder = join(await temporaryFolder(), 's')
  await writeSnapshot(folder, parts)
  return folder
}

type Lines = string[]
const decompress = async (path: string): Promise<Lines> =>
  zstdDecompressSync(await readFile(path))
    .toString()
    .split('\n')
    .slice(0, -1)
const compress = (lines: Lines): Buffer =>
  zstdCompressSync(lines.map((line) => `${line}\n`).join(''), {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  })

/** A random damage to one file, as a text that says what was done. */
async function damage(folder: string, random: (below: number) => number): Promise<string> {
  const names = (await readdir(folder)).sort()
  const name = names[random(names.length)] ?? ''
  const path = join(folder, name)
  const bytes = await readFile(path)
  const at = random(bytes.length)
  switch (random(6)) {
    case 0:
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
      await writeFile(path, bytes)
      return `bit flipped in ${name} at ${at}`
    case 2:
      await truncate(path, at)
      return `${name} cut to ${at}`
    case 3:
      await rm(path)
      return `${name} removed`
    case 4: {
      const other = names[(names.indexOf(name) + 1 + random(names.length - 1)) % names.length] ?? ''
      await rename(path, join(folder, 'aside'))
      await rename(join(folder, other), path)
      await rename(join(folder, 'aside'), join(folder, other))
      return `${name} and ${other} swapped`
    }
    default:
      await writeFile(path, Buffer.concat([bytes, bytes.subarray(at)]))
      return `${name} doubled from ${at}`
  }
}

test('300 random damages: each is found, none is thrown', async () => {
  const source = await whole()
  const unseen: string[] = []
  for (let seed = 0; seed < 300; seed += 1) {
    const folder = `${source}-${seed}`
    await cp(source, folder, { recursive: true })
    const done = await damage(folder, seeded(seed))
    const proof = await proveSnapshot(folder)
    if (proof.ok || proof.problems.length === 0) unseen.push(`${seed}: ${done}`)
    // Reading it ends in an error for the operator, too, or in all that was written.
    const read = await openSnapshot(folder)
      .then((snapshot) => collect(snapshot.contacts()))
      .catch((error: unknown) => error)
    if (Array.isArray(read)) expect(read, done).toHaveLength(5)
    else expect(read, done).toBeInstanceOf(OperatorError)
    await rm(folder, { recursive: true })
  }
  expect(unseen).toEqual([])
})

/**
 * Writes a part's file anew and gives the manifest the new bytes and hash: what is left to find is the lines.
 */
async function forge(folder: string, name: string, change: (lines: Lines) => Lines): Promise<void> {
  const path = join(folder, name)
  const lines = change(await decompress(path))
  const bytes = compress(lines)
  await writeFile(path, bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await forgeManifest(folder, (manifest) => ({
    ...manifest,
    parts: manifest.parts.map((part) => {
      const proof = { name, lines: lines.length, bytes: bytes.length, sha256 }
      if (part.contacts.name === name) return { ...part, contacts: proof }
      return part.interactions.name === name ? { ...part, interactions: proof } : part
    }),
  }))
}

async function forgeManifest(folder: string, change: (manifest: Manifest) => Manifest): Promise<void> {
  const path = join(folder, 'manifest.json')
  const changed = change(JSON.parse(await readFile(path, 'utf8')))
  await writeFile(path, manifestText({ ...changed, digest: digestOf(changed) }))
}

const RECORDS = 'interactions-00001.ndjson.zst'
const CONTACTS = 'contacts-00001.ndjson.zst'
const swap = (lines: Lines): Lines => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]
const edit = (from: string, to: string) => (lines: Lines) => [
  (lines[0] ?? '').replace(from, to),
  ...lines.slice(1),
]

describe('lines changed, with bytes, hashes, lines and digest made to fit', () => {
  test.each<[string, string, (lines: Lines) => Lines, string]>([
    ['a record left out', RECORDS, (lines) => lines.slice(1), 'in their place'],
    ['a record twice', RECORDS, (lines) => [lines[0] ?? '', ...lines], 'does not come after'],
    ['records in another order', RECORDS, swap, 'does not come after'],
    ['a record of another schema', RECORDS, edit('orderPlaced', 'other'), 'follows the schema'],
    ['a record of another contact', RECORDS, edit('-8000-', '-9000-'), 'in their place'],
    ['a record without an id', RECORDS, edit('"id"', '"ident"'), 'id is not a text'],
    ['a payload that is no object', RECORDS, edit('{"a":1.0}', '[]'), 'payload is not an object'],
    ['a date that moved', RECORDS, edit('2026-02-03', '2027-02-03'), 'newestCreated'],
    ['a line that is no JSON', RECORDS, (lines) => ['{', ...lines], 'not JSON'],
    ['an empty line', RECORDS, (lines) => ['', ...lines], 'not JSON'],
    ['no records at all', RECORDS, () => [], 'in their place'],
    ['a contact left out', CONTACTS, (lines) => lines.slice(1), 'not in its place'],
    ['a contact twice', CONTACTS, (lines) => [...lines, lines[1] ?? ''], 'more than once'],
    ['a contact in an unknown state', CONTACTS, edit('"read"', '"red"'), 'state is neither'],
    ['a count below nothing', CONTACTS, edit('"interactions":3', '"interactions":-3'), 'not a count'],
    ['a count that is wrong', CONTACTS, edit('"interactions":3', '"interactions":2'), 'in their place'],
    [
      'a contact that was gone',
      CONTACTS,
      (lines) => lines.map((line) => line.replace('gone', 'read')),
      'gone',
    ],
  ])('%s', async (_name, file, change, message) => {
    const folder = await whole()
    const before = await decompress(join(folder, file))
    await forge(folder, file, change)
    expect(await decompress(join(folder, file))).not.toEqual(before)
    const proof = await proveSnapshot(folder)
    expect(proof.ok).toBe(false)
    expect(proof.problems.join('\n')).toContain(message)
  })
})

describe('a manifest changed, with its digest made to fit', () => {
  const first = (manifest: Manifest, change: object): Manifest => ({
    ...manifest,
    parts: manifest.parts.map((part, index) => (index === 0 ? { ...part, ...change } : part)),
  })
  test.each<[string, (manifest: Manifest) => Manifest]>([
    ['records', (m) => ({ ...m, interactions: { ...m.interactions, records: 7 } })],
    ['oldestCreated', (m) => ({ ...m, interactions: { ...m.interactions, oldestCreated: m.createdAt } })],
    ['no newestCreated', (m) => ({ ...m, interactions: { records: m.interactions.records } })],
    ['read', (m) => ({ ...m, contacts: { ...m.contacts, read: 5 } })],
    ['gone', (m) => ({ ...m, contacts: { ...m.contacts, gone: 0 } })],
    ['empty', (m) => ({ ...m, contacts: { ...m.contacts, empty: 2 } })],
    ['listed', (m) => ({ ...m, contacts: { ...m.contacts, listed: 6 } })],
    ['failed', (m) => ({ ...m, contacts: { ...m.contacts, failed: 1 } })],
    ['the schema id', (m) => ({ ...m, schemaId: 'other' })],
    ['the schema: bytes', (m) => ({ ...m, schema: { ...m.schema, bytes: 1 } })],
    ['the schema: lines', (m) => ({ ...m, schema: { ...m.schema, lines: 1 } })],
    ['the schema: hash', (m) => ({ ...m, schema: { ...m.schema, sha256: '0'.repeat(64) } })],
    ['a part left out', (m) => ({ ...m, parts: m.parts.slice(0, 1) })],
    ['a part twice', (m) => ({ ...m, parts: [...m.parts, ...m.parts.slice(1)] })],
    ['parts in another order', (m) => ({ ...m, parts: [...m.parts].reverse() })],
    ['part: records', (m) => first(m, { records: 4 })],
    ['part: contactCount', (m) => first(m, { contactCount: 4 })],
    ['part: gone', (m) => first(m, { gone: 0 })],
    ['part: empty', (m) => first(m, { empty: 0 })],
    ['part: lastReadAt', (m) => first(m, { lastReadAt: m.createdAt })],
    ['part: bytes', (m) => first(m, { contacts: { ...m.parts[0]?.contacts, bytes: 1 } })],
    ['part: lines', (m) => first(m, { contacts: { ...m.parts[0]?.contacts, lines: 1 } })],
    ['part: hash', (m) => first(m, { contacts: { ...m.parts[0]?.contacts, sha256: '0'.repeat(64) } })],
    ['a file outside', (m) => first(m, { contacts: { ...m.parts[0]?.contacts, name: '../../etc/passwd' } })],
    ['a version to come', (m) => ({ ...m, formatVersion: 3 as 1 })],
  ])('%s', async (_name, change) => {
    const folder = await whole()
    await forgeManifest(folder, change)
    expect((await proveSnapshot(folder)).problems).not.toEqual([])
  })

  test('and without: nothing of it is used', async () => {
    const folder = await whole()
    const path = join(folder, 'manifest.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"base"', '"final"'))
    await expect(openSnapshot(folder)).rejects.toThrow('its digest does not hold')
    expect((await proveSnapshot(folder)).problems.join()).toContain('its digest does not hold')
  })
})

describe('the bytes of a file', () => {
  test('the same lines compressed anew are not the file that was written', async () => {
    const folder = await whole()
    const path = join(folder, RECORDS)
    const lines = await decompress(path)
    await writeFile(path, zstdCompressSync(lines.map((line) => `${line}\n`).join('')))
    const proof = await proveSnapshot(folder)
    expect(proof.problems.some((each) => each.includes('sha256'))).toBe(true)
    const snapshot = await openSnapshot(folder)
    await expect(collect(snapshot.contacts())).rejects.toThrow('not the one that was written')
  })

  test('white space in the manifest', async () => {
    const folder = await whole()
    await writeFile(join(folder, 'manifest.json'), ' ', { flag: 'a' })
    expect((await proveSnapshot(folder)).problems).toEqual([
      'manifest.json: its text is not as it was written',
    ])
  })

  test('another version is refused by its number', async () => {
    const folder = await whole()
    await forgeManifest(folder, (manifest) => ({ ...manifest, formatVersion: 3 as 1 }))
    await expect(openSnapshot(folder)).rejects.toThrow('format version is 3')
  })

  test('a record of another contact is not handed out', async () => {
    const folder = await whole()
    await forge(folder, RECORDS, edit('-8000-', '-9000-'))
    await expect(collect((await openSnapshot(folder)).contacts())).rejects.toThrow('another contact')
  })

  test('a part that nobody counted, and a temporary file, are named', async () => {
    const folder = await whole()
    const elsewhere = await temporaryFolder()
    await writePart(elsewhere, 3, [contact(7, ['{}'])])
    await cp(elsewhere, folder, { recursive: true })
    await writeFile(join(folder, 'contacts-00009.ndjson.gz.tmp'), '')
    expect((await proveSnapshot(folder)).problems).toHaveLength(3)
  })

  test('all problems are told, but not without end', async () => {
    const folder = await whole()
    await forge(folder, RECORDS, () => Array.from({ length: 500 }, () => 'x'))
    await rm(join(folder, 'schema.json'))
    const { problems } = await proveSnapshot(folder)
    expect(problems[0]).toContain('schema.json')
    expect(problems[2]).toContain(`${RECORDS}, line 2: not JSON`)
    expect(problems).toHaveLength(51)
    expect(problems.at(-1)).toMatch(/^and \d+ more$/)
  })

  test('a folder that is none, and progress', async () => {
    const folder = await whole()
    expect((await proveSnapshot(join(folder, schema.id))).ok).toBe(false)
    const seen: number[] = []
    const proof = await proveSnapshot(folder, { onProgress: ({ records }) => seen.push(records) })
    expect(seen).toEqual([3, 6])
    expect(proof.manifestDigest).toBe((await openSnapshot(folder)).manifestDigest)
  })
})
