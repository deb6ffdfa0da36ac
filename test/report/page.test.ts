/** What the report's forms share: how texts, numbers and months are told, and what is said where there is nothing. */
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/json.ts'
import type { MonthCount } from '../../src/profile/profile.ts'
import { chartOf } from '../../src/report/page/chart.ts'
import { htmlOf } from '../../src/report/page/html.ts'
import { jsonOf } from '../../src/report/page/json.ts'
import { historyOf } from '../../src/report/page/months.ts'
import { shown } from '../../src/report/page/text.ts'
import { lasting, momentWords } from '../../src/report/page/wording.ts'
import type { Facts, Report } from '../../src/report/report.ts'
import { grouped, percent } from '../../src/words.ts'
import { HOSTILE, hostile } from './hostile.ts'
import { FACTS, HISTORY, REPORT } from './sample.ts'

describe('a text', () => {
  test('shows what can not be seen, and stays one line', () => {
    expect(shown('a\u001b[2Jb\u202ec\u200bd\u{e0041}e\ud83df\n\tg\u2028h', 100)).toBe(
      'a\\u001b[2Jb\\u202ec\\u200bd\\ue0041e\\ud83df g h',
    )
  })

  test('is left as it is where it is writing of any kind', () => {
    const writings = [
      'Träning & fritid',
      'می\u200cخواهم',
      'שלום',
      '👩\u200d👧 ❤\ufe0f',
      '-5',
      '+46 70 123 45 67',
    ]
    for (const text of writings) expect(shown(text, 100)).toBe(text)
  })

  test('does not begin as a formula', () => {
    expect(['=cmd()', ' +x', '@SUM(1)', '-2+3|x'].map((text) => shown(text, 100))).toEqual([
      ...["'=cmd()", "' +x", "'@SUM(1)", "'-2+3|x"],
    ])
  })

  test('is cut between characters where it is long, and says how long it was', () => {
    expect(shown(`${'x'.repeat(9)}👩${'y'.repeat(2 ** 20)}`, 10)).toBe(
      `${'x'.repeat(9)}… (1\u202f048\u202f587 characters)`,
    )
  })
})

describe('numbers and dates', () => {
  test('are told as a person reads them', () => {
    expect([0, 999, 1_000, 1_234_567].map(grouped)).toEqual(['0', '999', '1\u202f000', '1\u202f234\u202f567'])
    expect([
      percent(0, 5),
      percent(1, 1_000),
      percent(999, 1_000),
      percent(5, 5),
      percent(1, 3),
      percent(0, 0),
    ]).toEqual([...['0\u202f%', 'under 1\u202f%', 'over 99\u202f%', '100\u202f%', '33\u202f%', '–']])
    expect([lasting(240), lasting(400_000)]).toEqual(['4 min', '111 h 7 min (4.6 days)'])
  })

  test('dates are of UTC, and say so', () => {
    const at = '2026-03-14T23:30:59.999-01:00'
    expect([momentWords(at, 'day'), momentWords(at, 'minute'), momentWords(at, 'time')]).toEqual([
      ...['15 March 2026', '15 March 2026, 00:30 UTC', '00:30 UTC'],
    ])
    expect(momentWords('yesterday', 'day')).toBeUndefined()
  })
})

/** So many months from January of a year on, with 1, 2, 3 … interactions. */
function monthsFrom(year: number, count: number): readonly MonthCount[] {
  return Array.from({ length: count }, (_, index) => ({
    month: `${String(year + Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`,
    interactions: index + 1,
  }))
}

function labelsOf(svg: string): readonly string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g), ([, label = '']) => label)
}

describe('months', () => {
  test.each([1, 11, 121, 360, 361, 2_400])('%i of them: none is lost, in bars or in rows', (count) => {
    const months = monthsFrom(1850, count)
    const { by, bars, years } = historyOf(months)
    const sum = (count * (count + 1)) / 2
    expect(bars.reduce((all, each) => all + each.interactions, 0)).toBe(sum)
    expect(years.reduce((all, each) => all + each.total, 0)).toBe(sum)
    expect(by).toBe(count > 360 ? 'year' : 'month')
    expect(bars.length).toBeLessThanOrEqual(360)
    expect(years.length).toBeLessThanOrEqual(61)
  })

  test('ten years have the years as ticks, a few months have months', async () => {
    const [wide = '', narrow = ''] = (await chartOf(historyOf(monthsFrom(2016, 121)))).split('\n')
    expect(labelsOf(wide).filter((each) => each.startsWith('20'))).toHaveLength(11)
    expect(labelsOf(narrow).filter((each) => each.startsWith('20'))).toEqual([
      '2016',
      '2018',
      '2020',
      '2022',
      '2024',
      '2026',
    ])
    const few = labelsOf(await chartOf(historyOf(monthsFrom(2025, 4))))
    expect(few.slice(-4)).toEqual(['Jan 2025', 'Feb', 'Mar', 'Apr'])
  })

  test('what is no month is in none', () => {
    expect(
      historyOf([
        { month: '2026-13', interactions: 1 },
        { month: '"</svg>', interactions: 1 },
      ]).bars,
    ).toEqual([])
  })
})

