/** What is restored is there once, whatever was there before; nothing else is touched. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { RESTORE } from '../../src/upgrade/lot.ts'
import { parsePlan } from '../../src/upgrade/plan.ts'
import { giveContactMap } from '../../src/upgrade/reopening.ts'
import { findOrphans } from '../../src/upgrade/repair.ts'
import { statusOf } from '../../src/upgrade/status.ts'
import {
  addHistory,
  type Bench,
  held,
  multiset,
  openBench,
  plant,
  produce,
  RATING,
  twinsIn,
} from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { emptySchema, isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { backedUp, dryRun, figures, restoreRun } from '../support/restore.ts'
import { go, killedAt, passed, type Run, sign, verification, walk } from '../support/run.ts'

function all({ sandbox, schema }: Bench): readonly Interaction[] {
  return [...sandbox.tenant.interactionsOfSchema(schema.id)]
}

function lose(bench: Bench, records: readonly Interaction[]): void {
  for (const { id } of records) bench.sandbox.tenant.apply({ type: 'interaction-deleted', id })
}

/** Of each two, one: so that of twins, too, often one is left. */
function half<T>(records: readonly T[]): readonly T[] {
  return records.filter((_, index) => index % 2 === 0)
}

function ids(bench: Bench): ReadonlySet<string> {
  return new Set(all(bench).map(({ id }) => id))
}

/** The tenant's schema names one property more by now. */
function widen({ sandbox, schema }: Bench): void {
  const history = [...sandbox.tenant.interactionsOfSchema(schema.id)]
  const { jsonSchema } = schema
  const properties = { ...jsonSchema.properties, channel: { type: 'string', displayName: 'Channel' } }
  sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id })
  const wider = { ...schema, jsonSchema: { ...jsonSchema, properties } }
  sandbox.tenant.apply({ type: 'schema-created', schema: wider, visibleAt: 0 })
  for (const interaction of history)
    sandbox.tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at: 0, visibleAt: 0 })
}

async function listOf(contactIds: readonly string[]): Promise<string> {
  const file = join(await temporaryFolder(), 'some.csv')
  writeFileSync(file, `contactId\n${contactIds.join('\n')}\n`)
  return file
}

