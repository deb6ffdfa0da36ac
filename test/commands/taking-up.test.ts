import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { takeUp } from '../../src/commands/taking-up.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { OLDER_JOURNAL } from '../../src/upgrade/history.ts'
import { RESTORE } from '../../src/upgrade/lot.ts'
import { findOrphans } from '../../src/upgrade/repair.ts'
import { type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { emptySchema, isPost, POSTS } from '../support/importing.ts'
import { backedUp, restoreRun } from '../support/restore.ts'
import { approve, go, killedAt, planRun, type Run, sign, verification, walk } from '../support/run.ts'

const JOURNAL = ['run.db', 'run.db-wal', 'run.db-shm']

/** Copies a journal as a backup does, whatever process is at it. @returns the folder of the copy */
async function copyOf(folder: string): Promise<string> {
  const copy = await temporaryFolder()
  for (const name of JOURNAL) if (existsSync(join(folder, name))) cpSync(join(folder, name), join(copy, name))
  return copy
}

/** The run as the next process finds it. */
function opened(run: Run): Run {
  run.journal[Symbol.dispose]()
  const journal = openJournal(join(run.folder, 'run.db'), run.bench.clock)
  onTestFinished(() => journal[Symbol.dispose]())
  return { ...run, journal, context: { ...run.context, journal } }
}

/** As the advice says: the journal alone, with what belongs to it. */
function putBack(run: Run, copy: string): Run {
  run.journal[Symbol.dispose]()
  for (const name of JOURNAL) rmSync(join(run.folder, name), { force: true })
  cpSync(copy, run.folder, { recursive: true })
  return opened(run)
}

async function takenUp(run: Run): Promise<Run> {
  await takeUp(run.context)
  return run
}

function markOf({ plan, context }: Run): string {
  return join(context.snapshots, `${plan.run}.mark`)
}

function saidOlder(run: Run): boolean {
  return run.said.some((line) => line.startsWith('The journal is older than the run'))
}

/** A run that is about to delete its schema. */
async function begun(bench: Bench): Promise<Run> {
  const run = await takenUp(await planRun(bench))
  await approve(run)
  return takenUp(opened(run))
}

/** Imports until the process is killed at a POST, and copies the journal at an earlier one: the process is at work. */
async function killedAndCopied(
  run: Run,
  copyAt: number,
  killAt: number,
): Promise<{ run: Run; copy: string }> {
  let posts = 0
  let copy = ''
  const folder = run.folder
  const doomed = await killedAt(run, (request) => {
    if (!isPost(request)) return false
    posts += 1
    if (posts === copyAt) {
      copy = `${folder}-copy`
      for (const name of JOURNAL)
        if (existsSync(join(folder, name))) cpSync(join(folder, name), join(copy, name))
      onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
    }
    return posts === killAt
  })
  return { run: doomed, copy }
}

describe('a journal that was put back from an earlier copy', () => {
  it('of the very process that went on, in the midst of the import, doubles nothing', async () => {
    const bench = openBench()
    const history = held(bench)
    const { run, copy } = await killedAndCopied(await begun(bench), 30, 80)
    const posted = bench.posts()
    const again = await takenUp(putBack(run, copy))
    expect(saidOlder(again)).toBe(true)
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(again)).toMatchObject({ missing: 0, extra: 0, foreign: 0 })
    // What was there is not posted again: only the one in flight when it was killed may be asked about in vain.
    expect(bench.posts()).toBe(history.length)
    expect(posted).toBeGreaterThan(60)
  })

  it('of an earlier process doubles nothing, and what the copy knows as posted stays', async () => {
    const bench = openBench()
    const history = held(bench)
    let posts = 0
    const first = await killedAt(await begun(bench), (request) => isPost(request) && ++posts === 20)
    const copy = await copyOf(first.folder)
    const known = first.journal.items('import').counts().confirmed
    posts = 0
    const second = await killedAt(
      await takenUp(opened(first)),
      (request) => isPost(request) && ++posts === 50,
    )
    const again = await takenUp(putBack(second, copy))
    expect(again.journal.items('import').counts()).toMatchObject({
      confirmed: known,
      sent: history.length - known,
      unsent: 0,
    })
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(again.journal.events.latest(OLDER_JOURNAL)?.detail).toMatchObject({
      inDoubt: history.length - known,
    })
  })

  it('from before the canary doubles nothing', async () => {
    const bench = openBench()
    const history = held(bench)
    const { run, copy } = await killedAndCopied(await begun(bench), 1, 60)
    const again = await takenUp(putBack(run, copy))
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('from before the deletion was approved is refused, however often it is tried', async () => {
    const bench = openBench()
    const planned = await takenUp(await planRun(bench))
    await walk(planned, 'delete-schema')
    const copy = await copyOf(planned.folder)
    await approve(planned)
    let posts = 0
    const dead = await killedAt(
      await takenUp(opened(planned)),
      (request) => isPost(request) && ++posts === 50,
    )
    const before = held(bench)
    const again = putBack(dead, copy)
    for (const _ of [1, 2])
      expect(await failureOf(takeUp(again.context))).toMatchObject({
        exit: 4,
        message: expect.stringContaining('before the deletion was approved'),
      })
    expect(held(bench)).toEqual(before)
  })

  it('is noticed where its mark was lost, too', async () => {
    const bench = openBench()
    const history = held(bench)
    const { run, copy } = await killedAndCopied(await begun(bench), 30, 80)
    rmSync(markOf(run))
    const again = await takenUp(putBack(run, copy))
    expect(saidOlder(again)).toBe(true)
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('asks once: the process after that goes on as ever', async () => {
    const bench = openBench()
    const { run, copy } = await killedAndCopied(await begun(bench), 30, 80)
    const again = await takenUp(putBack(run, copy))
    let posts = 0
    const next = await killedAt(again, (request) => isPost(request) && ++posts === 5)
    next.said.length = 0
    expect(saidOlder(await takenUp(opened(next)))).toBe(false)
  })

  it('is noticed as well where it is the one that was lost, and another one has been gone on with', async () => {
    const bench = openBench()
    const history = held(bench)
    const { run, copy } = await killedAndCopied(await begun(bench), 10, 80)
    const lost = await copyOf(run.folder)
    let posts = 0
    const other = await killedAt(
      await takenUp(putBack(run, copy)),
      (request) => isPost(request) && ++posts === 5,
    )
    other.said.length = 0
    const again = await takenUp(putBack(other, lost))
    expect(saidOlder(again)).toBe(true)
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('of a restore doubles nothing either, and what lands late of the lost one is known as ours', async () => {
    const bench = openBench()
    const history = held(bench)
    const source = await backedUp(bench)
    emptySchema(bench)
    const planned = await takenUp(await restoreRun(bench, source))
    await walk(planned, 'automations-paused')
    sign(planned, 'automations-paused')
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', delay: 1_000_000, skip: 30, times: 1 }])
    const { run, copy } = await killedAndCopied(await takenUp(opened(planned)), 1, 60)
    const again = await takenUp(putBack(run, copy))
    expect(saidOlder(again)).toBe(true)
    expect(await go(again)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    await bench.clock.advance(2_000_000_000)
    expect(held(bench)).toHaveLength(history.length + 1)
    expect((await findOrphans(again.context, RESTORE)).orphans).toHaveLength(1)
  })

  it('has what it was refused asked about, too: it may have been tried once more since', async () => {
    const bench = openBench()
    const run = await begun(bench)
    const items = run.journal.items('import')
    await items.sent([0, 1])
    await items.rejected(0, 'no', true)
    await items.unsent([1], true)
    expect(items.doubtAll(3)).toBe(2)
    expect(items.range(0, 9).map(({ state, posts }) => `${state} ${posts}`)).toEqual([
      'rejected 1',
      'sent 1',
      'sent 1',
    ])
    await items.reopenRejected()
    expect(items.range(0, 1)).toMatchObject([{ state: 'sent' }])
  })
})

describe('a journal that is the run’s own', () => {
  it('is not taken for an older one, wherever a process was killed', async () => {
    const bench = openBench()
    let run = await begun(bench)
    for (const at of [1, 2, 7, 20]) {
      let posts = 0
      run = await killedAt(run, (request) => isPost(request) && ++posts === at)
      run = await takenUp(opened(run))
    }
    expect(await go(run)).toEqual({ state: 'done' })
    expect(saidOlder(run)).toBe(false)
  })

  it.each([
    ['before it has got on', false],
    ['before that is kept', true],
  ])('is none where a process was killed %s, the first one as any later one', async (_, raised) => {
    const run = await planRun(openBench())
    for (let life = 0; life < 3; life++) {
      const { mark } = run.journal
      const raise = (beyond?: number): never => {
        if (raised) mark.raise(beyond)
        throw new Error('killed')
      }
      const dying = { ...run.context, journal: { ...run.journal, mark: { ...mark, raise } } }
      expect(await failureOf(takeUp(dying))).toMatchObject({ message: 'killed' })
      expect(saidOlder(await takenUp(run))).toBe(false)
    }
  })

  it('of a run that an earlier version began is trusted as it is', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    expect(run.journal.mark.reached()).toBe(0)
    expect(saidOlder(await takenUp(opened(run)))).toBe(false)
  })

  it('has its mark kept before anything leaves that it records, and nothing leaves where that fails', async () => {
    const bench = openBench()
    const run = await begun(bench)
    const kept: boolean[] = []
    bench.between(async (request, sandbox) => {
      const mark = JSON.parse(readFileSync(markOf(run), 'utf8')) as { reached: number }
      if (isPost(request)) kept.push(mark.reached >= run.journal.mark.reached())
      if (kept.length === 10) {
        rmSync(markOf(run))
        kept.length = 100
      }
      return kept.length > 100 ? Promise.reject(new Error('nothing more may leave')) : sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 1, message: expect.stringContaining('.mark') })
    expect(kept.slice(0, 10).every(Boolean)).toBe(true)
  })

  it('with a mark that nobody can read is one that nobody knows', async () => {
    const run = await begun(openBench())
    writeFileSync(markOf(run), '\0'.repeat(40))
    expect(saidOlder(await takenUp(opened(run)))).toBe(true)
  })
})
