/** The two passes: what they count, what they survive, and what they never take for a contact that is gone. */
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import type { GateRequest } from '../../src/upgrade/strategy.ts'
import { json, listed, webPage } from '../support/answers.ts'
import { type Bench, held, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, killedAt, passed, planRun, type Run, sign, walk } from '../support/run.ts'

/** @returns what the gate that the run waits at asks */
async function asked(run: Run): Promise<GateRequest> {
  const outcome = await go(run)
  if (outcome.state !== 'waiting') throw new Error(`the run is ${outcome.state}`)
  return outcome.request
}

function withHistory({ sandbox, schema, contacts }: Bench): readonly string[] {
  return contacts.filter((id) => [...sandbox.tenant.interactionsOf(schema.id, id)].length > 0)
}

describe('a pass', () => {
  it('goes on in the compression that it was begun in, whatever is set by then', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    const from = new Set<string>()
    const dead = await killedAt(run, (request) => {
      const contactId = listed(request)
      if (contactId !== undefined) from.add(contactId)
      return from.size === 25
    })
    const settings = { ...dead.context.settings, compression: 'zstd' } as const
    const resumed = { ...dead, context: { ...dead.context, settings } }
    await walk(resumed, 'automations-paused')
    const { folder } = passed(resumed, 'base-pass')
    expect(await proveSnapshot(folder)).toMatchObject({ ok: true })
    expect((await openSnapshot(folder)).manifest).toMatchObject({ compression: 'gzip' })
    expect(passed(resumed, 'base-pass').interactions).toBe(held(bench).length)
  })

  it.each([
    ['base-pass', 'taken away'],
    ['base-pass', 'made anew'],
    ['final-pass', 'taken away'],
    ['final-pass', 'made anew'],
  ] as const)('(%s) under which the schema is %s leaves no snapshot', async (name, what) => {
    const bench = openBench()
    const run = await planRun(bench)
    if (name === 'final-pass') {
      await walk(run, 'producers-stopped')
      sign(run, 'producers-stopped')
    }
    const { tenant } = bench.sandbox
    let read = 0
    bench.between(async (request, sandbox) => {
      if (listed(request) !== undefined) read += 1
      if (read === 15) {
        tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
        if (what === 'made anew')
          tenant.apply({
            type: 'schema-created',
            schema: { ...run.plan.after, displayName: 'x' },
            visibleAt: 0,
          })
      }
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(what === 'made anew' ? 'has changed' : 'is not in test any more'),
    })
    expect(read).toBeGreaterThanOrEqual(15)
    expect(isDone(run.journal, { name })).toBe(false)
    const manifests = readdirSync(run.context.snapshots, { recursive: true }).filter((each) =>
      String(each).endsWith('manifest.json'),
    )
    expect(manifests).toHaveLength(name === 'base-pass' ? 0 : 1)
  })

  it('leaves a snapshot that is found again where the data folder was moved', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const moved = join(run.folder, 'moved')
    renameSync(run.context.snapshots, moved)
    expect(await go({ ...run, context: { ...run.context, snapshots: moved } })).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it.each(['base-pass', 'final-pass'] as const)(
    'fails (%s) on a web page for a contact, and on a 404 for one that is still known',
    async (name) => {
      const bench = openBench()
      const run = await planRun(bench)
      if (name === 'final-pass') {
        await walk(run, 'producers-stopped')
        sign(run, 'producers-stopped')
      }
      const contactId = withHistory(bench)[0]
      for (const odd of [webPage(404), json(404, { message: `Contact '${contactId}' not found` })]) {
        bench.between(async (request, sandbox) =>
          listed(request) === contactId ? odd.clone() : sandbox(request),
        )
        expect(await failureOf(go(run))).toMatchObject({ name: 'EngageError', status: 404 })
        expect(run.journal.events.latest(name, 'finished')).toBeUndefined()
      }
      bench.between(undefined)
      expect(await go(run)).toMatchObject({ state: 'waiting' })
      expect(passed(run, name)).toMatchObject({ gone: 0, interactions: held(bench).length })
    },
  )
})

describe('the final pass', () => {
  it('does not take an arrival dated in the future for a producer that still writes', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    produce(bench, bench.contacts[0] ?? '', '2030-01-01T00:00:00.000Z')
    const history = held(bench)
    await walk(run)
    expect(passed(run, 'final-pass').tally).toMatchObject({ arrived: 1, late: 0 })
    expect(held(bench)).toEqual(history)
  })

  it('counts what the new schema will refuse, and the gate of the deletion says so', async () => {
    const bench = openBench()
    const planned = await planRun(bench)
    // No plan can be made so: the rule is one that the records break.
    const { after } = planned.plan
    const jsonSchema = { ...after.jsonSchema, required: ['productSku'] }
    const plan = { ...planned.plan, after: { ...after, jsonSchema } }
    const run = { ...planned, plan, context: { ...planned.context, plan } }
    await walk(run, 'delete-schema')
    const records = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
    const wrong = records.filter(({ payload }) => payload['productSku'] === undefined)
    expect(wrong.length).toBeGreaterThan(0)
    const { tally } = passed(run, 'final-pass')
    expect(tally.refusable).toBe(wrong.length)
    const text = (await asked(run)).asks.join('\n')
    expect(text).toContain(`Engage will refuse ${wrong.length} of the interactions`)
    expect(wrong.some(({ id }) => text.includes(id))).toBe(true)
  })

  it('names the contacts with history that were deleted since, and where their history is', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    for (const id of withHistory(bench).slice(0, 2))
      bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: bench.clock.now() })
    await walk(run, 'delete-schema')
    expect(passed(run, 'final-pass').tally).toMatchObject({ goneWithHistory: 2 })
    const { asks } = await asked(run)
    const at = asks.findIndex((line) => line.includes('deleted since the base pass: 2'))
    expect(asks[at + 1]).toBe(passed(run, 'base-pass').folder)
  })
})
