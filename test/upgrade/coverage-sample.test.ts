/** Contacts outside the list: which are drawn, what is found, what that says, and that no pass forgets it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTemporaryContacts } from '../../src/journal/contacts.ts'
import { type Json, stringifyJson } from '../../src/json.ts'
import { type ContactSource, digestFile } from '../../src/transfer/contact-source.ts'
import { upperBound } from '../../src/upgrade/confidence.ts'
import { assessCoverage } from '../../src/upgrade/coverage.ts'
import { boundOf, type CoverageSample, sampleStatements } from '../../src/upgrade/coverage-sample.ts'
import { openCandidates, sampleOutside } from '../../src/upgrade/outside.ts'
import { type Plan, parsePlan } from '../../src/upgrade/plan.ts'
import { listed } from '../support/answers.ts'
import { addHistory, type Bench, openBench } from '../support/bench.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { go, passed, planFor, planRun, sign } from '../support/run.ts'

describe('the bound of Clopper and Pearson (one-sided, 95 %)', () => {
  // From scipy: beta.ppf(0.95, hits + 1, drawn - hits).
  it.each([
    [0, 1, 0.95],
    [0, 10, 0.2588655508930522],
    [0, 3_000, 0.0009980790119965865],
    [1, 10, 0.39416330243650466],
    [2, 20, 0.28261852488586087],
    [5, 10, 0.7775588989918706],
    [9, 10, 0.9948838031081763],
    [3, 3_000, 0.0025825051382936544],
    [150, 3_000, 0.057045126650206626],
    [1, 100_000, 4.743775717386053e-5],
    [20_000, 40_000, 0.5041245381649403],
    [10, 10, 1],
    [0, 0, 1],
  ])('of %i in %i is %d', (hits, drawn, bound) => {
    const found = upperBound(hits, drawn)
    expect(Math.abs(found / bound - 1)).toBeLessThan(1e-9)
  })
})

const SAMPLE: CoverageSample = {
  ...{ source: 'all.csv', unreadable: 0, outside: 12_000, sampled: 3_000, gone: 0 },
  ...{ withInteractions: 0, interactions: 0, examples: [], upperBound: upperBound(0, 3_000) },
}

function sampleWith(changes: Partial<CoverageSample>): CoverageSample {
  const sample = { ...SAMPLE, ...changes } as CoverageSample
  return { ...sample, upperBound: boundOf(sample) }
}

describe('what a sample says', () => {
  it.each<[string, Partial<CoverageSample>, string]>([
    [
      'none in 3,000',
      { gone: 7 },
      'all.csv names 12000 contacts that the list does not; 3000 of them were read, drawn at random (7 are gone from the ' +
        'tenant, 2993 are there): none has interactions of this schema. Of all of these who are there, at most 0.11 % have any ' +
        '(11 contacts; 95 % confidence).',
    ],
    [
      'none in 3,000, of whom nobody is gone',
      {},
      'all.csv names 12000 contacts that the list does not; 3000 of them were read, drawn at random: none has interactions of ' +
        'this schema. Of all of these, at most 0.1 % have any (11 contacts; 95 % confidence).',
    ],
    [
      'many who are gone',
      { gone: 2_990 },
      'all.csv names 12000 contacts that the list does not; 3000 of them were read, drawn at random (2990 are gone from the ' +
        'tenant, 10 are there): none has interactions of this schema. Of all of these who are there, at most 26 % have any ' +
        '(2332 contacts; 95 % confidence).',
    ],
    [
      'nobody who is there',
      { gone: 3_000 },
      'all.csv names 12000 contacts that the list does not; 3000 of them were read, drawn at random (3000 are gone from the ' +
        'tenant, 0 are there): none has interactions of this schema. Nobody of them is there, so of those who are, nothing is known.',
    ],
    [
      'all of them',
      { outside: 3_000, gone: 1 },
      'all.csv names 3000 contacts that the list does not; each was read (1 is gone from the tenant, 2999 are there): none has interactions of this schema.',
    ],
    ['nobody', { outside: 0, sampled: 0 }, 'Every contact that all.csv names is in the list.'],
  ])('of %s', (_what, changes, text) => {
    const sample = sampleWith(changes)
    expect(sampleStatements(sample)).toEqual([text])
    const facts = { listed: 10, gone: 0, counted: 10, createdSince: 0 }
    expect(assessCoverage({ ...facts, sample })).toEqual({
      sure: true,
      statements: [...assessCoverage(facts).statements, text],
    })
  })

  it('of some that have history: it is not sure, whatever the count says, and what to do', () => {
    const sample = sampleWith({ withInteractions: 2, interactions: 5, examples: ['a', 'b'], unreadable: 1 })
    const { sure, statements } = assessCoverage({ listed: 10, gone: 0, counted: 10, createdSince: 0, sample })
    expect(sure).toBe(false)
    expect(statements).toHaveLength(5)
    const [count, , found, advice, lines] = statements
    expect(count).toContain('nobody is missing by number')
    expect(found).toContain(
      ': 2 have 5 interactions of this schema (a, b). Of all of these, at most 0.21 % have any (25 ',
    )
    expect(advice).toMatch(
      /whatever the count says.*Add every contact that all\.csv names to the list.*plan again/,
    )
    expect(lines).toContain('1 line of all.csv named no contact id')
    const one = sampleWith({ outside: 4, sampled: 4, withInteractions: 1, interactions: 1, examples: ['a'] })
    expect(sampleStatements(one)[0]).toMatch(/each was read: 1 has 1 interaction of this schema \(a\)\.$/)
    expect(one.upperBound).toBe(0.25)
  })
})

describe('a plan that was read back', () => {
  it.each<[string, unknown]>([
    ['coverageSample', null],
    ['coverageSample', 7],
    ['coverageSample.source', { ...SAMPLE, source: 7 }],
    ['coverageSample.outside', { ...SAMPLE, outside: '12000' }],
    ['coverageSample.sampled', { ...SAMPLE, sampled: -1 }],
    ['coverageSample.sampled', { ...SAMPLE, sampled: 0, upperBound: 1 }],
    ['coverageSample.sampled', { ...SAMPLE, outside: 10, upperBound: 0 }],
    ['coverageSample.gone', { ...SAMPLE, gone: 1.5 }],
    ['coverageSample.unreadable', { ...SAMPLE, unreadable: undefined }],
    ['coverageSample.examples', { ...SAMPLE, examples: 'a' }],
    ['coverageSample.withInteractions', sampleWith({ withInteractions: 1, interactions: 1 })],
    [
      'coverageSample.withInteractions',
      sampleWith({ gone: 3_000, withInteractions: 1, interactions: 1, examples: ['a'] }),
    ],
    ['coverageSample.interactions', sampleWith({ withInteractions: 1, examples: ['a'] })],
    ['coverageSample.interactions', { ...SAMPLE, interactions: 3 }],
    // Who is gone says nothing of those who are there.
    ['coverageSample.upperBound', { ...SAMPLE, gone: 2_000 }],
    // Somebody has made it look better.
    ['coverageSample.upperBound', { ...SAMPLE, upperBound: 0.0001 }],
    ['coverageSample.upperBound', { ...SAMPLE, upperBound: null }],
  ])('says what is wrong: %s (%#)', async (name, coverageSample) => {
    const plan = await planFor(openBench({ contacts: 3 }), await temporaryFolder())
    const read = (value: unknown): Plan => parsePlan(stringifyJson(value as Json), 'plan.json')
    expect(read({ ...plan, coverageSample: SAMPLE }).coverageSample).toEqual(SAMPLE)
    expect(thrownBy(() => read({ ...plan, coverageSample }))).toMatchObject({
      exit: 2,
      message: `plan.json can't be used as a plan: it lacks ${name}.`,
    })
  })
})

async function fileOf(ids: readonly string[]): Promise<ContactSource & { readonly kind: 'file' }> {
  const file = join(await temporaryFolder(), 'outside.csv')
  writeFileSync(file, `contactId\n${ids.join('\n')}\n`)
  return {
    kind: 'file',
    file,
    sha256: await digestFile(file),
    column: null,
    asOf: '2026-01-01T00:00:00.000Z',
  }
}

/** @returns which contacts are asked for from here on, in order */
function asked(bench: Bench): readonly string[] {
  const ids: string[] = []
  bench.between((request, sandbox) => {
    const id = listed(request)
    if (id !== undefined) ids.push(id)
    return sandbox(request)
  })
  return ids
}

