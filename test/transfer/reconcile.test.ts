import { describe, expect, it } from 'vitest'
import { reconcile } from '../../src/transfer/reconcile.ts'
import { compareContact, type Expected } from '../../src/transfer/verify.ts'

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

const confirmed = (seq: number, key: string, newId = `n${seq}`): Expected => ({
  seq,
  key,
  state: 'confirmed',
  newId,
})

describe('compareContact', () => {
  it('finds nothing to say where everything is there once', () => {
    expect(compareContact([confirmed(0, 'a'), confirmed(1, 'b')], found(['n1', 'b'], ['n0', 'a']))).toEqual({
      missing: [],
      extra: [],
      altered: [],
      tally: { altered: 0, expected: 2, found: 2, missing: 0, extra: 0, rejected: 0, live: 0 },
    })
  })

  it('misses the very twin whose id is not there', () => {
    const twins = [confirmed(0, 'a'), confirmed(1, 'a'), confirmed(2, 'a')]
    expect(compareContact(twins, found(['n0', 'a'], ['n2', 'a']))).toEqual({
      missing: [1],
      extra: [],
      altered: [],
      tally: { altered: 0, expected: 3, found: 2, missing: 1, extra: 0, rejected: 0, live: 0 },
    })
  })

  it('names the record as extra that no item was confirmed under', () => {
    expect(compareContact([confirmed(0, 'a')], found(['n0', 'a'], ['other', 'a']))).toEqual({
      missing: [],
      extra: ['other'],
      altered: [],
      tally: { altered: 0, expected: 1, found: 1, missing: 0, extra: 1, rejected: 0, live: 0 },
    })
  })

  it('names the record as altered that is there under the id it was given, with another content', () => {
    const twins = [confirmed(0, 'a'), confirmed(1, 'a')]
    expect(compareContact(twins, found(['n0', 'a'], ['n1', 'b'], ['x', 'b']))).toEqual({
      missing: [],
      extra: [],
      altered: ['n1'],
      tally: { expected: 2, found: 1, missing: 0, altered: 1, extra: 0, rejected: 0, live: 1 },
    })
  })

  it('counts what equals no record of the snapshot as live, and leaves it alone', () => {
    const { extra, tally } = compareContact([confirmed(0, 'a')], found(['n0', 'a'], ['x', 'b'], ['y', 'b']))
    expect(extra).toEqual([])
    expect(tally).toMatchObject({ expected: 1, found: 1, extra: 0, live: 2 })
  })

  it('does not expect what was rejected', () => {
    const rejected: Expected = { seq: 1, key: 'b', state: 'rejected', newId: undefined }
    expect(compareContact([confirmed(0, 'a'), rejected], found(['n0', 'a']))).toEqual({
      missing: [],
      extra: [],
      altered: [],
      tally: { altered: 0, expected: 1, found: 1, missing: 0, extra: 0, rejected: 1, live: 0 },
    })
  })

  it('expects what the journal does not know', () => {
    const unknown: Expected = { seq: 4, key: 'a', state: undefined, newId: undefined }
    expect(compareContact([unknown], []).missing).toEqual([4])
  })
})
