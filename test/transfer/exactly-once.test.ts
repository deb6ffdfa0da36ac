import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_API_KEY } from '../../src/sandbox/app.ts'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import type { Snapshot } from '../../src/snapshot/reader.ts'
import { importSnapshot } from '../../src/transfer/import.ts'
import { Interrupted } from '../../src/transfer/progress.ts'
import {
  addHistory,
  type Bench,
  type BenchOptions,
  held,
  openBench,
  openClient,
  twinsIn,
} from '../support/bench.ts'
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

interface Prepared {
  readonly bench: Bench
  readonly folder: string
  readonly snapshot: Snapshot
  /** What the tenant held, and has to hold again. */
  readonly history: readonly string[]
}

/** A tenant whose history is in a snapshot, and whose schema has just come back empty. */
async function prepare(options: BenchOptions = {}, change?: (bench: Bench) => void): Promise<Prepared> {
  const bench = openBench(options)
  change?.(bench)
  const folder = await temporaryFolder()
  const history = held(bench)
  const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
  emptySchema(bench)
  return { bench, folder, snapshot, history }
}

const OPTIONS = { concurrency: 8 }

const BEFORE: ReadonlyArray<Omit<FaultRule, 'method' | 'path'>> = [
  { kind: 'refuse-connection' },
  { kind: 'reset-before' },
  { kind: '429' },
  { kind: '429', retryAfter: 2 },
  { kind: '500' },
  { kind: '502' },
  { kind: '503' },
  { kind: '503', retryAfter: 2 },
  { kind: '504' },
  { kind: 'html' },
]
const AFTER: ReadonlyArray<Omit<FaultRule, 'method' | 'path'>> = [
  { kind: 'reset-after' },
  { kind: 'timeout-after' },
  { kind: 'status-500-after' },
  { kind: 'truncated' },
]

describe('an import against a server that fails', () => {
  it.each([
    ...BEFORE.map((rule) => ({ rule, acted: false })),
    ...AFTER.map((rule) => ({ rule, acted: true })),
  ])(
    'has each interaction in the tenant exactly once after $rule (acted: $acted)',
    async ({ rule, acted }) => {
      const { bench, folder, snapshot, history } = await prepare({ lag: SETTLE_MS - 1_000 })
      expect(twinsIn(history)).toBeGreaterThan(0)
      const times = 12
      bench.sandbox.setFaults([{ ...POSTS, skip: 15, times, ...rule }])
      using journal = journalIn(folder, bench)
      await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
      expect(held(bench)).toEqual(history)
      expect(bench.sandbox.stats().faults).toEqual({ [rule.kind]: times })
      expect(bench.posts()).toBe(history.length + (acted ? 0 : times))
      expect(journal.items('import').counts()).toEqual({
        sent: 0,
        confirmed: history.length,
        unsent: 0,
        rejected: 0,
      })
      const ids = journal
        .items('import')
        .range(0, history.length)
        .map(({ newId }) => newId)
      expect(new Set(ids).size).toBe(history.length)
      for (const id of ids) expect(bench.sandbox.tenant.interaction(id ?? '')).toBeDefined()
    },
  )

  it('keeps its promise when faults of every kind come at random', async () => {
    const { bench, folder, snapshot, history } = await prepare({ contacts: 40, lag: SETTLE_MS - 1_000 })
    bench.sandbox.setFaults(
      [...BEFORE, ...AFTER].map((rule) => ({ ...POSTS, times: 'always', probability: 0.02, ...rule })),
    )
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
    const { faults } = bench.sandbox.stats()
    const notActed = BEFORE.map(({ kind }) => kind)
    const before = [...new Set(notActed)].reduce((sum, kind) => sum + (faults[kind] ?? 0), 0)
    expect(before).toBeGreaterThan(5)
    expect(bench.posts()).toBe(history.length + before)
  })

  it('goes on with a contact of many interactions as long as it gets any further', async () => {
    const { bench, folder, snapshot, history } = await prepare({ contacts: 1, interactions: 0 }, (each) => {
      for (let at = 0; at < 300; at++)
        addHistory(each, each.contacts[0] ?? '', { rating: at }, new Date(at * 1_000).toISOString())
    })
    bench.sandbox.setFaults(
      Array.from({ length: 12 }, (_, index) => ({
        ...POSTS,
        kind: 'reset-after' as const,
        skip: 20 * index,
      })),
    )
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(300)
  })

  it('gives up on a server that never answers clearly, with everything in doubt in the journal', async () => {
    const { bench, folder, snapshot, history } = await prepare()
    bench.sandbox.setFaults([{ ...POSTS, kind: '500', times: 'always' }])
    {
      using journal = journalIn(folder, bench)
      const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
      expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    }
    expect(held(bench)).toEqual([])
    bench.sandbox.setFaults([])
    using again = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, again), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
  })

  it('gives a twin in doubt no id that another twin has been confirmed under', async () => {
    const date = '2025-01-01T00:00:00.000Z'
    const { bench, folder, snapshot, history } = await prepare({ contacts: 1, interactions: 0 }, (each) => {
      for (let twin = 0; twin < 3; twin++) addHistory(each, each.contacts[0] ?? '', { rating: 5 }, date)
    })
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-before', skip: 1 }])
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(history).toHaveLength(3)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(4)
    expect(
      new Set(
        journal
          .items('import')
          .range(0, 3)
          .map(({ newId }) => newId),
      ).size,
    ).toBe(3)
  })

  it('posts no twin of an interaction that was accepted and whose answer was lost', async () => {
    const date = '2025-01-01T00:00:00.000Z'
    const { bench, folder, snapshot, history } = await prepare({ contacts: 1, interactions: 0 }, (each) => {
      for (let twin = 0; twin < 3; twin++) addHistory(each, each.contacts[0] ?? '', { rating: 5 }, date)
    })
    bench.sandbox.setFaults([
      { ...POSTS, kind: 'reset-after' },
      { ...POSTS, kind: 'reset-before' },
    ])
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(4)
  })
})

