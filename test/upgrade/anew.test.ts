/** Others delete the schema in the midst of an import: what was posted before is gone, and must be seen to be. */
import { describe, expect, it } from 'vitest'
import type { EventKind } from '../../src/journal/events.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import type { Interaction } from '../../src/model.ts'
import { distrust } from '../../src/upgrade/distrust.ts'
import { beginAnew, FORTH, itemsOf, remembered } from '../../src/upgrade/lot.ts'
import { passSnapshot } from '../../src/upgrade/pass.ts'
import { findOrphans, repairOrphans } from '../../src/upgrade/repair.ts'
import { holdsHistory } from '../../src/upgrade/status.ts'
import { caller } from '../sandbox/caller.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { approve, go, planRun, type Run, VISIBLE_WITHIN_MS, verification } from '../support/run.ts'

async function deletedByOthers({ sandbox, schema }: Bench): Promise<void> {
  await caller(sandbox.send)('DELETE', `/api/v3/interactionschemas/${schema.id}`)
}

/** Others delete the schema as that POST arrives. */
function deletedAt(bench: Bench, post: number): void {
  let posts = 0
  bench.between(async (request, sandbox) => {
    if (isPost(request) && ++posts === post) await deletedByOthers(bench)
    return sandbox(request)
  })
}

/** Others delete the schema as that POST arrives; the run ends, for it can't find it any more. */
async function takenAwayAt(post: number): Promise<{ run: Run; history: readonly string[] }> {
  const bench = openBench()
  const history = held(bench)
  const run = await planRun(bench)
  await approve(run)
  deletedAt(bench, post)
  expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
  bench.between(undefined)
  return { run, history }
}

/** What `upgrade` does once, stopped as that POST arrives. */
function stoppedAt(run: Run, post: number): ReturnType<typeof go> {
  const stopping = new AbortController()
  let posts = 0
  run.bench.between((request, sandbox) => {
    if (isPost(request) && ++posts === post) stopping.abort()
    return sandbox(request)
  })
  const ended = go({ ...run, context: { ...run.context, stop: stopping.signal } })
  return ended.finally(() => run.bench.between(undefined))
}

/** The same journal, but for an event that a process dies at. */
function dyingAt(journal: Journal, kind: EventKind, name: string): Journal {
  const { events } = journal
  return {
    ...journal,
    events: {
      ...events,
      append(its, each, detail) {
        if (its === kind && each === name) throw new Error('killed')
        return events.append(its, each, detail)
      },
    },
  }
}

