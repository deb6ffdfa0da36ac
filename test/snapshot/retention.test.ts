/** Which snapshots stay, and why: rule by rule, and what holds whatever the policy and the snapshots are. */
import { describe, expect, test } from 'vitest'
import { stamp } from '../../src/names.ts'
import { dayOf, monthOf, weekOf } from '../../src/snapshot/periods.ts'
import { type Candidate, decide, type Policy } from '../../src/snapshot/retention.ts'
import { seeded } from '../support/seeded.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A Wednesday. */
const NOW = Date.parse('2026-02-11T12:00:00Z')
const NOTHING: Policy = { last: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0 }

function at(date: string | number, more: Partial<Candidate> = {}): Candidate {
  const begunAt = typeof date === 'number' ? date : Date.parse(`${date}Z`)
  return {
    ...{ stamp: stamp(begunAt), begunAt, condition: 'complete', pass: 'backup', parent: undefined },
    ...{ needs: [], inTheMaking: false },
    ...more,
  }
}

const nightly = (nights: number): readonly Candidate[] =>
  Array.from({ length: nights }, (_, night) => at(NOW - night * DAY))

function kept(snapshots: readonly Candidate[], policy: Partial<Policy>): readonly string[] {
  return decide(snapshots, { ...NOTHING, ...policy }, NOW)
    .filter(({ keep }) => keep)
    .map(({ snapshot }) => new Date(snapshot.begunAt).toISOString().slice(0, 16))
    .sort()
}

function reasonsOf(snapshots: readonly Candidate[], policy: Partial<Policy>, one: Candidate | undefined) {
  const verdict = decide(snapshots, { ...NOTHING, ...policy }, NOW).find(({ snapshot }) => snapshot === one)
  return { keep: verdict?.keep, reasons: verdict?.reasons }
}

describe('periods', () => {
  test.each([
    // The years that begin and end in another year's week.
    ['2024-12-29T23:59:59.999', '2024-12-29', '2024-W52', '2024-12'],
    ['2024-12-30T00:00:00.000', '2024-12-30', '2025-W01', '2024-12'],
    ['2021-01-03T23:59:59.999', '2021-01-03', '2020-W53', '2021-01'],
    ['2021-01-04T00:00:00.000', '2021-01-04', '2021-W01', '2021-01'],
    ['2026-02-11T12:00:00.000', '2026-02-11', '2026-W07', '2026-02'],
  ])('%s', (date, day, week, month) => {
    const ms = Date.parse(`${date}Z`)
    expect([dayOf(ms), weekOf(ms), monthOf(ms)]).toEqual([day, week, month])
  })
})

describe('each rule', () => {
  test('keep-last keeps the newest, whatever their days', () => {
    const snapshots = [at('2026-02-11T01:00'), at('2026-02-11T02:00'), at('2026-02-11T03:00')]
    expect(kept(snapshots, { last: 2 })).toEqual(['2026-02-11T02:00', '2026-02-11T03:00'])
  })

  test('keep-daily keeps the last of each day that has one: a night without a backup costs none', () => {
    const snapshots = [
      ...[at('2026-02-11T01:00'), at('2026-02-10T23:59:59.999'), at('2026-02-10T00:00')],
      ...[at('2026-02-03T01:00'), at('2026-01-30T01:00')],
    ]
    expect(kept(snapshots, { daily: 3 })).toEqual([
      '2026-02-03T01:00',
      '2026-02-10T23:59',
      '2026-02-11T01:00',
    ])
  })

  test('keep-weekly and keep-monthly do the same of weeks and months', () => {
    expect(kept(nightly(60), { weekly: 3 })).toEqual([
      '2026-02-01T12:00',
      '2026-02-08T12:00',
      '2026-02-11T12:00',
    ])
    expect(kept(nightly(60), { monthly: 9 })).toEqual([
      '2025-12-31T12:00',
      '2026-01-31T12:00',
      '2026-02-11T12:00',
    ])
  })

  test('keep-within keeps what is younger, incomplete ones too', () => {
    const incomplete = at('2026-02-10T01:00', { condition: 'incomplete' })
    expect(kept([...nightly(9), incomplete], { withinMs: 2 * DAY })).toEqual([
      '2026-02-10T01:00',
      '2026-02-10T12:00',
      '2026-02-11T12:00',
    ])
  })

  test('what one rule keeps stays, and each that keeps it is named', () => {
    const snapshots = nightly(40)
    const policy = { last: 7, daily: 7, weekly: 4, monthly: 2, withinMs: DAY / 2 }
    expect(reasonsOf(snapshots, policy, snapshots[0])).toEqual({
      keep: true,
      reasons: [
        'the newest complete one',
        'last 1 of 7',
        'the last of 2026-02-11, daily 1 of 7',
        'the last of 2026-W07, weekly 1 of 4',
        'the last of 2026-02, monthly 1 of 2',
        'within the time that all are kept',
      ],
    })
    expect(reasonsOf(snapshots, policy, snapshots[11])).toEqual({
      keep: true,
      reasons: ['the last of 2026-01, monthly 2 of 2'],
    })
    expect(reasonsOf(snapshots, policy, snapshots[12])).toEqual({
      keep: false,
      reasons: ['no rule keeps it'],
    })
  })
})

