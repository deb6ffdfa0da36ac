/** Hundreds of damages to snapshots: each one is noticed before anything is deleted. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/sandbox/random.ts'
import type { Compression } from '../../src/snapshot/format.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { contact, writeSnapshot } from '../snapshot/sample.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, passed, planRun } from '../support/run.ts'
import { type Corruption, corrupt, type Files, KINDS } from './corruptions.ts'

/** Of each kind, in each compression; a thousand in all: CORRUPTIONS=25 npx vitest run test/crash/corruptions.test.ts */
const EACH = Number(process.env['CORRUPTIONS'] ?? 9)

function filesIn(folder: string): Files {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
}

function put(folder: string, { changed }: Pick<Corruption, 'changed'>): void {
  for (const [name, bytes] of changed) {
    if (bytes === undefined) rmSync(join(folder, name))
    else writeFileSync(join(folder, name), bytes)
  }
}

/** Puts a folder back as it was. */
function mend(folder: string, files: Files): void {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  put(folder, { changed: files })
}

async function sample(folder: string, first: number, compression: Compression): Promise<Files> {
  const at = (number: number) => first + number
  await writeSnapshot(
    folder,
    [
      [
        contact(at(1), ['{"a":1.0}', '{"a":2}', '{"ö":"€"}', '{"a":2}']),
        contact(at(2), []),
        contact(at(3), [], 'gone'),
      ],
      [contact(at(4), []), contact(at(5), [], 'gone')],
      [contact(at(6), ['{"b":12345678901234567890}', '{"b":2}']), contact(at(7), ['{"c":true}'])],
    ],
    compression,
  )
  return filesIn(folder)
}

const roots: string[] = []
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true })
})

describe('A damaged snapshot', () => {
  const counts = new Map<string, number>()

  describe.each<Compression>(['zstd', 'gzip'])('(%s)', (compression) => {
    let folder: string
    let files: Files
    let other: Files
    let digest: string

    beforeAll(async () => {
      const root = mkdtempSync(join(tmpdir(), 'engage-migrate-corruptions-'))
      roots.push(root)
      folder = join(root, 'snapshot')
      files = await sample(folder, 0, compression)
      other = await sample(join(root, 'other'), 100, compression)
      const proof = await proveSnapshot(folder)
      expect(proof).toMatchObject({ ok: true })
      digest = proof.manifestDigest ?? ''
    })

    it.each([...KINDS.keys()])('is told from a whole one (%s)', async (kind) => {
      const random = seededRandom(`${compression} ${kind}`)
      for (let n = 0; n < EACH; n++) {
        const corruption = corrupt(kind, { files, other, random })
        put(folder, corruption)
        const proof = await proveSnapshot(folder)
        mend(folder, files)
        // Where all of it was made to fit, the run still knows the manifest that it has written.
        const noticed = !proof.ok || proof.manifestDigest !== digest
        expect(noticed, `${kind}: ${corruption.text}`).toBe(true)
        if (!kind.includes('the digest')) expect(proof.ok, `${kind}: ${corruption.text}`).toBe(false)
        counts.set(kind, (counts.get(kind) ?? 0) + 1)
      }
      expect(await proveSnapshot(folder)).toMatchObject({ ok: true, manifestDigest: digest })
    })
  })

  it('was looked at as often as it was meant to be', () => {
    expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(KINDS.size * 2 * EACH)
    expect(counts.size).toBe(KINDS.size)
  })

  it('stops a run at the signed gate, whatever the damage; mended, it goes on', async () => {
    const bench = openBench({ contacts: 30, interactions: 3 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const { folder } = passed(run, 'final-pass')
    const files = filesIn(folder)
    const other = filesIn(passed(run, 'base-pass').folder)
    const random = seededRandom('at the gate')
    for (const kind of KINDS.keys()) {
      const corruption = corrupt(kind, { files, other, random })
      put(folder, corruption)
      const failure = await failureOf(go(run))
      mend(folder, files)
      expect(failure, `${kind}: ${corruption.text}`).toMatchObject({ name: 'OperatorError', exit: 4 })
      expect(bench.sandbox.tenant.schema(bench.schema.id)?.schema, kind).toEqual(bench.schema)
      expect(held(bench), kind).toEqual(history)
    }
    expect(run.journal.events.latest('deletion', 'intent')).toBeUndefined()
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })
})