describe('a restore into a schema that is there', () => {
  it('posts what is missing and nothing else, twins as often as they were', async () => {
    const bench = openBench()
    const history = held(bench)
    expect(twinsIn(history)).toBeGreaterThan(0)
    const source = await backedUp(bench)
    lose(bench, half(all(bench)))
    const kept = ids(bench)
    const run = await restoreRun(bench, source)
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length - kept.size)
    // What was there is there still, under its own id.
    expect([...kept].filter((id) => !ids(bench).has(id))).toEqual([])
    expect(verification(run)).toMatchObject({ expected: history.length, found: history.length, live: 0 })
    expect(linesOf(join(run.folder, 'id-map.ndjson'))).toHaveLength(history.length)
    expect(readFileSync(join(run.folder, 'rejected.ndjson'), 'utf8')).toBe('')
  })

  it.each([true, false])(
    'counts what it has posted where the tenant gives it ids that the snapshot has; created by it: %s',
    async (createSchema) => {
      const into = async (source: string) => {
        const bench = openBench()
        if (createSchema) bench.sandbox.tenant.apply({ type: 'schema-deleted', id: RATING })
        else emptySchema(bench)
        const run = await restoreRun(bench, source, { createSchema })
        await walk(run)
        return { bench, run }
      }
      const history = held(openBench())
      const { bench: first } = await into(await backedUp(openBench()))
      const source = await backedUp(first)
      // Another tenant, whose ids are drawn as those of the first one were.
      const { bench, run } = await into(source)
      const again = all(bench).filter(({ id, contactId }) =>
        all(first).some((each) => each.id === id && each.contactId === contactId),
      )
      expect(again.length).toBeGreaterThan(history.length / 10)
      expect(held(bench)).toEqual(history)
      expect(bench.posts()).toBe(history.length)
      expect(verification(run)).toMatchObject({ expected: history.length, found: history.length, missing: 0 })
    },
  )

  it('posts nothing, and asks for no signature, where all of it is there', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    const run = await restoreRun(bench, source)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(bench.posts()).toBe(0)
    expect(verification(run)).toMatchObject({ expected: history.length, found: history.length, missing: 0 })
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({ state: 'done', direction: 'restore' })
  })

  it('a second one finds what the first has posted', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    lose(bench, half(all(bench)))
    await walk(await restoreRun(bench, source))
    const posts = bench.posts()
    const second = await restoreRun(bench, source)
    expect(await go(second)).toEqual({ state: 'done' })
    expect(figures(second)).toMatchObject({ missing: 0, there: history.length })
    expect(bench.posts()).toBe(posts)
  })

  it('leaves equal records of others alone, and is no less whole for them', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [twin, other] = all(bench)
    if (twin === undefined || other === undefined) throw new Error('nothing there')
    lose(bench, [other])
    const strangers = [
      addHistory(bench, twin.contactId, twin.payload, twin.createdDate),
      addHistory(bench, twin.contactId, twin.payload, twin.createdDate),
      produce(bench, twin.contactId),
    ]
    const before = held(bench)
    const run = await restoreRun(bench, source)
    await walk(run)
    expect(held(bench)).toEqual([...before, ...multiset(bench.schema, [other])].sort())
    expect(verification(run)).toMatchObject({ missing: 0, extra: 0, foreign: 0, live: strangers.length })
    const survey = await findOrphans(run.context, RESTORE)
    expect(survey).toMatchObject({ orphans: [], foreign: [] })
    for (const { id } of strangers) expect(bench.sandbox.tenant.interaction(id)).toBeDefined()
  })

  it('names as ours what it has posted once too often itself', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench, all(bench).slice(0, 20))
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', delay: 3_600, skip: 5, times: 1 }])
    expect(await go(run)).toEqual({ state: 'done' })
    await bench.clock.advance(7_200_000)
    const { orphans, foreign } = await findOrphans(run.context, RESTORE)
    expect(orphans).toHaveLength(1)
    expect(foreign).toEqual([])
  })

  it('from an earlier form of the schema: counts by what both name, and deletes nothing that it has not sent', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [lost, kept] = all(bench)
    if (lost === undefined || kept === undefined) throw new Error('nothing there')
    widen(bench)
    lose(bench, [lost, kept])
    const rich = (of: Interaction): Interaction =>
      addHistory(bench, of.contactId, { ...of.payload, channel: 'web' }, of.createdDate)
    const richer = rich(kept)
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    expect(figures(run)).toMatchObject({ missing: 1 })
    sign(run, 'automations-paused')
    // Posted once more than it is there: what is equal to it could be the other one.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-before' }])
    expect(await go(run)).toEqual({ state: 'done' })
    const strangers = [rich(lost), rich(kept)]
    expect(await findOrphans(run.context, RESTORE)).toMatchObject({
      ...{ orphans: [], foreign: [], tally: { missing: 0, extra: 0, live: strangers.length } },
    })
    lose(bench, [richer])
    expect(await findOrphans(run.context, RESTORE)).toMatchObject({ tally: { missing: 0, live: 1 } })
  })

  it('stops after the first where the tenant makes more of it than was sent', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    widen(bench)
    lose(bench, all(bench))
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      if (!isPost(request)) return response
      const { id } = (await response.clone().json()) as { id: string }
      const made = bench.sandbox.tenant.interaction(id)?.interaction
      if (made === undefined) throw new Error('not kept')
      const interaction = { ...made, payload: { ...made.payload, channel: 'unknown' } }
      bench.sandbox.tenant.apply({ type: 'interaction-deleted', id })
      plant(bench, interaction)
      return response
    })
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    expect(await failureOf(go(run))).toMatchObject({
      message: expect.stringMatching(/in another form: channel/),
    })
    expect(bench.posts()).toBe(1)
  })

  it('adopts what has come richer since it was compared, instead of posting', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [lost] = all(bench)
    if (lost === undefined) throw new Error('nothing there')
    widen(bench)
    lose(bench, [lost])
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    addHistory(bench, lost.contactId, { ...lost.payload, channel: 'web' }, lost.createdDate)
    sign(run, 'automations-paused')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(bench.posts()).toBe(0)
  })

  it('into a schema that has no property in common goes by all that is there', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [one] = all(bench)
    if (one === undefined) throw new Error('nothing there')
    const properties = { channel: { type: 'string', displayName: 'Channel' } }
    const schema = { ...bench.schema, jsonSchema: { ...bench.schema.jsonSchema, properties, required: [] } }
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id })
    bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    addHistory(bench, one.contactId, { channel: 'web' }, one.createdDate)
    const run = await restoreRun(bench, source)
    expect(await dryRun(run)).toMatchObject({ there: 0 })
  })

  it('goes on where the tenant refuses some, by name', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench, all(bench))
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 2, skip: 9, message: 'no' }])
    await go(run)
    expect(verification(run)).toMatchObject({ rejected: 2, missing: 0 })
    expect(linesOf(join(run.folder, 'rejected.ndjson'))).toHaveLength(2)
  })

  it('names the interactions of contacts that are gone, and restores the others', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = all(bench)
    const gone = history[0]?.contactId ?? ''
    const theirs = history.filter(({ contactId }) => contactId === gone)
    lose(bench, history)
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: gone, at: bench.clock.now() })
    // Those that the comparison has told of are no sign of trouble, however few are put up with.
    const run = await restoreRun(bench, source, { settings: { refusedAtMost: 0 } })
    await walk(run)
    expect(figures(run)).toMatchObject({ gone: theirs.length, goneContacts: 1 })
    expect(held(bench)).toHaveLength(history.length - theirs.length)
    const rejected = linesOf(join(run.folder, 'rejected.ndjson'))
    expect(rejected.map(({ reason }) => reason)).toEqual(theirs.map(() => 'the contact is gone'))
  })

  it('does not take another tenant, where none of the contacts is, for one that has lost them', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    for (const id of bench.contacts)
      bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: bench.clock.now() })
    const run = await restoreRun(bench, source)
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('None of the'),
    })
    expect(bench.posts()).toBe(0)
  })
})