describe('a sample of contacts outside the list', () => {
  it('is the same for the same seed, whatever the order, and draws nobody of the list and nobody twice', async () => {
    const bench = openBench({ contacts: 40, interactions: 1 })
    const draw = async (seed: string, candidates: readonly string[], size = 10) => {
      using list = openTemporaryContacts()
      list.add(bench.contacts.slice(0, 10))
      using found = await openCandidates({ size, source: await fileOf(candidates) }, bench.reader)
      const ids = asked(bench)
      const sample = await sampleOutside(
        found,
        { list, schemaId: bench.schema.id, seed },
        { ...bench, concurrency: 3 },
      )
      expect(sample).toMatchObject({ outside: 30, sampled: size })
      return ids.toSorted()
    }
    const drawn = await draw('a', bench.contacts)
    expect(new Set(drawn).size).toBe(10)
    expect(bench.contacts.slice(0, 10).filter((id) => drawn.includes(id))).toEqual([])
    expect(await draw('a', [...bench.contacts.toReversed(), ...bench.contacts])).toEqual(drawn)
    expect(await draw('b', bench.contacts)).not.toEqual(drawn)
    expect(await draw('a', bench.contacts, 30)).toEqual(bench.contacts.slice(10).toSorted())
  })

  it('counts what is there, and the plan and both passes say so', async () => {
    const bench = openBench({ contacts: 40, interactions: 0 })
    const outside = bench.contacts.slice(0, 11)
    const [gone = '', alsoGone = '', ...rest] = outside
    const having = rest.slice(0, 6)
    for (const id of [gone, ...having, ...having.slice(0, 3)])
      addHistory(bench, id, { rating: 5 }, '2024-01-01T00:00:00.000Z')
    for (const id of [gone, alsoGone])
      bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: bench.clock.now() })
    const contacts = bench.contacts.slice(11)
    // By number, nobody is missing.
    bench.between(async (request, sandbox) =>
      request.url.endsWith('/contacts/count') ? Response.json(contacts.length) : sandbox(request),
    )
    const coverage = { size: 3_000, source: await fileOf([...outside, 'nobody']) }
    const run = await planRun(bench, { contacts, coverage })
    expect(run.plan.coverageSample).toEqual({
      ...{ source: coverage.source.file, unreadable: 1, outside: 11, sampled: 11, gone: 2 },
      ...{ withInteractions: 6, interactions: 9, upperBound: 6 / 9 },
      examples: expect.any(Array),
    })
    const { examples = [] } = run.plan.coverageSample ?? {}
    expect(new Set(examples).size).toBe(5)
    expect(examples.filter((id) => !having.includes(id))).toEqual([])
    expect(run.plan.coverage.sure).toBe(false)
    const statements = sampleStatements(run.plan.coverageSample as CoverageSample)
    expect(run.plan.coverage.statements).toEqual(expect.arrayContaining([...statements]))

    await go(run)
    for (const gate of ['automations-paused', 'producers-stopped']) {
      sign(run, gate)
      await go(run)
    }
    for (const name of ['base-pass', 'final-pass'] as const) {
      expect(passed(run, name).coverage.sure).toBe(false)
      expect(passed(run, name).coverage.statements).toEqual(expect.arrayContaining([...statements]))
    }
    expect(() => sign(run, 'delete-schema')).toThrow(/accept-coverage/)
  })

  it('comes from who the tenant says was created, where no file is named', async () => {
    const bench = openBench({ contacts: 30, interactions: 1 })
    const asOf = new Date(bench.clock.now()).toISOString()
    const source = { kind: 'changes', since: '2015-01-01T00:00:00.000Z', asOf } as const
    const [contacts, coverage] = [bench.contacts.slice(0, 20), { size: 4, source }]
    const { coverageSample } = await planFor(bench, await temporaryFolder(), { contacts, coverage })
    expect(coverageSample).toMatchObject({
      source: expect.stringContaining('2015-01-01'),
      outside: 10,
      sampled: 4,
    })
  })

  it.each([
    ['not activated', openBench({ contacts: 5, changesActivated: false }), undefined],
    ['refused as a request', openBench({ contacts: 5 }), 400],
  ])(
    'without a file is refused before anything is read where "changes" is %s',
    async (_what, bench, status) => {
      if (status !== undefined)
        bench.between(async (request, sandbox) =>
          request.url.includes('/changes') ? Response.json({ message: 'no' }, { status }) : sandbox(request),
        )
      const now = new Date(bench.clock.now()).toISOString()
      const source = { kind: 'changes', since: '2025-01-01T00:00:00.000Z', asOf: now } as const
      const planned = planFor(bench, await temporaryFolder(), { coverage: { size: 4, source } })
      expect(await failureOf(planned)).toMatchObject({
        exit: 2,
        message: expect.stringContaining('is not activated'),
        next: expect.stringContaining('--coverage-contacts FILE'),
      })
      expect(bench.sandbox.stats().byRoute['GET /interactions']).toBeUndefined()
    },
  )

  it('stops where it is asked to', async () => {
    const bench = openBench({ contacts: 20, interactions: 0 })
    const stop = new AbortController()
    bench.between((request, sandbox) => {
      stop.abort(new Error('enough'))
      return sandbox(request)
    })
    using list = openTemporaryContacts()
    using found = await openCandidates({ size: 20, source: await fileOf(bench.contacts) }, bench.reader)
    const tools = { ...bench, concurrency: 1, stop: stop.signal }
    const sampled = sampleOutside(found, { list, schemaId: bench.schema.id, seed: 's' }, tools)
    expect(await failureOf(sampled)).toMatchObject({ message: 'enough' })
    expect(bench.sandbox.stats().byRoute['GET /interactions']).toBeLessThan(20)
  })
})