describe('whatever the policy', () => {
  const old = [at('2020-01-01T00:00'), at('2020-01-02T00:00')] as const

  test('the newest complete one stays', () => {
    expect(kept(old, { withinMs: DAY })).toEqual(['2020-01-02T00:00'])
    expect(reasonsOf(old, { withinMs: DAY }, old[1]).reasons).toEqual(['the newest complete one'])
  })

  test('an incomplete one stays until a complete one is newer', () => {
    const incomplete = at('2020-01-03T00:00', { condition: 'incomplete' })
    expect(reasonsOf([...old, incomplete], { last: 1 }, incomplete).keep).toBe(true)
    const newer = at('2020-01-04T00:00')
    expect(reasonsOf([...old, incomplete, newer], { last: 9 }, incomplete)).toEqual({
      keep: false,
      reasons: [`incomplete, and ${newer.stamp} is complete and newer`],
    })
    // It neither counts as one of the last, nor takes another's day.
    expect(kept([...old, incomplete], { last: 2 })).toHaveLength(3)
  })

  test('what a snapshot that stays follows stays with it, and its parents', () => {
    const [first, second, third, fourth] = [1, 2, 3, 4].map((day) => at(`2020-01-0${day}T00:00`))
    const chain = [
      first as Candidate,
      { ...(second as Candidate), parent: first?.stamp },
      { ...(third as Candidate), parent: second?.stamp, condition: 'incomplete' as const },
      { ...(fourth as Candidate), parent: third?.stamp },
    ]
    expect(kept([...chain, at('2020-01-05T00:00')], { last: 1 })).toEqual(['2020-01-05T00:00'])
    expect(kept(chain, { last: 1 })).toHaveLength(4)
    expect(reasonsOf(chain, { last: 1 }, chain[1]).reasons).toEqual([`${third?.stamp} follows it`])
  })

  test('what a run needs stays, with what that follows', () => {
    const needed = { ...old[1], parent: old[0].stamp, needs: ['run R has not ended'] }
    const snapshots = [old[0], needed, at('2020-02-01T00:00')]
    expect(kept(snapshots, { last: 1 })).toHaveLength(3)
    expect(reasonsOf(snapshots, { last: 1 }, needed).reasons).toEqual(['run R has not ended'])
  })

  test('half a one goes once a complete one is newer, unless somebody may be at it', () => {
    const half = at('2020-01-03T00:00', { condition: 'half', pass: undefined })
    expect(reasonsOf([...old, half], { last: 1 }, half).keep).toBe(true)
    const newer = at('2020-01-04T00:00')
    expect(reasonsOf([half, newer], { last: 9, withinMs: NOW }, half)).toEqual({
      keep: false,
      reasons: [`half: it has no manifest, and ${newer.stamp} is complete and newer`],
    })
    const making = { ...half, inTheMaking: true }
    expect(reasonsOf([...old, making, newer], { last: 1 }, making).keep).toBe(true)
    // It may be an increment of what was the newest one when it was begun.
    expect(reasonsOf([...old, making, newer], { last: 1 }, old[1])).toEqual({
      keep: true,
      reasons: [`${half.stamp} is half, and may follow it`],
    })
  })

  test("one that can't be used stays, and all that it may follow", () => {
    const unusable = at('2020-01-03T00:00', { condition: 'unusable', pass: undefined })
    const [newer, newest] = [at('2020-01-04T00:00'), at('2020-01-05T00:00')]
    expect(kept([...old, unusable, newer, newest], { last: 1 })).toEqual([
      '2020-01-01T00:00',
      '2020-01-02T00:00',
      '2020-01-03T00:00',
      '2020-01-05T00:00',
    ])
  })

  test("what a restore has selected, the source system had, or an upgrade has merged never takes a backup's place", () => {
    const selected = at('2020-01-03T00:00', { pass: 'restore' })
    const history = [at('2020-01-04T00:00', { pass: 'history' }), at('2020-01-05T00:00', { pass: 'history' })]
    const merged = at('2020-01-06T00:00', { pass: 'merged' })
    const verdicts = decide([...old, selected, ...history, merged], { ...NOTHING, last: 1 }, NOW)
    expect(verdicts.map(({ keep }) => keep)).toEqual([false, true, false, false, true, true])
    expect(verdicts.map(({ newest }) => newest)).toEqual([false, true, false, false, true, true])
  })

  test('what an upgrade has merged takes no place of what it has read, and stays until another one has', () => {
    const final = at('2020-01-03T00:00', { pass: 'final' })
    const merged = at('2020-01-04T00:00', { pass: 'merged' })
    const later = [at('2020-01-05T00:00'), at('2020-01-06T00:00', { pass: 'base' })]
    const all = [...old, final, merged, ...later]
    expect(kept(all, { last: 1 })).toEqual(['2020-01-04T00:00', '2020-01-05T00:00', '2020-01-06T00:00'])
    const next = at('2020-01-07T00:00', { pass: 'merged' })
    expect(reasonsOf([...all, next], { daily: 1 }, merged)).toEqual({
      keep: false,
      reasons: ['no rule keeps it'],
    })
  })

  test('what was taken out to be restored stays as long as a run needs it, whatever the policy', () => {
    const policy = { last: 9, daily: 9, withinMs: NOW }
    const selected = at('2020-01-03T00:00', { pass: 'restore' })
    expect(reasonsOf([...old, selected], policy, selected)).toEqual({
      keep: false,
      reasons: ['taken out of another one to be restored, and no run needs it any more'],
    })
    const needed = { ...selected, needs: ['run R has not ended'] }
    expect(reasonsOf([...old, needed], policy, needed).keep).toBe(true)
  })

  test('what an upgrade has read, of however few contacts, takes no place of a backup', () => {
    const passes = [at('2020-01-03T00:00', { pass: 'base' }), at('2020-01-04T00:00', { pass: 'final' })]
    expect(kept([...old, ...passes], { last: 1 })).toEqual(['2020-01-02T00:00', '2020-01-04T00:00'])
    expect(kept([...old, ...passes], { monthly: 1 })).toEqual(['2020-01-02T00:00', '2020-01-04T00:00'])
  })

  test('a day without a complete one keeps the last one that it has, as long as that day counts', () => {
    const nights = Array.from({ length: 5 }, (_, night) =>
      at(NOW - (5 - night) * DAY, { condition: 'incomplete' }),
    )
    const good = at(NOW - HOUR)
    expect(kept([...nights, good], { daily: 3 })).toEqual([
      '2026-02-09T12:00',
      '2026-02-10T12:00',
      '2026-02-11T11:00',
    ])
    expect(reasonsOf([...nights, good], { daily: 3 }, nights[4]).reasons).toEqual([
      'the last of 2026-02-10, which has no complete one, daily 2 of 3',
    ])
    // Where there is a complete one, an incomplete one after it does not take its place.
    const both = [at('2026-02-09T01:00'), at('2026-02-09T02:00', { condition: 'incomplete' }), good]
    expect(kept(both, { daily: 3 })).toEqual(['2026-02-09T01:00', '2026-02-11T11:00'])
  })
})