describe('a dry run', () => {
  it('says what would be posted, is there, or would be refused, as of now, and posts nothing', async () => {
    const bench = openBench()
    const [first] = all(bench)
    if (first === undefined) throw new Error('nothing there')
    const bad = addHistory(bench, first.contactId, { rating: 'not a number' }, first.createdDate)
    const source = await backedUp(bench)
    const history = all(bench)
    const lost = half(history.filter(({ id }) => id !== bad.id))
    lose(bench, [...lost, bad])
    const run = await restoreRun(bench, source)
    const before = held(bench)
    expect(await dryRun(run)).toMatchObject({
      ...{ selected: history.length, missing: lost.length, there: before.length },
      ...{ refusable: 1, refusableExample: expect.stringContaining(bad.id), gone: 0 },
    })
    expect(held(bench)).toEqual(before)
    lose(bench, [...all(bench)].slice(0, 1))
    expect(await dryRun(run)).toMatchObject({ missing: lost.length + 1, there: before.length - 1 })
    expect(bench.posts()).toBe(0)
    // It goes on with what was selected.
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(held(bench)).toHaveLength(history.length - 1)
    expect(verification(run)).toMatchObject({ rejected: 1, missing: 0 })
  })
})

describe('a selection', () => {
  it('is of some contacts, and of some time: from the first instant on, without the last', async () => {
    const bench = openBench()
    const [one = '', two = '', none = ''] = bench.contacts
    const dates = [
      '2020-01-01T00:00:00Z',
      '2020-01-01T00:30:00+01:00',
      '2020-02-01T00:00:00Z',
      '2020-01-31T23:59:59.999Z',
    ]
    const added = [one, two, none].flatMap((contactId) =>
      dates.map((createdDate) => addHistory(bench, contactId, { productSku: 'X', rating: 3 }, createdDate)),
    )
    const source = await backedUp(bench)
    lose(bench, all(bench))
    const run = await restoreRun(bench, source, {
      contacts: await listOf([one, two, '99999999-0000-4000-8000-000000000000']),
      since: '2020-01-01T00:00:00.000Z',
      until: '2020-02-01T00:00:00.000Z',
    })
    await walk(run)
    const wanted = added.filter(
      ({ contactId, createdDate }) => contactId !== none && [dates[0], dates[3]].includes(createdDate),
    )
    expect(held(bench)).toEqual(multiset(bench.schema, wanted))
    const { folder } = passed(run, 'final-pass')
    expect(await proveSnapshot(folder)).toMatchObject({ ok: true, records: 4, contacts: 2 })
  })

  it('that nothing is of is refused, and so is a list that has changed on the way', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await backedUp(bench)
    const late = await restoreRun(bench, source, { since: '2100-01-01T00:00:00.000Z' })
    expect(await failureOf(go(late))).toMatchObject({ exit: 4 })
    const contacts = await listOf(bench.contacts)
    const run = await restoreRun(bench, source, { contacts })
    appendFileSync(contacts, '99999999-0000-4000-8000-000000000000\n')
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(bench.posts()).toBe(0)
  })

  it('is not made of a damaged snapshot, nor of another one than was planned with', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await backedUp(bench)
    const run = await restoreRun(bench, source)
    const elsewhere = {
      ...run.context,
      plan: { ...run.plan, restore: { ...run.plan.restore, manifestDigest: 'x' } },
    }
    expect(await failureOf(go({ ...run, context: elsewhere as Run['context'] }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('another one'),
    })
    appendFileSync(join(source, 'interactions-00001.ndjson.gz'), 'x')
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('interactions-00001'),
    })
    expect(readdirSync(run.context.snapshots)).toEqual([])
    expect(bench.sandbox.stats().byRoute['GET /interactions'] ?? 0).toBe(bench.contacts.length)
  })
})

