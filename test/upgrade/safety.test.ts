/** What stands between an operator and a loss: everything that must keep the deletion from happening. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isRefuted } from '../../src/upgrade/final-pass.ts'
import { riskOf } from '../../src/upgrade/risk.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { type Bench, held, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { go, passed, planRun, type Run, schemaEffects, sign, walk } from '../support/run.ts'

/** Something that arrives a second after now. */
async function arrive(bench: Bench): Promise<void> {
  await bench.clock.advance(1_000)
  produce(bench, bench.contacts[0] ?? '')
}

/** A run that has come to the gate of the deletion, which is then signed. */
async function approved(run: Run): Promise<void> {
  await walk(run, 'delete-schema')
  sign(run, 'delete-schema')
}

function isThere({ sandbox, schema }: Bench): boolean {
  return sandbox.tenant.schema(schema.id) !== undefined
}

function withoutHistory({ contacts, sandbox, schema }: Bench): readonly string[] {
  return contacts.filter((id) => [...sandbox.tenant.interactionsOf(schema.id, id)].length === 0)
}

/**
 * The process dies before the write of that number, of those that `counts` picks; nothing of it is there then.
 * @returns what the run ended with
 */
async function diesBefore(run: Run, number: number, counts: (kind: string) => boolean): Promise<unknown> {
  const { events } = run.journal
  const { append, withdraw } = events
  let left = number
  const dying = (kind: string): void => {
    if (counts(kind) && left-- === 0) throw new Error('dead')
  }
  const doomed: Pick<typeof events, 'append' | 'withdraw'> = {
    append(kind, name, detail) {
      dying(kind)
      return append(kind, name, detail)
    },
    withdraw(names, detail) {
      dying('withdrawn')
      withdraw(names, detail)
    },
  }
  Object.assign(events, doomed)
  const ended = await go(run).catch((error: unknown) => error)
  Object.assign(events, { append, withdraw })
  return ended
}

describe('producers that go on writing', () => {
  it('void the signature when something dated after it arrives before the final pass', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    await arrive(bench)
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(isDone(run.journal, { name: 'producers-stopped' })).toBe(false)
    const outcome = await go(run)
    expect(outcome).toMatchObject({ state: 'waiting', gate: 'producers-stopped' })
    if (outcome.state === 'waiting') expect(outcome.request.asks[0]).toContain('void')
    const history = held(bench)
    expect(await walk(run)).toEqual(['producers-stopped', 'delete-schema'])
    expect(held(bench)).toEqual(history)
  })

  it.each(['full', 'hot'] as const)(
    'keep the deletion from happening after the final pass (%s), which is made again',
    async (finalPass) => {
      const bench = openBench()
      const run = await planRun(bench, { finalPass })
      await approved(run)
      await arrive(bench)
      expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
      expect(isThere(bench)).toBe(true)
      const history = held(bench)
      expect(await walk(run)).toEqual(['producers-stopped', 'delete-schema'])
      expect(held(bench)).toEqual(history)
    },
  )
})

describe('a hot final pass', () => {
  it('asks contacts with history again, and of the others only the sample', async () => {
    const bench = openBench({ contacts: 60, interactions: 2 })
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 3 })
    await walk(run, 'producers-stopped')
    const history = held(bench)
    const withHistory = passed(run, 'base-pass').contactsWithHistory
    expect(withHistory).toBeLessThan(50)
    sign(run, 'producers-stopped')
    const asked = new Set<string>()
    bench.between(async (request, sandbox) => {
      const contactId = new URL(request.url).searchParams.get('contactId')
      if (contactId !== null && !isDone(run.journal, { name: 'final-pass' })) asked.add(contactId)
      return sandbox(request)
    })
    await walk(run)
    expect(asked.size).toBeGreaterThanOrEqual(withHistory)
    expect(asked.size).toBeLessThan(60)
    expect(held(bench)).toEqual(history)
  })

  it('reads everybody once a contact of the sample has got something', async () => {
    const bench = openBench({ contacts: 60, interactions: 2 })
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 3 })
    await walk(run, 'producers-stopped')
    const empty = withoutHistory(bench)
    expect(empty.length).toBeGreaterThan(3)
    for (const id of empty) produce(bench, id, '2025-12-31T00:00:00.000Z')
    const history = held(bench)
    sign(run, 'producers-stopped')
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'delete-schema' })
    expect(isRefuted(run)).toBe(true)
    expect(passed(run, 'final-pass')).toMatchObject({ interactions: history.length })
    sign(run, 'delete-schema')
    await walk(run)
    expect(held(bench)).toEqual(history)
  })

  it('is never taken for one that has read everybody, wherever the process dies when its sample refutes it', async () => {
    const bench = openBench({ contacts: 60, interactions: 2 })
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 10 })
    await walk(run, 'producers-stopped')
    for (const id of bench.contacts) produce(bench, id, '2025-12-31T00:00:00.000Z')
    const history = held(bench)
    sign(run, 'producers-stopped')
    for (const number of [0, 1, 2, 1, 0, 1])
      await diesBefore(run, number, (kind) => !['started', 'finished'].includes(kind))
    await walk(run, 'delete-schema')
    expect(passed(run, 'final-pass')).toMatchObject({ interactions: history.length })
    expect(isRefuted(run)).toBe(true)
  })

  it('reads everybody the next time where the last look finds something at a contact that it left out', async () => {
    const bench = openBench({ contacts: 60, interactions: 2 })
    const run = await planRun(bench, { finalPass: 'hot', hotSample: 0 })
    await walk(run, 'producers-stopped')
    const empty = withoutHistory(bench)
    for (const id of empty.slice(0, 2)) produce(bench, id, '2025-12-31T00:00:00.000Z')
    const history = held(bench)
    sign(run, 'producers-stopped')
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema')
    // Wherever the process dies: either all of what rests on the pass is void, or it stands and is looked at again.
    for (const number of [0, 1]) {
      const ended = await diesBefore(run, number, (kind) => kind === 'withdrawn')
      const stands = ['delete-schema', 'final-pass', 'producers-stopped'].map((name) =>
        isDone(run.journal, { name }),
      )
      expect(new Set(stands).size).toBe(1)
      if (number > 0)
        expect(ended).toMatchObject({ exit: 4, message: expect.stringContaining(empty[0] ?? '') })
    }
    expect(isThere(bench)).toBe(true)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    expect(await go(run)).toMatchObject({
      gate: 'delete-schema',
      request: {
        asks: expect.arrayContaining([expect.stringContaining('Final pass: full, though planned as hot')]),
      },
    })
    expect(passed(run, 'final-pass')).toMatchObject({ interactions: history.length })
    sign(run, 'delete-schema')
    await walk(run)
    expect(held(bench)).toEqual(history)
  })

  it.each([
    [0, 100],
    [2, 100],
    [100, 3],
    [3_000, 0.1],
  ])('with a sample of %i may leave out %f %% of the others, as the plan says', (sample, bound) => {
    expect(riskOf('hot', sample)).toContain(`at most ${bound.toFixed(2)} % of the others`)
  })
})

