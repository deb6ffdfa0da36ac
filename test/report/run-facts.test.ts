/** What the report says of a run, by what the run has done: held against what the tenant then holds. */
import { cpSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { InteractionSchema } from '../../src/model.ts'
import { reportOf } from '../../src/report/digest.ts'
import { gateStates } from '../../src/report/gate-states.ts'
import { markdownOf } from '../../src/report/page/markdown.ts'
import type { Facts } from '../../src/report/report.ts'
import { runFacts } from '../../src/report/run-facts.ts'
import { makeSegmentable } from '../../src/schema/segmentable.ts'
import { mergeResult } from '../../src/upgrade/imported.ts'
import type { Policy, Rules } from '../../src/upgrade/policy.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { FAILURE } from '../../src/upgrade/status.ts'
import { addHistory, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { all, asKept, first, historyIn, keptBySource, OLD, older, runWith } from '../support/history.ts'
import { approve, go, passed, planRun, type Run, type RunOptions, sign, walk } from '../support/run.ts'

const ALL_BACK = /[Aa]ll (of them )?comes? back/

/** What a person reads of it. */
function pageOf({ plan, journal }: Run, facts: Facts): string {
  return markdownOf(reportOf(facts, { gates: gateStates(plan, journal), outcome: [] }, 0))
}

/** The next command, which fails: as a process notes it. */
async function failing({ context, journal }: Run, run: Promise<unknown>): Promise<string> {
  const { message } = (await failureOf(run)) as Error
  journal.events.append('note', FAILURE, { what: message, next: null, exit: 4 })
  expect(isDone(context.journal, { name: 'final-pass' })).toBe(true)
  return message
}

function policy(rules: Rules): Policy {
  return { file: 'policy.json', digest: 'd', timeZone: 'UTC', environment: 'sandbox', rules }
}

describe('the verdict of a run', () => {
  it('is "may" at the gate of the deletion, when all of it is made', async () => {
    const run = await planRun(openBench())
    await go(run)
    expect((await runFacts(run.context)).verdict.may).toBe('not-yet')
    await walk(run, 'delete-schema')
    const { verdict, history, evidence } = await runFacts(run.context)
    expect(verdict).toMatchObject({ may: 'may', accepts: [] })
    expect([history, evidence.coverage.carried, evidence.preflight]).toEqual([null, 0, true])
  })

  it('is "not yet" where the tenant has just refused the new schema, with what it said', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    bench.between(async (request, sandbox) =>
      request.method === 'POST' && request.url.endsWith('/interactionschemas')
        ? Response.json({ message: 'Schema is not valid' }, { status: 400 })
        : sandbox(request),
    )
    const what = await failing(run, go(run))
    const { verdict, evidence } = await runFacts(run.context)
    expect(evidence.preflight).toBeNull()
    expect(verdict.may).toBe('not-yet')
    expect(verdict.sentence).toContain('has not passed its trial')
    expect(verdict.because).toContain(`The last command failed: ${what}`)
  })

  it('is "not yet" while a history of the source is not merged, and the loss is known all the same', async () => {
    const bench = openBench()
    const run = await runWith(bench, asKept(all(bench).slice(10)), 'only')
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    const freeSpace = async () => (isDone(run.journal, { name: 'final-pass' }) ? 1 : 1e12)
    const what = await failing(run, go({ ...run, context: { ...run.context, freeSpace } }))
    const { verdict, history } = await runFacts(run.context)
    expect(verdict.may).toBe('not-yet')
    expect(verdict.sentence).toContain('not merged yet')
    expect(verdict.because).toContain(`The last command failed: ${what}`)
    expect(history).toMatchObject({ compared: { onlyInEngage: 10 }, merged: null })
    expect(verdict.accepts.join()).toContain('10 so far. They do not come back.')
  })

  it.each<readonly [string, Rules, RunOptions, string]>([
    ['an unsure coverage', { coverage: 'sure' }, { contacts: [] }, 'known that the contact list'],
    ['a hot plan', { finalPass: 'full' }, { finalPass: 'hot', hotSample: 1 }, 'does not read every contact'],
    ['more refusals than may be', { mostRefused: 1 }, {}, 'refuses 2 interactions'],
    ['a trial that can not be made', { preflight: 'proven' }, {}, 'has not accepted the new schema on trial'],
  ])(
    'is "must not" at the base pass already where the policy forbids %s',
    async (_, rules, options, words) => {
      const bench = openBench()
      for (const rating of ['good', 'bad']) addHistory(bench, first(bench.contacts), { rating }, OLD)
      const many = rules.preflight === undefined ? 0 : 14
      for (let number = 0; number < many; number += 1)
        await bench.writer.createSchema({ ...bench.schema, id: `other${number}` })
      const run = await planRun(bench, {
        ...options,
        ...(options.contacts && { contacts: bench.contacts.slice(1) }),
        people: { policy: policy(rules) },
      })
      await go(run)
      const { verdict } = await runFacts(run.context)
      expect(verdict.may).toBe('must-not')
      expect(verdict.because).toEqual([expect.stringContaining(words)])
    },
  )

  it('is "must not" where more would be given up than may be, by what was compared', async () => {
    const bench = openBench()
    const source = await keptBySource(bench, asKept(all(bench).slice(4)))
    const history = historyIn(source, 'only')
    const run = await planRun(bench, { history, people: { policy: policy({ mostLost: 3 }) } })
    await go(run)
    const { verdict } = await runFacts(run.context)
    expect([verdict.may, verdict.because]).toEqual([
      'must-not',
      [expect.stringContaining('4 interactions would not come back')],
    ])
  })
})

describe('with a history of the source', () => {
  it('instead of what Engage holds, what only Engage holds is lost: provisional after the base pass, final after the merge', async () => {
    const bench = openBench()
    const held = all(bench)
    const run = await runWith(bench, [...asKept(held.slice(10)), older(first(bench.contacts))], 'only')
    await go(run)
    const dry = await runFacts(run.context)
    expect(dry.notBack).toMatchObject([{ count: 10, today: true, provisional: true }])
    expect(dry.verdict.may).toBe('not-yet')
    const said = pageOf(run, dry)
    expect(said).not.toMatch(ALL_BACK)
    expect(said).toMatch(/\*\*10\*\* will not come back, for 1 reason, as far as is known/)
    expect(said).toContain('provisional')
    expect(said).toContain('the source system has kept is imported instead')
    expect(said).not.toContain('imported again from it')

    await walk(run, 'delete-schema')
    const facts = await runFacts(run.context)
    const merged = mergeResult(run.context)
    expect(facts.notBack).toMatchObject([{ count: 10, today: true, provisional: false }])
    expect(facts.history).toMatchObject({
      mode: 'only',
      compared: { both: held.length - 10, onlyInEngage: 10, onlyInSource: 1, unknown: 0 },
      merged: { interactions: held.length - 9, manifestDigest: merged.manifestDigest },
    })
    const page = pageOf(run, facts)
    expect(page).not.toMatch(ALL_BACK)
    expect(page).not.toContain('provisional')
    expect(page).toContain(merged.manifestDigest)
    expect(facts.strategies?.why).toEqual(['10 interactions would not come back in place.'])
    expect(facts.verdict.may).toBe('may')
    expect(facts.verdict.accepts[1]).toMatch(/^Advised here is a second schema in parallel.* 10 interactions/)
    expect(page).toContain('Producers stand still, plus the time to read and sign')
    sign(run, 'delete-schema', { acceptLoss: 10 })
    const gate = gateStates(run.plan, run.journal).find(({ name }) => name === 'delete-schema')
    expect(gate?.signatures).toMatchObject([{ on: { imported: merged.manifestDigest } }])
  })

  it('besides what Engage holds, what is refused is told by the side that it comes from', async () => {
    const bench = openBench()
    const [one, two] = bench.contacts as [string, string]
    addHistory(bench, one, { productSku: 'A', rating: 'good' }, OLD)
    // The source took a word for a rating.
    const properties = { rating: { type: 'string', displayName: 'Rating' } }
    const theirs: InteractionSchema = { ...bench.schema, jsonSchema: { type: 'object', properties } }
    const kept = ['2018-01-01T00:00:00Z', '2018-01-02T00:00:00Z', '2018-01-03T00:00:00Z'].map(
      (createdDate) => ({
        ...{ contactId: two, createdDate, payload: { rating: 'bad' } },
      }),
    )
    const source = await keptBySource(bench, kept, { schema: theirs })
    const run = await planRun(bench, { history: historyIn(source), settings: { refusedAtMost: 0 } })
    await go(run)
    const dry = await runFacts(run.context)
    expect(dry.notBack).toMatchObject([{ count: 1, today: true, provisional: true }])
    await walk(run, 'delete-schema')
    const facts = await runFacts(run.context)
    expect(mergeResult(run.context).tally.refusable).toBe(4)
    expect(facts.history?.merged?.refused).toEqual({ engage: 1, source: 3 })
    expect(facts.notBack).toMatchObject([
      { title: 'Interactions that the new schema refuses', count: 1, today: true },
      { title: 'Interactions of the source that the new schema refuses', count: 3, today: false },
    ])
    expect(facts.profile.refused.interactions).toBe(1)
    const asks = run.journal.events.latest('delete-schema', 'opened')?.detail as
      | { asks: string[] }
      | undefined
    expect(asks?.asks.filter((line) => line.includes('will refuse'))).toEqual([
      expect.stringMatching(/refuse 1 of the interactions: they will not come back/),
      expect.stringMatching(/refuse 3 of the interactions that only the history of the source has/),
    ])
    const page = pageOf(run, facts)
    expect(JSON.stringify(facts)).not.toContain(source)
    expect(page).toContain('**1** will not come back, for 1 reason')
    expect(page).toContain('Engage will refuse 1 interaction;')
    expect(page).toContain('In Engage and in the history of the source: 0')
    expect(page).toContain('Only in the history of the source: 3')
  })
})

describe('what will not come back', () => {
  it('of what the new schema refuses is one number, in the pass and in the profile', async () => {
    const bench = openBench()
    for (const rating of ['a', 'b', 'c']) addHistory(bench, first(bench.contacts), { rating }, OLD)
    const run = await planRun(bench, { settings: { refusedAtMost: 100 } })
    await walk(run, 'delete-schema')
    const { profile, notBack, strategies } = await runFacts(run.context)
    expect(passed(run, 'final-pass').tally.refusable).toBe(3)
    expect([profile.refused.interactions, notBack[0]?.count]).toEqual([3, 3])
    // A second schema would refuse them as well.
    expect([profile.interactions < 300, strategies?.advised]).toEqual([true, 'in-place'])
  })

  it('is a property that no schema names; one that the new schema names comes back', async () => {
    const payload = { productSku: 'X', rating: 5, channel: 'web', till: 7 }
    const facts = async (name: string): Promise<readonly [Facts, string]> => {
      const bench = openBench()
      addHistory(bench, first(bench.contacts), payload, OLD)
      const run = await planRun(bench, {
        derive: (live) => {
          const { properties } = live.jsonSchema
          const more = Object.assign({}, properties, {
            [name]: { type: 'string', displayName: name },
            till: { type: 'integer', displayName: 'Till' },
          })
          return makeSegmentable(
            { ...live, jsonSchema: { ...live.jsonSchema, properties: more } },
            Object.keys(properties).slice(0, 1),
          )
        },
      })
      await walk(run, 'delete-schema')
      const known = await runFacts(run.context)
      return [known, pageOf(run, known)]
    }
    const [named, namedPage] = await facts('channel')
    expect([named.profile.unnamed, named.verdict.accepts]).toEqual([[], []])
    expect(namedPage).toMatch(ALL_BACK)
    const [unnamed, page] = await facts('other')
    expect(unnamed.profile.unnamed).toEqual([{ name: 'channel', count: 1, before: false }])
    expect(unnamed.verdict.accepts).toEqual([expect.stringContaining('1 interaction has channel')])
    expect(page).not.toMatch(ALL_BACK)
    expect(page).not.toMatch(/\*\*Nothing|Nothing is lost/)
    expect(page).toContain('**1** interaction has a property')
  })

  it('counts contacts that were deleted meanwhile as contacts', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    const { contactId } = first(
      all(bench).filter((one, at, every) => every[at + 1]?.contactId === one.contactId),
    )
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: contactId, at: bench.clock.now() })
    await walk(run, 'delete-schema')
    const facts = await runFacts(run.context)
    expect(facts.notBack).toMatchObject([
      { title: expect.stringMatching(/^Contacts that were deleted/), count: 1, today: false },
    ])
    const page = pageOf(run, facts)
    expect(page).toContain('Nothing of what Engage holds today.')
    expect(page).not.toContain('Nothing: all comes back.')
  })
})

