/** An import in a world that moves: contacts merged, restored and gone, and a schema that somebody takes away. */
import { writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { contactMapOf } from '../../src/upgrade/contact-map.ts'
import { FORTH } from '../../src/upgrade/lot.ts'
import { giveContactMap, retryRefused } from '../../src/upgrade/reopening.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { caller } from '../sandbox/caller.ts'
import { listed } from '../support/answers.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { approve, go, goBack, killedAt, planRun, type Run, sign, verification, walk } from '../support/run.ts'

const NEW_ID = '0b9a4a1c-0000-4000-8000-00000000c0de'

function countAt({ sandbox, schema }: Bench, contactId: string): number {
  return [...sandbox.tenant.interactionsOf(schema.id, contactId)].length
}

function remove({ sandbox, clock }: Bench, id: string): void {
  sandbox.tenant.apply({ type: 'contact-deleted', id, at: clock.now() })
}

async function restore({ sandbox }: Bench, id: string): Promise<void> {
  await caller(sandbox.send)('POST', '/sandbox/contacts', { id })
}

function mapFile(run: Run, ...pairs: ReadonlyArray<readonly [string, string]>): string {
  const file = join(run.folder, 'merged.csv')
  writeFileSync(file, `old;new\n${pairs.map((pair) => pair.join(';')).join('\n')}\n`)
  return file
}

/** Contacts with the most history first. */
function byHistory(bench: Bench): readonly string[] {
  return bench.contacts.toSorted((a, b) => countAt(bench, b) - countAt(bench, a))
}

/** A run that is done, but for one contact that went away before its history was imported. */
async function refused(): Promise<{ run: Run; lost: string; count: number; history: readonly string[] }> {
  const bench = openBench()
  const [lost = ''] = byHistory(bench).slice(4)
  const count = countAt(bench, lost)
  expect(count).toBeGreaterThan(1)
  const history = held(bench)
  const run = await planRun(bench)
  await approve(run)
  remove(bench, lost)
  expect(await go(run)).toEqual({ state: 'done' })
  expect(verification(run)).toMatchObject({ rejected: count, missing: 0 })
  return { run, lost, count, history }
}

describe('a run that is done but for what was refused', () => {
  it('stays as it is where nobody asks for more', async () => {
    const { run } = await refused()
    const posts = run.bench.posts()
    const { length } = run.journal.events.all()
    expect(await go(run)).toEqual({ state: 'done' })
    expect(run.bench.posts()).toBe(posts)
    expect(run.journal.events.all()).toHaveLength(length)
  })

  it('brings it back where the contact was restored, and touches nothing else', async () => {
    const { run, lost, count, history } = await refused()
    const { bench } = run
    const posts = bench.posts()
    const others = held(bench)
    await restore(bench, lost)
    await retryRefused(run.context, FORTH)
    expect(isDone(run.journal, { name: 'import' })).toBe(false)
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(held(bench)).toEqual(history)
    expect(history.length - others.length).toBe(count)
    expect(bench.posts()).toBe(posts + count)
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0, extra: 0, found: history.length })
    expect(linesOf(join(run.folder, 'rejected.ndjson'))).toEqual([])
  })

  it('brings it to the contact that it was merged into', async () => {
    const { run, lost, count, history } = await refused()
    const { bench, folder } = run
    const target = bench.contacts.find((id) => id !== lost && countAt(bench, id) > 0) ?? ''
    const own = countAt(bench, target)
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, target]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(countAt(bench, target)).toBe(own + count)
    expect(held(bench)).toHaveLength(history.length)
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0, extra: 0, live: 0 })
    const moved = linesOf(join(folder, 'id-map.ndjson')).filter(({ oldContactId }) => oldContactId === lost)
    expect(moved.map(({ contactId }) => contactId)).toEqual(Array(count).fill(target))
  })

  it('brings it to a contact of a new id that is in no list', async () => {
    const { run, lost, count } = await refused()
    await restore(run.bench, NEW_ID)
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, NEW_ID]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(countAt(run.bench, NEW_ID)).toBe(count)
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0 })
  })

  it('keeps it refused, with the reason, where the new contact is not there either; another map mends it', async () => {
    const { run, lost, count } = await refused()
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, NEW_ID]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(verification(run)).toMatchObject({ rejected: count })
    const rejected = linesOf(join(run.folder, 'rejected.ndjson'))
    expect(rejected).toHaveLength(count)
    for (const { reason } of rejected) expect(reason).toContain(NEW_ID)
    const target = run.bench.contacts.find((id) => id !== lost) ?? ''
    const own = countAt(run.bench, target)
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, target]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(countAt(run.bench, target)).toBe(own + count)
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0 })
  })

  it('is left alone where the schema is another one by now', async () => {
    const { run, lost } = await refused()
    const { tenant } = run.bench.sandbox
    const another = { ...run.plan.after, displayName: 'Somebody’s' }
    tenant.apply({ type: 'schema-deleted', id: another.id })
    tenant.apply({ type: 'schema-created', schema: another, visibleAt: 0 })
    const { length } = run.journal.events.all()
    const file = mapFile(run, [lost, run.bench.contacts.find((id) => id !== lost) ?? ''])
    for (const taken of [
      () => retryRefused(run.context, FORTH),
      () => giveContactMap(run.context, FORTH, file),
    ])
      expect(await failureOf(taken())).toMatchObject({
        exit: 4,
        message: expect.stringContaining('Somebody’s'),
      })
    expect(run.journal.events.all()).toHaveLength(length)
  })

  it('can’t take the way back any more, also while it is taken up again', async () => {
    const { run } = await refused()
    await retryRefused(run.context, FORTH)
    expect(await failureOf(goBack(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
  })

  it('uses the same map in every process, and refuses one that was changed', async () => {
    const { run, lost } = await refused()
    await restore(run.bench, NEW_ID)
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, NEW_ID]))
    await walk(run, 'automations-paused')
    sign(run, 'automations-paused')
    const next = await killedAt(run, isPost)
    expect(contactMapOf(next.context)).toEqual(new Map([[lost, NEW_ID]]))
    const kept = (await readdir(next.folder)).find((name) => name.startsWith('contact-map-')) ?? ''
    expect(await go(next)).toEqual({ state: 'done' })
    expect(verification(next)).toMatchObject({ rejected: 0, missing: 0, extra: 0 })
    writeFileSync(join(next.folder, kept), `contactId,newContactId\n${lost},${run.bench.contacts[0]}\n`)
    await retryRefused(next.context, FORTH)
    expect(() => contactMapOf(next.context)).toThrow(/not the one that was given/)
  })
})