describe('an import whose schema others have deleted', () => {
  it('posts everything again, once what it had posted is not shown any more', async () => {
    const bench = openBench({ deletionLag: VISIBLE_WITHIN_MS / 2 })
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    deletedAt(bench, 90)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0 })
    expect(run.said.join('\n')).toMatch(
      /still show old interactions.*\n.*had been posted went with the schema/s,
    )
  })

  it.for([
    { when: 'is shown yet', lag: 0 },
    { when: 'comes to be shown only now', lag: 3_000 },
  ])(
    'takes nothing for its own that was sent to the one before, never answered, and $when',
    async ({ lag }) => {
      const bench = openBench({ deletionLag: 40_000, lag })
      const history = held(bench)
      const run = await planRun(bench, { settings: { visibleWithinMs: 60_000 } })
      await approve(run)
      deletedAt(bench, 10)
      expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
      bench.between(undefined)
      // From here on nothing is confirmed, so that nothing that was posted is known by its id.
      bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-after', times: 8 }])
      expect(await failureOf(stoppedAt(run, 3))).toMatchObject({ name: 'Interrupted' })
      await deletedByOthers(bench)
      expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
      expect(itemsOf(run.journal, FORTH).counts().confirmed).toBe(0)
      expect(await go(run)).toEqual({ state: 'done' })
      await bench.clock.advance(40_000)
      expect(held(bench)).toEqual(history)
      const { orphans, tally } = await findOrphans(run.context, FORTH)
      expect(orphans).toEqual([])
      expect(tally).toMatchObject({ found: history.length, missing: 0, extra: 0 })
    },
  )

  it('goes on after a while with what was sent to the one before, and has landed in this one', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', skip: 20, delay: 110 }])
    deletedAt(bench, 60)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    bench.between(undefined)
    await bench.writer.createSchema(run.plan.after)
    await bench.clock.advance(120_000)
    expect(held(bench)).toHaveLength(1)
    expect(await failureOf(go(run))).toMatchObject({ exit: 5 })
    const survey = await findOrphans(run.context, FORTH)
    expect(survey).toMatchObject({ orphans: [{}], foreign: [] })
    await repairOrphans(run.context, FORTH, survey)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('posts nothing as long as the past is shown, and takes none of it for its own afterwards', async () => {
    const { run, history } = await takenAwayAt(90)
    const { bench, context } = run
    const snapshot = await passSnapshot(context, 'final-pass')
    const records = (await Array.fromAsync(snapshot.contacts())).flatMap(({ interactions }) => interactions)
    const ghosts = run.journal
      .items('import')
      .range(0, records.length)
      .flatMap(({ seq, newId }) =>
        newId === undefined ? [] : { ...(records[seq] as Interaction), id: newId },
      )
    const posts = bench.posts()
    const showing = (isShown: (ghost: Interaction) => boolean): Run => ({
      ...run,
      context: {
        ...context,
        reader: {
          ...context.reader,
          interactionsOf: async (contactId, schemaId) => [
            ...ghosts.filter((ghost) => ghost.contactId === contactId && isShown(ghost)),
            ...(await context.reader.interactionsOf(contactId, schemaId)),
          ],
        },
      },
    })
    for (const isShown of [() => true, (ghost: Interaction) => ghost === ghosts[0]]) {
      for (const _ of [1, 2]) expect(await failureOf(go(showing(isShown)))).toMatchObject({ exit: 1 })
    }
    expect(bench.posts()).toBe(posts)
    // A contact that was not looked at may show its ghosts for longer.
    expect(await go(showing(() => bench.posts() > posts))).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(verification(run)).toMatchObject({ found: history.length, missing: 0, extra: 0, foreign: 0 })
  })

  it('asks about everything first where the journal does not know whether it was posted again', async () => {
    const { run, history } = await takenAwayAt(90)
    const { bench } = run
    // What the run went on to do, as the journal knows that was lost.
    await bench.writer.createSchema(run.plan.after)
    const snapshot = await passSnapshot(run.context, 'final-pass')
    for await (const { interactions } of snapshot.contacts())
      for (const { contactId, payload, createdDate } of interactions)
        addHistory(bench, contactId, payload, createdDate)
    distrust(run.journal, null)
    const posts = bench.posts()
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(posts)
  })

  it('reads everything back anew: what an earlier read-back had found counts no more', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const journal = dyingAt(run.journal, 'note', 'import:verified')
    expect(await failureOf(go({ ...run, context: { ...run.context, journal } }))).toMatchObject({
      message: 'killed',
    })
    await deletedByOthers(bench)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('holds the history until all of it is read back once more', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    await approve(run)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(holdsHistory(run.journal)).toBe(false)
    run.journal.events.append('withdrawn', 'recreation', {})
    expect(holdsHistory(run.journal)).toBe(true)
  })

  it('knows a POST from before that lands when the schema is back for its own', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'lands-late', skip: 20, delay: 600 }])
    deletedAt(bench, 60)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    bench.between(undefined)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    await bench.clock.advance(700_000)
    expect(held(bench)).toHaveLength(history.length + 1)
    const survey = await findOrphans(run.context, FORTH)
    expect(survey).toMatchObject({ orphans: [{}], foreign: [] })
    expect(await repairOrphans(run.context, FORTH, survey)).toMatchObject({ extra: 0, missing: 0 })
    expect(held(bench)).toEqual(history)
  })
})

describe('what a lot remembers', () => {
  it('is also the POSTs of before that may land yet, of items that have not been posted again', async () => {
    using journal = openJournal('', openBench().clock)
    await journal.items('import').sent([3, 4])
    await journal.items('import').confirmed(4, 'old')
    beginAnew(journal, FORTH)
    const { itemsOf: known, oldIds } = remembered(journal, FORTH)
    expect(known(0, 10)).toMatchObject([{ seq: 3, state: 'unsent', posts: 1 }])
    await itemsOf(journal, FORTH).sent([3])
    expect(known(0, 10)).toMatchObject([{ seq: 3, state: 'sent', posts: 2 }])
    const read = { interactions: Array.from({ length: 10 }, (_, n) => ({ id: String(n) }) as Interaction) }
    expect(oldIds(read, 0).has('old')).toBe(true)
  })
})

describe('an import that found its schema gone for a moment', () => {
  it('asks about everything first where the journal is one from the midst of the recreation', async () => {
    const bench = openBench()
    const records = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    const journal = dyingAt(run.journal, 'finished', 'recreation')
    expect(await failureOf(go({ ...run, context: { ...run.context, journal } }))).toMatchObject({
      message: 'killed',
    })
    // What the run went on to do, as the journal knows that was lost.
    for (const { contactId, payload, createdDate } of records)
      addHistory(bench, contactId, payload, createdDate)
    distrust(run.journal, null)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(0)
  })

  it('posts nothing again where all of it is still there', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    let posts = 0
    bench.between(async (request, sandbox) => {
      if (isPost(request)) posts += 1
      const { pathname } = new URL(request.url)
      const isSchema = request.method === 'GET' && pathname.endsWith(`/interactionschemas/${bench.schema.id}`)
      if (posts === 0 || !isSchema) return sandbox(request)
      bench.between(undefined)
      return new Response('{"message":"not found"}', { status: 404 })
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
    expect(remembered(run.journal, FORTH).itemsOf(0, history.length)).toHaveLength(history.length)
  })
})
