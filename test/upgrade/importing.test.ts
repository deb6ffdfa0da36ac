/** An import that fails, is gone on with, and is killed where it hurts most. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readById, webPage } from '../support/answers.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { approve, go, killedAt, planRun, verification } from '../support/run.ts'

describe('an import that goes on after a failure', () => {
  it('leaves rejected.ndjson when too many are refused, and tries them again the next time', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    // The canary passes, all others don't.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', skip: 1, times: 'always', message: 'not now' }])
    expect(await failureOf(go(run))).toMatchObject({
      name: 'OperatorError',
      exit: 1,
      next: expect.stringContaining('rejected.ndjson'),
    })
    const { rejected } = run.journal.items('import').counts()
    expect(rejected).toBeGreaterThanOrEqual(5)
    const file = join(run.folder, 'rejected.ndjson')
    expect(existsSync(file)).toBe(true)
    expect(linesOf(file).map(({ reason }) => reason)).toEqual(Array(rejected).fill('400: not now'))
    bench.sandbox.setFaults([])
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ rejected: 0, found: history.length })
    expect(linesOf(file)).toEqual([])
  })

  it.each([400, 404])(
    'takes a web page for a POST (%i) as the end of the run, not as a refusal',
    async (status) => {
      const bench = openBench()
      const history = held(bench)
      const run = await planRun(bench)
      await approve(run)
      bench.between(async (request, sandbox) =>
        isPost(request) && bench.posts() > 0 ? webPage(status) : sandbox(request),
      )
      expect(await failureOf(go(run))).toMatchObject({ name: 'EngageError', kind: 'not-the-api', status })
      expect(run.journal.items('import').counts().rejected).toBe(0)
      bench.between(undefined)
      expect(await go(run)).toEqual({ state: 'done' })
      expect(held(bench)).toEqual(history)
      expect(bench.posts()).toBe(history.length)
    },
  )
})

describe('a run killed while what a read-back missed is posted again', () => {
  it.each([
    ['before anything is made doubtful', 'ask', 1],
    ['when some of it is doubtful', 'ask', 3],
    ['at the first post', 'post', 1],
    ['at the third post', 'post', 3],
  ] as const)('%s ends with everything once', async (_when, what, nth) => {
    const bench = openBench({ lag: 3_000 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let taken = 0
    let seen = 0
    const dead = await killedAt(run, (request) => {
      if (bench.posts() === history.length && taken === 0 && request.method === 'GET') {
        // As soon as all is imported, and once: four of them vanish.
        for (const { id } of [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)].slice(-4)) {
          bench.sandbox.tenant.apply({ type: 'interaction-deleted', id })
          taken += 1
        }
      }
      if (taken > 0 && (what === 'ask' ? readById(request) !== undefined : isPost(request))) seen += 1
      return seen === nth
    })
    expect(taken).toBe(4)
    expect(held(bench).length).toBeLessThan(history.length)
    expect(await go(dead)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length + 4)
    expect(verification(dead)).toMatchObject({ found: history.length, missing: 0, extra: 0, live: 0 })
  })
})
