/** The schema comes back: refusals, and a deleted schema that is there again. */
import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { mayHaveDeleted } from '../../src/upgrade/history.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { isCreation, json } from '../support/answers.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, planRun, type Run, sign, verification } from '../support/run.ts'

function isDeleted({ journal }: Run): boolean {
  return isDone(journal, { name: 'deletion' })
}

function isCreated({ bench }: Run): boolean {
  return bench.sandbox.tenant.schema(bench.schema.id) !== undefined
}

describe('the recreation', () => {
  it('refused with 500 says the server’s own words and offers the way back', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) =>
      isCreation(request) ? json(500, { message: 'sortOrder is out of range' }) : sandbox(request),
    )
    expect(await failureOf(go(run))).toMatchObject({
      name: 'OperatorError',
      exit: 1,
      message: expect.stringContaining('sortOrder is out of range'),
      safe: expect.stringContaining('nothing is lost'),
      next: expect.stringContaining(`--roll-back ${run.plan.run}`),
    })
    bench.between(undefined)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it.each([
    ['before it is tried', (request: Request) => /interactionschemas\/[^/]+$/.test(request.url)],
    ['in the very moment', isCreation],
  ])(
    'whose place was taken %s says by whom, keeps everything, and goes on when there is room',
    async (_when, at) => {
      const bench = openBench()
      const history = held(bench)
      const { tenant } = bench.sandbox
      const run = await planRun(bench)
      await approve(run)
      const taken: string[] = []
      bench.between(async (request, sandbox) => {
        if (taken.length === 0 && isDone(run.journal, { name: 'deletion' }) && at(request)) {
          while (tenant.schemas().length < 15) {
            const id = `somebody-elses-${taken.length}`
            tenant.apply({ type: 'schema-created', schema: { ...bench.schema, id }, visibleAt: 0 })
            taken.push(id)
          }
        }
        return sandbox(request)
      })
      expect(await failureOf(go(run))).toMatchObject({
        exit: 4,
        message: expect.stringContaining(`Created since the deletion: ${taken.join(', ')}.`),
        safe: expect.stringContaining('nothing is lost'),
      })
      expect(bench.posts()).toBe(0)
      expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
      tenant.apply({ type: 'schema-deleted', id: taken[0] ?? '' })
      expect(await go(run)).toEqual({ state: 'done' })
      expect(held(bench)).toEqual(history)
    },
  )

  it.each([
    ['before it is tried', isDeleted],
    ['once it was created', isCreated],
  ])(
    'waits while the deleted schema is shown %s: it is neither back nor what was created',
    async (_when, from) => {
      const bench = openBench({ schemaGoneLag: 15_000, schemaLag: 1_000 })
      const history = held(bench)
      const run = await planRun(bench)
      await approve(run)
      // As if another server answered until then.
      const { sandbox } = bench
      bench.between(async (request, send) => {
        if (
          !mayHaveDeleted(run.journal) ||
          request.method !== 'GET' ||
          !request.url.endsWith(`/${bench.schema.id}`)
        )
          return send(request)
        return from(run) ? send(request) : json(404, { message: 'not found' })
      })
      expect(await go(run)).toEqual({ state: 'done' })
      expect(sandbox.tenant.schema(bench.schema.id)?.schema).toEqual(run.plan.after)
      expect(held(bench)).toEqual(history)
      expect(run.journal.events.all().filter(({ kind }) => kind === 'withdrawn')).toEqual([])
    },
  )

  it.each(['with its interactions', 'empty'])(
    'that finds the deleted schema there again as it was (%s) has its deletion signed once more',
    async (how) => {
      const bench = openBench()
      const history = held(bench)
      const records: readonly Interaction[] = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
      const run = await planRun(bench)
      await approve(run)
      let undone = false
      bench.between(async (request, sandbox) => {
        if (!undone && isDone(run.journal, { name: 'deletion' })) {
          undone = true
          const { tenant } = bench.sandbox
          tenant.apply({ type: 'schema-created', schema: bench.schema, visibleAt: 0 })
          if (how !== 'empty')
            for (const interaction of records)
              tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at: 0, visibleAt: 0 })
        }
        return sandbox(request)
      })
      expect(await failureOf(go(run))).toMatchObject({
        name: 'OperatorError',
        exit: 1,
        message: expect.stringContaining('there again'),
      })
      expect(bench.posts()).toBe(0)
      expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'delete-schema' })
      expect(bench.sandbox.tenant.schema(bench.schema.id)?.schema).toEqual(run.plan.before)
      sign(run, 'delete-schema')
      expect(await go(run)).toEqual({ state: 'done' })
      expect(bench.sandbox.tenant.schema(bench.schema.id)?.schema).toEqual(run.plan.after)
      expect(held(bench)).toEqual(history)
      expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0 })
    },
  )
})
