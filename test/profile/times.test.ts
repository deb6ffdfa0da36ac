/** When interactions were created: months, the rate of late, and whatever stands there instead of a date. */
import { describe, expect, it } from 'vitest'
import { instantIn } from '../../src/profile/instant.ts'
import { AS_OF, profiled } from './sample.ts'

const DAY = 24 * 60 * 60_000

function at(...dates: readonly string[]) {
  return profiled([dates.map((createdDate) => ({ createdDate }))])
}

describe('instantIn', () => {
  it.each([
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2024-02-29T23:59:59.9876543+01:00', '2024-02-29T22:59:59.987Z'],
    ['2024-02-29 10:00:00', '2024-02-29T10:00:00.000Z'],
    ['0001-01-01T00:00:00', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999Z'],
    ['0000-01-01T00:00:00+14:00', '-000001-12-31T10:00:00.000Z'],
    ['9999-12-31T23:59:59-14:00', '+010000-01-01T13:59:59.000Z'],
  ])('reads %s', (text, expected) => {
    expect(new Date(instantIn(text) ?? Number.NaN).toISOString()).toBe(expected)
  })

  it.each([
    '',
    '2024',
    '2024-02-30',
    '2023-02-29T00:00:00Z',
    '2024-13-01',
    '2024-00-10',
    '2024-01-01T25:00:00Z',
    'NaN',
  ])('takes %j for none', (text) => {
    expect(instantIn(text)).toBeUndefined()
  })

  it('is not held up by a megabyte of digits', () => {
    expect(instantIn(`2024-01-01T00:00:00.${'1'.repeat(1_000_000)}Z`)).toBeUndefined()
  })
})

describe('months', () => {
  it('are all there from the first to the last, in UTC', async () => {
    const { months, oldestCreated, newestCreated, undated } = await at(
      '2025-11-30T23:30:00-01:00',
      '2025-12-01T00:30:00+01:00',
      '2026-02-01T00:00:00Z',
    )
    expect(months).toEqual([
      { month: '2025-11', interactions: 1 },
      { month: '2025-12', interactions: 1 },
      { month: '2026-01', interactions: 0 },
      { month: '2026-02', interactions: 1 },
    ])
    expect([oldestCreated, newestCreated, undated]).toEqual([
      '2025-11-30T23:30:00.000Z',
      '2026-02-01T00:00:00.000Z',
      0,
    ])
  })

  it('are few, whatever dates there are', async () => {
    const odd = [
      '0001-01-01T00:00:00',
      '1970-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      'NaN',
      '',
      'yesterday',
    ]
    const { months, undated, interactions, recent, ...facts } = await at(...odd, '2026-01-01T00:00:00Z')
    expect(months).toEqual([{ month: '2026-01', interactions: 1 }])
    expect([undated, interactions]).toEqual([odd.length, odd.length + 1])
    expect(facts.oldestCreated).toBe(facts.newestCreated)
    expect(recent?.newest).toBe('2026-01-01')
  })

  it('begin in 1990 and end a year after the snapshot', async () => {
    const after = new Date(AS_OF + 366 * DAY)
    const { months, undated } = await at(
      '1989-12-31T23:59:59.999Z',
      '1990-01-01T00:00:00Z',
      after.toISOString(),
      new Date(after.getTime() + 1).toISOString(),
    )
    expect([undated, months[0]?.month, months.at(-1)?.month]).toEqual([2, '1990-01', '2027-02'])
    expect(months).toHaveLength(37 * 12 + 2)
  })

  it('are none without a date', async () => {
    const { months, oldestCreated, recent } = await at('never')
    expect([months, oldestCreated, recent]).toEqual([[], null, null])
  })
})

describe('the rate of late', () => {
  const day = (back: number, hour = 12) => new Date(Date.UTC(2026, 0, 31, hour) - back * DAY).toISOString()

  it('is of the 28 days up to the reading', async () => {
    const { recent } = await at(day(25), day(24), day(3), day(3, 0), day(0), day(200))
    expect(recent).toEqual({
      days: 28,
      interactions: 4,
      busiestDay: { day: '2026-01-28', interactions: 2 },
      newest: '2026-01-31',
    })
  })

  it('is the same in whatever order they come', async () => {
    const dates = Array.from({ length: 200 }, (_, index) => day((index * 37) % 61))
    expect((await at(...dates)).recent).toEqual((await at(...dates.toReversed())).recent)
  })

  it('is of as many days as there are since the first one', async () => {
    expect((await at(day(0), day(2), day(2))).recent).toMatchObject({ days: 6, interactions: 3 })
  })

  it('is nothing where nothing is that new, and says since when', async () => {
    expect((await at(day(300), day(30), day(25))).recent).toEqual({
      ...{ days: 28, interactions: 0, busiestDay: null, newest: '2026-01-06' },
    })
  })

  it('leaves out what is dated after the snapshot', async () => {
    const { recent, months } = await at(day(1), new Date(AS_OF + 30 * DAY).toISOString())
    expect(recent).toMatchObject({ days: 5, interactions: 1 })
    expect(months).toHaveLength(3)
  })

  it('names the first of several days with as many', async () => {
    expect((await at(day(2), day(5), day(9))).recent?.busiestDay?.day).toBe('2026-01-22')
  })
})
