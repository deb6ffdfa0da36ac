/** How many different values, and the most frequent ones: held against exact counts. */
import { describe, expect, it } from 'vitest'
import { Sketch } from '../../src/profile/sketch.ts'
import { roomFor, ValueCounts } from '../../src/profile/values.ts'
import { seeded } from '../support/seeded.ts'

/** Few values that are frequent, and many that are not. */
function drawn(seed: number, count: number, different: number): readonly string[] {
  const draw = seeded(seed)
  return Array.from({ length: count }, () => `v${draw(draw(draw(different) + 1) + 1)}`)
}

function exactly(keys: readonly string[]) {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function counted(keys: readonly string[], room: number): ValueCounts {
  const counts = new ValueCounts(room)
  for (const key of keys) counts.add(key)
  return counts
}

describe('ValueCounts', () => {
  it.each([1, 2, 3])('is exact where there is room (seed %i)', (seed) => {
    const keys = drawn(seed, 5000, 400)
    const exact = exactly(keys)
    const counts = counted(keys, exact.size)
    expect([counts.distinct(), counts.error]).toEqual([{ count: exact.size, errorPercent: 0 }, 0])
    const all = Array.from(exact, ([key, count]) => ({ key, count }))
    const sorted = all.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
    expect(counts.mostFrequent(20)).toEqual(sorted.slice(0, 20))
  })

  it.each([1, 2, 3])('says how wrong it is where there is none (seed %i)', (seed) => {
    const keys = drawn(seed, 20_000, 3000)
    const exact = exactly(keys)
    const room = 100
    const counts = counted(keys, room)
    expect(counts.error).toBeGreaterThan(0)
    expect(counts.error).toBeLessThanOrEqual(keys.length / (room + 1))
    const found = new Map(counts.mostFrequent(room).map(({ key, count }) => [key, count]))
    expect(found.size).toBeGreaterThan(0)
    for (const [key, count] of exact) {
      expect(found.get(key) ?? 0).toBeLessThanOrEqual(count)
      expect(found.get(key) ?? 0).toBeGreaterThanOrEqual(count - counts.error)
    }
    const { count, errorPercent } = counts.distinct()
    expect(Math.abs(count / exact.size - 1)).toBeLessThan((3 * errorPercent) / 100)
  })

  const upTo = (count: number, prefix = '') =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`)

  it('remembers those that were there before they became too many', () => {
    const { count } = counted(upTo(1000), 500).distinct()
    expect(Math.abs(count - 1000)).toBeLessThan(30)
  })

  it.each(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])('never says less than it has seen (%s)', (prefix) => {
    expect(counted(upTo(4097, prefix), 4096).distinct().count).toBeGreaterThanOrEqual(4097)
  })

  it('never says more than there were', () => {
    for (let count = 11; count < 600; count += 1)
      expect(counted(upTo(count), 10).distinct().count).toBeLessThanOrEqual(count)
  })

  it('gives the properties of a large schema less room each', () => {
    expect([roomFor(0), roomFor(10), roomFor(128), roomFor(100_000)]).toEqual([4096, 4096, 2048, 256])
  })
})

describe('Sketch', () => {
  // Through both places where one of its counters goes from one way of estimating to the other.
  it('is as right as it says', () => {
    const sketch = new Sketch()
    let worst = 0
    for (let count = 1; count <= 340_000; count += 1) {
      sketch.add(`SKU-${count}`)
      if (count > 4000 && count % 4000 === 0) worst = Math.max(worst, Math.abs(sketch.count() / count - 1))
    }
    expect(worst * 100).toBeLessThan(2 * Sketch.ERROR_PERCENT)
  })

  it('does not count a value twice', () => {
    const sketch = new Sketch()
    for (let count = 0; count < 3000; count += 1) sketch.add(`${count % 1000}`)
    expect(Math.abs(sketch.count() - 1000)).toBeLessThan(10)
  })
})