describe('a hot final pass', () => {
  it('is told ahead before it is made, and then by how many contacts it has read', async () => {
    const bench = openBench()
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 1 })
    await go(run)
    const dry = await runFacts(run.context)
    expect(dry.verdict.accepts).toEqual([expect.stringMatching(/^Not every contact will be read once more/)])
    await walk(run, 'delete-schema')
    const facts = await runFacts(run.context)
    const { carried } = facts.evidence.coverage
    const calls = facts.time.phases.find(({ name }) => name.startsWith('Final pass'))?.calls ?? 0
    expect(carried).toBeGreaterThan(0)
    expect(bench.contacts.length - Number(carried)).toBeLessThanOrEqual(calls + 1)
    expect(facts.verdict.accepts).toEqual([expect.stringMatching(/^Not every contact was read once more/)])
    const page = pageOf(run, facts)
    expect(page).toContain(
      `${bench.contacts.length - Number(carried)} were read once more, ${carried} were taken over`,
    )
    expect(page).not.toContain('Nothing: all comes back.')
  })
})

describe('the digest', () => {
  it('is the same wherever the data folder is, and whatever the tenant does meanwhile', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    const digest = async ({ context }: Run) =>
      reportOf(await runFacts(context), { gates: [], outcome: [] }, 0).digest
    const here = await runFacts(run.context)
    expect(JSON.stringify(here)).not.toContain(run.folder)
    const before = await digest(run)
    produce(bench, first(bench.contacts))
    const snapshots = await temporaryFolder()
    cpSync(run.context.snapshots, snapshots, { recursive: true })
    rmSync(run.context.snapshots, { recursive: true })
    expect(await digest({ ...run, context: { ...run.context, snapshots } })).toBe(before)
  })
})
