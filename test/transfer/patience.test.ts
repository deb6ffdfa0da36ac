/** Interactions that never get a clear answer, and connections that never come about. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import type { Snapshot } from '../../src/snapshot/reader.ts'
import { importSnapshot } from '../../src/transfer/import.ts'
import { countAttempt, isGivenUp, NO_ATTEMPT, timesToWait } from '../../src/transfer/patience.ts'
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

const OPTIONS = { concurrency: 4 }

interface Stage {
  readonly bench: Bench
  readonly folder: string
  readonly snapshot: Snapshot
  readonly history: readonly string[]
}

/** Contacts with one interaction each, whose payload has its contact's number. */
async function prepare(contacts: number): Promise<Stage> {
  const bench = openBench({ contacts, interactions: 0 })
  for (const [index, id] of bench.contacts.entries())
    addHistory(bench, id, { productSku: `S${index};` }, new Date(index * 1_000).toISOString())
  const folder = await temporaryFolder()
  const history = held(bench)
  const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
  emptySchema(bench)
  return { bench, folder, snapshot, history }
}

/** What the interaction of that number meets with each time. */
function always(kind: FaultRule['kind'], number: number): FaultRule {
  return { ...POSTS, kind, body: `S${number};`, times: 'always' }
}

describe('giving an interaction up', () => {
  const after = (fruitless: number) => ({ fruitless, undecided: 1, confirmedThen: 100 })

  it.each([
    ['while there are waits left', after(3), 4, 1_000, false],
    ['where nothing else was accepted', after(4), 5, 100, false],
    ['where hardly anything else was', after(4), 5, 109, false],
    ['where others were', after(4), 5, 110, true],
    ['not yet, where it was asked again by nobody later', after(4), 7, 100, false],
    ['where a later process had no more luck', after(4), 8, 100, true],
    ['not before it has waited, though, whatever came before', after(0), 8, 1_000, false],
  ])('is decided %s', (_when, attempts, posts, confirmed, expected) => {
    expect(isGivenUp(attempts, posts, confirmed)).toBe(expected)
  })

  it('counts only attempts that decided nothing, and waits longer after each', () => {
    const first = countAttempt(NO_ATTEMPT, 3, 7)
    expect(first).toEqual({ fruitless: 0, undecided: 3, confirmedThen: 7 })
    const second = countAttempt(first, 3, 9)
    expect(second).toEqual({ fruitless: 1, undecided: 3, confirmedThen: 7 })
    expect(countAttempt(second, 2, 9)).toEqual({ fruitless: 0, undecided: 2, confirmedThen: 9 })
    expect([0, 1, 2, 3, 4].map((fruitless) => timesToWait(after(fruitless)))).toEqual([1, 3, 6, 30, 1])
  })
})

describe('an interaction that never gets a clear answer', () => {
  it.each([
    ['500', '500: An error has occurred'],
    ['no-id', '200: not the answer expected: the answer has no id'],
    ['reset-before', 'no answer: ECONNRESET'],
  ] as const)(
    '%s: is refused with the last words, once others were accepted meanwhile',
    async (kind, words) => {
      const { bench, folder, snapshot, history } = await prepare(60)
      bench.sandbox.setFaults([always(kind, 7)])
      using journal = journalIn(folder, bench)
      await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
      const items = journal.items('import')
      expect(items.counts()).toEqual({ sent: 0, unsent: 0, confirmed: history.length - 1, rejected: 1 })
      const [item] = items.range(0, 60).filter(({ state }) => state === 'rejected')
      expect(item).toMatchObject({ posts: 5, newId: undefined })
      expect(item?.reason).toContain('no clear answer to 5 attempts')
      expect(item?.reason).toContain(words)
      expect(held(bench)).toHaveLength(history.length - 1)
      expect(bench.posts()).toBe(history.length + 4)
    },
  )

  it('is asked about a last time before it is given up', async () => {
    const { bench, folder, snapshot, history } = await prepare(60)
    let posts = 0
    bench.between(async (request, sandbox) => {
      if (!isPost(request) || !(await request.clone().text()).includes('S7;')) return sandbox(request)
      posts += 1
      // The fifth lands; its answer is lost.
      if (posts === 5) await sandbox(request)
      return new Response('{}', { status: 500 })
    })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(posts).toBe(5)
    expect(journal.items('import').counts()).toMatchObject({ confirmed: history.length, rejected: 0 })
    expect(held(bench)).toEqual(history)
  })

  it('ends the first run where nothing else is there to tell by, and is refused by the second', async () => {
    const { bench, folder, snapshot, history } = await prepare(3)
    bench.sandbox.setFaults([always('500', 1)])
    using journal = journalIn(folder, bench)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    expect(String(error)).toContain('no clear answer')
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    const [item] = journal
      .items('import')
      .range(0, 3)
      .filter(({ state }) => state === 'rejected')
    expect(item?.reason).toContain('no clear answer to 9 attempts')
    expect(held(bench)).toHaveLength(history.length - 1)
  })

  it('counts among those that stop the import where they are too many', async () => {
    const { bench, folder, snapshot } = await prepare(60)
    // Early ones, so that enough others come after each, in whatever order the answers arrive.
    bench.sandbox.setFaults([3, 9, 15, 21, 27].map((number) => always('no-id', number)))
    using journal = journalIn(folder, bench)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    expect(String(error)).toContain('refused 5')
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
  })
})

describe('a POST for which no connection came about', () => {
  it('has not left: nothing is asked about, and it counts among no posts', async () => {
    const { bench, folder, snapshot, history } = await prepare(1)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse-connection', times: 3 }])
    const at: number[] = []
    let asked = 0
    bench.between(async (request, sandbox) => {
      if (isPost(request)) at.push(bench.clock.elapsed())
      if (listed(request) !== undefined) asked += 1
      return sandbox(request)
    })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
    expect(asked).toBe(0)
    expect(journal.items('import').range(0, 1)).toMatchObject([{ state: 'confirmed', posts: 1 }])
    const waits = at.slice(1).map((each, index) => Math.floor((each - (at[index] ?? 0)) / SETTLE_MS))
    expect(waits).toEqual([1, 3, 6])
  })

  it('ends the run after as many tries as any, with few begun and none in doubt or given up', async () => {
    const { bench, folder, snapshot, history } = await prepare(200)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse-connection', skip: 20, times: 'always' }])
    {
      using journal = journalIn(folder, bench)
      const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
      expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
      expect(String(error)).toContain('could not be reached')
      const { sent, unsent, rejected } = journal.items('import').counts()
      expect({ sent, rejected }).toEqual({ sent: 0, rejected: 0 })
      expect(unsent).toBeLessThanOrEqual(8)
      const open = journal
        .items('import')
        .range(0, 200)
        .filter(({ state }) => state === 'unsent')
      expect(open.map(({ posts }) => posts)).toEqual(open.map(() => 0))
    }
    bench.sandbox.setFaults([])
    using again = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, again), snapshot, OPTIONS)
    expect(held(bench)).toEqual(history)
  })
})
