import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { InteractionSchema } from '../../src/model.ts'
import { planLines } from '../../src/report/terminal.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { importedFolder, mergeResult } from '../../src/upgrade/imported.ts'
import { ONLY_IN_ENGAGE, ONLY_IN_SOURCE } from '../../src/upgrade/ledger.ts'
import { snapshotsNamed, whyNeeded } from '../../src/upgrade/needed.ts'
import { readAnew } from '../../src/upgrade/overtaken.ts'
import { parsePlan } from '../../src/upgrade/plan.ts'
import { runStrategy } from '../../src/upgrade/runner.ts'
import { statusOf, strategyOf } from '../../src/upgrade/status.ts'
import { listed, withAlso } from '../support/answers.ts'
import { addHistory, held, multiset, openBench, produce, twinsIn } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import {
  all,
  asKept,
  figuresOf,
  first,
  historyIn,
  keptBySource,
  keysOf,
  OLD,
  older,
  runWith,
} from '../support/history.ts'
import { isPost } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { dryRun, restoreRun } from '../support/restore.ts'
import {
  approve,
  go,
  goBack,
  killedAt,
  passed,
  planRun,
  sign,
  VISIBLE_WITHIN_MS,
  verification,
  walk,
} from '../support/run.ts'

/** The schema that knows more of each event. */
function withChannel(live: InteractionSchema): InteractionSchema {
  const properties = { ...live.jsonSchema.properties, channel: { type: 'string', displayName: 'Channel' } }
  return { ...live, jsonSchema: { ...live.jsonSchema, properties } }
}

const STRANGER = '00000000-0000-4000-8000-00000000abcd'
const UNLISTED = '00000000-0000-4000-8000-00000000cafe'

