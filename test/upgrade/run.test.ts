import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { FORTH } from '../../src/upgrade/lot.ts'
import { retryRefused } from '../../src/upgrade/reopening.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { held, multiset, openBench, plant, produce, twinsIn } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { go, passed, planRun, schemaEffects, sign, verification, walk } from '../support/run.ts'

describe('an upgrade in place', () => {
  it('ends with the new schema and the whole history, exactly once', async () => {
    const bench = openBench({ lag: 3_000, schemaLag: 2_000 })
    const history = held(bench)
    expect(twinsIn(history)).toBeGreaterThan(0)
    const effects = schemaEffects(bench)
    const run = await planRun(bench, { canaryGate: true })
    expect(await walk(run)).toEqual([
      'automations-paused',
      'producers-stopped',
      'delete-schema',
      'canary-seen',
    ])
    expect(held(bench)).toEqual(history)
    const live = bench.sandbox.tenant.schema(bench.schema.id)?.schema
    expect(live).toEqual(run.plan.after)
    const segmentation = Object.values(live?.jsonSchema.properties ?? {}).map(
      (property) => property['addToSegmentation'],
    )
    expect(segmentation).toEqual(['true', 'true', undefined])
    expect(effects).toEqual([
      `POST ${bench.schema.id}-trial: done`,
      `DELETE ${bench.schema.id}-trial: done`,
      `DELETE ${bench.schema.id}: done`,
      `POST ${bench.schema.id}: done`,
    ])
    expect(bench.posts()).toBe(history.length)
    expect(verification(run)).toEqual({
      foreign: 0,
      expected: history.length,
      found: history.length,
      altered: 0,
      missing: 0,
      extra: 0,
      rejected: 0,
      live: 0,
    })
    expect(linesOf(join(run.folder, 'id-map.ndjson'))).toHaveLength(history.length)
    expect(readFileSync(join(run.folder, 'rejected.ndjson'), 'utf8')).toBe('')
    expect(await proveSnapshot(passed(run, 'final-pass').folder)).toMatchObject({ ok: true })
  })

  it('brings in what arrived between the passes, and leaves out what was deleted meanwhile', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    const [vanishing] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    const [first = '', second = ''] = bench.contacts
    produce(bench, first)
    produce(bench, second)
    await bench.writer.deleteInteraction(vanishing?.id ?? '')
    const history = held(bench)
    await bench.clock.advance(1_000)
    await walk(run)
    expect(held(bench)).toEqual(history)
    expect(passed(run, 'final-pass').tally).toMatchObject({ arrived: 2, vanished: 1, late: 0 })
  })

  it.each(['dotnet', 'seconds'] as const)(
    'against a server that keeps values its own way (%s) loses nothing unseen',
    async (keeps) => {
      const bench = openBench({ keeps })
      const history = held(bench)
      const run = await planRun(bench)
      const outcome = await walk(run).catch((error: unknown) => error)
      if (keeps === 'dotnet') {
        expect(outcome).toEqual(['automations-paused', 'producers-stopped', 'delete-schema'])
        expect(held(bench)).toEqual(history)
      } else {
        // createdDate loses what is finer than a second here: the canary or the read-back has to say so.
        expect(outcome).toMatchObject({ name: 'OperatorError' })
        expect(isDone(run.journal, { name: 'verification' })).toBe(false)
      }
    },
  )

  it('goes on from where it was, and does nothing twice, when run again at its end', async () => {
    const bench = openBench({ contacts: 10 })
    const run = await planRun(bench)
    await walk(run)
    const { requests } = bench.sandbox.stats()
    expect(await go(run)).toEqual({ state: 'done' })
    expect(bench.sandbox.stats().requests).toBe(requests)
  })

  it('is interrupted in the import and finished by the next', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    const stop = new AbortController()
    bench.between(async (request, sandbox) => {
      if (isPost(request) && bench.posts() === 20) stop.abort()
      return sandbox(request)
    })
    const stopped = { ...run, context: { ...run.context, stop: stop.signal } }
    expect(await failureOf(go(stopped))).toMatchObject({ name: 'Interrupted' })
    expect(bench.posts()).toBeLessThan(history.length)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
  })
})