describe('a restore into another schema', () => {
  it('brings everything into another id, and leaves the first alone', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    const schema = { ...bench.schema, id: 'rehearsal' }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    const run = await restoreRun(bench, source, { schemaId: 'rehearsal' })
    await walk(run)
    const copies = bench.sandbox.tenant.interactionsOfSchema('rehearsal')
    expect(multiset(schema, copies)).toEqual(history)
    expect(held(bench)).toEqual(history)
  })

  it('creates it where that is asked for, as the snapshot has it, and waits until nothing of the past is shown', async () => {
    const bench = openBench({ deletionLag: 40_000, schemaLag: 2_000 })
    const source = await backedUp(bench)
    const history = held(bench)
    await bench.writer.deleteSchema(RATING)
    expect(await failureOf(restoreRun(bench, source))).toMatchObject({
      exit: 4,
      next: expect.stringContaining('--create-schema'),
    })
    const settings = { visibleWithinMs: 60_000 }
    const run = await restoreRun(bench, source, { createSchema: true, settings })
    expect(await dryRun(run)).toMatchObject({ asked: false, missing: history.length, there: 0 })
    await walk(run)
    expect(bench.sandbox.tenant.schema(RATING)?.schema).toEqual(bench.schema)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
  })

  it('that has lost a property tells so, and takes what is left', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await backedUp(bench)
    const { properties, ...rest } = bench.schema.jsonSchema
    const [dropped = ''] = Object.keys(properties)
    const { [dropped]: _, ...others } = properties
    const schema = { ...bench.schema, id: 'less', jsonSchema: { ...rest, properties: others, required: [] } }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    const run = await restoreRun(bench, source, { schemaId: 'less' })
    expect(run.plan.warnings).toEqual([expect.stringContaining(JSON.stringify(dropped))])
    await walk(run)
    expect(verification(run)).toMatchObject({ missing: 0, altered: 0 })
  })

  it('of another tenant needs that to be said', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await backedUp(bench)
    expect(await failureOf(restoreRun(bench, source, { tenant: 'staging' }))).toMatchObject({ exit: 4 })
    const run = await restoreRun(bench, source, { tenant: 'staging', otherTenant: true })
    expect(run.plan.restore).toMatchObject({ tenant: 'test' })
    expect(run.plan.warnings).toEqual([expect.stringContaining('another tenant: test')])
  })

  it('takes contacts that have another id now there, by a map', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [lost] = all(bench)
    const from = lost?.contactId ?? ''
    const theirs = all(bench).filter(({ contactId }) => contactId === from)
    const to = bench.contacts.find((id) => id !== from) ?? ''
    const before = multiset(
      bench.schema,
      all(bench).filter(({ contactId }) => contactId !== from),
    )
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: from, at: bench.clock.now() })
    lose(bench, theirs)
    const run = await restoreRun(bench, source)
    const map = join(run.folder, 'map.csv')
    writeFileSync(map, `old,new\n${from},${to}\n`)
    await giveContactMap(run.context, RESTORE, map)
    await walk(run)
    const moved = theirs.map((record) => ({ ...record, contactId: to }))
    expect(held(bench)).toEqual([...before, ...multiset(bench.schema, moved)].sort())
    expect(verification(run)).toMatchObject({ missing: 0, rejected: 0 })
  })
})