describe('the deletion', () => {
  it('does not happen when the schema is another than the plan’s', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approved(run)
    const { schema } = bench
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id })
    const changed = { ...schema, displayName: 'Somebody’s' }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: changed, visibleAt: 0 })
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(isThere(bench)).toBe(true)
  })

  it('does not happen when the schema changes while the last checks run', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approved(run)
    let looks = 0
    bench.between(async (request, sandbox) => {
      if (new URL(request.url).pathname.endsWith('/interactions') && looks++ === 5) {
        const changed = { ...bench.schema, displayName: 'Somebody’s' }
        bench.sandbox.tenant.apply({ type: 'schema-created', schema: changed, visibleAt: 0 })
      }
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(looks).toBeGreaterThan(5)
    expect(isThere(bench)).toBe(true)
  })

  it.each(['interactions-00002.ndjson.gz', 'contacts-00001.ndjson.gz', 'schema.json', 'manifest.json'])(
    'does not happen when one byte of %s in the snapshot has changed',
    async (name) => {
      const bench = openBench()
      const run = await planRun(bench)
      await approved(run)
      const file = join(passed(run, 'final-pass').folder, name)
      const bytes = readFileSync(file)
      const at = Math.floor(bytes.length / 2)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(file, bytes)
      expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
      expect(isThere(bench)).toBe(true)
      expect(run.journal.events.latest('deletion', 'intent')).toBeUndefined()
    },
  )

  it('does not happen with another snapshot in the place of the run’s', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approved(run)
    const base = passed(run, 'base-pass').folder
    const final = passed(run, 'final-pass').folder
    for (const name of readdirSync(base)) writeFileSync(join(final, name), readFileSync(join(base, name)))
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(isThere(bench)).toBe(true)
  })

  it('needs the lack of contacts in the list to be accepted by name', async () => {
    const bench = openBench()
    const run = await planRun(bench, { contacts: bench.contacts.slice(1) })
    await walk(run, 'delete-schema')
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm', 'accept-coverage'] } })
    expect(() => sign(run, 'delete-schema')).toThrow(/accept-coverage/)
    expect(sign(run, 'delete-schema', { acceptCoverage: true })).toBe('signed')
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('needs it to be accepted by name that the new schema could not be tried out', async () => {
    const bench = openBench()
    for (let index = 1; index < 15; index++) {
      const schema = { ...bench.schema, id: `other-${index}` }
      bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    }
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    expect(() => sign(run, 'delete-schema')).toThrow(/accept-no-preflight/)
    expect(sign(run, 'delete-schema', { acceptNoPreflight: true })).toBe('signed')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('does not happen when the tenant refuses the new schema in the trial', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    bench.sandbox.setFaults([
      { kind: 'refuse', method: 'POST', path: '/interactionschemas$', times: 'always', message: 'sortOrder' },
    ])
    const effects = schemaEffects(bench)
    expect(await failureOf(walk(run))).toMatchObject({
      name: 'OperatorError',
      message: expect.stringContaining('sortOrder'),
    })
    expect(isThere(bench)).toBe(true)
    expect(effects).toEqual([`POST ${bench.schema.id}-trial: nothing`])
  })

  it('by somebody else is found, and the history comes back all the same', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approved(run)
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(run.journal.events.latest('deletion', 'finished')?.detail).toEqual({ deletedBy: 'somebody else' })
  })
})
