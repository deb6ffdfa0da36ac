/** The last checks before the deletion, and what the deletion itself makes of odd answers. */

import { describe, expect, it } from 'vitest'
import { mayHaveDeleted } from '../../src/upgrade/history.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { changed, json, readSchema } from '../support/answers.ts'
import { addHistory, type Bench, held, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import {
  approve,
  go,
  killedAt,
  passed,
  planRun,
  type Run,
  schemaEffects,
  sign,
  verification,
  walk,
} from '../support/run.ts'

function isThere({ sandbox, schema }: Bench): boolean {
  return sandbox.tenant.schema(schema.id) !== undefined
}

/** Takes the records of so many contacts out of the tenant, one by one. */
function strip({ sandbox, schema }: Bench, contacts: readonly string[]): void {
  for (const contactId of contacts)
    for (const { interaction } of [...sandbox.tenant.interactionsOf(schema.id, contactId)])
      sandbox.tenant.apply({ type: 'interaction-deleted', id: interaction.id })
}

/** Merges the first contact with history into another one. @returns how many interactions have moved */
function merge({ sandbox: { tenant }, schema, contacts, clock }: Bench, among = contacts): number {
  const recordsOf = (id: string): number => [...tenant.interactionsOf(schema.id, id)].length
  const id = contacts.find((each) => recordsOf(each) > 0) ?? ''
  const into = among.find((each) => each !== id) ?? ''
  const moved = recordsOf(id)
  tenant.apply({ type: 'contact-merged', id, into, at: clock.now() })
  return moved
}

/** Runs to a deletion that is not carried out, and gets no clear answer. */
async function failToDelete(run: Run): Promise<void> {
  const { sandbox } = run.bench
  sandbox.setFaults([{ method: 'DELETE', path: '/interactionschemas/', kind: '500', times: 'always' }])
  expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 1 })
  sandbox.setFaults([])
}