describe('a contact that is merged while its history is imported', () => {
  it('has what was posted before and what is posted after at the one contact, each once', async () => {
    const bench = openBench()
    const [old = '', target = ''] = byHistory(bench)
    const total = countAt(bench, old) + countAt(bench, target)
    addHistory(bench, old, { rating: 3 }, '2025-01-01T00:00:00.000Z')
    addHistory(bench, target, { rating: 3 }, '2025-01-01T00:00:00.000Z')
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let posted = 0
    bench.between(async (request, sandbox) => {
      if (isPost(request) && (await request.clone().text()).includes(old) && ++posted === 20) {
        // Engage moves what is there, under the same ids.
        const moving = [...bench.sandbox.tenant.interactionsOf(bench.schema.id, old)]
        remove(bench, old)
        for (const { interaction } of moving) {
          bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: interaction.id })
          const moved = { ...interaction, contactId: target }
          bench.sandbox.tenant.apply({
            type: 'interaction-created',
            origin: 'seed',
            interaction: moved,
            at: 0,
            visibleAt: 0,
          })
        }
      }
      return sandbox(request)
    })
    await go(run).catch(() => undefined)
    bench.between(undefined)
    expect(posted).toBeGreaterThanOrEqual(20)
    const { confirmed, rejected } = run.journal.items('import').counts()
    expect(rejected).toBeGreaterThan(0)
    expect(confirmed).toBeGreaterThan(0)
    await giveContactMap(run.context, FORTH, mapFile(run, [old, target]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(countAt(bench, target)).toBe(total + 2)
    expect(held(bench)).toHaveLength(history.length)
    expect(verification(run)).toMatchObject({
      found: history.length,
      missing: 0,
      extra: 0,
      rejected: 0,
      live: 0,
    })
  })
})