describe('a history of the source, besides what Engage holds', () => {
  it('brings in what either side has, and what both have once', async () => {
    const bench = openBench()
    const engage = all(bench)
    const shared = engage.slice(10)
    const more = [older(bench.contacts[0] ?? ''), older(bench.contacts[1] ?? '')]
    const before = held(bench)
    const run = await runWith(bench, [...asKept(shared), ...more])
    expect(await walk(run)).toEqual(['automations-paused', 'producers-stopped', 'delete-schema'])
    expect(held(bench)).toEqual([...before, ...keysOf(bench, more)].sort())
    expect(figuresOf(run)).toMatchObject({
      ...{ both: shared.length, onlyInEngage: 10, onlyInSource: 2, gone: 0, sameId: 0 },
    })
    expect(verification(run)).toMatchObject({ expected: engage.length + 2, missing: 0, extra: 0, live: 0 })
    expect(linesOf(join(run.folder, ONLY_IN_ENGAGE)).map(({ id }) => id)).toEqual(
      expect.arrayContaining(engage.slice(0, 10).map(({ id }) => id)),
    )
    expect(linesOf(join(run.folder, ONLY_IN_SOURCE))).toMatchObject(more)
    expect(statSync(join(run.folder, ONLY_IN_SOURCE)).mode & 0o777).toBe(0o600)
    // Systems that had stored Engage's ids find them.
    const old = new Set(linesOf(join(run.folder, 'id-map.ndjson')).map(({ oldId }) => oldId))
    expect(engage.filter(({ id }) => !old.has(id))).toEqual([])
    expect(existsSync(join(run.folder, 'sorting'))).toBe(false)
  })

  it('tells by a dry run, and asks for at the gate, what is only on one side', async () => {
    const bench = openBench()
    const engage = all(bench)
    const run = await runWith(bench, [...asKept(engage.slice(1)), older(first(engage).contactId)])
    const outcome = await runStrategy(strategyOf(run.journal), run.context, undefined)
    expect(outcome).toEqual({ state: 'dry-run-ends', before: 'automations-paused' })
    expect(figuresOf(run)).toMatchObject({ both: engage.length - 1, onlyInEngage: 1, onlyInSource: 1 })
    expect(statusOf(run.plan, run.journal, false).history).toEqual(figuresOf(run))
    expect(linesOf(join(run.folder, ONLY_IN_ENGAGE))).toMatchObject([{ id: first(engage).id }])
    await walk(run, 'delete-schema')
    const gate = await go(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    const asks = gate.request.asks.join('\n')
    expect(asks).toContain(`${engage.length} interactions of`)
    expect(asks).toContain(`${engage.length + 1} interactions of`)
    expect(asks).toContain(importedFolder(run.context))
    expect(asks).toContain(`such as ${first(engage).id}`)
    expect(gate.request.needs).toEqual(['confirm'])
  })

  it('counts twins: each event is there as often as the side has it that has it more often', async () => {
    const bench = openBench()
    const seeded = all(bench)
    const one = first(seeded)
    const other = first(seeded.filter(({ contactId }) => contactId !== one.contactId))
    // Twice more in Engage; twice more in the source.
    for (let time = 0; time < 2; time += 1) addHistory(bench, one.contactId, one.payload, one.createdDate)
    const before = held(bench)
    const engage = all(bench)
    const kept = seeded
    const more = asKept([other, other])
    const run = await runWith(bench, [...asKept(kept), ...more])
    await walk(run)
    expect(twinsIn(before)).toBeGreaterThan(1)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, more)].sort())
    expect(figuresOf(run)).toMatchObject({
      ...{ both: kept.length, onlyInEngage: engage.length - kept.length, onlyInSource: 2 },
    })
  })

  it('keeps what only the source knows of an event, where the new schema names it', async () => {
    const bench = openBench()
    const [one, two] = all(bench)
    if (one === undefined || two === undefined) throw new Error('nothing there')
    const wider = (live: InteractionSchema): InteractionSchema => ({
      ...live,
      jsonSchema: {
        ...live.jsonSchema,
        properties: {
          ...live.jsonSchema.properties,
          campaign: { type: 'string', displayName: 'Campaign', maxLength: 10 },
        },
      },
    })
    // As a schema that the source was read with, it says nothing of how long a text may be.
    const theirs = wider(bench.schema)
    const { maxLength: _, ...loose } = theirs.jsonSchema.properties['campaign'] ?? { type: 'string' }
    const properties = { ...theirs.jsonSchema.properties, campaign: loose }
    const source = await keptBySource(
      bench,
      [
        { ...one, id: 's-1', payload: { ...one.payload, campaign: 'spring' } },
        { ...two, id: 's-2', payload: { ...two.payload, campaign: 'far too long for it' } },
      ],
      { schema: { ...theirs, jsonSchema: { ...theirs.jsonSchema, properties } } },
    )
    const run = await planRun(bench, { derive: wider, history: historyIn(source) })
    await walk(run)
    const kept = all(bench).filter(({ payload }) => payload['campaign'] !== undefined)
    expect(kept).toMatchObject([
      { contactId: one.contactId, payload: { ...one.payload, campaign: 'spring' } },
    ])
    // What Engage had accepted is not refused for what the source adds to it.
    expect(mergeResult(run.context)).toMatchObject({ unfit: 1, tally: { refusable: 0 } })
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0 })
  })

  it('reads contacts that only the source names: what Engage holds of them is not lost with the deletion', async () => {
    const bench = openBench()
    const engage = all(bench)
    const theirs = first(engage).contactId
    bench.sandbox.tenant.apply({ type: 'contact-created', id: UNLISTED, contactType: 'Contact', at: 0 })
    const before = held(bench)
    const listed = bench.contacts.filter((id) => id !== theirs)
    const more = [older(theirs), older(UNLISTED), older(listed[0] ?? '')]
    const run = await runWith(bench, more, 'besides', { contacts: listed })
    expect(run.plan.history).toMatchObject({ contacts: 3, unlisted: 2 })
    await walk(run)
    expect(run.said.join('\n')).toMatch(/the contact list did not name.*: 2/)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, more)].sort())
  })

  it('names what the source has of contacts that are not in Engage, and imports the rest', async () => {
    const bench = openBench()
    const before = held(bench)
    const one = older(bench.contacts[0] ?? '')
    const run = await runWith(bench, [older(STRANGER), older(STRANGER, 'TOO'), one])
    await approve(run)
    expect(figuresOf(run)).toMatchObject({ onlyInSource: 3, gone: 2, goneContacts: 1 })
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [one])].sort())
    expect(linesOf(join(run.folder, ONLY_IN_SOURCE)).filter(({ gone }) => gone === true)).toHaveLength(2)
    expect(verification(run)).toMatchObject({ missing: 0, rejected: 0 })
  })

  it('is refused where Engage knows none of the contacts of the source', async () => {
    const bench = openBench()
    const [one, two] = bench.contacts
    const source = await keptBySource(bench, [older(one ?? ''), older(two ?? '')])
    const run = await planRun(bench, { history: historyIn(source) })
    for (const id of [one, two])
      bench.sandbox.tenant.apply({ type: 'contact-deleted', id: id ?? '', at: bench.clock.now() })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('None of the 2 contacts'),
    })
  })

  it('tells apart an event of the source that has the id of another one in Engage', async () => {
    const bench = openBench()
    const one = first(all(bench))
    const before = held(bench)
    const clash = { ...older(one.contactId), id: one.id }
    const run = await runWith(bench, [clash])
    await approve(run)
    expect(figuresOf(run)).toMatchObject({ onlyInSource: 1, sameId: 1 })
    await walk(run)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [clash])].sort())
    const olds = linesOf(join(run.folder, 'id-map.ndjson')).map(({ oldId }) => oldId)
    expect(olds).toContain(`${one.id}-source-1`)
    expect(new Set(olds).size).toBe(before.length + 1)
  })

  it('counts what the new schema will refuse over what is really imported', async () => {
    const bench = openBench()
    const one = first(all(bench))
    const loose = { ...bench.schema, jsonSchema: { ...bench.schema.jsonSchema, properties: {} } }
    const properties = { rating: { type: 'string', displayName: 'Rating' } }
    const theirs = { ...loose, jsonSchema: { ...loose.jsonSchema, properties } } as InteractionSchema
    const bad = { contactId: one.contactId, createdDate: OLD, payload: { rating: 'very good' } }
    const source = await keptBySource(bench, [bad], { schema: theirs })
    const run = await planRun(bench, { history: historyIn(source), settings: { refusedAtMost: 0 } })
    await walk(run, 'delete-schema')
    expect(passed(run, 'final-pass').tally.refusable).toBe(0)
    expect(mergeResult(run.context).tally.refusable).toBe(1)
    const gate = await go(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    expect(gate.request.asks.join('\n')).toContain('will refuse 1 of the interactions')
    sign(run, 'delete-schema')
    await walk(run)
    expect(verification(run)).toMatchObject({ rejected: 1, missing: 0 })
  })

  it('takes in what arrives between the passes, and says so at the gate', async () => {
    const bench = openBench()
    const run = await runWith(bench, asKept(all(bench)))
    await walk(run, 'producers-stopped')
    expect(figuresOf(run)).toMatchObject({ onlyInEngage: 0 })
    produce(bench, bench.contacts[3] ?? '')
    const before = held(bench)
    await approve(run)
    expect(figuresOf(run)).toMatchObject({ onlyInEngage: 1, both: before.length - 1 })
    await walk(run)
    expect(held(bench)).toEqual(before)
  })

  it('is merged anew where the final pass is voided, and nothing of the earlier one is left', async () => {
    const bench = openBench()
    const run = await runWith(bench, [older(bench.contacts[0] ?? '')])
    await approve(run)
    const [merged, final] = [importedFolder(run.context), passed(run, 'final-pass').folder]
    readAnew(run.journal, 'a restore has posted')
    expect(() => mergeResult(run.context)).toThrow('nothing is merged')
    produce(bench, bench.contacts[2] ?? '', OLD)
    const before = held(bench)
    expect(await walk(run)).toEqual(['producers-stopped', 'delete-schema'])
    expect(existsSync(merged)).toBe(false)
    expect(passed(run, 'final-pass').folder).not.toBe(final)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [older(bench.contacts[0] ?? '')])].sort())
  })

  it('is merged anew where a late arrival before the deletion is read once more', async () => {
    const bench = openBench()
    const more = older(bench.contacts[0] ?? '')
    const run = await runWith(bench, [more])
    await approve(run)
    const contactId = bench.contacts[0] ?? ''
    const merged = importedFolder(run.context)
    produce(bench, contactId, OLD)
    const before = held(bench)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4, message: expect.stringContaining('Producers') })
    expect(await walk(run)).toEqual(['producers-stopped', 'delete-schema'])
    expect(existsSync(merged)).toBe(false)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [more])].sort())
  })

  it('comes back by the way back as well, into the old schema', async () => {
    const bench = openBench()
    const more = older(bench.contacts[0] ?? '')
    const before = held(bench)
    const run = await runWith(bench, [...asKept(all(bench)), more], 'besides', { canaryGate: true })
    await walk(run, 'canary-seen')
    const gate = await goBack(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    expect(gate.request.asks.join('\n')).toContain(importedFolder(run.context))
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(bench.sandbox.tenant.schema(run.plan.schemaId)?.schema).toEqual(run.plan.before)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [more])].sort())
  })
})

