/** What a report says of time, of the two strategies, and whether the schema may go: pure decisions. */
import { describe, expect, it } from 'vitest'
import { adviseStrategy } from '../../src/report/advice.ts'
import { factsDigest, parseReport } from '../../src/report/digest.ts'
import type { NotBack } from '../../src/report/report.ts'
import { verdictOf } from '../../src/report/verdict.ts'
import { timeFacts } from '../../src/report/windows.ts'
import { estimateUpgrade } from '../../src/upgrade/estimate.ts'

const SCHEMA = 'completedProductRating'

function timeOf(changes: object = {}, begin: number | null = null) {
  const estimate = estimateUpgrade({
    ...{ contacts: 100_000, interactions: 300_000, furtherPages: 500, contactsWithHistory: 40_000 },
    ...{ ratePerSecond: 50, finalPassContacts: 100_000, recordBytes: 0 },
    ...changes,
  })
  const busiestDay = { day: '2026-11-20', interactions: 400 }
  const recent = { days: 28, interactions: 2_800, busiestDay, newest: '2026-11-30' }
  return timeFacts({
    ...{ estimate, hot: 600, begin, recent, schemaId: SCHEMA, canaryGate: false, readAgain: 300_000 },
    ...changes,
  })
}

describe('the windows of an upgrade', () => {
  it('span the phases in which something does not work', () => {
    const { phases, windows, seconds, calls } = timeOf()
    const [base = 0, final = 0, gap = 0, posting = 0, reading = 0] = phases.map((each) => each.seconds)
    // The report and the proof: 300,000 at 8,000 a second, and a few requests; then the minute without the schema.
    expect([base, final, gap, posting, reading]).toEqual([2_010, 2_010, 38 + 5 + 60, 6_000, 810])
    expect(Object.fromEntries(windows.map((each) => [each.name, each.seconds]))).toEqual({
      'Producers stand still': final + gap,
      'The schema is missing': 60,
      'History is incomplete': 60 + posting,
      'Automations are paused': final + gap + posting + reading,
    })
    expect(seconds).toBe(base + final + gap + posting + reading)
    expect(calls).toBe(phases.reduce((sum, each) => sum + each.calls, 0))
    expect(windows.map(({ start }) => start)).toEqual([null, null, null, null])
  })

  it('have a start and an end once it is planned when they begin, and follow each other', () => {
    const { phases, windows, begin } = timeOf({}, Date.parse('2026-12-01T19:00:00Z'))
    expect(begin).toBe('2026-12-01T19:00:00.000Z')
    expect(phases.map(({ start, end }) => [start, end])).toEqual([
      [null, null],
      // 33 min 30 s, which is told as 34 min: each instant is rounded as that is.
      ['2026-12-01T19:00:00.000Z', '2026-12-01T19:34:00.000Z'],
      ['2026-12-01T19:34:00.000Z', '2026-12-01T19:36:00.000Z'],
      ['2026-12-01T19:36:00.000Z', '2026-12-01T21:16:00.000Z'],
      ['2026-12-01T21:16:00.000Z', '2026-12-01T21:29:00.000Z'],
    ])
    expect(windows.map(({ start, end }) => [start, end])).toEqual([
      ['2026-12-01T19:00:00.000Z', null],
      ['2026-12-01T19:35:00.000Z', '2026-12-01T19:36:00.000Z'],
      ['2026-12-01T19:35:00.000Z', '2026-12-01T21:16:00.000Z'],
      ['2026-12-01T19:00:00.000Z', null],
    ])
  })

  it('have no end where somebody has to read and sign within them', () => {
    const waiting = (canaryGate: boolean) =>
      timeOf({ canaryGate }, 0)
        .windows.filter(({ waits, end }) => waits && end === null)
        .map(({ name }) => name)
    expect(waiting(false)).toEqual(['Producers stand still', 'Automations are paused'])
    expect(waiting(true)).toEqual([
      'Producers stand still',
      'History is incomplete',
      'Automations are paused',
    ])
  })

  it('say what stands at the producers meanwhile, and what a hot final pass would save', () => {
    const { windows, perDay } = timeOf()
    expect(perDay).toEqual({ mean: 100, most: 400 })
    expect(windows[0]?.arriving).toBe(Math.round((100 * 2_113) / 86_400))
    expect(windows[0]?.means).toContain('--final-pass hot) it would be 12 min')
    expect(windows[2]?.arriving).toBeNull()
  })
})