describe('an import that asks about something in doubt', () => {
  it('takes no record that the deletion took away for its own, though a read still shows it', async () => {
    const date = '2025-01-01T00:00:00.000Z'
    const { bench, folder, snapshot, history } = await prepare({ contacts: 1, interactions: 0 }, (each) => {
      addHistory(each, each.contacts[0] ?? '', { rating: 5 }, date)
    })
    const [contact] = await Array.fromAsync(snapshot.contacts())
    const old = contact?.interactions ?? []
    expect(old).toHaveLength(1)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-before' }])
    using journal = journalIn(folder, bench)
    const desk = {
      ...deskOf(bench, journal),
      oldIds: () => new Set(old.map(({ id }) => id)),
      reader: {
        ...bench.reader,
        interactionsOf: async (contactId: string, schemaId: string) => [
          ...old,
          ...(await bench.reader.interactionsOf(contactId, schemaId)),
        ],
      },
    }
    await importSnapshot(desk, snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(2)
  })

  it('rejects it where the contact is gone meanwhile', async () => {
    const { bench, folder, snapshot, history } = await prepare({ contacts: 1, interactions: 0 }, (each) => {
      for (let at = 0; at < 3; at++)
        addHistory(each, each.contacts[0] ?? '', { rating: at }, new Date(at).toISOString())
    })
    expect(history).toHaveLength(3)
    bench.between(async (request, sandbox) => {
      const answer = await sandbox(request)
      if (!isPost(request)) return answer
      bench.sandbox.tenant.apply({
        type: 'contact-deleted',
        id: bench.contacts[0] ?? '',
        at: bench.clock.now(),
      })
      throw new TypeError('fetch failed')
    })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(journal.items('import').counts()).toMatchObject({ rejected: 3, sent: 0, confirmed: 0 })
    expect(journal.items('import').range(0, 1)[0]?.reason).toContain('gone')
  })
})

describe('an import that ends early', () => {
  it.each([1, 20, 60])(
    'stopped at post %i says Interrupted, and a new one finishes it exactly once',
    async (at) => {
      const { bench, folder, snapshot, history } = await prepare({ lag: SETTLE_MS - 1_000 })
      const stop = new AbortController()
      bench.between(async (request, sandbox) => {
        if (isPost(request) && bench.posts() + 1 === at) stop.abort()
        return sandbox(request)
      })
      {
        using journal = journalIn(folder, bench)
        const error = await failureOf(importSnapshot(deskOf(bench, journal, stop.signal), snapshot, OPTIONS))
        expect(error).toBeInstanceOf(Interrupted)
        expect(journal.items('import').counts().sent).toBe(0)
      }
      // What was in flight may end, no more is begun.
      expect(bench.posts()).toBeLessThan(at + 8)
      expect(bench.posts()).toBeLessThan(history.length)
      using journal = journalIn(folder, bench)
      await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
      expect(held(bench)).toEqual(history)
      expect(bench.posts()).toBe(history.length)
    },
  )

  it('stops at once while it waits to ask about something in doubt', async () => {
    const { bench, folder, snapshot, history } = await prepare()
    const stop = new AbortController()
    bench.sandbox.setFaults([{ ...POSTS, kind: '429', times: 'always', retryAfter: 900 }])
    {
      using journal = journalIn(folder, bench)
      const running = failureOf(importSnapshot(deskOf(bench, journal, stop.signal), snapshot, OPTIONS))
      bench.between(async (request, sandbox) => {
        if (bench.posts() === 3) queueMicrotask(() => stop.abort())
        return sandbox(request)
      })
      expect(await running).toBeInstanceOf(Interrupted)
    }
    bench.sandbox.setFaults([])
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
  })

  it.each([1, 7, 33, 90])(
    'killed at post %i leaves a journal from which it is finished exactly once',
    async (at) => {
      const { bench, folder, snapshot, history } = await prepare({ lag: SETTLE_MS - 1_000 })
      const after = join(folder, 'after')
      const dead = Promise.withResolvers<void>()
      let gone = false
      const doomed = openClient(bench.sandbox, bench.clock, DEFAULT_API_KEY, async (request) => {
        if (gone) return new Promise<never>(() => {})
        if (!isPost(request) || bench.posts() + 1 < at) return bench.sandbox.send(request)
        // The server acts; that very moment the process is gone: what the disk holds is all that is left of it.
        gone = true
        await bench.sandbox.send(request)
        mkdirSync(after)
        for (const name of ['run.db', 'run.db-wal']) copyFileSync(join(folder, name), join(after, name))
        dead.resolve()
        return new Promise<never>(() => {})
      })
      using killed = journalIn(folder, bench)
      importSnapshot({ ...deskOf(bench, killed), ...doomed }, snapshot, OPTIONS).catch(() => {})
      await dead.promise
      const landed = bench.sandbox.stats().interactions[bench.schema.id] ?? 0
      expect(landed).toBeGreaterThanOrEqual(at)
      expect(landed).toBeLessThan(history.length)

      using journal = journalIn(after, bench)
      await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
      expect(held(bench)).toEqual(history)
      expect(bench.posts()).toBe(history.length)
    },
  )
})
