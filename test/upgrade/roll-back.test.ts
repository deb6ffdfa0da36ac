import { describe, expect, it } from 'vitest'
import type { EngageReader } from '../../src/engage/types.ts'
import type { Interaction } from '../../src/model.ts'
import { BACK } from '../../src/upgrade/lot.ts'
import { retryRefused } from '../../src/upgrade/reopening.ts'
import { findOrphans, repairOrphans } from '../../src/upgrade/repair.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { openGate, statusOf } from '../../src/upgrade/status.ts'
import { addHistory, held, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import {
  approve,
  go,
  goBack,
  killedAt,
  planRun,
  type Run,
  sign,
  VISIBLE_WITHIN_MS,
  verification,
  walk,
} from '../support/run.ts'

const DAY_S = 86_400
const CREATE = { method: 'POST', path: '/interactionschemas$' } as const

/** A run whose new schema was refused after the deletion. */
async function refused(): Promise<Run> {
  const bench = openBench()
  const run = await planRun(bench)
  await walk(run, 'delete-schema')
  sign(run, 'delete-schema')
  bench.sandbox.setFaults([{ ...CREATE, kind: 'refuse', message: 'not today', times: 'always' }])
  expect(await failureOf(go(run))).toMatchObject({
    name: 'OperatorError',
    exit: 1,
    message: expect.stringContaining('not today'),
    next: expect.stringContaining('--roll-back'),
  })
  bench.sandbox.setFaults([])
  return run
}

/** A run that has posted its canary into the new schema and waits. */
async function atCanary(): Promise<{ readonly run: Run; readonly history: readonly string[] }> {
  const bench = openBench()
  const history = held(bench)
  const run = await planRun(bench, { canaryGate: true })
  await walk(run, 'canary-seen')
  expect(held(bench)).toHaveLength(1)
  return { run, history }
}

describe('the way back', () => {
  it('after a refused creation brings the old schema and the whole history', async () => {
    const run = await refused()
    const { bench, plan, journal } = run
    await goBack(run)
    expect(await goBack(run)).toMatchObject({
      state: 'waiting',
      gate: 'roll-back',
      request: { needs: ['confirm'] },
    })
    expect(openGate(journal)).toBe('roll-back')
    expect(() => sign(run, 'roll-back', { confirm: null })).toThrow(/confirm/)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(bench.sandbox.tenant.schema(plan.schemaId)?.schema).toEqual(plan.before)
    expect(verification(run)).toMatchObject({ missing: 0, extra: 0, rejected: 0 })
    expect(held(bench)).toHaveLength(verification(run).expected)
    expect(statusOf(plan, journal, false)).toMatchObject({ state: 'done', direction: 'roll-back' })
  })

  it('that has ended waits for a signature once more before it tries again what it was refused', async () => {
    const run = await refused()
    const { bench, journal } = run
    await goBack(run)
    sign(run, 'roll-back')
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 2, skip: 9, message: 'no' }])
    expect(await walk(run)).toEqual([])
    expect(verification(run)).toMatchObject({ rejected: 2 })
    const posts = bench.posts()
    await retryRefused(run.context, BACK)
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'automations-paused' })
    expect(bench.posts()).toBe(posts)
    expect(isDone(journal, { name: 'roll-back' })).toBe(true)
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0 })
  })

  it('begins while the deletion lags: what is shown of it is in the snapshot, and no live arrival', async () => {
    const bench = openBench({ deletionLag: VISIBLE_WITHIN_MS + 10_000 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    expect(await failureOf(go(run))).toMatchObject({
      exit: 1,
      message: expect.stringContaining('still there'),
    })
    expect(await goBack(run)).toMatchObject({ gate: 'roll-back' })
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual(history)
  })

  it('counts what was posted and never answered as its own, while what it is equal to is shown yet', async () => {
    const bench = openBench()
    const history = held(bench)
    const old = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
    const run = await planRun(bench)
    await approve(run)
    const dead = await killedAt(run, isPost)
    const { reader } = dead.context
    const shown = (contactId: string): readonly Interaction[] =>
      isDone(dead.journal, { name: 'roll-back-clearing' })
        ? []
        : old.filter((each) => each.contactId === contactId)
    const lagging: EngageReader = {
      ...reader,
      interactionsOf: async (contactId, schemaId) => [
        ...shown(contactId),
        ...(await reader.interactionsOf(contactId, schemaId)),
      ],
    }
    const next = { ...dead, context: { ...dead.context, reader: lagging } }
    await goBack(next)
    sign(next, 'roll-back')
    expect(await walk(next)).toEqual([])
    expect(held(bench)).toEqual(history)
  })

  it('is not needed when the creation succeeds the next time', async () => {
    const run = await refused()
    expect(await go(run)).toEqual({ state: 'done' })
    expect(run.bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.after)
    expect(verification(run)).toMatchObject({ missing: 0, extra: 0 })
  })

  it('takes the new schema away when nothing but the canary is in it', async () => {
    const { run, history } = await atCanary()
    await goBack(run)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(run.bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.before)
    expect(held(run.bench)).toEqual(history)
  })

  it('refuses to take the new schema away when something has arrived live', async () => {
    const { run } = await atCanary()
    const [contact = ''] = run.bench.contacts
    const live = produce(run.bench, contact)
    await goBack(run)
    sign(run, 'roll-back')
    expect(await failureOf(walk(run))).toMatchObject({
      name: 'OperatorError',
      exit: 4,
      message: expect.stringContaining(live.id),
    })
    expect(run.bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.after)
    expect(held(run.bench)).toHaveLength(2)
  })

  it('refuses when a contact that was created since has an interaction', async () => {
    const { run } = await atCanary()
    const { bench } = run
    const id = '0b9a4a1c-0000-4000-8000-00000000c0de'
    bench.sandbox.tenant.apply({
      type: 'contact-created',
      id,
      contactType: 'Member',
      at: bench.clock.now(),
    })
    expect(run.journal.contacts.has(id)).toBe(false)
    const live = produce(bench, id)
    await goBack(run)
    sign(run, 'roll-back')
    expect(await failureOf(walk(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(`${live.id} of contact ${id}`),
    })
    expect(held(bench)).toHaveLength(2)
  })

  it('refuses when a live twin of the history is there that this run has not posted', async () => {
    const bench = openBench()
    const [original] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    if (original === undefined) throw new Error('no history')
    const { contactId, createdDate, payload } = original
    const run = await planRun(bench, { canaryGate: true })
    await walk(run, 'canary-seen')
    const twin = addHistory(bench, contactId, payload, createdDate)
    await goBack(run)
    sign(run, 'roll-back')
    expect(await failureOf(walk(run))).toMatchObject({ exit: 4, message: expect.stringContaining(twin.id) })
    expect(bench.sandbox.tenant.interaction(twin.id)).toBeDefined()
    // The operator lets it go, as the message says.
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: twin.id })
    expect(await walk(run)).toEqual([])
    expect(bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.before)
  })

  it('refuses when the live schema is neither the old nor the new one', async () => {
    const { run } = await atCanary()
    const { tenant } = run.bench.sandbox
    const another = { ...run.plan.after, displayName: 'Somebody’s' }
    tenant.apply({ type: 'schema-deleted', id: another.id })
    tenant.apply({ type: 'schema-created', schema: another, visibleAt: 0 })
    await goBack(run)
    sign(run, 'roll-back')
    expect(await failureOf(walk(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('Somebody’s'),
    })
    expect(tenant.schema(another.id)?.schema).toEqual(another)
  })

  it('counts what was posted and never answered as its own', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const dead = await killedAt(run, isPost)
    expect(held(bench)).toHaveLength(1)
    expect(dead.journal.items('import').counts()).toMatchObject({ sent: 1, confirmed: 0 })
    await goBack(dead)
    sign(dead, 'roll-back')
    expect(await walk(dead)).toEqual([])
    expect(held(bench)).toEqual(history)
  })

  it('counts what was posted twice, since its answer was lost, as its own', async () => {
    const { run, history } = await atCanary()
    const [canary] = run.bench.sandbox.tenant.interactionsOfSchema(run.plan.schemaId)
    if (canary === undefined) throw new Error('no canary')
    const { contactId, createdDate, payload } = canary
    const [item] = run.journal.items('import').range(0, 1_000)
    // As after a POST whose answer was lost, and which landed after the tenant had been asked about it.
    await run.journal.items('import').sent([item?.seq ?? -1])
    await run.journal.items('import').confirmed(item?.seq ?? -1, canary.id)
    addHistory(run.bench, contactId, payload, createdDate)
    await goBack(run)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(held(run.bench)).toEqual(history)
  })

  it('knows what it has posted for a contact that was merged into another one', async () => {
    const { run } = await atCanary()
    const { tenant } = run.bench.sandbox
    const [canary] = tenant.interactionsOfSchema(run.plan.schemaId)
    const into = run.bench.contacts.find((id) => id !== canary?.contactId) ?? ''
    tenant.apply({ type: 'contact-merged', id: canary?.contactId ?? '', into, at: run.bench.clock.now() })
    await goBack(run)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.before)
  })

  it('takes what the way forth had sent, and what lands only then, for orphans', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench, { canaryGate: true })
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', delay: DAY_S, times: 2 }])
    await walk(run, 'canary-seen')
    await goBack(run)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual(history)
    await bench.clock.advance(DAY_S * 1_000)
    expect(held(bench)).toHaveLength(history.length + 2)
    const survey = await findOrphans(run.context, BACK)
    expect(survey).toMatchObject({ orphans: [{}, {}], foreign: [], tally: { extra: 2, foreign: 0 } })
    await repairOrphans(run.context, BACK, survey)
    expect(held(bench)).toEqual(history)
    // They are paid for: a twin from now on is somebody else's.
    const own = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)].find(
      ({ contactId, createdDate }) =>
        contactId === survey.orphans[0]?.contactId &&
        Date.parse(createdDate) === Date.parse(survey.orphans[0]?.createdDate ?? ''),
    )
    if (own === undefined) throw new Error('the orphans were equal to nothing')
    addHistory(bench, own.contactId, own.payload, own.createdDate)
    expect(await findOrphans(run.context, BACK)).toMatchObject({ orphans: [], tally: { foreign: 1 } })
  })

  it('takes effect once it is signed: until then the run goes on forwards', async () => {
    const { run, history } = await atCanary()
    expect(await goBack(run)).toMatchObject({ state: 'waiting', gate: 'roll-back' })
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({ direction: 'upgrade' })
    expect(await walk(run)).toEqual(['canary-seen'])
    expect(run.bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.after)
    expect(held(run.bench)).toEqual(history)
    expect(isDone(run.journal, { name: 'verification' })).toBe(true)
  })

  it('is refused before anything was deleted', async () => {
    const run = await planRun(openBench({ contacts: 5 }))
    await walk(run, 'delete-schema')
    expect(await failureOf(goBack(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(run.journal.events.latest('roll-back')).toBeUndefined()
  })

  it('is refused once the upgrade is done', async () => {
    const run = await planRun(openBench({ contacts: 5 }))
    await walk(run)
    expect(await failureOf(goBack(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
  })
})
