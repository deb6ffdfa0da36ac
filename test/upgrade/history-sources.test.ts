/** An upgrade imports only from a history that is whole, and the very one that it was planned with. */
import { appendFileSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { localPlace } from '../../src/snapshot/place.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import type { ContactChange } from '../../src/snapshot/record.ts'
import { openWith, sealFor } from '../../src/snapshot/seal.ts'
import { commandLineOf } from '../../src/upgrade/command-line.ts'
import { parsePlan } from '../../src/upgrade/plan.ts'
import { held, multiset, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { historyIn, keptBySource, keysOf, older, runWith } from '../support/history.ts'
import { go, planRun, sign, walk } from '../support/run.ts'
import { contactsOf, write } from '../support/sources.ts'

describe('the history of a plan', () => {
  it.each([
    ['another schema', { schema: { id: 'other' } }, /it is of schema other/],
    ['another tenant', { tenant: 'elsewhere' }, /it is of elsewhere/],
  ] as const)(
    'is refused where it is of %s',
    async (_, { schema, ...keeping }: { schema?: object; tenant?: string }, why) => {
      const bench = openBench({ contacts: 5 })
      const source = await keptBySource(bench, [older(bench.contacts[0] ?? '')], {
        ...keeping,
        ...(schema && { schema: { ...bench.schema, ...schema } }),
      })
      expect(await failureOf(planRun(bench, { history: historyIn(source) }))).toMatchObject({
        exit: 4,
        message: expect.stringMatching(why),
      })
    },
  )

  it('is refused where it is damaged', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await keptBySource(bench, [older(bench.contacts[0] ?? '')])
    // Whoever only reads it does not see this.
    writeFileSync(join(source, 'interactions-00099.ndjson.gz'), 'x')
    expect(await failureOf(planRun(bench, { history: historyIn(source) }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('it is damaged: interactions-00099'),
    })
  })

  it('is read back only where it says what is imported', async () => {
    const bench = openBench({ contacts: 5 })
    const { plan } = await runWith(bench, [older(bench.contacts[0] ?? '')])
    expect(parsePlan(JSON.stringify(plan), 'plan.json').history).toEqual(plan.history)
    const other = { ...plan, history: { ...plan.history, mode: 'all' } }
    expect(() => parsePlan(JSON.stringify(other), 'plan.json')).toThrow(/history\.mode/)
  })

  it('must be the very snapshot when it is used, and whole', async () => {
    const bench = openBench()
    const one = older(bench.contacts[0] ?? '')
    const source = await keptBySource(bench, [one])
    const run = await planRun(bench, { history: historyIn(source) })
    const copy = `${source}-copy`
    cpSync(source, copy, { recursive: true })
    rmSync(source, { recursive: true })
    cpSync(await keptBySource(bench, [older(bench.contacts[0] ?? '', 'OTHER')]), source, { recursive: true })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('it is another one'),
    })
    rmSync(source, { recursive: true })
    cpSync(copy, source, { recursive: true })
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    appendFileSync(join(source, 'interactions-00001.ndjson.gz'), 'x')
    expect(await failureOf(go(run))).toMatchObject({ exit: 4, message: expect.stringContaining('bytes') })
    rmSync(source, { recursive: true })
    cpSync(copy, source, { recursive: true })
    const before = held(bench)
    await walk(run)
    expect(held(bench)).toEqual([...before, ...keysOf(bench, [one])].sort())
  })

  it.each([
    ['incomplete', {}, 'failed', /1 contacts could not be read/],
    ['partial', { carried: 3 }, 'read', /3 contacts were not asked for/],
    ['what a restore has selected', { pass: 'restore' }, 'read', /a restore took out/],
    ['what an upgrade has merged', { pass: 'merged' }, 'read', /an upgrade has merged/],
  ] as const)('is refused where it is %s', async (_, facts, state, why) => {
    const bench = openBench({ contacts: 5 })
    const source = join(await temporaryFolder(), 'source')
    const contacts = (await contactsOf(bench)).map(
      (each, index): ContactChange =>
        index === 0 && state === 'failed' ? { ...each, state, interactions: [] } : each,
    )
    await write(bench, source, contacts, contacts.length, facts)
    expect(await failureOf(planRun(bench, { history: historyIn(source) }))).toMatchObject({
      exit: 4,
      message: expect.stringMatching(why),
    })
  })

  it('is refused where its contacts have ids of another kind, or are none of the list', async () => {
    const bench = openBench({ contacts: 5 })
    const [one] = await contactsOf(bench)
    if (one === undefined) throw new Error('nobody there')
    const named = async (contactId: string): Promise<string> => {
      const source = join(await temporaryFolder(), 'source')
      const interactions = [{ ...older(contactId), id: 'a', contactId, schemaId: bench.schema.id }]
      await write(bench, source, [{ ...one, contactId, interactions }], 1)
      return source
    }
    const refusal = async (contactId: string): Promise<unknown> =>
      failureOf(planRun(bench, { history: historyIn(await named(contactId)) }))
    expect(await refusal('customer-17')).toMatchObject({ message: expect.stringContaining('(a GUID)') })
    expect(await refusal('00000000-0000-4000-8000-00000000abcd')).toMatchObject({
      message: expect.stringContaining('none of its 1 contacts'),
    })
  })

  it('that is encrypted takes an identity each time that it is read', async () => {
    const bench = openBench()
    const identity = await generateIdentity()
    const seal = sealFor([await identityToRecipient(identity)])
    const source = join(await temporaryFolder(), 'sealed')
    const plain = await keptBySource(bench, [older(bench.contacts[0] ?? '')])
    const contacts = await Array.fromAsync((await openSnapshot(plain)).contacts())
    const facts = { seal, encryption: { method: 'age' as const, recipients: 1 } }
    await write(bench, source, contacts, contacts.length, facts)
    const locked = {
      exit: 4,
      message: expect.stringContaining(source),
      next: expect.stringContaining('--identity'),
    }
    expect(await failureOf(planRun(bench, { history: historyIn(source) }))).toMatchObject(locked)
    const others = { place: localPlace(source), opener: openWith([await generateIdentity()]) }
    expect(await failureOf(planRun(bench, { history: { source: others, mode: 'only' } }))).toMatchObject({
      exit: 4,
      message: expect.stringMatching(/^\S+ was encrypted for other keys: none of the identities given/),
    })
    const at = { place: localPlace(source), opener: openWith([identity]) }
    const run = await planRun(bench, { history: { source: at, mode: 'besides' } })
    const closed = { ...run.context, source: async () => ({ ...at, opener: undefined }) }
    expect(await failureOf(go({ ...run, context: closed }))).toMatchObject(locked)
    const before = held(bench)
    await walk(run, 'producers-stopped')
    const command = `engage-migrate upgrade ${run.plan.run}`
    expect(commandLineOf(run.plan, run.journal)).toBe(`${command} --identity FILE`)
    await walk(run, 'delete-schema')
    expect(commandLineOf(run.plan, run.journal)).toBe(command)
    await walk(run)
    expect(held(bench)).toEqual(
      [
        ...before,
        ...multiset(
          bench.schema,
          contacts.flatMap((each) => each.interactions),
        ),
      ].sort(),
    )
    expect(run.said.join('\n')).toContain('unencrypted')
  })
})