describe('the deletion', () => {
  it('does not happen on a signature for another plan', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run, { planDigest: 'another' })
    expect(await failureOf(go(run))).toMatchObject({
      name: 'OperatorError',
      exit: 4,
      message: expect.stringContaining('not signed'),
    })
    expect(isThere(bench)).toBe(true)
  })

  it('does not happen where most contacts with history show nothing', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    strip(bench, bench.contacts)
    expect(await failureOf(go(run))).toMatchObject({
      name: 'OperatorError',
      exit: 4,
      next: expect.stringContaining('another tenant'),
    })
    expect(isThere(bench)).toBe(true)
    expect(run.journal.events.latest('deletion', 'intent')).toBeUndefined()
  })

  it('happens where one of many contacts has lost some meanwhile', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const some = bench.contacts.find(
      (id) => [...bench.sandbox.tenant.interactionsOf(bench.schema.id, id)].length > 0,
    )
    strip(bench, [some ?? ''])
    expect(held(bench).length).toBeLessThan(history.length)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('happens where the one contact with history was deleted meanwhile: that says nothing of the others', async () => {
    const bench = openBench({ contacts: 3, interactions: 0 })
    const [only = ''] = bench.contacts
    addHistory(bench, only, { productSku: 'a', rating: 1 }, '2024-01-01T00:00:00.000Z')
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: only, at: bench.clock.now() })
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('that was carried out, and shows only while everything is looked at once more, has happened', async () => {
    const bench = openBench({ schemaGoneLag: 3_000, latency: 200 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const dead = await killedAt(
      run,
      ({ method, url }) => method === 'DELETE' && url.endsWith(`/${bench.schema.id}`),
    )
    expect(await bench.reader.getSchema(bench.schema.id)).toBeDefined()
    expect(await go(dead)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    // One of the trial, one of the schema.
    expect(bench.sandbox.stats().byRoute['DELETE /interactionschemas/{id}']).toBe(2)
  })

  it('is not believed to have happened on one passing 404', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let struck = false
    bench.between(async (request, sandbox) => {
      if (struck || readSchema(request) !== bench.schema.id) return sandbox(request)
      struck = true
      return json(404, { message: `Schema '${bench.schema.id}' not found` })
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(struck).toBe(true)
    expect(run.journal.events.latest('deletion', 'finished')?.detail).toEqual({ deletedBy: 'this run' })
    expect(held(bench)).toEqual(history)
  })

  it('is not reached where the trial schema is kept in another form, which is taken away again', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    const trial = (id: string | undefined): boolean => id?.includes('-preflight-') ?? false
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      if (!trial(readSchema(request)) || response.status !== 200) return response
      return changed(response, (body) => ({ ...body, displayName: 'Another name' }))
    })
    expect(await failureOf(walk(run))).toMatchObject({
      name: 'OperatorError',
      exit: 4,
      message: expect.stringContaining('Another name'),
    })
    expect(bench.sandbox.tenant.schemas().filter(({ schema }) => trial(schema.id))).toEqual([])
    expect(isThere(bench)).toBe(true)
  })

  it('that finds a late arrival voids the stop, and happens once all is signed anew', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    await bench.clock.advance(1_000)
    const late = produce(bench, bench.contacts[0] ?? '')
    const history = held(bench)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4, message: expect.stringContaining(late.id) })
    for (const name of ['producers-stopped', 'final-pass', 'delete-schema'])
      expect(isDone(run.journal, { name })).toBe(false)
    expect(await walk(run)).toEqual(['producers-stopped', 'delete-schema'])
    expect(held(bench)).toEqual(history)
  })

  it('once intended, keeps the final pass whatever arrives: it may be all that is left', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const effects = schemaEffects(bench)
    await failToDelete(run)
    expect(new Set(effects)).toEqual(new Set([`DELETE ${bench.schema.id}: nothing`]))
    const { snapshot } = passed(run, 'final-pass')
    await bench.clock.advance(1_000)
    const late = produce(bench, bench.contacts[0] ?? '')
    for (let times = 0; times < 2; times++) {
      expect(await failureOf(go(run))).toMatchObject({
        exit: 4,
        message: expect.stringContaining(late.id),
        next: expect.stringContaining('delete them one by one'),
      })
      expect(isDone(run.journal, { name: 'final-pass' })).toBe(true)
    }
    expect(isThere(bench)).toBe(true)
    // As the message says: without what arrived it goes on, from the same final pass.
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: late.id })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(passed(run, 'final-pass').snapshot).toBe(snapshot)
    expect(held(bench)).toEqual(history)
  })

  it('reads the contacts again where some were merged since the final pass, and brings all under its new contact', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    expect(merge(bench)).toBeGreaterThan(0)
    const history = held(bench)
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('merged since the final pass'),
    })
    expect(held(bench)).toEqual(history)
    expect(await walk(run)).toEqual(['delete-schema'])
    expect(held(bench)).toEqual(history)
  })

  it('finds what a merge has brought to a contact that the hot pass had left out', async () => {
    const bench = openBench()
    strip(bench, bench.contacts.slice(3))
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 1 })
    await approve(run)
    const without = bench.contacts.slice(3)
    expect(merge(bench, without)).toBeGreaterThan(0)
    const history = held(bench)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(await walk(run)).toEqual(['delete-schema'])
    expect(held(bench)).toEqual(history)
  })

  it('that may have been carried out knows what a merge has brought to another contact: it is in the snapshot', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    await failToDelete(run)
    const moved = merge(bench)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(run.said.join('\n')).toMatch(/merged since the final pass: 1, such as \S+ into \S+; --contact-map/)
    expect(verification(run)).toMatchObject({
      found: history.length - moved,
      missing: 0,
      extra: 0,
      rejected: moved,
    })
  })

  it('that may have been carried out finds a live arrival behind what a merge has brought', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    await failToDelete(run)
    expect(merge(bench)).toBeGreaterThan(0)
    const late = produce(bench, bench.contacts.at(-1) ?? '')
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(`such as ${late.id}`),
    })
    expect(isThere(bench)).toBe(true)
  })

  it('that Engage clearly refuses has taken nothing, so the run holds no history', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ method: 'DELETE', path: '/interactionschemas/', kind: 'refuse' }])
    expect(await failureOf(go(run))).toMatchObject({ exit: 1 })
    expect(mayHaveDeleted(run.journal)).toBe(false)
    expect(held(bench)).toEqual(history)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('that may have happened does not happen to a schema that is there anew in another form', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) => {
      if (request.method !== 'DELETE') return sandbox(request)
      await sandbox(request)
      const schema = { ...bench.schema, displayName: 'Somebody else’s' }
      bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
      throw new TypeError('fetch failed')
    })
    const failure = { exit: 1, message: expect.stringContaining('neither the old nor the new one') }
    expect(await failureOf(go(run))).toMatchObject(failure)
    bench.between(undefined)
    expect(await failureOf(go(run))).toMatchObject(failure)
    expect(isThere(bench)).toBe(true)
    await bench.writer.deleteSchema(bench.schema.id)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('that a killed process left open does not happen to one in another form either', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    run.journal.events.append('intent', 'deletion', { schemaId: bench.schema.id })
    await bench.writer.deleteSchema(bench.schema.id)
    const schema = { ...bench.schema, displayName: 'Somebody else’s' }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    const failure = { exit: 4, message: expect.stringContaining('created it anew in another form') }
    expect(await failureOf(go(run))).toMatchObject(failure)
    expect(isThere(bench)).toBe(true)
    await bench.writer.deleteSchema(bench.schema.id)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('happens no second time to a schema that others have made anew, as it was, and post into', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const live: string[] = []
    let deletions = 0
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      if (request.method !== 'DELETE' || isThere(bench)) return response
      deletions += 1
      bench.sandbox.tenant.apply({ type: 'schema-created', schema: bench.schema, visibleAt: 0 })
      const [contactId = ''] = bench.contacts
      live.push(produce(bench, contactId).id)
      return response
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(`not in the snapshot, such as ${live[0]}`),
    })
    expect(deletions).toBe(1)
    expect(bench.sandbox.tenant.interaction(live[0] ?? '')).toBeDefined()
    bench.between(undefined)
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: live[0] ?? '' })
    sign(run, 'delete-schema')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('may have emptied a schema that is there again: its history is not looked for any more', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) => {
      if (request.method !== 'DELETE') return sandbox(request)
      await sandbox(request)
      bench.sandbox.tenant.apply({ type: 'schema-created', schema: bench.schema, visibleAt: 0 })
      return json(400, { message: 'no' })
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 1 })
    expect(held(bench)).toEqual([])
    bench.between(undefined)
    expect(sign(run, 'delete-schema')).toBe('before')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })
})
