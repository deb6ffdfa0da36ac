/** The schema comes back: refusals, and a deleted schema that is there again. */
import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { isCreation, json } from '../support/answers.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, planRun, sign, verification } from '../support/run.ts'

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
