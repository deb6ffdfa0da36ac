/**
 * A finished snapshot, damaged.
 * Guarantees: the same draw gives the same damage; each differs from the snapshot in what it says, not only in how it is
 * written; the snapshot itself is left alone.
 */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync, gzipSync, constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { between, pick, type Random } from '../../src/sandbox/random.ts'
import { type FileProof, MANIFEST, type Manifest } from '../../src/snapshot/format.ts'
import { digestOf, manifestText } from '../../src/snapshot/manifest.ts'

/** Names of a snapshot's files, and what is in them. */
export type Files = ReadonlyMap<string, Buffer>

export interface Corruption {
  /** In words: what was done to which file. */
  readonly text: string
  /** What is different now; undefined where a file is gone. */
  readonly changed: ReadonlyMap<string, Buffer | undefined>
}

/** How much of the manifest goes along with what was changed in a part: nothing, the file's proof, or also its digest. */
type Cover = 'as found' | 'with its proof' | 'with its proof and the digest'

interface Draw {
  readonly files: Files
  /** Another snapshot of the same schema, in the same compression. */
  readonly other: Files
  readonly random: Random
}

type Damage = (draw: Draw) => Corruption

export const KINDS: ReadonlyMap<string, Damage> = new Map<string, Damage>([
  [
    'bit flipped',
    onBytes((bytes, random) =>
      flipped(bytes, between(random, 0, bytes.length - 1), 1 << between(random, 0, 7)),
    ),
  ],
  [
    'byte replaced',
    onBytes((bytes, random) => flipped(bytes, between(random, 0, bytes.length - 1), between(random, 1, 255))),
  ],
  ['truncated', onBytes((bytes, random) => bytes.subarray(0, between(random, 0, bytes.length - 1)))],
  [
    'extended',
    onBytes((bytes, random) =>
      Buffer.concat([bytes, Buffer.alloc(between(random, 1, 40), between(random, 0, 255))]),
    ),
  ],
  ['block of zeros', onBytes(zeroed)],
  ['emptied', onBytes(() => Buffer.alloc(0))],
  ['swapped with another', swapped],
  [
    'missing',
    ({ files, random }) => {
      const name = pick(random, [...files.keys()])
      return { text: `${name} is missing`, changed: new Map([[name, undefined]]) }
    },
  ],
  [
    'part added',
    ({ files, random }) => {
      const of = pick(random, partsOf(files))
      const name = of.replace(/\d+/, '00099')
      return { text: `${of} is there as ${name}, too`, changed: new Map([[name, files.get(of)]]) }
    },
  ],
  [
    'file of another snapshot',
    ({ files, other, random }) => {
      const name = pick(
        random,
        [...files.keys()].filter((each) => other.has(each)),
      )
      return { text: `${name} is another snapshot's`, changed: new Map([[name, other.get(name)]]) }
    },
  ],
  ...lineDamages('line doubled', (lines, random) => {
    const at = between(random, 0, lines.length - 1)
    return lines.toSpliced(at, 0, lines[at] ?? '')
  }),
  ...lineDamages('line removed', (lines, random) => lines.toSpliced(between(random, 0, lines.length - 1), 1)),
  ...lineDamages('lines in another order', (lines, random) => {
    const [a, b] = [between(random, 0, lines.length - 1), between(random, 0, lines.length - 1)]
    return lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '')
  }),
  ...lineDamages('value changed', (lines, random) => {
    const at = between(random, 0, lines.length - 1)
    return lines.with(at, changedValue(lines[at] ?? '', random))
  }),
  ...(['as found', 'with the digest'] as const).map((cover): [string, Damage] => [
    `count edited, ${cover}`,
    ({ files, random }) => {
      const manifest = manifestOf(files)
      const { text, edited } = editedCount(manifest, random)
      const sealed = cover === 'as found' ? edited : { ...edited, digest: digestOf(edited) }
      return { text: `${text} (${cover})`, changed: new Map([[MANIFEST, Buffer.from(manifestText(sealed))]]) }
    },
  ]),
])

/** @returns damage of that kind that says something else than the snapshot */
export function corrupt(kind: string, draw: Draw): Corruption {
  for (let tries = 0; tries < 1_000; tries++) {
    const corruption = KINDS.get(kind)?.(draw)
    if (corruption !== undefined && isOther(draw.files, corruption)) return corruption
  }
  throw new Error(`nothing to damage by ${kind}`)
}

