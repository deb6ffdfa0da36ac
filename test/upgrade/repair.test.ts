/** Orphans: what landed after it had been posted again is named, and deleted by its id; nothing else is. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import { FORTH } from '../../src/upgrade/lot.ts'
import { findOrphans, repairOrphans, type Survey } from '../../src/upgrade/repair.ts'
import { addHistory, type Bench, type BenchOptions, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { approve, go, planRun, type Run, verification } from '../support/run.ts'

const DELAY_S = 600

interface Stage {
  readonly bench: Bench
  readonly run: Run
  /** The tenant's multiset before anything was done. */
  readonly history: readonly string[]
}

/** A run that has ended, and `late` of whose POSTs land only then. */
async function ended(late: number, options: BenchOptions = {}): Promise<Stage> {
  const bench = openBench({ contacts: 8, interactions: 3, ...options })
  const history = held(bench)
  const run = await planRun(bench)
  await approve(run)
  bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', delay: DELAY_S, skip: 1, times: late }])
  expect(await go(run)).toEqual({ state: 'done' })
  expect(held(bench)).toEqual(history)
  await bench.clock.advance(DELAY_S * 1_000)
  expect(held(bench)).toHaveLength(history.length + late)
  bench.sandbox.setFaults([])
  return { bench, run, history }
}

function find({ context }: Run): Promise<Survey> {
  return findOrphans(context, FORTH)
}

function removals({ sandbox }: Bench): number {
  return sandbox.stats().byRoute['DELETE /interactions/{id}'] ?? 0
}

function records({ sandbox, schema }: Bench): readonly Interaction[] {
  return [...sandbox.tenant.interactionsOfSchema(schema.id)]
}

/** @returns the record of the run's own that an orphan is equal to */
function ownOf({ bench, run }: Stage, id: string): Interaction {
  const orphan = records(bench).find((each) => each.id === id)
  const mapped = new Set(linesOf(join(run.folder, 'id-map.ndjson')).map(({ newId }) => newId))
  const own = records(bench).find(
    (each) =>
      mapped.has(each.id) &&
      each.contactId === orphan?.contactId &&
      Date.parse(each.createdDate) === Date.parse(orphan?.createdDate ?? ''),
  )
  if (own === undefined) throw new Error(`${id} is equal to nothing`)
  return own
}

