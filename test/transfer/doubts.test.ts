/** Many interactions in doubt at once: how long it takes, and what goes on meanwhile. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/snapshot/reader.ts'
import { type ImportOptions, importSnapshot } from '../../src/transfer/import.ts'
import { listed } from '../support/answers.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  deskOf,
  emptySchema,
  isPost,
  journalIn,
  POSTS,
  SETTLE_MS,
  takeSnapshot,
} from '../support/importing.ts'

/** The bench's. */
const RATE = 150

interface Stage {
  readonly bench: Bench
  readonly folder: string
  readonly snapshot: Snapshot
  readonly history: readonly string[]
}

/** As the disk has it, but read at once: else virtual time would pass while a file is opened. */
async function inMemory(snapshot: Snapshot): Promise<Snapshot> {
  const all = await Array.fromAsync(snapshot.contacts())
  return {
    ...snapshot,
    async *contacts() {
      yield* all
    },
  }
}

/** Contacts with one interaction each. */
async function prepare(contacts: number): Promise<Stage> {
  const bench = openBench({ contacts, interactions: 0 })
  for (const [index, id] of bench.contacts.entries())
    addHistory(bench, id, { rating: index % 5 }, new Date(index * 1_000).toISOString())
  const folder = await temporaryFolder()
  const history = held(bench)
  const snapshot = await inMemory(await takeSnapshot(bench, join(folder, 'snapshot')))
  emptySchema(bench)
  return { bench, folder, snapshot, history }
}

describe('what an earlier process left in doubt', () => {
  it('is resolved at the rate limit after one wait for all of it, with progress all the while', async () => {
    const many = 600
    const { bench, folder, snapshot, history } = await prepare(many)
    using journal = journalIn(folder, bench)
    await journal.items('import').sent(Array.from({ length: many }, (_, seq) => seq))
    const records = (await Array.fromAsync(snapshot.contacts())).flatMap(({ interactions }) => interactions)
    // Every third one has not landed.
    const landed = records.filter((_, index) => index % 3 > 0)
    for (const { contactId, payload, createdDate } of landed)
      addHistory(bench, contactId, payload, createdDate)
    const began = bench.clock.elapsed()
    const doubts: number[] = []
    await importSnapshot(deskOf(bench, journal), snapshot, {
      concurrency: 8,
      onProgress: (_decided, _total, _here, inDoubt) => doubts.push(inDoubt),
    })
    const took = (bench.clock.elapsed() - began) / 1_000
    const requests = many + many / 3
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(many / 3)
    expect(bench.sandbox.stats().byRoute['GET /interactions']).toBe(many + many)
    expect(took).toBeGreaterThan(SETTLE_MS / 1_000)
    expect(took).toBeLessThan(SETTLE_MS / 1_000 + (requests / RATE) * 1.1 + 1)
    expect(doubts.at(-1)).toBe(0)
    expect(doubts.filter((each, index) => each < (doubts[index - 1] ?? many)).length).toBeGreaterThan(
      many / 2,
    )
  })

  it('is not asked about before the wait is over, also where the contact is reached late', async () => {
    const { bench, folder, snapshot } = await prepare(40)
    using journal = journalIn(folder, bench)
    await journal.items('import').sent([3, 39])
    const began = bench.clock.elapsed()
    const asked: number[] = []
    bench.between(async (request, sandbox) => {
      if (listed(request) !== undefined) asked.push(bench.clock.elapsed() - began)
      return sandbox(request)
    })
    await importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 2 })
    expect(asked).toHaveLength(2)
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(SETTLE_MS)
    expect(Math.max(...asked)).toBeLessThan(SETTLE_MS + 500)
  })
})

describe('what comes into doubt on the way', () => {
  it('keeps no other contact waiting, and is asked about as long after it arose as the settle time says', async () => {
    const { bench, folder, snapshot, history } = await prepare(200)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-after', times: 7, skip: 10 }])
    using journal = journalIn(folder, bench)
    const arose: number[] = []
    const asked: number[] = []
    let postedBy = 0
    bench.between(async (request, sandbox) => {
      if (listed(request) !== undefined) {
        if (asked.length === 0) postedBy = bench.posts()
        asked.push(bench.clock.elapsed())
      }
      try {
        return await sandbox(request)
      } catch (error) {
        arose.push(bench.clock.elapsed())
        throw error
      }
    })
    await importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 8 })
    expect(held(bench)).toEqual(history)
    expect(arose).toHaveLength(7)
    for (const [index, at] of asked.entries())
      expect(at - (arose[index] ?? 0)).toBeGreaterThanOrEqual(SETTLE_MS)
    expect(postedBy).toBe(history.length)
  })

  it('begins nothing new with a server that answers nobody clearly', async () => {
    const { bench, folder, snapshot } = await prepare(200)
    bench.sandbox.setFaults([{ ...POSTS, kind: '500', times: 'always' }])
    using journal = journalIn(folder, bench)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 8 }))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    const { sent, unsent } = journal.items('import').counts()
    expect(sent + unsent).toBeLessThanOrEqual(16)
  })

  it('waits longer each time that nothing was decided', async () => {
    const { bench, folder, snapshot, history } = await prepare(1)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-before', times: 3 }])
    const at: number[] = []
    bench.between(async (request, sandbox) => {
      if (isPost(request)) at.push(bench.clock.elapsed())
      return sandbox(request)
    })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 8 })
    expect(held(bench)).toEqual(history)
    const waits = at.slice(1).map((each, index) => Math.floor((each - (at[index] ?? 0)) / SETTLE_MS))
    expect(waits).toEqual([1, 3, 6])
  })
})