/** A manifest says the same however it is written; every other file is its bytes. */
function isOther(files: Files, { changed }: Corruption): boolean {
  return [...changed].some(([name, bytes]) => {
    const before = files.get(name)
    if (before === undefined || bytes === undefined) return before !== bytes
    if (before.equals(bytes)) return false
    if (name !== MANIFEST) return true
    try {
      return !isDeepStrictEqual(JSON.parse(bytes.toString()), JSON.parse(before.toString()))
    } catch {
      return true
    }
  })
}

function onBytes(change: (bytes: Buffer, random: Random) => Buffer): Damage {
  return ({ files, random }) => {
    const name = pick(
      random,
      [...files].filter(([, { length }]) => length > 0).map(([each]) => each),
    )
    const bytes = change(Buffer.from(files.get(name) ?? []), random)
    return { text: name, changed: new Map([[name, bytes]]) }
  }
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ mask
  return bytes
}

function zeroed(bytes: Buffer, random: Random): Buffer {
  const from = between(random, 0, bytes.length - 1)
  return bytes.fill(0, from, Math.min(bytes.length, from + between(random, 1, 512)))
}

function swapped({ files, random }: Draw): Corruption {
  const names = [...files.keys()]
  const [a, b] = [pick(random, names), pick(random, names)]
  return {
    text: `${a} and ${b}`,
    changed: new Map([
      [a, files.get(b)],
      [b, files.get(a)],
    ]),
  }
}

function lineDamages(
  kind: string,
  change: (lines: readonly string[], random: Random) => readonly string[],
): [string, Damage][] {
  const covers: readonly Cover[] = ['as found', 'with its proof', 'with its proof and the digest']
  return covers.map((cover) => [
    `${kind}, ${cover}`,
    ({ files, random }) => {
      const name = pick(
        random,
        partsOf(files).filter((each) => linesIn(files, each).length > 1),
      )
      const lines = change(linesIn(files, name), random)
      const bytes = compressed(name, lines)
      const changed = new Map([[name, bytes]])
      if (cover !== 'as found') changed.set(MANIFEST, Buffer.from(covered(files, name, lines, bytes, cover)))
      return { text: `${name} (${cover})`, changed }
    },
  ])
}

function partsOf(files: Files): readonly string[] {
  return [...files.keys()].filter((name) => name.includes('.ndjson.'))
}

function linesIn(files: Files, name: string): readonly string[] {
  const bytes = files.get(name) ?? Buffer.alloc(0)
  const text = name.endsWith('.zst') ? zstdDecompressSync(bytes) : gunzipSync(bytes)
  return text.toString().split('\n').slice(0, -1)
}

function compressed(name: string, lines: readonly string[]): Buffer {
  const text = lines.map((line) => `${line}\n`).join('')
  return name.endsWith('.zst')
    ? zstdCompressSync(text, { params: { [zlib.ZSTD_c_checksumFlag]: 1 } })
    : gzipSync(text)
}

function covered(files: Files, name: string, lines: readonly string[], bytes: Buffer, cover: Cover): string {
  const proof = {
    name,
    lines: lines.length,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
  const mended = (file: FileProof): FileProof => (file.name === name ? proof : file)
  const manifest = manifestOf(files)
  const edited = {
    ...manifest,
    parts: manifest.parts.map((part) => ({
      ...part,
      interactions: mended(part.interactions),
      contacts: mended(part.contacts),
    })),
  }
  return manifestText(
    cover === 'with its proof and the digest' ? { ...edited, digest: digestOf(edited) } : edited,
  )
}

function manifestOf(files: Files): Manifest {
  return JSON.parse(files.get(MANIFEST)?.toString() ?? '') as Manifest
}

function editedCount(manifest: Manifest, random: Random): { text: string; edited: Manifest } {
  const by = pick(random, [-1, 1, 10])
  const { contacts, interactions } = manifest
  const name = pick(random, ['records', 'listed', 'read', 'empty', 'gone'] as const)
  if (name === 'records') {
    const edited = { ...manifest, interactions: { ...interactions, records: interactions.records + by } }
    return { text: `${by} record(s)`, edited }
  }
  return {
    text: `${by} contact(s) ${name}`,
    edited: { ...manifest, contacts: { ...contacts, [name]: contacts[name] + by } },
  }
}

/** A digit becomes another one, or a letter does: the line stays JSON. */
function changedValue(line: string, random: Random): string {
  const places = [...line.matchAll(/[0-9a-z]/g)].map(({ index }) => index)
  const at = pick(random, places)
  const old = line[at] ?? ''
  const next = /\d/.test(old) ? String((Number(old) % 9) + 1) : old === 'x' ? 'y' : 'x'
  return line.slice(0, at) + next + line.slice(at + 1)
}
