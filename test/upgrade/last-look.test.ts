/** What must be as it was when the deletion was signed for, at the instant before: each kind of it, moved in between. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signaturesOf } from '../../src/report/gate-states.ts'
import { approvalOf, basisOf, differing } from '../../src/upgrade/approval.ts'
import { readPolicy } from '../../src/upgrade/policy-file.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import type { ReportFile } from '../../src/upgrade/strategy.ts'
import { type Bench, type BenchOptions, openBench, produce } from '../support/bench.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { approve, go, planRun, type Run, type RunOptions, sign, walk } from '../support/run.ts'

const JOINED = '0f0e0d0c-0b0a-4908-8706-050403020100'

/** Few contacts are enough to see what has moved. */
function smallBench(options: BenchOptions = {}): Bench {
  return openBench({ contacts: 10, interactions: 2, ...options })
}

/** A report of which only the digest matters. */
function reportWith(state: { digest: string; written: number }): ReportFile {
  return {
    async write() {
      state.written += 1
    },
    digest: async () => state.digest,
  }
}

function join15({ sandbox }: Bench): void {
  const [any] = sandbox.tenant.schemas()
  for (let n = sandbox.tenant.schemas().length; n < 15 && any !== undefined; n += 1)
    sandbox.tenant.apply({
      type: 'schema-created',
      schema: { ...any.schema, id: `other-${n}` },
      visibleAt: 0,
    })
}

function addContact({ sandbox, clock }: Bench, id = JOINED): void {
  sandbox.tenant.apply({ type: 'contact-created', id, contactType: 'Member', at: clock.now() })
}

/** Nothing was deleted, what was signed is void for a reason, and the next `upgrade` asks for it anew. */
async function expectVoid(run: Run, words: RegExp): Promise<void> {
  const failure = await failureOf(go(run))
  expect(failure).toMatchObject({ name: 'OperatorError', exit: 4, safe: 'Nothing was deleted.' })
  expect(String((failure as Error).message)).toMatch(words)
  expect(run.bench.sandbox.tenant.schema(run.bench.schema.id)).toBeDefined()
  expect(run.journal.events.latest('deletion', 'intent')).toBeUndefined()
  expect(isDone(run.journal, { name: 'delete-schema' })).toBe(false)
  expect(signaturesOf(run.journal, 'delete-schema').at(-1)?.void).toMatch(words)
}

async function signed(options: RunOptions = {}, bench = smallBench()): Promise<Run> {
  const run = await planRun(bench, options)
  await approve(run)
  return run
}