describe('JSON', () => {
  test.each(HOSTILE.map((_, turn) => turn))(
    'is the very report, without anything that a terminal obeys (turn %i)',
    (turn) => {
      const report = hostile(REPORT, turn)
      const text = jsonOf(report)
      expect(parseJson(text)).toEqual(report)
      expect(text).not.toMatch(/[^\P{C}\n\ud800-\udfff]/u)
    },
  )
})

function reportWith(facts: Partial<Facts>, others: Partial<Report> = {}): Report {
  return { ...REPORT, ...others, facts: Object.assign({}, FACTS, facts) }
}

/** What a person reads of it. */
async function wordsOf(report: Report): Promise<string> {
  return (await htmlOf(report))
    .replace(/<style>.*<\/style>/su, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
}

describe('the page', () => {
  test('says that nothing is lost only where nothing is, and only of what was read', async () => {
    const profile = { ...FACTS.profile, refused: { interactions: 0, reasons: [] }, unnamed: [] }
    const { coverage } = FACTS.evidence
    const sure = { evidence: { ...FACTS.evidence, coverage: { ...coverage, sure: true } } }
    const nothing = ['Nothing is lost: all comes back', 'Nothing: all comes back.']
    const wordsAre = async (
      facts: Partial<Facts>,
      said: readonly string[],
      unsaid: readonly string[],
    ): Promise<void> => {
      const words = await wordsOf(reportWith(facts))
      expect(said.filter((each) => !words.includes(each))).toEqual([])
      expect(unsaid.filter((each) => words.includes(each))).toEqual([])
    }
    await wordsAre({ notBack: [], profile, ...sure }, nothing, ['not sure'])
    await wordsAre(
      { notBack: [], profile },
      ['Nothing of what was read is lost', 'Whether that was all is not sure'],
      nothing,
    )
    await wordsAre({ notBack: [], ...sure }, ['26 are refused by the new schema'], nothing)
    const { unnamed } = FACTS.profile
    await wordsAre(
      { notBack: [], profile: { ...profile, unnamed }, ...sure },
      [
        'have a property that the new schema does not name',
        'Engage does not take in what a schema does not name',
      ],
      nothing,
    )
    const [, gone] = FACTS.notBack
    await wordsAre(
      { notBack: gone === undefined ? [] : [gone], profile, ...sure },
      ['Nothing of what Engage holds today'],
      ['Nothing: all'],
    )
    const unknown = { ...HISTORY, mode: 'only' as const, compared: null, merged: null }
    await wordsAre(
      { notBack: [], profile, ...sure, history: unknown },
      ['Not known how much does not come back', 'Both were not compared yet'],
      nothing,
    )
    for (const change of [{ carried: 5 }, { finalPass: 'hot' as const }]) {
      const { evidence } = sure
      const hot = { ...evidence, ...change, coverage: { ...evidence.coverage, ...change } }
      await wordsAre({ notBack: [], profile, evidence: hot }, ['Nothing of what was read is lost'], nothing)
    }
    await wordsAre({ profile, ...sure }, ['26 will not come back, for 1 reason'], nothing)
  })

  test('tells environments apart by word, and takes an unknown one for production', async () => {
    const of = (environment: Facts['subject']['environment']): Promise<string> =>
      htmlOf(reportWith({ subject: { ...FACTS.subject, environment } }))
    expect(await of('staging')).toMatch(/<header class="staging">\s*<p class="environment"><strong>Staging/)
    expect(await of('sandbox')).toMatch(/<header class="sandbox">/)
    expect(await of('unknown')).toMatch(
      /<header class="production">\s*<p class="environment"><strong>Unknown environment.*treated as production/,
    )
  })

  test('of a snapshot without a plan says in each section that there is none', async () => {
    const none = { interactions: 0, contacts: 0, oldestCreated: null, newestCreated: null }
    const words = await wordsOf(
      reportWith(
        {
          verdict: { may: 'no-plan', sentence: 'There is no plan.', because: [], accepts: [] },
          deletion: { ...none, months: [], meanwhile: [], templateNames: [] },
          ...{ change: null, notBack: [], strategies: null, hands: [] },
          time: {
            ratePerSecond: 50,
            begin: null,
            phases: [],
            calls: 0,
            seconds: 0,
            windows: [],
            perDay: null,
          },
          evidence: {
            ...FACTS.evidence,
            plan: null,
            preflight: null,
            provenAt: null,
            policy: [],
            finalPass: null,
          },
        },
        { gates: [] },
      ),
    )
    for (const said of [
      ...[
        'What a snapshot holds of',
        'Nothing: there is no plan to change it.',
        'There is no plan: nothing will be deleted. If it were imported under this schema, this would not come back.',
      ],
      ...['There is no plan: nothing would be done.', 'None are asked for: there is no plan.', 'Not yet'],
    ])
      expect(words).toContain(said)
  })
})