describe('A look for orphans', () => {
  it('names what landed late, by id, contact and date, and changes nothing', async () => {
    const { bench, run } = await ended(2)
    const before = records(bench)
    const mapped = new Set(linesOf(join(run.folder, 'id-map.ndjson')).map(({ newId }) => newId))
    const { tally, orphans, foreign } = await find(run)
    const late = before.filter(({ id }) => !mapped.has(id))
    expect(orphans.map(({ id }) => id).sort()).toEqual(late.map(({ id }) => id).sort())
    for (const { id, contactId, createdDate } of orphans)
      expect(late.find((each) => each.id === id)).toMatchObject({ contactId, createdDate })
    expect(foreign).toEqual([])
    expect(tally).toMatchObject({ extra: 2, foreign: 0, missing: 0 })
    expect(records(bench)).toEqual(before)
  })

  it('finds none in a run that went well, and takes no live arrival for one', async () => {
    const { bench, run } = await ended(0)
    const [first] = records(bench)
    const { contactId, payload } = first as Interaction
    addHistory(bench, contactId, payload, new Date(bench.clock.now()).toISOString())
    expect(await find(run)).toMatchObject({ orphans: [], foreign: [], tally: { live: 1, extra: 0 } })
  })

  it('leaves a live arrival that is equal even in its date to the operator', async () => {
    const { bench, run } = await ended(0)
    const [{ contactId, payload, createdDate }] = records(bench) as [Interaction]
    const arrival = addHistory(bench, contactId, payload, createdDate)
    const survey = await find(run)
    expect(survey).toMatchObject({ orphans: [], tally: { extra: 0, foreign: 1 } })
    expect(survey.foreign).toHaveLength(1)
    const after = await repairOrphans(run.context, FORTH, survey)
    expect(after).toMatchObject({ foreign: 1, extra: 0 })
    expect(records(bench).map(({ id }) => id)).toContain(arrival.id)
    expect(removals(bench)).toBe(0)
    expect(linesOf(join(run.folder, 'differences.ndjson'))).toMatchObject([{ contactId, extra: [] }])
  })

  it('takes no POST for carried out that found no connection', async () => {
    const bench = openBench({ contacts: 8, interactions: 3 })
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse-connection', skip: 3, times: 9 }])
    expect(await go(run)).toEqual({ state: 'done' })
    expect(bench.sandbox.stats().faults).toEqual({ 'refuse-connection': 9 })
    for (const { contactId, payload, createdDate } of records(bench))
      addHistory(bench, contactId, payload, createdDate)
    const { orphans, tally } = await find(run)
    expect(orphans).toEqual([])
    expect(tally.extra).toBe(0)
  })

  it('refuses while the history is not back yet, and where the schema is another one', async () => {
    const bench = openBench({ contacts: 4, interactions: 2 })
    const run = await planRun(bench)
    await approve(run)
    expect(await failureOf(find(run))).toMatchObject({ exit: 4, next: expect.stringContaining('upgrade') })
    await go(run)
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: bench.schema, visibleAt: 0 })
    expect(await failureOf(find(run))).toMatchObject({ exit: 4 })
  })

  it('takes nothing for an orphan that came along with another contact', async () => {
    const bench = openBench({ contacts: 4, interactions: 2 })
    const [one = '', other = ''] = bench.contacts
    for (const contactId of [one, other])
      addHistory(bench, contactId, { productSku: 'SAME', rating: 3 }, '2024-05-05T05:05:05.005Z')
    const run = await planRun(bench)
    await approve(run)
    await go(run)
    // As if one of them had been posted twice, so that there might be an orphan.
    const items = run.journal.items('import')
    const seqs = items.range(0, 1_000).map(({ seq }) => seq)
    for (const item of items.range(0, seqs.length)) {
      await items.sent([item.seq])
      await items.confirmed(item.seq, item.newId ?? '')
    }
    bench.sandbox.tenant.apply({ type: 'contact-merged', id: other, into: one, at: bench.clock.now() })
    const { orphans, foreign, tally } = await find(run)
    expect([...orphans, ...foreign]).toEqual([])
    // They are there, under the other one: neither missing nor too many.
    expect(tally).toMatchObject({ missing: 0 })
    expect(tally.rejected).toBeGreaterThan(0)
  })
})

