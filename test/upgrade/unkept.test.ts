/** What the tenant accepts and never keeps, and what it never answers clearly: named, and the run ends. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import { FORTH, MENDING_ROUNDS, roundCursor } from '../../src/upgrade/lot.ts'
import { retryRefused } from '../../src/upgrade/reopening.ts'
import { listed } from '../support/answers.ts'
import { addHistory, type Bench, type Between, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { approve, go, planRun, type Run, verification, walk } from '../support/run.ts'

interface Stage {
  readonly bench: Bench
  readonly run: Run
  readonly history: readonly string[]
}

/** So many interactions among the others meet with it each time. */
async function prepare(kind: FaultRule['kind'], count: number): Promise<Stage> {
  const bench = openBench()
  const sound = held(bench)
  const contactId = bench.contacts[2] ?? ''
  for (let at = 0; at < count; at++)
    addHistory(bench, contactId, { productSku: `POISON${at}` }, `2024-05-05T05:05:0${at}.005Z`)
  const run = await planRun(bench)
  await approve(run)
  bench.sandbox.setFaults([{ ...POSTS, kind, body: 'POISON', times: 'always' }])
  return { bench, run, history: sound }
}

/** Listings leave out what has this in its payload. */
function hiding(text: string): Between {
  return async (request, sandbox) => {
    const response = await sandbox(request)
    if (listed(request) === undefined) return response
    const body = (await response.json()) as { readonly items?: readonly object[] }
    const items = body.items?.filter((item) => !JSON.stringify(item).includes(text))
    return Response.json({ ...body, ...(items === undefined ? {} : { items }) }, { status: response.status })
  }
}

function refused(run: Run): readonly unknown[] {
  return linesOf(join(run.folder, 'rejected.ndjson')).map(({ reason }) => reason)
}

describe('what is accepted and never kept', () => {
  it('is refused by name when the mending is over, and the figures are right', async () => {
    const { bench, run, history } = await prepare('not-kept', 1)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(refused(run)).toEqual(['Engage accepted it 3 times and does not keep it'])
    expect(verification(run)).toMatchObject({
      expected: history.length,
      found: history.length,
      missing: 0,
      rejected: 1,
    })
    expect(linesOf(join(run.folder, 'differences.ndjson'))).toEqual([])
    expect(held(bench)).toEqual(history)
  })

  it('is missing where it is a part of the whole: nothing is refused for it', async () => {
    const { run, history } = await prepare('not-kept', 6)
    expect(await failureOf(go(run))).toMatchObject({ exit: 5, message: expect.stringContaining('6 inter') })
    expect(run.journal.items('import').counts()).toMatchObject({
      confirmed: history.length + 6,
      rejected: 0,
    })
  })

  it('is missing, and not refused, while the tenant shows it by its id', async () => {
    const { bench, run, history } = await prepare('not-kept', 1)
    // The third is kept, but no listing has it yet.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'not-kept', body: 'POISON', times: 2 }])
    bench.between(hiding('POISON'))
    expect(await failureOf(go(run))).toMatchObject({ exit: 5 })
    expect(run.journal.items('import').counts()).toMatchObject({ rejected: 0 })
    bench.between(undefined)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toHaveLength(history.length + 1)
  })

  it('is missing, and not refused, where it was kept until somebody deleted it', async () => {
    const { bench, run, history } = await prepare('not-kept', 1)
    bench.sandbox.setFaults([])
    const hide = hiding('POISON')
    bench.between(async (request, sandbox) => {
      const kept = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)].find(
        ({ payload }) => payload['productSku'] === 'POISON0',
      )
      const isLast = (run.journal.cursor(roundCursor(FORTH)) ?? 0) >= MENDING_ROUNDS
      if (kept !== undefined && isLast)
        bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: kept.id })
      return hide(request, sandbox)
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 5 })
    expect(run.journal.items('import').counts()).toMatchObject({ rejected: 0 })
    bench.between(undefined)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toHaveLength(history.length + 1)
  })

  it('is refused once, also where the process dies right after', async () => {
    const { run, history } = await prepare('not-kept', 1)
    const say = (text: string): void => {
      if (text.includes('are not kept')) throw new Error('died')
    }
    expect(await failureOf(go({ ...run, context: { ...run.context, say } }))).toMatchObject({
      message: 'died',
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(refused(run)).toEqual(['Engage accepted it 3 times and does not keep it'])
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, rejected: 1 })
  })
})

describe('what never got a clear answer, once it has been refused', () => {
  it('is adopted by the read-back where it has landed after all', async () => {
    const { bench, run, history } = await prepare('500', 1)
    const landing = (): boolean => run.journal.items('import').counts().rejected > 0
    let landed = false
    bench.between(async (request, sandbox) => {
      if (!landed && landing()) {
        landed = true
        addHistory(bench, bench.contacts[2] ?? '', { productSku: 'POISON0' }, '2024-05-05T05:05:00.005Z')
      }
      return sandbox(request)
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(landed).toBe(true)
    expect(refused(run)).toEqual([])
    expect(verification(run)).toMatchObject({
      found: history.length + 1,
      missing: 0,
      rejected: 0,
      foreign: 0,
    })
  })

  it('is asked about before it is tried once more', async () => {
    const { bench, run, history } = await prepare('500', 1)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(refused(run)).toEqual([expect.stringContaining('no clear answer to 5 attempts')])
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, rejected: 1 })
    bench.sandbox.setFaults([])
    await retryRefused(run.context, FORTH)
    const order: string[] = []
    bench.between(async (request, sandbox) => {
      if (listed(request) === bench.contacts[2]) order.push('asked')
      if (isPost(request)) order.push('posted')
      return sandbox(request)
    })
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(order.slice(0, 2)).toEqual(['asked', 'posted'])
    expect(order.filter((each) => each === 'posted')).toHaveLength(1)
    expect(refused(run)).toEqual([])
    expect(held(bench)).toHaveLength(history.length + 1)
  })
})