describe('the way back', () => {
  // Engage should not have what breaks its schema's rules; where it has, that is known before, too.
  it.each(['the source', 'Engage'])(
    'tells beforehand what of %s the old schema will refuse, and imports the rest',
    async (whose) => {
      const bench = openBench({ contacts: 12, interactions: 0 })
      const strict = { ...bench.schema, jsonSchema: { ...bench.schema.jsonSchema, required: ['rating'] } }
      bench.sandbox.tenant.apply({ type: 'schema-deleted', id: strict.id })
      bench.sandbox.tenant.apply({ type: 'schema-created', schema: strict, visibleAt: 0 })
      const loosen = (live: InteractionSchema): InteractionSchema => ({
        ...live,
        jsonSchema: { ...live.jsonSchema, required: [] },
      })
      const odd = bench.contacts.map((id) => ({ ...older(id), payload: { productSku: 'OLD' } }))
      const [good] = [older(bench.contacts[0] ?? '')]
      const has = whose === 'Engage' ? [...odd, good] : [good]
      for (const { contactId, payload, createdDate } of has)
        addHistory(bench, contactId, payload, createdDate)
      const source = await keptBySource(bench, [...odd, good], { schema: loosen(strict) })
      const history = whose === 'Engage' ? {} : { history: historyIn(source) }
      const run = await planRun(bench, { derive: loosen, canaryGate: true, ...history })
      await walk(run, 'canary-seen')
      const gate = await goBack(run)
      if (gate.state !== 'waiting') throw new Error('it did not wait')
      expect(gate.request.asks.join('\n')).toMatch(/will refuse 12 of them.*\nFor example \S+: .*rating/)
      sign(run, 'roll-back')
      expect(await walk(run)).toEqual([])
      expect(held(bench)).toEqual(keysOf(bench, [good]))
      expect(verification(run)).toMatchObject({ expected: 1, rejected: 12, missing: 0 })
    },
  )
})