describe('the read-back', () => {
  it('has an interaction that went missing after its import posted again', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    const ids = new Set<string>()
    bench.between(async (request, sandbox) => {
      // As soon as all is imported, and once: a twin and another are taken away behind the run's back.
      if (request.method === 'GET' && ids.size === 0 && bench.posts() === history.length) {
        const keyOf = canonicalForm(bench.schema)
        const byKey = Map.groupBy(
          bench.sandbox.tenant.interactionsOfSchema(bench.schema.id),
          (record) => `${record.contactId} ${keyOf(record)}`,
        )
        const twin = [...byKey.values()].find(({ length }) => length > 1)?.[0]
        const single = [...byKey.values()].find(({ length }) => length === 1)?.[0]
        for (const id of [twin?.id, single?.id]) if (id !== undefined) ids.add(id)
        for (const id of ids) bench.sandbox.tenant.apply({ type: 'interaction-deleted', id })
      }
      return sandbox(request)
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(ids.size).toBe(2)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length + 2)
    expect(verification(run)).toMatchObject({ missing: 0, extra: 0, found: history.length })
    const mapped = linesOf(join(run.folder, 'id-map.ndjson')).map(({ newId }) => String(newId))
    for (const id of mapped) expect(bench.sandbox.tenant.interaction(id)).toBeDefined()
  })

  it('refuses by name what the server accepts each time and never keeps; it can be tried again', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    // The server accepts whatever comes for one contact, and stores nothing of it.
    const contacts = Map.groupBy(
      bench.sandbox.tenant.interactionsOfSchema(bench.schema.id),
      (each) => each.contactId,
    )
    const [ignored = '', records = []] =
      [...contacts].find(([, { length }]) => length > 1 && length < 5) ?? []
    bench.between(async (request, sandbox) => {
      if (!isPost(request) || !(await request.clone().text()).includes(ignored)) return sandbox(request)
      const id = crypto.randomUUID()
      return Response.json({ id, self: {} }, { status: 200 })
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(verification(run)).toMatchObject({ rejected: records.length, missing: 0, extra: 0 })
    expect(linesOf(join(run.folder, 'differences.ndjson'))).toEqual([])
    const rejected = linesOf(join(run.folder, 'rejected.ndjson'))
    expect(rejected.map(({ record }) => (record as JsonObject)['contactId'])).toEqual(
      records.map(() => ignored),
    )
    expect(held(bench)).toHaveLength(history.length - records.length)
    bench.between(undefined)
    await retryRefused(run.context, FORTH)
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(held(bench)).toEqual(history)
  })

  it('names what is there too often with its id, and removes nothing', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    const total = held(bench).length
    let doubled: string | undefined
    bench.between(async (request, sandbox) => {
      if (request.method === 'GET' && doubled === undefined && bench.posts() === total) {
        const [record] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
        if (record === undefined) throw new Error('nothing there')
        doubled = '99999999-0000-4000-8000-000000000000'
        const interaction = { ...record, id: doubled }
        plant(bench, interaction)
      }
      return sandbox(request)
    })
    // It was posted once, so it is somebody else's: for the operator to look at.
    expect(await go(run)).toEqual({ state: 'done' })
    expect(verification(run)).toMatchObject({ missing: 0, extra: 0, foreign: 1 })
    expect(linesOf(join(run.folder, 'differences.ndjson'))).toMatchObject([{ extra: [], foreign: [doubled] }])
    expect(held(bench)).toHaveLength(total + 1)
  })

  it('leaves what arrived live since the schema came back alone', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench, { canaryGate: true })
    await walk(run, 'canary-seen')
    const [contact = ''] = bench.contacts
    const live = produce(bench, contact)
    sign(run, 'canary-seen')
    await walk(run)
    expect(verification(run)).toMatchObject({ found: history.length, live: 1, extra: 0, missing: 0 })
    expect(held(bench)).toEqual([...history, ...multiset(bench.schema, [live])].sort())
  })

  it('counts refused interactions apart, and leaves them in rejected.ndjson', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 2, skip: 9, message: 'no' }])
    expect(await go(run)).toEqual({ state: 'done' })
    expect(verification(run)).toMatchObject({ expected: history.length - 2, rejected: 2, missing: 0 })
    expect(linesOf(join(run.folder, 'rejected.ndjson'))).toHaveLength(2)
  })
})