describe('contacts that are gone', () => {
  async function without(stage: Stage, count: number): Promise<void> {
    for (const id of stage.bench.contacts.slice(0, count))
      stage.bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: stage.bench.clock.now() })
  }

  it('stop the import where they are too many, as when another tenant answers', async () => {
    const stage = await prepare(200)
    await without(stage, 200)
    const { bench, folder, snapshot } = stage
    using journal = journalIn(folder, bench)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 2 }))
    expect(error).toMatchObject({
      name: 'OperatorError',
      exit: 1,
      message: expect.stringContaining('tenant'),
    })
    expect(journal.items('import').counts().rejected).toBeLessThan(10)
  })

  it.each<readonly [string, number, { readonly of?: number } & Partial<ImportOptions>]>([
    ['four', 4, {}],
    ['as many as are known from before', 30, { toleratedGone: 26 }],
    ['all, where the operator knows better', 200, { refusedAtMost: 100 }],
    ['the only one that is left', 1, { of: 1 }],
    ['all that are left, as known from before', 3, { of: 3, toleratedGone: 3 }],
    ['all that are left, where the operator knows better', 3, { of: 3, refusedAtMost: 100 }],
  ])('are put up with: %s', async (_how, count, { of = 200, ...options }) => {
    const stage = await prepare(of)
    await without(stage, count)
    const { bench, folder, snapshot } = stage
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 4, ...options })
    expect(journal.items('import').counts()).toMatchObject({ rejected: count, confirmed: of - count })
  })

  it('stop the import where there was nobody else, however few', async () => {
    const stage = await prepare(2)
    await without(stage, 2)
    const { bench, folder, snapshot } = stage
    using journal = journalIn(folder, bench)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 2 }))
    expect(error).toMatchObject({ exit: 1, message: expect.stringContaining('2 of 2 contacts') })
  })

  it.each([
    ['are put up with where the tenant shows what was imported before', false],
    ['stop the import where it does not: another one answers by now', true],
  ])('and all that a resumed import has left %s', async (_how, another) => {
    const stage = await prepare(12)
    const { bench, folder, snapshot } = stage
    using journal = journalIn(folder, bench)
    const stop = new AbortController()
    bench.between(async (request, sandbox) => {
      if (isPost(request) && bench.posts() >= 8) stop.abort()
      return sandbox(request)
    })
    await failureOf(importSnapshot(deskOf(bench, journal, stop.signal), snapshot, { concurrency: 1 }))
    const left = 12 - journal.items('import').counts().confirmed
    expect(left).toBeGreaterThanOrEqual(2)
    expect(left).toBeLessThan(5)
    for (const id of another ? bench.contacts : bench.contacts.slice(-left))
      bench.sandbox.tenant.apply({ type: 'contact-deleted', id, at: bench.clock.now() })
    bench.between(undefined)
    const resumed = importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 1 })
    if (another) expect(await failureOf(resumed)).toMatchObject({ exit: 1 })
    else await resumed
    expect(journal.items('import').counts()).toMatchObject({ rejected: left, confirmed: 12 - left })
  })
})

describe('the live schema', () => {
  it('is looked at before the first post and every thousand posts; nothing leaves after a look that fails', async () => {
    const { bench, folder, snapshot } = await prepare(2_500)
    using journal = journalIn(folder, bench)
    const looks: number[] = []
    const assertSchema = async (): Promise<void> => {
      looks.push(bench.posts())
      if (looks.length === 3) throw new Error(`drift ${randomUUID()}`)
    }
    const options = { concurrency: 4, assertSchema }
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, options))
    expect(String(error)).toContain('drift')
    expect(looks).toHaveLength(3)
    expect(looks[0]).toBe(0)
    expect(looks[1]).toBeGreaterThan(990)
    expect(looks[1]).toBeLessThanOrEqual(1_000)
    expect(bench.posts()).toBeLessThanOrEqual(2_004)
    expect(journal.items('import').counts().sent).toBe(0)
  })
})