describe('the advice', () => {
  const facts = {
    ...{
      schemaId: SCHEMA,
      interactions: 300_000,
      freePlaces: 3,
      sure: true,
      loss: 0,
      imported: 'again' as const,
    },
    ...{ automations: ['Thank-you e-mail'], templates: [], audiences: [] },
    time: timeOf(),
  }

  it('is the upgrade in place where nothing is in the way', () => {
    expect(adviseStrategy(facts)).toMatchObject({ advised: 'in-place' })
  })

  it.each([
    ['coverage is not sure', { sure: false }],
    ['much would not come back', { loss: 30_000 }],
    ['history would be incomplete for longer than a night', { time: timeOf({ interactions: 2_000_000 }) }],
  ])('is a second schema where %s and there is a place for it', (_, change) => {
    expect(adviseStrategy({ ...facts, ...change })).toMatchObject({ advised: 'parallel' })
    const full = adviseStrategy({ ...facts, ...change, freePlaces: 0 })
    expect(full.advised).toBe('in-place')
    expect(full.why).toContain('There is no free place for a second schema.')
    expect(full.why.some((line) => line.startsWith('Against it: '))).toBe(true)
  })

  it('lays the same lines side by side', () => {
    const { inPlace, parallel } = adviseStrategy(facts)
    expect(inPlace.lines.map(({ what }) => what)).toEqual(parallel.lines.map(({ what }) => what))
    expect([...inPlace.lines, ...parallel.lines].every(({ how }) => how !== '')).toBe(true)
  })
})

describe('the verdict', () => {
  const facts = {
    ...{ schemaId: SCHEMA, tenant: 'acme.voyado.com', interactions: 300_000, finalPassDone: true },
    ...{
      preflight: true,
      coverageSure: true,
      forbidden: [],
      notBack: [],
      risk: null,
      unfit: [],
      voided: null,
    },
    ...{ importMade: true, failure: null, history: null, parallel: [] },
    profile: { refused: { interactions: 0, reasons: [] }, unnamed: [] },
  }
  const lost: NotBack = {
    ...{ title: 'Refused', count: 3, why: '', today: true, provisional: false, examples: [], where: null },
  }
  const unnamed = [{ name: 'channel', count: 7, before: false }]

  it('is that it may be deleted only once every contact was read after the producers stopped', () => {
    expect(verdictOf(facts)).toMatchObject({
      may: 'may',
      sentence:
        'It may be deleted: all 300\u202f000 interactions of completedProductRating in acme.voyado.com are in a verified snapshot, and all of them come back.',
      accepts: [],
    })
    expect(verdictOf({ ...facts, finalPassDone: false }).may).toBe('not-yet')
  })

  it.each([
    [{ importMade: false }, 'not merged yet'],
    [{ preflight: null }, 'has not passed its trial'],
  ])('is that it may not yet while something is to be made first: %j', (change, words) => {
    const failure = 'The new schema does not pass its trial.'
    const verdict = verdictOf({ ...facts, ...change, failure })
    expect(verdict.may).toBe('not-yet')
    expect(verdict.sentence).toContain(words)
    expect(verdict.because[0]).toBe(`The last command failed: ${failure}`)
  })

  it('is that it must not where the policy forbids it, whatever else is done', () => {
    expect(verdictOf({ ...facts, forbidden: ['too many are refused'] })).toMatchObject({
      may: 'must-not',
      because: ['too many are refused'],
    })
  })

  it.each([
    [{ notBack: [lost] }, 'Refused: 3. They do not come back.'],
    [{ coverageSure: false }, 'It is not certain'],
    [{ preflight: false }, 'could not be tried out'],
    [{ risk: 'some are left out' }, 'some are left out'],
    [
      { unfit: [{ name: 'comment', worth: { verdict: 'never' as const, why: 'It holds names' } }] },
      'comment is opened to segmentation, though nobody should segment on it. It holds names.',
    ],
    [{ parallel: ['It would take a night.'] }, 'Advised here is a second schema in parallel'],
    [{ profile: { ...facts.profile, unnamed } }, '7 interactions have channel'],
  ])('names what whoever signs accepts: %j', (change, words) => {
    const { accepts, sentence } = verdictOf({ ...facts, ...change })
    expect(accepts).toEqual([expect.stringContaining(words)])
    expect(sentence).toContain('Whoever signs accepts what is listed below.')
    if ('notBack' in change || 'profile' in change) expect(sentence).not.toContain('all of them come back')
  })
})

describe('the digest of a report', () => {
  it('is of its facts, however they are written, and of nothing else', () => {
    expect(factsDigest({ a: 1, b: [1.0, 'x'] })).toBe(factsDigest({ b: [1, 'x'], a: 1 }))
    expect(factsDigest({ a: 1 })).not.toBe(factsDigest({ a: 2 }))
    const facts = { a: 1 }
    const text = JSON.stringify({
      ...{ format: 'engage-migrate report', formatVersion: 1, digest: factsDigest(facts), facts, gates: [] },
    })
    expect(parseReport(text)?.digest).toBe(factsDigest(facts))
    expect(parseReport(text.replace('"a":1', '"a":2'))).toBeUndefined()
    expect(parseReport(text.slice(1))).toBeUndefined()
    expect(parseReport('{}')).toBeUndefined()
  })
})
