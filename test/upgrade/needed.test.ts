/** Which snapshots a run needs: asked of real runs, on their way through an upgrade. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { snapshotsNamed, whyNeeded } from '../../src/upgrade/needed.ts'
import { openBench, RATING } from '../support/bench.ts'
import { go, passed, planRun, type Run, walk } from '../support/run.ts'

function needs({ journal, plan }: Run) {
  return { why: whyNeeded(journal, plan.schemaId), named: [...new Set(snapshotsNamed(journal))] }
}

test('A run needs what it has read until its history is back', async () => {
  const run = await planRun(openBench())
  await walk(run, 'automations-paused')
  const base = passed(run, 'base-pass').snapshot
  expect(needs(run)).toEqual({ why: 'has not ended', named: [base] })

  await walk(run, 'delete-schema')
  const final = passed(run, 'final-pass').snapshot
  expect(needs(run)).toEqual({ why: 'has not ended', named: [base, final] })
  expect(readdirSync(run.context.snapshots).sort()).toEqual([base, final].sort())

  await walk(run)
  expect(needs(run)).toEqual({ why: undefined, named: [base, final] })
})

test('A run that is interrupted in a pass needs the folder that it writes into', async () => {
  const bench = openBench()
  const run = await planRun(bench)
  let asked = 0
  bench.between(async (request, sandbox) => {
    if (request.url.includes(RATING) && request.url.includes('contactId') && ++asked > 15)
      throw new Error('the wire is cut')
    return sandbox(request)
  })
  await expect(go(run)).rejects.toThrow('the wire is cut')
  expect(needs(run)).toEqual({ why: 'has not ended', named: readdirSync(run.context.snapshots) })
})

test('A run that was refused something needs what can be tried once more', async () => {
  const bench = openBench()
  const run = await planRun(bench)
  await walk(run, 'delete-schema')
  const POSTS = { method: 'POST', path: '/interactions$' }
  bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 2, skip: 9, message: 'no' }])
  await walk(run)
  expect(needs(run)).toEqual({
    why: 'can try once more what it was refused',
    named: [passed(run, 'base-pass').snapshot, passed(run, 'final-pass').snapshot],
  })
})
