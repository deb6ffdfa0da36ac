/** Reads that lag behind what was written or deleted, and contacts that go away meanwhile. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { chooseCanary } from '../../src/transfer/canary.ts'
import { weigher } from '../../src/upgrade/canary.ts'
import { listed, readById, withAlso } from '../support/answers.ts'
import { addHistory, type Bench, held, multiset, openBench, twinsIn } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import {
  approve,
  go,
  goBack,
  passed,
  planRun,
  type Run,
  sign,
  VISIBLE_WITHIN_MS,
  verification,
  walk,
} from '../support/run.ts'

/** Every one of them is in the tenant once, under the id that the map says. */
function expectMapped({ bench, folder }: Run): void {
  const ids = linesOf(join(folder, 'id-map.ndjson')).map(({ newId }) => String(newId))
  expect(new Set(ids).size).toBe(held(bench).length)
  for (const id of ids) expect(bench.sandbox.tenant.interaction(id)).toBeDefined()
}

/** @returns the contact that the canary will be posted to, of a run whose final pass is done */
async function canaryContact(run: Run): Promise<string> {
  const choice = await chooseCanary(
    await openSnapshot(passed(run, 'final-pass').folder),
    new Set(),
    weigher(run.plan.after),
  )
  if (choice === undefined) throw new Error('there is no history')
  return choice.contact.contactId
}

function recordsOf({ sandbox, schema }: Bench, contactId: string): readonly Interaction[] {
  return Array.from(sandbox.tenant.interactionsOf(schema.id, contactId), ({ interaction }) => interaction)
}

/** @returns a contact with a few records, but not the one given */
function anotherContact(bench: Bench, not: string): string {
  const found = bench.contacts.find((id) => {
    const { length } = recordsOf(bench, id)
    return id !== not && length > 0 && length < 4
  })
  if (found === undefined) throw new Error('no such contact')
  return found
}

function deletionDone({ journal }: Run): boolean {
  return journal.events.latest('deletion', 'finished') !== undefined
}

describe('a read that lags behind the write', () => {
  it.each([
    { lag: 15_000, settleMs: 10_000 },
    { lag: 15_000, settleMs: 5_000 },
    { lag: 19_000, settleMs: 0 },
  ])('longer than was foreseen doubles nothing: the canary shows how long it is (%j)', async (times) => {
    const bench = openBench({ lag: times.lag })
    const history = held(bench)
    expect(twinsIn(history)).toBeGreaterThan(0)
    const run = await planRun(bench, { settings: { settleMs: times.settleMs } })
    await walk(run)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0, live: 0 })
    expectMapped(run)
  })

  it('in the listing alone has nothing posted again that is there under its own id', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const contactId = anotherContact(bench, await canaryContact(run))
    const asked = new Set<string>()
    let since: number | undefined
    bench.between(async (request, sandbox) => {
      const id = readById(request)
      if (id !== undefined) asked.add(id)
      const response = await sandbox(request)
      if (listed(request) !== contactId || bench.posts() < history.length) return response
      since ??= bench.clock.now()
      // Longer than the read-back waits, and than it would take to ask once more before posting.
      return bench.clock.now() - since < 12_000 ? Response.json({ items: [], links: [] }) : response
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
    expect([...asked].sort()).toEqual(
      recordsOf(bench, contactId)
        .map(({ id }) => id)
        .sort(),
    )
  })
})