describe('a contact map', () => {
  it('is refused where it names nobody of the run, and changes nothing', async () => {
    const { run } = await refused()
    const { length } = run.journal.events.all()
    const file = mapFile(run, [NEW_ID, run.bench.contacts[0] ?? ''])
    expect(await failureOf(giveContactMap(run.context, FORTH, file))).toMatchObject({ exit: 2 })
    expect(run.journal.events.all()).toHaveLength(length)
    expect(isDone(run.journal, { name: 'import' })).toBe(true)
  })

  it('is refused where it leads away from a contact that is there with what was posted to it', async () => {
    const { run, lost } = await refused()
    const [other = '', target = ''] = run.bench.contacts.filter(
      (id) => id !== lost && countAt(run.bench, id) > 0,
    )
    const { length } = run.journal.events.all()
    const file = mapFile(run, [other, target])
    expect(await failureOf(giveContactMap(run.context, FORTH, file))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(other),
    })
    expect(run.journal.events.all()).toHaveLength(length)
    expect(contactMapOf(run.context).size).toBe(0)
  })

  it('never moves what is confirmed to yet another contact, unless that one was merged on', async () => {
    const { run, lost, count } = await refused()
    const [target = '', wrong = ''] = run.bench.contacts.filter((id) => id !== lost)
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, target]))
    expect(await walk(run)).toEqual(['automations-paused'])
    const { length } = run.journal.events.all()
    const posts = run.bench.posts()
    for (const file of [
      mapFile(run, [lost, wrong]),
      mapFile(run, [run.bench.contacts.at(-1) ?? '', wrong]),
    ]) {
      expect(await failureOf(giveContactMap(run.context, FORTH, file))).toMatchObject({ exit: 4 })
    }
    expect(run.journal.events.all()).toHaveLength(length)
    // The target goes too: what it held is posted to where both are now.
    const all = countAt(run.bench, target)
    const own = countAt(run.bench, wrong)
    remove(run.bench, target)
    const apart = mapFile(run, [lost, wrong])
    expect(await failureOf(giveContactMap(run.context, FORTH, apart))).toMatchObject({ exit: 4 })
    await giveContactMap(run.context, FORTH, mapFile(run, [lost, target], [target, wrong]))
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(all).toBeGreaterThanOrEqual(count)
    expect(countAt(run.bench, wrong)).toBe(own + all)
    expect(run.bench.posts()).toBe(posts + all)
  })

  it('given before the history is imported is followed from the first post on, and on the way back', async () => {
    const bench = openBench()
    const [old = '', target = ''] = byHistory(bench).slice(3)
    const count = countAt(bench, old)
    const own = countAt(bench, target)
    const run = await planRun(bench, { canaryGate: true })
    await approve(run)
    remove(bench, old)
    await giveContactMap(run.context, FORTH, mapFile(run, [old, target]))
    await walk(run, 'canary-seen')
    sign(run, 'canary-seen')
    const dead = await killedAt(
      run,
      (request) => isPost(request) && countAt(bench, target) === own + count - 1,
    )
    await goBack(dead)
    sign(dead, 'roll-back')
    expect(await walk(dead)).toEqual([])
    expect(countAt(bench, target)).toBe(own + count)
    expect(countAt(bench, old)).toBe(0)
    expect(verification(dead)).toMatchObject({ rejected: 0, missing: 0, extra: 0, live: 0 })
  })
})

describe('a contact map that is given', () => {
  it('keeps the canary from a contact that goes to another one', async () => {
    const first = await planRun(openBench(), { canaryGate: true })
    await walk(first, 'canary-seen')
    const canary = first.journal.events.latest('canary', 'finished')?.detail as JsonObject | undefined
    const contactId = String(canary?.['contactId'])
    const bench = openBench()
    const target = bench.contacts.find((id) => id !== contactId) ?? ''
    const run = await planRun(bench, { canaryGate: true })
    await approve(run)
    await giveContactMap(run.context, FORTH, mapFile(run, [contactId, target]))
    await walk(run, 'canary-seen')
    expect(held(bench)).toHaveLength(1)
    expect([countAt(bench, contactId), countAt(bench, target)]).toEqual([0, 0])
  })

  it('has the import look through all contacts again: places in another order mean nothing', async () => {
    const bench = openBench()
    const run = await planRun(bench, { canaryGate: true })
    await walk(run, 'canary-seen')
    const items = run.journal.items('import')
    await items.setWatermark(bench.contacts.length + 1)
    const [old = '', target = ''] = byHistory(bench).slice(4)
    await giveContactMap(run.context, FORTH, mapFile(run, [old, target]))
    expect(items.watermark()).toBe(0)
  })
})

describe('an import whose contacts are not there', () => {
  it('puts up with those that it has found gone before, and so gets further each time', async () => {
    const bench = openBench({ contacts: 60, interactions: 0 })
    for (const id of bench.contacts) addHistory(bench, id, { rating: 3 }, '2025-01-01T00:00:00.000Z')
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) => {
      if (bench.posts() === 1 && isPost(request))
        for (const id of bench.contacts.slice(20, 50)) remove(bench, id)
      return sandbox(request)
    })
    const found: number[] = []
    while ((await go(run).catch(() => undefined)) === undefined && found.length < 20)
      found.push(run.journal.items('import').counts().rejected)
    expect(found.length).toBeGreaterThan(1)
    expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b))
    expect(verification(run)).toMatchObject({ rejected: 30, found: 30, missing: 0 })
  })

  it('stops after a few, and goes on where the operator says that it is right', async () => {
    const bench = openBench({ contacts: 60, interactions: 2 })
    for (const id of bench.contacts) addHistory(bench, id, { rating: 3 }, '2025-01-01T00:00:00.000Z')
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) => {
      // As soon as the canary is there, all others are gone.
      if (bench.posts() === 1 && isPost(request)) for (const id of bench.contacts.slice(1)) remove(bench, id)
      return sandbox(request)
    })
    const stopped = await failureOf(go(run))
    expect(stopped).toMatchObject({ exit: 1, message: expect.stringContaining('Another tenant') })
    const { rejected } = run.journal.items('import').counts()
    expect(rejected).toBeGreaterThan(0)
    const settings = { ...run.context.settings, refusedAtMost: 100 }
    expect(await go({ ...run, context: { ...run.context, settings } })).toEqual({ state: 'done' })
    expect(verification(run).rejected).toBeGreaterThan(rejected)
  })
})

