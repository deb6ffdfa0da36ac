/** More than fits into memory comes out sorted and whole, and leaves nothing behind. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Json, parseJson, stringifyJson } from '../../src/json.ts'
import { Sorter } from '../../src/snapshot/sort.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Value {
  readonly key: string
  readonly n: Json
}

async function sorterIn(folder: string, runSize: number, fanIn: number): Promise<Sorter<Value>> {
  return new Sorter<Value>({
    folder,
    name: 'sorting',
    compare: (a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1),
    parse: (line) => parseJson(line) as unknown as Value,
    ...{ runSize, fanIn },
  })
}

/** Keys that come several times, in no order. */
const VALUES = Array.from(
  { length: 200 },
  (_, index): Value => ({ key: `${(index * 73) % 150}\u2028é`, n: parseJson(`${index}.10`) }),
)
const textOf = (value: Value): string => stringifyJson(value as never)

describe.each([
  ['in memory', 1_000, 4],
  ['in one merge', 60, 4],
  ['in merges of merges', 3, 4],
  ['two by two', 5, 2],
])('%s', (_name, runSize, fanIn) => {
  it('what went in comes out in order, numbers as their text', async () => {
    const folder = join(await temporaryFolder(), 'new')
    const sorter = await sorterIn(folder, runSize, fanIn)
    for (const value of VALUES) await sorter.add(value, 1)
    expect(existsSync(folder)).toBe(runSize < VALUES.length)
    const found: Value[] = []
    for await (const value of sorter.sorted()) {
      // What was merged is not kept: the disk holds everything about twice at most.
      if (found.length === 0 && existsSync(folder))
        expect(readdirSync(folder).length).toBeLessThanOrEqual(fanIn)
      found.push(value)
    }
    const keys = found.map(({ key }) => key)
    expect(keys).toEqual(VALUES.map(({ key }) => key).sort())
    expect(found.map(textOf).sort()).toEqual(VALUES.map(textOf).sort())
    await sorter.discard()
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
  })
})

it('what is on disk is the owner’s alone, counts as half-written, and goes whenever one stops', async () => {
  const folder = await temporaryFolder()
  const sorter = await sorterIn(folder, 10, 4)
  for (const value of VALUES) await sorter.add(value, 1)
  expect(readdirSync(folder)).toHaveLength(20)
  for (const name of readdirSync(folder)) {
    expect(name).toMatch(/\.tmp$/)
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  }
  for await (const _ of sorter.sorted()) break
  await sorter.discard()
  expect(readdirSync(folder)).toEqual([])
})
