/** Creating and deleting a schema when answers get lost. */
import { describe, expect, it } from 'vitest'
import type { InteractionSchema } from '../../src/model.ts'
import type { FaultKind } from '../../src/sandbox/faults.ts'
import { createSchema, deleteSchema, mayDeleteLate } from '../../src/upgrade/schema-effects.ts'
import { held, openBench, openClient } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { planRun, schemaEffects, VISIBLE_WITHIN_MS, walk } from '../support/run.ts'

const AFTER: readonly FaultKind[] = ['reset-after', 'timeout-after', 'status-500-after', 'truncated']
const BEFORE: readonly FaultKind[] = ['refuse-connection', 'reset-before', '429', '500', '503', 'html']
const CREATE = { method: 'POST', path: '/interactionschemas$' } as const
const DELETE = { method: 'DELETE', path: '/interactionschemas/' } as const

describe('creating a schema', () => {
  it.each(AFTER)('makes exactly one when the answer is lost (%s)', async (kind) => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...CREATE, kind }])
    const effects = schemaEffects(bench)
    await createSchema(context, { ...plan.after, id: 'new' })
    expect(effects).toEqual(['POST new: done'])
    expect(bench.sandbox.stats().faults).toEqual({ [kind]: 1 })
    expect(bench.sandbox.tenant.schema('new')?.schema.jsonSchema).toEqual(plan.after.jsonSchema)
  })

  it.each(BEFORE)('tries again when nothing came of it (%s)', async (kind) => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...CREATE, kind }])
    const effects = schemaEffects(bench)
    await createSchema(context, { ...plan.after, id: 'new' })
    expect(effects).toEqual(['POST new: nothing', 'POST new: done'])
  })

  it.each([0, VISIBLE_WITHIN_MS / 2, VISIBLE_WITHIN_MS * 1.5])(
    'makes one that shows only after %i ms',
    async (schemaLag) => {
      const bench = openBench({ contacts: 1, schemaLag })
      const { context, plan } = await planRun(bench)
      bench.sandbox.setFaults([{ ...CREATE, kind: 'reset-after' }])
      const effects = schemaEffects(bench)
      await createSchema(context, { ...plan.after, id: 'new' })
      expect(effects.filter((each) => each.endsWith('done'))).toEqual(['POST new: done'])
      expect(bench.sandbox.tenant.schema('new')).toBeDefined()
    },
  )

  it('says what the server has against it, and tries no second time', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...CREATE, kind: 'refuse', message: 'too nested' }])
    const effects = schemaEffects(bench)
    expect(await failureOf(createSchema(context, { ...plan.after, id: 'new' }))).toMatchObject({
      name: 'OperatorError',
      exit: 1,
      message: expect.stringContaining('too nested'),
    })
    expect(effects).toEqual(['POST new: nothing'])
  })

  it('refuses to take another schema of that id for its own', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    const other = { ...plan.after, id: 'new', displayName: 'Another' }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: other, visibleAt: 0 })
    expect(await failureOf(createSchema(context, { ...plan.after, id: 'new' }))).toMatchObject({ exit: 4 })
    expect(bench.sandbox.tenant.schema('new')?.schema.displayName).toBe('Another')
  })

  it('gives up after four unclear answers', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...CREATE, kind: '500', times: 'always' }])
    const effects = schemaEffects(bench)
    expect(await failureOf(createSchema(context, { ...plan.after, id: 'new' }))).toMatchObject({ exit: 1 })
    expect(effects).toEqual(Array(4).fill('POST new: nothing'))
  })

  it('stops at once when the API key is refused', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    const stranger = { ...context, ...openClient(bench.sandbox, bench.clock, 'wrong-key') }
    const failed = await failureOf(createSchema(stranger, { ...plan.after, id: 'new' }))
    expect(failed).toMatchObject({ name: 'EngageError', status: 401 })
    expect(bench.sandbox.stats().byRoute['POST /interactionschemas']).toBe(1)
  })
})

/** Nobody else has done anything. */
async function ours(): Promise<void> {}

describe('deleting a schema', () => {
  it('remembers that it was sent again: the first attempt may be carried out late', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan, journal } = await planRun(bench)
    await deleteSchema(context, plan.before, async () => {})
    expect(mayDeleteLate(journal, plan.schemaId)).toBe(false)
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: plan.before, visibleAt: 0 })
    bench.sandbox.setFaults([{ ...DELETE, kind: 'lands-late', delay: 900 }])
    await deleteSchema(context, plan.before, async () => {})
    expect(mayDeleteLate(journal, plan.schemaId)).toBe(true)
    expect(mayDeleteLate(journal, 'another')).toBe(false)
  })

  it.each([...AFTER, ...BEFORE])('ends with it gone, whatever becomes of the answer (%s)', async (kind) => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...DELETE, kind }])
    const effects = schemaEffects(bench)
    await deleteSchema(context, plan.before, ours)
    expect(bench.sandbox.tenant.schema(plan.schemaId)).toBeUndefined()
    expect(effects.filter((each) => each.endsWith('done'))).toHaveLength(1)
    expect(effects).toHaveLength(AFTER.includes(kind) ? 1 : 2)
  })

  it('says what the server has against it', async () => {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    bench.sandbox.setFaults([{ ...DELETE, kind: 'refuse', message: 'in use' }])
    expect(await failureOf(deleteSchema(context, plan.before, ours))).toMatchObject({
      exit: 1,
      message: expect.stringContaining('in use'),
    })
    expect(bench.sandbox.tenant.schema(plan.schemaId)).toBeDefined()
  })
})

describe('a schema that others make anew while it is deleted', () => {
  async function madeAnew(changes: Partial<InteractionSchema>) {
    const bench = openBench({ contacts: 1 })
    const { context, plan } = await planRun(bench)
    let answered = 0
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      if (request.method === 'DELETE') {
        answered += 1
        const schema = { ...plan.before, ...changes }
        bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
      }
      return response
    })
    return { context, plan, deletions: () => answered }
  }

  it('in another form stays: what was to be deleted is gone', async () => {
    const { context, plan, deletions } = await madeAnew({ displayName: 'Theirs' })
    await deleteSchema(context, plan.before, () => Promise.reject(new Error('need not be asked')))
    expect(deletions()).toBe(1)
  })

  it('in the same form is deleted only once it is known to be nobody’s', async () => {
    const { context, plan, deletions } = await madeAnew({})
    const theirs = new Error('theirs')
    const failed = await failureOf(deleteSchema(context, plan.before, () => Promise.reject(theirs)))
    expect(failed).toBe(theirs)
    expect(deletions()).toBe(1)
  })
})

describe('an upgrade whose schema calls lose their answers', () => {
  it.each(AFTER)('deletes once and creates once (%s)', async (kind) => {
    const bench = openBench({ contacts: 12, schemaLag: 3_000 })
    const history = held(bench)
    const run = await planRun(bench)
    bench.sandbox.setFaults([
      { ...CREATE, kind, times: 2 },
      { ...DELETE, kind, times: 2 },
    ])
    const effects = schemaEffects(bench)
    await walk(run)
    const { id } = bench.schema
    expect(effects).toEqual([
      `POST ${id}-trial: done`,
      `DELETE ${id}-trial: done`,
      `DELETE ${id}: done`,
      `POST ${id}: done`,
    ])
    expect(held(bench)).toEqual(history)
  })
})