describe('old interactions that reads still show after the deletion', () => {
  it('are neither adopted for what is in doubt nor counted in the read-back', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const contactId = anotherContact(bench, await canaryContact(run))
    const old = recordsOf(bench, contactId)
    let broken = false
    bench.between(async (request, sandbox) => {
      if (isPost(request) && !broken && (await request.clone().text()).includes(contactId)) {
        broken = true
        throw new TypeError('fetch failed')
      }
      const response = await sandbox(request)
      // Once something has been posted: by then a sample of contacts was found without.
      return listed(request) === contactId && bench.posts() > 0 ? withAlso(response, old) : response
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(broken).toBe(true)
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0, live: 0 })
    // The very first read-back found everything: nothing had to be posted again.
    expect(run.said.filter((text) => text.includes('missing'))).toEqual([])
    expectMapped(run)
  })

  it.each([
    [5_000, 'wait'],
    [VISIBLE_WITHIN_MS * 2, 'stop'],
  ])('at the canary’s contact for %i ms have the run %s before anything is posted', async (ms, reaction) => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const contactId = await canaryContact(run)
    const old = recordsOf(bench, contactId)
    let since: number | undefined
    let shownAt = 0
    let postedAt: number | undefined
    bench.between(async (request, sandbox) => {
      if (isPost(request)) postedAt ??= bench.clock.now()
      const response = await sandbox(request)
      if (listed(request) !== contactId || !deletionDone(run)) return response
      since ??= bench.clock.now()
      if (bench.clock.now() - since >= ms) return response
      shownAt = bench.clock.now()
      return withAlso(response, old)
    })
    if (reaction === 'stop') {
      expect(await failureOf(go(run))).toMatchObject({
        name: 'OperatorError',
        exit: 1,
        message: expect.stringContaining('still there'),
      })
      expect(bench.posts()).toBe(0)
    }
    await bench.clock.advance(ms)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(postedAt).toBeGreaterThan(shownAt)
    expect(held(bench)).toEqual(history)
  })

  it.each([
    [5_000, 'waits'],
    [VISIBLE_WITHIN_MS * 2, 'stops'],
  ])(
    'at any of the contacts looked at, for %i ms: the run %s before anything is posted',
    async (ms, reaction) => {
      const bench = openBench()
      const history = held(bench)
      const run = await planRun(bench)
      await approve(run)
      const contactId = anotherContact(bench, await canaryContact(run))
      const old = recordsOf(bench, contactId)
      let postedAt: number | undefined
      let deletedAt = 0
      bench.between(async (request, sandbox) => {
        if (isPost(request)) postedAt ??= bench.clock.now()
        const response = await sandbox(request)
        if (listed(request) !== contactId || !deletionDone(run)) return response
        deletedAt ||= bench.clock.now()
        return bench.clock.now() - deletedAt < ms ? withAlso(response, old) : response
      })
      if (reaction === 'stops') {
        expect(await failureOf(go(run))).toMatchObject({
          exit: 1,
          message: expect.stringContaining('still there'),
        })
        expect(bench.posts()).toBe(0)
        await bench.clock.advance(ms)
      }
      expect(await go(run)).toEqual({ state: 'done' })
      const waited = run.said.filter((text) =>
        text.includes('waiting until Engage has carried the deletion through'),
      )
      expect(waited[0]).toContain(`contacts looked at, 1 still show old interactions, such as ${contactId}`)
      expect(postedAt).toBeGreaterThan(deletedAt + ms - 1_000)
      expect(held(bench)).toEqual(history)
    },
  )

  it('of the way forth are waited for on the way back', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench, { canaryGate: true })
    await walk(run, 'canary-seen')
    const [posted] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    if (posted === undefined) throw new Error('no canary')
    await goBack(run)
    sign(run, 'roll-back')
    let since: number | undefined
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      const cleared = run.journal.events.latest('roll-back-clearing', 'finished') !== undefined
      if (listed(request) !== posted.contactId || !cleared) return response
      since ??= bench.clock.now()
      return bench.clock.now() - since < 5_000 ? withAlso(response, [posted]) : response
    })
    expect(await walk(run)).toEqual([])
    expect(run.said.filter((text) => text.includes('waiting until Engage'))).not.toEqual([])
    expect(held(bench)).toEqual(history)
  })

  it('of the way forth are not counted on the way back', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench, { canaryGate: true })
    await walk(run, 'canary-seen')
    const [posted] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    if (posted === undefined) throw new Error('no canary')
    await goBack(run)
    sign(run, 'roll-back')
    const before = bench.posts()
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      return listed(request) === posted.contactId && bench.posts() > before
        ? withAlso(response, [posted])
        : response
    })
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0, live: 0 })
  })
})

describe('a contact that is deleted in the tenant', () => {
  /** Few records a contact, so that one contact's refusals are no reason to stop. */
  async function sparse(): Promise<Bench> {
    const bench = openBench({ interactions: 0 })
    for (const [index, contactId] of bench.contacts.entries()) {
      const date = new Date(Date.UTC(2025, 0, 1 + index)).toISOString()
      addHistory(bench, contactId, { productSku: `sku-${index}`, rating: 3 }, date)
      addHistory(bench, contactId, { rating: 4 }, date)
    }
    return bench
  }

  function remove(bench: Bench, id: string): void {
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: bench.clock.now() })
  }

  it.each(['after the final pass', 'just before the post'])(
    '%s is passed over for the canary, and another one taken',
    async (moment) => {
      const bench = await sparse()
      const run = await planRun(bench)
      await approve(run)
      const leaving = await canaryContact(run)
      const gone = recordsOf(bench, leaving)
      const rest = held(bench).filter((each) => !each.startsWith(leaving))
      if (moment === 'after the final pass') remove(bench, leaving)
      else {
        bench.between(async (request, sandbox) => {
          if (isPost(request)) remove(bench, leaving)
          return sandbox(request)
        })
      }
      expect(await go(run)).toEqual({ state: 'done' })
      const canary = run.journal.events.latest('canary', 'finished')?.detail
      expect(canary).toMatchObject({
        contactId: expect.not.stringContaining(leaving),
        newId: expect.any(String),
      })
      expect(run.journal.events.latest('canary-passed-over', 'note')?.detail).toMatchObject({
        contactId: leaving,
      })
      expect(held(bench)).toEqual(rest)
      expect(verification(run)).toMatchObject({ rejected: gone.length, missing: 0, extra: 0 })
      // Whoever is known to be gone has no canary posted to.
      const tries = moment === 'after the final pass' ? 0 : 1
      expect(bench.posts()).toBe(rest.length + gone.length + tries)
      expect(linesOf(join(run.folder, 'rejected.ndjson'))).toHaveLength(gone.length)
    },
  )

  it('while something of it is in doubt has that refused, and the run goes on', async () => {
    const bench = await sparse()
    const run = await planRun(bench)
    await approve(run)
    const leaving = anotherContact(bench, await canaryContact(run))
    const gone = recordsOf(bench, leaving)
    const rest = held(bench).filter((each) => !each.startsWith(leaving))
    bench.between(async (request, sandbox) => {
      if (!isPost(request) || !(await request.clone().text()).includes(leaving)) return sandbox(request)
      remove(bench, leaving)
      throw new TypeError('fetch failed')
    })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(linesOf(join(run.folder, 'rejected.ndjson'))).toEqual(
      gone.map(({ id }) => ({
        reason: expect.stringMatching(/^the contact is gone \(it was posted before/),
        record: expect.objectContaining({ id, contactId: leaving }),
      })),
    )
    expect(held(bench)).toEqual(rest)
    expect(multiset(bench.schema, recordsOf(bench, leaving))).toEqual([])
  })
})
