/** Snapshots removed from a real folder: whole, half, killed in the midst, with files that are nobody's. */
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogOf } from '../../src/snapshot/catalog.ts'
import { MANIFEST } from '../../src/snapshot/format.ts'
import { localPlace, type Place } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { childrenFirst, removeSnapshot } from '../../src/snapshot/removal.ts'
import { failureOf } from '../support/failure.ts'
import { contact, temporaryFolder, writeSnapshot } from './sample.ts'

const STAMP = '20260203T040506789Z'
const PARTS = [[contact(1, ['{"n":1}'])], [contact(2, ['{"n":2}'])]]

/** A data folder with one snapshot. */
async function openData() {
  const data = await temporaryFolder()
  const home = join(data, 'demo', 'orderPlaced')
  const folder = join(home, STAMP)
  await writeSnapshot(folder, PARTS)
  return { data, home, folder, place: localPlace(folder) }
}

/** A place whose process dies at the removal of that number, from 0. */
function dyingAt(place: Place, fatal: number): Place & { readonly removed: string[] } {
  const removed: string[] = []
  return {
    ...place,
    removed,
    async remove(file) {
      if (removed.length === fatal) throw Object.assign(new Error('it was killed'), { code: 'EIO' })
      removed.push(file)
      await place.remove(file)
    },
  }
}

test('nothing is left of it, and its bytes are counted', async () => {
  const { data, home, place } = await openData()
  const [entry] = await catalogOf(localPlace(data))
  expect(await removeSnapshot(place)).toEqual({ bytes: entry?.bytes, left: [] })
  expect(await readdir(home)).toEqual([])
  expect(await removeSnapshot(place)).toEqual({ bytes: 0, left: [] })
})

test('wherever it is killed, there is a whole snapshot or half a one, and the next removal cleans up', async () => {
  const { data, home, folder } = await openData()
  const files = (await readdir(folder)).length
  for (let fatal = 0; fatal < files; fatal += 1) {
    const stamp = STAMP.replace('789', `78${fatal}`)
    await cp(folder, join(home, stamp), { recursive: true })
    const dying = dyingAt(localPlace(join(home, stamp)), fatal)
    expect(await failureOf(removeSnapshot(dying))).toMatchObject({
      exit: 1,
      message: expect.stringContaining(stamp),
    })
    const entry = (await catalogOf(localPlace(data))).find((each) => each.stamp === stamp)
    expect(entry?.condition).toBe(fatal === 0 ? 'complete' : 'half')
    if (fatal === 0) expect((await proveSnapshot(join(home, stamp))).ok).toBe(true)
    else expect(dying.removed[0]).toBe(MANIFEST)
    await removeSnapshot(localPlace(join(home, stamp)))
    expect(await readdir(home)).not.toContain(stamp)
  }
  expect(files).toBeGreaterThan(4)
})

test('half-written files and rewritten parts go with it; what is no part of a snapshot stays, and is told', async () => {
  const { folder, place } = await openData()
  for (const name of ['contacts-00003.ndjson.zst.tmp', 'interactions-00001-2.ndjson.gz.age', 'index-key.age'])
    await writeFile(join(folder, name), 'x')
  await writeFile(join(folder, 'notes.txt'), 'mine')
  await writeFile(join(folder, 'contacts.csv'), 'mine')
  await mkdir(join(folder, 'attic'))
  expect((await removeSnapshot(place)).left).toEqual(['contacts.csv', 'notes.txt', 'attic'])
  expect((await readdir(folder)).sort()).toEqual(['attic', 'contacts.csv', 'notes.txt'])
})

test('half a one that has been finished since is left alone', async () => {
  const { folder, place } = await openData()
  expect(await failureOf(removeSnapshot(place, true))).toMatchObject({
    exit: 1,
    message: expect.stringContaining('is a finished one now'),
  })
  expect((await proveSnapshot(folder)).ok).toBe(true)
})

describe('the order', () => {
  const link = (stamp: string, parent?: string) => ({ stamp, parent })

  test('is each one before what it follows, however they are given', () => {
    const chain = [link('b', 'a'), link('d', 'c'), link('a'), link('c', 'b'), link('other')]
    const order = childrenFirst(chain).map(({ stamp }) => stamp)
    expect(order.filter((stamp) => stamp !== 'other')).toEqual(['d', 'c', 'b', 'a'])
    expect(order).toHaveLength(5)
  })

  test('ends, also of files that say that they follow each other', () => {
    expect(childrenFirst([link('a', 'b'), link('b', 'a'), link('c', 'c')])).toHaveLength(3)
  })
})