describe('a contact that goes between the two passes', () => {
  it.each(['deleted', 'merged'])('(%s) takes nothing along that is not written down', async (how) => {
    const bench = openBench()
    const [lost = '', target = ''] = byHistory(bench).slice(4)
    const mine = [...bench.sandbox.tenant.interactionsOf(bench.schema.id, lost)].map(
      ({ interaction }) => interaction,
    )
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'automations-paused')
    if (how === 'deleted') remove(bench, lost)
    else bench.sandbox.tenant.apply({ type: 'contact-merged', id: lost, into: target, at: bench.clock.now() })
    await walk(run)
    const refused = linesOf(join(run.folder, 'rejected.ndjson'))
    const expected = how === 'merged' ? [] : mine
    expect(refused.map(({ record }) => (record as JsonObject)['id']).sort()).toEqual(
      expected.map(({ id }) => id).sort(),
    )
    for (const { reason } of refused)
      expect(reason).toMatch(/^the contact was gone when it was read for the last time/)
    expect(held(bench)).toHaveLength(history.length - expected.length)
    expect(run.journal.events.latest('evidence', 'finished')?.detail).toMatchObject({
      rejected: 0,
      left: expected.length,
    })
  })
})

describe('a schema that somebody takes away during the import', () => {
  async function underway(
    change: (bench: Bench, run: Run) => void,
    at = 40,
  ): Promise<{ run: Run; history: readonly string[] }> {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let changed = false
    bench.between(async (request, sandbox) => {
      if (!changed && bench.posts() >= at && isPost(request)) {
        changed = true
        change(bench, run)
      }
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    bench.between(undefined)
    expect(run.journal.items('import').counts().rejected).toBe(0)
    return { run, history }
  }

  it.each([
    ['the canary', 0],
    ['the 40th post', 40],
  ])(
    'before %s is created anew when the run goes on, and all that went with it is posted again',
    async (_, at) => {
      const { run, history } = await underway(
        ({ sandbox, schema }) => sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id }),
        at,
      )
      expect(isDone(run.journal, { name: 'recreation' })).toBe(false)
      expect(await go(run)).toEqual({ state: 'done' })
      expect(held(run.bench)).toEqual(history)
      expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0 })
    },
  )

  it.each([
    ['before the canary', 0],
    ['before the read-back', 40],
  ])('and made anew in another form is found %s, and left to the operator', async (_, at) => {
    const { run, history } = await underway(({ sandbox }, { plan }) => {
      const another = { ...plan.after, displayName: 'Somebody’s' }
      sandbox.tenant.apply({ type: 'schema-deleted', id: another.id })
      sandbox.tenant.apply({ type: 'schema-created', schema: another, visibleAt: 0 })
    }, at)
    const { bench, plan } = run
    const posts = bench.posts()
    expect(await failureOf(go(run))).toMatchObject({
      name: 'OperatorError',
      message: expect.stringContaining('Somebody has created'),
    })
    expect(bench.posts()).toBe(posts)
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: plan.schemaId })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('is found missing before anything is read back', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let reads = 0
    bench.between(async (request, sandbox) => {
      if (bench.posts() === history.length) {
        bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
        reads += Number(listed(request) !== undefined)
      }
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(isDone(run.journal, { name: 'import' })).toBe(true)
    expect(reads).toBe(0)
    bench.between(undefined)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('and refuses the key stops at once', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.between(async (request, sandbox) =>
      isPost(request) && bench.posts() >= 20
        ? new Response('{"message": "Forbidden"}', {
            status: 403,
            headers: { 'content-type': 'application/json' },
          })
        : sandbox(request),
    )
    expect(await failureOf(go(run))).toMatchObject({ name: 'EngageError', status: 403 })
    bench.between(undefined)
    expect(bench.posts()).toBe(20)
    expect(run.journal.items('import').counts().rejected).toBe(0)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })
})

describe('the share of refusals that is put up with', () => {
  it('is the operator’s to set', async () => {
    const bench = openBench()
    const run = await planRun(bench, { settings: { refusedAtMost: 50 } })
    await approve(run)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', skip: 1, times: 20, message: 'not this' }])
    expect(await go(run)).toEqual({ state: 'done' })
    expect(verification(run)).toMatchObject({ rejected: 20, missing: 0 })
  })
})