describe('a restore that is killed', () => {
  it.each([1, 7, 20, 33])('at its POST number %i goes on and doubles nothing', async (number) => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    lose(bench, half(all(bench)))
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    const next = await killedAt(run, (request) => isPost(request) && bench.posts() === number - 1)
    expect(await go(next)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(next)).toMatchObject({ missing: 0, extra: 0, foreign: 0 })
  })

  it('asks again for what it was told before it was killed: others may have posted it since', async () => {
    const bench = openBench({ lag: 0 })
    const source = await backedUp(bench)
    const history = all(bench)
    lose(bench, history)
    const first = await restoreRun(bench, source)
    await walk(first, 'automations-paused')
    sign(first, 'automations-paused')
    const next = await killedAt(first, (request) => isPost(request) && bench.posts() === 30)
    await walk(await restoreRun(bench, source))
    expect(held(bench)).toHaveLength(history.length)
    expect(await go(next)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(multiset(bench.schema, history))
  })

  it('as it selected leaves nothing of what it had selected', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const run = await restoreRun(bench, source)
    const stop = new AbortController()
    const progress: Run['context']['progress'] = ({ phase, done }) => {
      if (phase.startsWith('selecting') && done === 15) stop.abort()
    }
    const stopped = { ...run, context: { ...run.context, progress, stop: stop.signal } }
    expect(await failureOf(go(stopped))).toMatchObject({ name: 'Interrupted' })
    await bench.clock.advance(1_000)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(readdirSync(run.context.snapshots)).toHaveLength(1)
  })
})

describe('a schema that is taken away in the midst of a restore', () => {
  it('stops it, and is created anew with everything where that was allowed', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    await bench.writer.deleteSchema(RATING)
    const run = await restoreRun(bench, source, { createSchema: true })
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    let done = false
    bench.between(async (request, sandbox) => {
      if (!done && isPost(request) && bench.posts() === 20) {
        done = true
        bench.sandbox.tenant.apply({ type: 'schema-deleted', id: RATING })
      }
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 4, message: expect.stringContaining('is gone') })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('is not gone on with where it has become another one', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench, all(bench))
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    emptySchema({ ...bench, schema: { ...bench.schema, displayName: 'Another' } })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('has changed'),
    })
    expect(bench.posts()).toBe(0)
  })
})

describe('the plan of a restore', () => {
  it('is read back as it was written, and not where what it restores is unclear', async () => {
    const bench = openBench({ contacts: 5 })
    const { plan } = await restoreRun(bench, await backedUp(bench))
    expect(parsePlan(JSON.stringify(plan), 'plan.json')).toEqual(plan)
    const lacking = { ...plan, restore: { ...plan.restore, since: 'yesterday', contacts: [] } }
    expect(() => parsePlan(JSON.stringify(lacking), 'plan.json')).toThrow(/restore\.since, restore\.contacts/)
    const other = { ...plan, after: { ...plan.after, displayName: 'Another' } }
    expect(() => parsePlan(JSON.stringify(other), 'plan.json')).toThrow(/two different schemas/)
  })
})