describe('A repair', () => {
  it('deletes exactly the orphans, having written down that it will, and reads those contacts again', async () => {
    const { bench, run, history } = await ended(3)
    const survey = await find(run)
    const tally = await repairOrphans(run.context, FORTH, survey)
    expect(tally).toMatchObject({ extra: 0, missing: 0, found: history.length })
    expect(verification(run)).toEqual(tally)
    expect(held(bench)).toEqual(history)
    expect(removals(bench)).toBe(3)
    const events = run.journal.events.all().filter(({ name }) => name === 'orphan')
    expect(events.map(({ kind }) => kind)).toEqual(Array(3).fill(['intent', 'finished']).flat())
    expect(linesOf(join(run.folder, 'differences.ndjson'))).toEqual([])
    expect(await find(run)).toMatchObject({ orphans: [], tally: { extra: 0, missing: 0 } })
  })

  it.each<FaultRule['kind']>([
    'reset-after',
    'timeout-after',
    'status-500-after',
    'reset-before',
    '503',
    '429',
  ])('goes on where the answer to a deletion is lost or late (%s)', async (kind) => {
    const { bench, run, history } = await ended(2)
    bench.sandbox.setFaults([{ kind, method: 'DELETE', path: '/interactions/' }])
    expect(await repairOrphans(run.context, FORTH, await find(run))).toMatchObject({ extra: 0, missing: 0 })
    expect(held(bench)).toEqual(history)
  })

  it('reads each again first: what is gone by now is not deleted', async () => {
    const { bench, run, history } = await ended(1)
    const survey = await find(run)
    const [orphan] = survey.orphans
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: orphan?.id ?? '' })
    expect(await repairOrphans(run.context, FORTH, survey)).toMatchObject({ extra: 0 })
    expect(removals(bench)).toBe(0)
    expect(held(bench)).toEqual(history)
  })

  it('deletes nothing that only a listing still shows', async () => {
    const { bench, run } = await ended(1)
    const survey = await find(run)
    bench.between(async (request, sandbox) =>
      request.method === 'GET' && request.url.includes(`/interactions/${survey.orphans[0]?.id}`)
        ? Response.json({ message: 'Not found' }, { status: 404 })
        : sandbox(request),
    )
    expect(await repairOrphans(run.context, FORTH, survey)).toMatchObject({ extra: 1 })
    expect(removals(bench)).toBe(0)
  })

  it('decides anew: what has become the only one of its kind stays', async () => {
    const stage = await ended(1)
    const { bench, run, history } = stage
    const survey = await find(run)
    const own = ownOf(stage, survey.orphans[0]?.id ?? '')
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: own.id })
    expect(held(bench)).toEqual(history)
    expect(await repairOrphans(run.context, FORTH, survey)).toMatchObject({ extra: 0, missing: 0 })
    expect(held(bench)).toEqual(history)
    expect(removals(bench)).toBe(0)
  })

  it('leaves alone what a listing shows as one thing, and its id as another', async () => {
    const { bench, run } = await ended(1)
    const survey = await find(run)
    const [orphan] = survey.orphans
    bench.between(async (request, sandbox) => {
      const answer = await sandbox(request)
      if (request.method !== 'GET' || !request.url.includes(`/interactions/${orphan?.id}`)) return answer
      const record = (await answer.json()) as object
      return Response.json({ ...record, contactId: bench.contacts.find((id) => id !== orphan?.contactId) })
    })
    expect(await failureOf(repairOrphans(run.context, FORTH, survey))).toMatchObject({ exit: 4 })
    expect(removals(bench)).toBe(0)
  })

  it('says which one Engage refuses to delete', async () => {
    const { bench, run, history } = await ended(1)
    const survey = await find(run)
    bench.sandbox.setFaults([
      { kind: 'refuse', message: 'no right to', method: 'DELETE', path: '/interactions/', times: 'always' },
    ])
    expect(await failureOf(repairOrphans(run.context, FORTH, survey))).toMatchObject({
      exit: 1,
      message: expect.stringMatching(new RegExp(`${survey.orphans[0]?.id}.*no right to`)),
      next: expect.stringContaining(`repair ${run.plan.run} --apply`),
    })
    bench.sandbox.setFaults([])
    await repairOrphans(run.context, FORTH, await find(run))
    expect(held(bench)).toEqual(history)
  })

  it('that was killed in between is finished by the next, and what arrives later is not ours', async () => {
    const stage = await ended(1)
    const { bench, run, history } = stage
    const survey = await find(run)
    const own = ownOf(stage, survey.orphans[0]?.id ?? '')
    // It dies as the deletion is carried out: nothing after it is written down.
    const dead = new Error('dead')
    const writer = {
      ...run.context.writer,
      async deleteInteraction(id: string): Promise<boolean> {
        await run.context.writer.deleteInteraction(id)
        throw dead
      },
    }
    expect(await failureOf(repairOrphans({ ...run.context, writer }, FORTH, survey))).toBe(dead)
    await repairOrphans(run.context, FORTH, await find(run))
    expect(held(bench)).toEqual(history)
    expect(run.journal.events.latest('orphan', 'finished')?.detail).toMatchObject({
      id: survey.orphans[0]?.id,
    })
    addHistory(bench, own.contactId, own.payload, own.createdDate)
    expect(await find(run)).toMatchObject({ orphans: [], tally: { extra: 0, foreign: 1 } })
  })
})

describe('A read-back that finds an orphan', () => {
  it('ends with the command that repairs it, and the run is done once it has', async () => {
    const bench = openBench({ contacts: 8, interactions: 3 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    // It lands after it was asked about and posted again, but before the read-back.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', delay: 6, skip: 1 }])
    bench.sandbox.configure({ latency: 200 })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 5,
      next: expect.stringContaining(`engage-migrate repair ${run.plan.run}`),
    })
    expect(held(bench)).toHaveLength(history.length + 1)
    await repairOrphans(run.context, FORTH, await find(run))
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ extra: 0, missing: 0, found: history.length })
  })
})