describe('a history of the source instead of what Engage holds', () => {
  it('needs no more than an approval where the source lacks nothing', async () => {
    const bench = openBench()
    const more = older(bench.contacts[0] ?? '')
    const before = held(bench)
    const run = await runWith(bench, [...asKept(all(bench)), more], 'only')
    const planned = planLines(run.plan).join('\n')
    expect(planned).toContain('History of the source system, instead of what Engage holds')
    expect(planned).toContain('for three snapshots')
    expect(planned).not.toContain('was not made of what a source has kept')
    await walk(run)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [more])].sort())
    expect(whyNeeded(run.journal, run.plan.schemaId)).toBe(undefined)
  })

  it('needs the very number of what does not come back, which a restore can bring in', async () => {
    const bench = openBench()
    const engage = all(bench)
    const kept = engage.slice(7)
    const run = await runWith(bench, asKept(kept), 'only')
    await walk(run, 'delete-schema')
    const gate = await go(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    expect(gate.request).toMatchObject({ needs: ['confirm', 'accept-loss'], loss: 7 })
    expect(gate.request.asks).toContain(`engage-migrate restore ${passed(run, 'final-pass').folder}`)
    expect(() => sign(run, 'delete-schema')).toThrow(/--?accept-loss/)
    expect(() => sign(run, 'delete-schema', { acceptLoss: 6 })).toThrow(/names 6, but 7/)
    expect(sign(run, 'delete-schema', { acceptLoss: 7 })).toBe('signed')
    await walk(run)
    expect(held(bench)).toEqual(keysOf(bench, kept))
    expect(verification(run)).toMatchObject({ expected: kept.length, missing: 0, extra: 0, live: 0 })
    expect(whyNeeded(run.journal, run.plan.schemaId)).toBe('keeps what it has not brought back')
    expect(snapshotsNamed(run.journal)).toContain(passed(run, 'final-pass').snapshot)
  })

  it('is brought in by a restore without doubling what the source knew more of', async () => {
    const bench = openBench({ contacts: 8 })
    const engage = all(bench)
    const kept = asKept(engage.slice(1)).map((each) => ({
      ...each,
      payload: { ...each.payload, channel: 'web' },
    }))
    const channelled = withChannel(bench.schema)
    const history = historyIn(await keptBySource(bench, kept, { schema: channelled }), 'only')
    const run = await planRun(bench, { history, derive: withChannel })
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema', { acceptLoss: 1 })
    await walk(run)
    const rich = multiset(channelled, all(bench))
    expect(rich).toEqual(keysOf({ ...bench, schema: channelled }, kept))
    const merged = await openSnapshot(importedFolder(run.context))
    expect(merged.schema).toEqual(channelled)

    const restoring = await restoreRun(bench, passed(run, 'final-pass').folder)
    expect(parsePlan(JSON.stringify(restoring.plan), 'plan').restore?.properties).toEqual(
      Object.keys(bench.schema.jsonSchema.properties),
    )
    expect(restoring.plan.warnings).toContainEqual(expect.stringContaining('does not name "channel"'))
    expect(await dryRun(restoring)).toMatchObject({ missing: 1, there: kept.length })
    // Another process knows by the plan alone what to go by.
    await go(restoring)
    sign(restoring, 'automations-paused')
    const next = await killedAt(restoring, isPost)
    expect(await walk(next)).toEqual([])
    expect(multiset(channelled, all(bench))).toEqual(
      [...rich, ...multiset(channelled, engage.slice(0, 1))].sort(),
    )
    expect(verification(next)).toMatchObject({ expected: engage.length, missing: 0, extra: 0, live: 0 })
  })

  it('is not deleted on a signature that accepts another loss', async () => {
    const bench = openBench()
    const run = await runWith(bench, asKept(all(bench).slice(3)), 'only')
    await walk(run, 'delete-schema')
    run.journal.events.append('signed', 'delete-schema', {
      ...{ by: 'Ada', confirm: run.plan.schemaId, planDigest: 'digest', acceptLoss: 2 },
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('not signed'),
    })
    expect(all(bench).length).toBeGreaterThan(0)
  })

  it('does not take a twin that goes yet for one of its own, while the deletion lags', async () => {
    const bench = openBench()
    const kept = all(bench)
    const one = first(kept)
    addHistory(bench, one.contactId, one.payload, one.createdDate)
    const before = all(bench)
    const run = await runWith(bench, asKept(kept), 'only')
    await walk(run, 'delete-schema')
    const [left] = linesOf(join(run.folder, ONLY_IN_ENGAGE))
    const twin = first(before.filter(({ id }) => id === left?.['id']))
    sign(run, 'delete-schema', { acceptLoss: 1 })
    // All that is imported again is seen to be gone; this one is none of it.
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      const gone = bench.sandbox.tenant.interaction(twin.id) === undefined
      return gone && listed(request) === twin.contactId ? withAlso(response, [twin]) : response
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 1,
      message: expect.stringContaining(`${twin.id} of contact ${twin.contactId} is still there`),
    })
    expect(bench.posts()).toBe(0)
    bench.between(undefined)
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual(keysOf(bench, kept))
  })

  it('goes the way back while what it leaves out is shown yet: that is no arrival of others', async () => {
    const bench = openBench({ deletionLag: VISIBLE_WITHIN_MS + 10_000 })
    const kept = all(bench).slice(5)
    const run = await runWith(bench, asKept(kept), 'only')
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema', { acceptLoss: 5 })
    expect(await failureOf(go(run))).toMatchObject({ exit: 1 })
    const gate = await goBack(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    expect(gate.request.asks.join('\n')).toMatch(/5 interactions that only Engage held/)
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(run.said.join('\n')).not.toContain('contacts that were merged')
    expect(held(bench)).toEqual(keysOf(bench, kept))
  })
})