function draw(random: (below: number) => number): readonly Candidate[] {
  const snapshots: Candidate[] = []
  for (let begunAt = NOW - 90 * DAY; begunAt < NOW; begunAt += 1 + random(4 * DAY)) {
    const odd = random(10)
    const condition = odd === 0 ? 'incomplete' : odd === 1 ? 'half' : 'complete'
    const parent = random(2) === 0 ? snapshots.at(-1 - random(3))?.stamp : undefined
    const pass = ['backup', 'base', 'final', 'restore', 'history', 'merged'][random(random(3) + 3)]
    snapshots.push(
      at(begunAt, {
        condition: random(60) === 0 ? 'unusable' : condition,
        ...(condition === 'half' ? { pass: undefined, inTheMaking: random(4) === 0 } : { pass, parent }),
        needs: random(15) === 0 ? ['a run'] : [],
      }),
    )
  }
  // In no order at all.
  return snapshots
    .map((each) => ({ each, place: random(1_000) }))
    .sort((a, b) => a.place - b.place)
    .map(({ each }) => each)
}

function drawPolicy(random: (below: number) => number): Policy {
  const few = (most: number): number => Math.max(0, random(most * 2) - most)
  return { last: few(9), daily: few(20), weekly: few(9), monthly: few(4), withinMs: few(40) * DAY }
}

