/** An upgrade, and a restore that posts to its schema before it deletes it. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertNotRestored, voidWhereRestored } from '../../src/commands/overtaking.ts'
import { assertLatestRun } from '../../src/commands/runs.ts'
import { readConfig } from '../../src/config.ts'
import { type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { backedUp, restoreRun } from '../support/restore.ts'
import {
  go,
  openRun,
  passed,
  planFor,
  type Run,
  type RunOptions,
  sign,
  verification,
  walk,
} from '../support/run.ts'

interface Stage {
  readonly bench: Bench
  readonly data: string
  readonly upgrade: Run
  /** What the tenant held before a contact lost all it had. */
  readonly history: readonly string[]
  readonly source: string
}

/** An upgrade of a tenant that has lost interactions; where it is begun is up to the test. */
async function staged(options: RunOptions = {}): Promise<Stage> {
  const bench = openBench()
  const data = await temporaryFolder()
  const history = held(bench)
  const source = await backedUp(bench)
  const all = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
  const [emptied = ''] = all.map(({ contactId }) => contactId)
  for (const { id, contactId } of all)
    if (contactId === emptied) bench.sandbox.tenant.apply({ type: 'interaction-deleted', id })
  const plan = await planFor(bench, data, options)
  const upgrade = openRun(bench, plan, join(data, 'runs', plan.run), options)
  return { bench, data, upgrade, history, source }
}

/** Restores to the end. @returns the run's id */
async function restored({ bench, data, source, upgrade }: Stage): Promise<string> {
  await bench.clock.advance(1_000)
  const run = await restoreRun(bench, source, { data })
  await walk(run)
  await bench.clock.advance(1_000)
  expect(run.plan.schemaId).toBe(upgrade.plan.schemaId)
  return run.plan.run
}

function takeUp({ data, upgrade, bench }: Stage): void {
  voidWhereRestored(upgrade.context, readConfig({ data }, {}, false), { clock: bench.clock })
}

function gateAfter(stage: Stage): Promise<unknown> {
  takeUp(stage)
  return go(stage.upgrade)
}

describe('An upgrade that has not deleted yet', () => {
  it('reads everybody again where something was restored since its final pass, and deletes nothing unseen', async () => {
    const stage = await staged()
    const { bench, upgrade, history } = stage
    await walk(upgrade, 'delete-schema')
    const run = await restored(stage)
    sign(upgrade, 'delete-schema')
    expect(await gateAfter(stage)).toMatchObject({
      gate: 'producers-stopped',
      request: { asks: expect.arrayContaining([expect.stringContaining(run)]) },
    })
    sign(upgrade, 'producers-stopped')
    expect(await gateAfter(stage)).toMatchObject({ gate: 'delete-schema' })
    await walk(upgrade)
    expect(held(bench)).toEqual(history)
    expect(verification(upgrade)).toMatchObject({ expected: history.length, missing: 0 })
  })

  it('begins a final pass anew that was under way', async () => {
    const stage = await staged()
    const { upgrade, history } = stage
    await walk(upgrade, 'producers-stopped')
    sign(upgrade, 'producers-stopped')
    const stop = new AbortController()
    const progress: Run['context']['progress'] = ({ done }) => {
      if (done === 15) stop.abort()
    }
    const context = { ...upgrade.context, progress, stop: stop.signal }
    expect(await failureOf(go({ ...upgrade, context }))).toMatchObject({ name: 'Interrupted' })
    await restored(stage)
    takeUp(stage)
    await walk(upgrade, 'delete-schema')
    expect(passed(upgrade, 'final-pass').interactions).toBe(history.length)
  })

  it('does not pass over a contact that had nothing, in a hot pass', async () => {
    const stage = await staged({ finalPass: 'hot', hotSample: 0 })
    const { upgrade, history } = stage
    await walk(upgrade, 'automations-paused')
    await restored(stage)
    takeUp(stage)
    await walk(upgrade, 'delete-schema')
    expect(passed(upgrade, 'final-pass').interactions).toBe(history.length)
  })

  it('is let alone where another tenant’s schema of the same id was restored', async () => {
    const stage = await staged()
    const { bench, data, source, upgrade } = stage
    await walk(upgrade, 'delete-schema')
    await bench.clock.advance(1_000)
    await walk(await restoreRun(bench, source, { data, tenant: 'another', otherTenant: true }))
    expect(await gateAfter(stage)).toMatchObject({ gate: 'delete-schema' })
  })

  it('is let alone where nothing was posted, or before it has read what counts', async () => {
    const stage = await staged()
    const { upgrade } = stage
    await walk(upgrade, 'automations-paused')
    await restored(stage)
    takeUp(stage)
    await walk(upgrade, 'delete-schema')
    await restored(stage)
    expect(await gateAfter(stage)).toMatchObject({ gate: 'delete-schema' })
  })
})

describe('An upgrade that has ended', () => {
  it('does not try once more what a restore may have brought in; and it ends what can be said of that one', async () => {
    const stage = await staged()
    const { bench, data, upgrade } = stage
    const config = readConfig({ data }, {}, false)
    const early = await restoreRun(bench, stage.source, { data })
    await bench.clock.advance(1_000)
    await walk(upgrade)
    const retry = async (): Promise<void> =>
      assertNotRestored(upgrade.context, config, { clock: bench.clock })
    await retry()
    // What an upgrade has deleted is not looked for any more.
    const later = async (): Promise<void> =>
      assertLatestRun(config, early.plan, early.journal, { clock: bench.clock })
    expect(await failureOf(later())).toMatchObject({
      exit: 4,
      message: expect.stringContaining(upgrade.plan.run),
    })
    await bench.clock.advance(1_000)
    const next = await restoreRun(bench, stage.source, { data })
    assertLatestRun(config, next.plan, next.journal, { clock: bench.clock })
    const late = await restored(stage)
    expect(await failureOf(retry())).toMatchObject({ exit: 4, message: expect.stringContaining(late) })
  })
})