describe('what has moved between the signature and the deletion stops it', () => {
  it('the schema: with what is different', async () => {
    const run = await signed()
    const { sandbox, schema } = run.bench
    const { rating, ...others } = schema.jsonSchema.properties
    const properties = { ...others, rating: { ...rating, type: 'string' } }
    sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id })
    sandbox.tenant.apply({
      type: 'schema-created',
      schema: { ...schema, jsonSchema: { ...schema.jsonSchema, properties } },
      visibleAt: 0,
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(
        'jsonSchema.properties.rating.type: expected "integer", found "string"',
      ),
    })
    expect(sandbox.tenant.schema(schema.id)).toBeDefined()
    expect(run.journal.events.latest('deletion', 'intent')).toBeUndefined()
    expect(isDone(run.journal, { name: 'delete-schema' })).toBe(false)
    // Nobody is asked to sign for another schema.
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('has changed'),
    })
  })

  it('the free places, when there are none left', async () => {
    const run = await signed()
    join15(run.bench)
    await expectVoid(run, /free places for schemas: was \d+, is 0.*created since: other-/s)
    // Whoever signs now has been told.
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'delete-schema' })
    sign(run, 'delete-schema', { acceptNoPreflight: true })
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('the contacts, where one has joined and nobody can name it', async () => {
    const run = await signed({}, smallBench({ changesActivated: false }))
    addContact(run.bench)
    await expectVoid(
      run,
      /contacts of the tenant, by its own count: was 10, of which 10 are known, is 11, of which 10 are known/,
    )
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm', 'accept-coverage'] } })
    sign(run, 'delete-schema', { acceptCoverage: true })
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('the contacts, where one has joined with interactions: the producers have not stopped', async () => {
    const run = await signed()
    addContact(run.bench)
    produce(run.bench, JOINED)
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(
        `contact ${JOINED}, which the final pass did not know, has interactions`,
      ),
    })
    expect(run.bench.sandbox.tenant.schema(run.bench.schema.id)).toBeDefined()
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'producers-stopped' })
  })

  it('the interactions, where a contact of the sample has a new one', async () => {
    const run = await signed()
    produce(run.bench, run.bench.contacts[0] ?? '')
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('Producers still write'),
    })
    expect(run.bench.sandbox.tenant.schema(run.bench.schema.id)).toBeDefined()
  })

  it('the report, changed or gone', async () => {
    const report = { digest: 'first', written: 0 }
    const run = await signed({ report: reportWith(report) })
    report.digest = 'another'
    await expectVoid(run, /the report: was the one that was signed for, is another one, or gone/)
    expect(await go(run)).toMatchObject({
      request: {
        asks: expect.arrayContaining([expect.stringContaining('The last signature is void')]),
        on: { report: 'another' },
      },
    })
  })

  it('the policy that is set', async () => {
    const file = join(await temporaryFolder(), 'policy.json')
    const policy = { format: 'engage-migrate policy', formatVersion: 1, production: {} }
    writeFileSync(file, JSON.stringify(policy))
    const run = await signed({ people: { policy: readPolicy(file, 'test') }, settings: { policy: file } })
    writeFileSync(file, JSON.stringify({ ...policy, production: { signatures: 2 } }))
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('is not the one that the plan was made with'),
      safe: expect.stringContaining('what was signed stays signed'),
      next: expect.stringContaining('engage-migrate plan'),
    })
    expect(run.bench.sandbox.tenant.schema(run.bench.schema.id)).toBeDefined()
  })

  it('nothing: then it goes on, also where contacts have joined that have nothing', async () => {
    const run = await signed()
    addContact(run.bench)
    const [any] = run.bench.sandbox.tenant.schemas()
    const schema = { ...any?.schema, id: 'one-more' } as NonNullable<typeof any>['schema']
    run.bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(run.said).toContain('Joined since the approval, read, and without interactions: 1 contact.')
    expect(run.said).toContain('Created since the approval, and no matter: one-more.')
  })

  it('fewer contacts than may join unaccounted for', async () => {
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench, { settings: { driftContacts: 1 }, contacts: bench.contacts.slice(1) })
    await approve(run, { acceptCoverage: true })
    addContact(bench)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('but not where nobody has accepted that a contact may be missing', async () => {
    const run = await signed({ settings: { driftContacts: 1 } }, smallBench({ changesActivated: false }))
    addContact(run.bench)
    await expectVoid(run, /contacts of the tenant/)
  })

  it('the contacts, where one has joined and another one has gone before: neither hides the other', async () => {
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    await walk(run, 'delete-schema')
    // Gone between the final pass and the gate: the tenant counts one fewer than are known.
    const [gone = ''] = bench.contacts
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: gone, at: bench.clock.now() })
    run.journal.events.withdraw(['delete-schema'], { reason: 'to be looked at anew' })
    await go(run)
    expect(basisOf(run.journal)?.counted).toBe(9)
    sign(run, 'delete-schema')
    addContact(bench)
    await expectVoid(run, /was 9, of which 10 are known, is 10, of which 10 are known/)
  })
})

describe('what moves while everything is looked at', () => {
  /** Moves something as soon as a contact of the sample is read. */
  function meanwhile({ bench }: Run, move: () => void): void {
    let moved = false
    bench.between(async (request, sandbox) => {
      if (!moved && new URL(request.url).pathname.endsWith('/interactions')) {
        moved = true
        move()
      }
      return sandbox(request)
    })
  }

  it('stops it as well: the report', async () => {
    const report = { digest: 'first', written: 0 }
    const run = await signed({ report: reportWith(report) })
    meanwhile(run, () => {
      report.digest = 'another'
    })
    await expectVoid(run, /the report: was/)
  })

  it('stops it as well: the places', async () => {
    const run = await signed()
    meanwhile(run, () => join15(run.bench))
    await expectVoid(run, /free places/)
  })
})

