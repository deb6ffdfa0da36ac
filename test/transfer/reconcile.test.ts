import { describe, expect, it } from 'vitest'
import { compareContact, EMPTY_TALLY, type Expected } from '../../src/transfer/compare.ts'
import { reconcile } from '../../src/transfer/reconcile.ts'

const sought = (...keys: readonly string[]) => keys.map((key, seq) => ({ seq, key }))
const found = (...records: ReadonlyArray<readonly [string, string]>) =>
  records.map(([id, key]) => ({ id, key }))

describe('reconcile', () => {
  it('gives each item the id of a record equal to it', () => {
    expect(reconcile(sought('a', 'b'), found(['2', 'b'], ['1', 'a']), new Set())).toEqual({
      there: [
        { seq: 0, newId: '1' },
        { seq: 1, newId: '2' },
      ],
      missing: [],
      unclaimed: [],
    })
  })

  it('gives one record to one of two twins only', () => {
    expect(reconcile(sought('a', 'a'), found(['1', 'a']), new Set())).toEqual({
      there: [{ seq: 0, newId: '1' }],
      missing: [1],
      unclaimed: [],
    })
  })

  it('gives twins two different ids', () => {
    const { there } = reconcile(sought('a', 'a'), found(['1', 'a'], ['2', 'a']), new Set())
    expect(there.map(({ newId }) => newId)).toEqual(['1', '2'])
  })

  it('finds the one of three twins missing whose two others are confirmed', () => {
    const three = found(['1', 'a'], ['2', 'a'])
    expect(reconcile([{ seq: 7, key: 'a' }], three, new Set(['1', '2']))).toEqual({
      there: [],
      missing: [7],
      unclaimed: [],
    })
  })

  it('adopts the third of three twins whose two others are confirmed', () => {
    const three = found(['1', 'a'], ['3', 'a'], ['2', 'a'])
    expect(reconcile([{ seq: 7, key: 'a' }], three, new Set(['1', '2'])).there).toEqual([
      { seq: 7, newId: '3' },
    ])
  })

  it('leaves what nobody sought unclaimed', () => {
    const { unclaimed } = reconcile(sought('a'), found(['1', 'a'], ['2', 'live'], ['3', 'a']), new Set())
    expect(unclaimed.map(({ id }) => id)).toEqual(['3', '2'])
  })
})

const confirmed = (seq: number, key: string, posts = 1, newId = `n${seq}`): Expected => ({
  seq,
  key,
  state: 'confirmed',
  newId,
  posts,
})

const rejected = (seq: number, key: string, posts: number): Expected => ({
  seq,
  key,
  state: 'rejected',
  newId: undefined,
  posts,
})

const NOTHING = { gone: false, missing: [], extra: [], foreign: [], altered: [], adopted: [] }

describe('compareContact', () => {
  it('finds nothing to say where everything is there once', () => {
    expect(compareContact([confirmed(0, 'a'), confirmed(1, 'b')], found(['n1', 'b'], ['n0', 'a']))).toEqual({
      ...NOTHING,
      tally: { ...EMPTY_TALLY, expected: 2, found: 2 },
    })
  })

  it('misses the very twin whose id is not there', () => {
    const twins = [confirmed(0, 'a'), confirmed(1, 'a'), confirmed(2, 'a')]
    expect(compareContact(twins, found(['n0', 'a'], ['n2', 'a']))).toEqual({
      ...NOTHING,
      missing: [1],
      tally: { ...EMPTY_TALLY, expected: 3, found: 2, missing: 1 },
    })
  })

  it('names as altered what is there under the id it was given, with another content', () => {
    const twins = [confirmed(0, 'a'), confirmed(1, 'a')]
    expect(compareContact(twins, found(['n0', 'a'], ['n1', 'b'], ['x', 'b']))).toEqual({
      ...NOTHING,
      altered: ['n1'],
      tally: { ...EMPTY_TALLY, expected: 2, found: 1, altered: 1, live: 1 },
    })
  })

  it('counts what equals no record of the snapshot as live, and leaves it alone', () => {
    const { extra, foreign, tally } = compareContact(
      [confirmed(0, 'a', 9)],
      found(['n0', 'a'], ['x', 'b'], ['y', 'b']),
    )
    expect([...extra, ...foreign]).toEqual([])
    expect(tally).toEqual({ ...EMPTY_TALLY, expected: 1, found: 1, live: 2 })
  })

  it('does not expect what was rejected', () => {
    expect(compareContact([confirmed(0, 'a'), rejected(1, 'b', 0)], found(['n0', 'a']))).toEqual({
      ...NOTHING,
      tally: { ...EMPTY_TALLY, expected: 1, found: 1, rejected: 1 },
    })
  })

  it('expects what the journal does not know', () => {
    const unknown: Expected = { seq: 4, key: 'a', state: undefined, newId: undefined, posts: 0 }
    expect(compareContact([unknown], []).missing).toEqual([4])
  })
})