describe('any snapshots and any policies', () => {
  const cases = Array.from({ length: 400 }, (_, seed) => {
    const random = seeded(seed)
    return { seed, snapshots: draw(random), policy: drawPolicy(random), more: drawPolicy(random) }
  })
  const staying = (snapshots: readonly Candidate[], policy: Policy): readonly Candidate[] =>
    decide(snapshots, policy, NOW)
      .filter(({ keep }) => keep)
      .map(({ snapshot }) => snapshot)

  test('are worth trying: they remove and keep', () => {
    const counts = cases.map(({ snapshots, policy }) => snapshots.length - staying(snapshots, policy).length)
    expect(counts.filter((count) => count > 5).length).toBeGreaterThan(100)
  })

  test('what must stay does, and each verdict has a reason', () => {
    for (const { seed, snapshots, policy } of cases) {
      const kept = new Set(staying(snapshots, policy))
      const byStamp = new Map(snapshots.map((each) => [each.stamp, each]))
      for (const each of kept) {
        const parent = byStamp.get(each.parent ?? '')
        expect(parent === undefined || kept.has(parent), `${seed}: the parent of ${each.stamp}`).toBe(true)
      }
      for (const each of snapshots) {
        const musts = each.needs.length > 0 || each.condition === 'unusable' || each.inTheMaking
        if (musts) expect(kept.has(each), `${seed}: ${each.stamp}`).toBe(true)
      }
      const backups = snapshots.filter(({ pass, condition }) => condition === 'complete' && pass === 'backup')
      const last = backups.reduce<Candidate | undefined>(
        (found, each) => (found !== undefined && found.begunAt > each.begunAt ? found : each),
        undefined,
      )
      if (last !== undefined) expect(kept.has(last), `${seed}: the last complete one`).toBe(true)
      for (const { reasons } of decide(snapshots, policy, NOW)) expect(reasons.length).toBeGreaterThan(0)
    }
  })

  test('a larger policy never removes more', () => {
    for (const { seed, snapshots, policy, more } of cases) {
      const larger: Policy = {
        last: policy.last + more.last,
        daily: policy.daily + more.daily,
        weekly: policy.weekly + more.weekly,
        monthly: policy.monthly + more.monthly,
        withinMs: policy.withinMs + more.withinMs,
      }
      const kept = new Set(staying(snapshots, larger))
      expect(
        staying(snapshots, policy).filter((each) => !kept.has(each)),
        `seed ${seed}`,
      ).toEqual([])
    }
  })

  test('to decide on what is left removes nothing', () => {
    for (const { seed, snapshots, policy } of cases) {
      const left = staying(snapshots, policy)
      expect(staying(left, policy), `seed ${seed}`).toEqual(left)
    }
  })
})