describe('coverage', () => {
  it('that is not sure was accepted by name, whatever else the signature says', async () => {
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench, { contacts: bench.contacts.slice(1) })
    await walk(run, 'delete-schema')
    const on = approvalOf(run.journal) ?? null
    const one = { by: 'Ada', confirm: run.plan.schemaId, planDigest: 'digest', on }
    run.journal.events.append('signed', 'delete-schema', one)
    await expectVoid(run, /coverage is neither sure nor accepted/)
  })

  it('is not made unsure by a contact that was gone and is there again, with nothing', async () => {
    const bench = smallBench({ changesActivated: false })
    const lost = bench.contacts.find(
      (id) => [...bench.sandbox.tenant.interactionsOf(bench.schema.id, id)].length === 0,
    )
    const gone = { type: 'contact-deleted', id: lost ?? '', at: bench.clock.now() } as const
    bench.sandbox.tenant.apply(gone)
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.tenant.apply({ type: 'contact-updated', id: lost ?? '', at: bench.clock.now() })
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('is not sure any more where some have gone and others have joined, though by number nobody is missing', async () => {
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    await walk(run, 'delete-schema')
    bench.sandbox.tenant.apply({
      type: 'contact-deleted',
      id: bench.contacts[0] ?? '',
      at: bench.clock.now(),
    })
    run.journal.events.withdraw(['delete-schema'], { reason: 'to be looked at anew' })
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm'] } })
    sign(run, 'delete-schema')
    addContact(bench)
    await expectVoid(run, /contacts of the tenant/)
    expect(await go(run)).toMatchObject({
      request: {
        needs: ['confirm', 'accept-coverage'],
        asks: expect.arrayContaining([
          expect.stringContaining('1 contact may have joined that nobody has read'),
        ]),
      },
    })
  })

  it('that a policy wants to be sure, no setting makes up for', async () => {
    const bench = smallBench({ changesActivated: false })
    const file = join(await temporaryFolder(), 'policy.json')
    writeFileSync(
      file,
      '{"format": "engage-migrate policy", "formatVersion": 1, "production": {"coverage": "sure"}}',
    )
    const people = { policy: readPolicy(file, 'test') }
    const run = await planRun(bench, { people, settings: { driftContacts: 1 } })
    await approve(run, { acceptCoverage: true })
    addContact(bench)
    await expectVoid(run, /contacts of the tenant/)
  })
})

describe('a report that can not be relied on', () => {
  it('is put before nobody', async () => {
    const report: ReportFile = { write: async () => {}, digest: async () => undefined }
    const run = await planRun(smallBench(), { report })
    expect(await failureOf(walk(run))).toMatchObject({
      exit: 1,
      message: expect.stringContaining('is not what was written'),
    })
    expect(run.journal.events.latest('delete-schema', 'opened')).toBeUndefined()
  })
})

describe('a deletion that may have been carried out', () => {
  it('is gone on with, whatever has moved: it was approved when it was sent', async () => {
    const report = { digest: 'first', written: 0 }
    const run = await signed({ report: reportWith(report) }, smallBench({ changesActivated: false }))
    run.bench.sandbox.setFaults([
      { method: 'DELETE', path: '/interactionschemas/', kind: '500', times: 'always' },
    ])
    await failureOf(go(run))
    run.bench.sandbox.setFaults([])
    expect(run.journal.events.latest('deletion', 'intent')).toBeDefined()
    report.digest = 'another'
    addContact(run.bench)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('by somebody else, before anybody was asked, is said, and the history imported all the same', async () => {
    const run = await planRun(smallBench())
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    run.bench.between(async (request, sandbox) => {
      const answer = await sandbox(request)
      // Right after the trial was taken away again.
      if (request.method === 'DELETE') {
        run.bench.between(undefined)
        run.bench.sandbox.tenant.apply({ type: 'schema-deleted', id: run.bench.schema.id })
        addContact(run.bench)
      }
      return answer
    })
    expect(await go(run)).toMatchObject({
      gate: 'delete-schema',
      request: { asks: expect.arrayContaining([expect.stringContaining('it was deleted already')]) },
    })
    sign(run, 'delete-schema', { acceptCoverage: true })
    expect(await go(run)).toEqual({ state: 'done' })
  })
})

describe('a gate that nobody could sign', () => {
  it('is looked at anew each time, and opens once what stood against it is gone', async () => {
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    addContact(bench)
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm', 'accept-coverage'] } })
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: JOINED, at: bench.clock.now() })
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm'] } })
  })

  it('tries the new schema out once a place is free', async () => {
    const bench = smallBench()
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    join15(bench)
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm', 'accept-no-preflight'] } })
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: 'other-14' })
    expect(await go(run)).toMatchObject({ request: { needs: ['confirm'] } })
  })
})