describe('What is there too often', () => {
  it('is live among others’ records only where none of it can be ours', () => {
    const doubled = found(['n0', 'a'], ['x', 'a'], ['y', 'a'])
    expect(compareContact([confirmed(0, 'a')], doubled, false, true)).toEqual({
      ...NOTHING,
      tally: { ...EMPTY_TALLY, expected: 1, found: 1, live: 2 },
    })
    expect(compareContact([confirmed(0, 'a', 2)], doubled, false, true)).toEqual({
      ...NOTHING,
      foreign: ['x', 'y'],
      tally: { ...EMPTY_TALLY, expected: 1, found: 1, foreign: 2 },
    })
    expect(compareContact([confirmed(0, 'a', 3)], doubled, false, true)).toMatchObject({
      foreign: [],
      tally: { extra: 2, live: 0 },
    })
  })

  it('is ours where we posted it that often, but for the record that an item was confirmed under', () => {
    expect(compareContact([confirmed(0, 'a', 2)], found(['another', 'a'], ['n0', 'a']))).toEqual({
      ...NOTHING,
      extra: [{ id: 'another', seq: 0 }],
      tally: { ...EMPTY_TALLY, expected: 1, found: 1, extra: 1 },
    })
  })

  it('is not ours where we posted it once: it arrived live, equal even in its date', () => {
    expect(compareContact([confirmed(0, 'a')], found(['n0', 'a'], ['live', 'a']))).toEqual({
      ...NOTHING,
      foreign: ['live'],
      tally: { ...EMPTY_TALLY, expected: 1, found: 1, foreign: 1 },
    })
  })

  it("is left to the operator, all of it, where some of it can only be somebody else's", () => {
    const { extra, foreign } = compareContact(
      [confirmed(0, 'a', 2)],
      found(['n0', 'a'], ['x', 'a'], ['y', 'a']),
    )
    expect(extra).toEqual([])
    expect(foreign).toEqual(['x', 'y'])
  })

  it('is told for twins together: each POST of each of them may have made one', () => {
    const twins = [confirmed(0, 'a', 1), confirmed(1, 'a', 2), confirmed(2, 'a', 1)]
    const four = found(['n0', 'a'], ['x', 'a'], ['n1', 'a'], ['n2', 'a'])
    expect(compareContact(twins, four)).toMatchObject({ extra: [{ id: 'x', seq: 1 }], foreign: [] })
    expect(compareContact(twins, [...four, ...found(['y', 'a'])])).toMatchObject({
      extra: [],
      foreign: ['x', 'y'],
    })
  })

  it("is none of the items' own records, whatever stands first", () => {
    const twins = [confirmed(0, 'a', 3, 'z'), confirmed(1, 'a', 3, 'y')]
    const { extra } = compareContact(twins, found(['a', 'a'], ['b', 'a'], ['y', 'a'], ['z', 'a']))
    expect(extra.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it("stands in the place of an item's own record where that is gone", () => {
    expect(compareContact([confirmed(0, 'a', 2)], found(['x', 'a']))).toMatchObject({
      ...NOTHING,
      adopted: [{ seq: 0, newId: 'x' }],
      tally: { expected: 1, found: 1 },
    })
  })

  it('stands in for one of two that are gone, and the other is missing', () => {
    const twins = [confirmed(0, 'a'), confirmed(1, 'a'), confirmed(2, 'a')]
    expect(compareContact(twins, found(['n1', 'a'], ['x', 'a']))).toMatchObject({
      missing: [0],
      adopted: [{ seq: 2, newId: 'x' }],
    })
  })

  it("is nobody's of ours where there is no journal", () => {
    const unknown: Expected = { seq: 0, key: 'a', state: undefined, newId: undefined, posts: 0 }
    expect(compareContact([unknown], found(['x', 'a'], ['y', 'a']))).toMatchObject({ foreign: ['y'] })
  })
})

describe('What was refused', () => {
  it('counts as found where it is there after all, since a POST of it may have landed', () => {
    expect(compareContact([rejected(0, 'a', 1)], found(['x', 'a']))).toEqual({
      ...NOTHING,
      adopted: [{ seq: 0, newId: 'x' }],
      tally: { ...EMPTY_TALLY, expected: 1, found: 1 },
    })
  })

  it('is not taken for what somebody else has posted, where no POST of it can have landed', () => {
    expect(compareContact([rejected(0, 'a', 0)], found(['x', 'a']))).toMatchObject({
      adopted: [],
      foreign: ['x'],
      tally: { rejected: 1, foreign: 1 },
    })
  })

  it('has its own record back first, whatever else is equal to it', () => {
    const moved: Expected = { ...rejected(1, 'a', 1), newId: 'z' }
    const items = [confirmed(0, 'a', 2), rejected(2, 'a', 1), moved]
    const { adopted, extra } = compareContact(items, found(['z', 'a'], ['x', 'a'], ['n0', 'a'], ['y', 'a']))
    expect(adopted).toEqual([
      { seq: 1, newId: 'z' },
      { seq: 2, newId: 'x' },
    ])
    expect(extra.map(({ id }) => id)).toEqual(['y'])
    // Where an accepted one's own is gone, what nobody knows stands in its place.
    expect(compareContact(items, found(['z', 'a'], ['x', 'a'])).adopted).toEqual([
      { seq: 1, newId: 'z' },
      { seq: 0, newId: 'x' },
    ])
  })

  it('gets only what its accepted twins leave', () => {
    const items = [confirmed(0, 'a'), rejected(1, 'a', 2)]
    expect(compareContact(items, found(['n0', 'a']))).toMatchObject({ adopted: [], missing: [] })
    expect(compareContact(items, found(['x', 'a'], ['n0', 'a'], ['y', 'a']))).toMatchObject({
      adopted: [{ seq: 1, newId: 'x' }],
      extra: [{ id: 'y', seq: 1 }],
      tally: { rejected: 0, expected: 2, found: 2, extra: 1 },
    })
  })
})