describe('the sample before the deletion', () => {
  it('is as large as it is set', async () => {
    const reads = async (driftSample: number): Promise<number> => {
      const run = await signed({ settings: { driftSample } }, openBench({ contacts: 60 }))
      const before = run.bench.sandbox.stats().byRoute['GET /interactions'] ?? 0
      produce(run.bench, run.bench.contacts[0] ?? '')
      await failureOf(go(run))
      return (run.bench.sandbox.stats().byRoute['GET /interactions'] ?? 0) - before
    }
    expect(await reads(60)).toBeGreaterThan((await reads(6)) + 20)
  })
})

describe('what a signature is on', () => {
  it('stays what it was while nothing of it has changed, however often the run is asked', async () => {
    const report = { digest: 'first', written: 0 }
    const run = await planRun(smallBench(), { report: reportWith(report) })
    await walk(run, 'delete-schema')
    const on = approvalOf(run.journal)
    await go(run)
    await go(run)
    expect(report.written).toBe(1)
    expect(approvalOf(run.journal)).toEqual(on)
    expect(on).toMatchObject({ plan: 'digest', report: 'first', imported: null })
  })

  it('is the plan, the snapshot, what is imported, and the report: any of them may differ', () => {
    const one = { plan: 'a', snapshot: 'a', imported: 'a', report: 'a' }
    const words = {
      plan: 'the plan',
      snapshot: 'the snapshot',
      imported: 'what is imported',
      report: 'the report',
    }
    expect(differing(one, one)).toEqual([])
    for (const [name, word] of Object.entries(words))
      expect(differing(one, { ...one, [name]: 'b' })).toEqual([word])
  })

  it('is of a person: what stands for a name in the printed command is none, however it is written', async () => {
    const run = await planRun(smallBench())
    await walk(run, 'delete-schema')
    for (const by of ['YOUR NAME', 'your name'])
      expect(thrownBy(() => sign(run, 'delete-schema', { by }))).toMatchObject({ exit: 2 })
  })

  it('is what was put up for approval, or nothing is signed', async () => {
    const run = await planRun(smallBench(), { report: reportWith({ digest: 'first', written: 0 }) })
    await walk(run, 'delete-schema')
    const on = { ...approvalOf(run.journal), report: 'another' } as never
    expect(thrownBy(() => sign(run, 'delete-schema', { on }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('the report has changed since'),
      safe: 'Nothing was signed.',
    })
    expect(isDone(run.journal, { name: 'delete-schema' })).toBe(false)
  })

  it('of an earlier version of the program is no report: it is asked for anew', async () => {
    const run = await planRun(smallBench())
    await walk(run, 'delete-schema')
    const [plan, confirm] = ['digest', run.plan.schemaId]
    run.journal.events.append('signed', 'delete-schema', { by: 'Ada', confirm, planDigest: plan })
    await expectVoid(run, /of an earlier version of this program/)
  })
})

describe('two people', () => {
  const two = { people: { requireTwo: true } }

  it('sign for a deletion: the second one opens the gate', async () => {
    const run = await planRun(smallBench(), two)
    await walk(run, 'delete-schema')
    expect(sign(run, 'delete-schema', { by: 'Ada Lovelace' })).toBe('first')
    expect(await go(run)).toMatchObject({
      state: 'waiting',
      request: { asks: expect.arrayContaining([expect.stringMatching(/^Signed by Ada Lovelace on /)]) },
    })
    for (const by of ['Ada Lovelace', ' ada  LOVELACE', 'Ada\u200b Lovelace', 'Ａda Lovelace'])
      expect(thrownBy(() => sign(run, 'delete-schema', { by }))).toMatchObject({
        exit: 4,
        message: expect.stringContaining('two different people'),
      })
    expect(sign(run, 'delete-schema', { by: 'Grace Hopper' })).toBe('signed')
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('have both signed the same, or the first one counts no more', async () => {
    const report = { digest: 'first', written: 0 }
    const run = await planRun(smallBench(), { ...two, report: reportWith(report) })
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema', { by: 'Ada' })
    report.digest = 'another'
    expect(await go(run)).toMatchObject({
      request: {
        asks: expect.arrayContaining(['The signature of Ada is void: what it was on has changed.']),
      },
    })
    expect(sign(run, 'delete-schema', { by: 'Grace' })).toBe('first')
    expect(sign(run, 'delete-schema', { by: 'Ada' })).toBe('signed')
    expect(signaturesOf(run.journal, 'delete-schema').map((each) => [each.by, each.void])).toEqual([
      ['Ada', 'what it was on has changed'],
      ['Grace', null],
      ['Ada', null],
    ])
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('have to be asked anew where what the first one has signed was withdrawn', async () => {
    const run = await planRun(smallBench(), two)
    await walk(run, 'delete-schema')
    sign(run, 'delete-schema', { by: 'Ada' })
    run.journal.events.withdraw(['delete-schema'], { reason: 'something has moved' })
    expect(await go(run)).toMatchObject({
      request: {
        asks: expect.arrayContaining(['The signature of Ada is void: what it was on has changed.']),
      },
    })
    expect(sign(run, 'delete-schema', { by: 'Grace' })).toBe('first')
  })

  it('are two: one signature opens nothing, however it came there', async () => {
    const run = await planRun(smallBench(), two)
    await walk(run, 'delete-schema')
    const on = approvalOf(run.journal) ?? null
    const one = { by: 'Ada', confirm: run.plan.schemaId, planDigest: 'digest', on }
    run.journal.events.append('signed', 'delete-schema', one)
    await expectVoid(run, /two different people/)
  })

  it('are not one person who got a signature past the gate', async () => {
    const run = await planRun(smallBench(), two)
    await walk(run, 'delete-schema')
    const on = approvalOf(run.journal) ?? null
    const one = { by: 'Ada', confirm: run.plan.schemaId, planDigest: 'digest', on }
    run.journal.events.append('signed', 'delete-schema', { ...one, first: { by: 'ada' } })
    await expectVoid(run, /two different people/)
  })

  it('are asked of by a policy as well', async () => {
    const file = join(await temporaryFolder(), 'policy.json')
    writeFileSync(
      file,
      '{"format": "engage-migrate policy", "formatVersion": 1, "production": {"signatures": 2}}',
    )
    const run = await planRun(smallBench(), { people: { policy: readPolicy(file, 'test') } })
    await walk(run, 'delete-schema')
    expect(sign(run, 'delete-schema')).toBe('first')
  })
})

describe('a policy', () => {
  async function policyOf(production: object): Promise<ReturnType<typeof readPolicy>> {
    const file = join(await temporaryFolder(), 'policy.json')
    const zone = { timeZone: 'Europe/Stockholm' }
    writeFileSync(
      file,
      JSON.stringify({ format: 'engage-migrate policy', formatVersion: 1, ...zone, production }),
    )
    return readPolicy(file, 'acme.voyado.com')
  }

  it('lets nobody sign for what it forbids', async () => {
    const policy = await policyOf({ coverage: 'sure' })
    const bench = smallBench({ changesActivated: false })
    const run = await planRun(bench, { people: { policy }, contacts: bench.contacts.slice(1) })
    await walk(run, 'delete-schema')
    expect(thrownBy(() => sign(run, 'delete-schema', { acceptCoverage: true }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('nobody can approve this deletion: it is not known that'),
    })
  })

  it('makes a signed deletion wait for a day, and a time, on which it may begin', async () => {
    const bench = smallBench()
    const policy = await policyOf({ noDeletionOn: ['thursday'], deletionBetween: ['08:00', '15:00'] })
    // The clock stands at Thursday, 2026-01-01.
    const run = await planRun(bench, { people: { policy } })
    await approve(run)
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('it is Thursday there (Europe/Stockholm)'),
      safe: expect.stringContaining('what was signed stays signed'),
    })
    await bench.clock.advance(25 * 3_600_000)
    expect(await failureOf(go(run))).toMatchObject({ message: expect.stringContaining('it is 02:00 there') })
    await bench.clock.advance(8 * 3_600_000)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('binds at the instant of the deletion, not when the last look was begun', async () => {
    const bench = smallBench({ latency: 500 })
    const policy = await policyOf({ noDeletionOn: ['friday'] })
    const run = await planRun(bench, { people: { policy } })
    await approve(run)
    // Thursday, a moment before midnight in Stockholm.
    await bench.clock.advance(Date.UTC(2026, 0, 1, 22, 59, 59) - bench.clock.now())
    expect(await failureOf(go(run))).toMatchObject({
      message: expect.stringContaining('it is Friday there (Europe/Stockholm)'),
    })
    expect(bench.clock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1, 23, 0, 0))
    expect(bench.sandbox.tenant.schema(bench.schema.id)).toBeDefined()
    expect(isDone(run.journal, { name: 'delete-schema' })).toBe(true)
  })
})
