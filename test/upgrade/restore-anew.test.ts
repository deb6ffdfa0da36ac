/** A restore that is taken up another time: what an earlier process has found, selected or been told counts only while it is so. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareAnew } from '../../src/upgrade/comparison.ts'
import { RESTORE } from '../../src/upgrade/lot.ts'
import { snapshotsNamed, whyNeeded, whySourceNeeded } from '../../src/upgrade/needed.ts'
import { giveContactMap, retryRefused } from '../../src/upgrade/reopening.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { dropSelection, selectAnewWhereGone } from '../../src/upgrade/selected.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { POSTS } from '../support/importing.ts'
import { backedUp, dryRun, figures, restoreRun } from '../support/restore.ts'
import { go, passed, type Run, sign, verification, walk } from '../support/run.ts'

const DAY = 86_400_000

function lose({ sandbox, schema }: Bench, count = Number.POSITIVE_INFINITY): void {
  for (const { id } of [...sandbox.tenant.interactionsOfSchema(schema.id)].slice(0, count))
    sandbox.tenant.apply({ type: 'interaction-deleted', id })
}

/** What the command does with a restore before it walks on. */
function takeUp({ context, journal }: Run): void {
  selectAnewWhereGone(context)
  compareAnew(journal)
}

function remove({ sandbox, clock }: Bench, contactIds: Iterable<string>): void {
  for (const id of new Set(contactIds)) sandbox.tenant.apply({ type: 'contact-deleted', id, at: clock.now() })
}

function mapFile(run: Run, pairs: readonly (readonly [string, string])[]): string {
  const file = join(run.folder, 'map.csv')
  writeFileSync(file, `old,new\n${pairs.map((pair) => pair.join()).join('\n')}\n`)
  return file
}

/** A restore that somebody has signed for, and that has posted nothing yet. */
async function signedRestore(bench: Bench, source: string): Promise<Run> {
  const run = await restoreRun(bench, source)
  await walk(run, 'automations-paused')
  sign(run, 'automations-paused')
  return run
}

describe('what an earlier process has found', () => {
  it('is nothing to the next one: it was stopped as it compared, and things have changed', async () => {
    const bench = openBench({ contacts: 300, interactions: 0 })
    for (const id of bench.contacts) addHistory(bench, id, { rating: 3 }, '2025-01-01T00:00:00.000Z')
    const source = await backedUp(bench)
    const run = await restoreRun(bench, source)
    const stop = new AbortController()
    const progress: Run['context']['progress'] = ({ phase, done }) => {
      if (phase.startsWith('comparing') && done >= 260) stop.abort()
    }
    const stopped = { ...run, context: { ...run.context, progress, stop: stop.signal } }
    expect(await failureOf(go(stopped))).toMatchObject({ name: 'Interrupted' })
    lose(bench, 100)
    takeUp(run)
    expect(await go(run)).toMatchObject({ state: 'waiting' })
    expect(figures(run)).toMatchObject({ missing: 100, there: 200 })
  })

  it.each(['evidence', 'verification', 'import', 'canary'])(
    'that all of it was there is no read-back of what is lost since: killed before its %s',
    async (name) => {
      const bench = openBench()
      const source = await backedUp(bench)
      const history = held(bench)
      const run = await restoreRun(bench, source)
      expect(await go(run)).toEqual({ state: 'done' })
      const order = ['canary', 'import', 'verification', 'evidence']
      // As a process leaves it that comes no further.
      run.journal.events.withdraw(order.slice(order.indexOf(name)), { reason: 'it was killed' })
      lose(bench)
      takeUp(run)
      expect(await walk(run)).toEqual(['automations-paused'])
      expect(held(bench)).toEqual(history)
      expect(verification(run)).toMatchObject({ found: history.length, missing: 0 })
    },
  )

  it('stands once the run has ended with it', async () => {
    const bench = openBench({ contacts: 5 })
    const run = await restoreRun(bench, await backedUp(bench))
    await go(run)
    const { length } = run.journal.events.all()
    takeUp(run)
    expect(run.journal.events.all()).toHaveLength(length)
  })
})

describe('a restore that finds none of the contacts', () => {
  it('finds them by the map that is given then', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const records = [...bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)]
    const pairs = [...new Set(records.map(({ contactId }) => contactId))].map((from, n): [string, string] => [
      from,
      `99999999-0000-4000-8000-${String(n).padStart(12, '0')}`,
    ])
    lose(bench)
    remove(bench, bench.contacts)
    for (const [, id] of pairs)
      bench.sandbox.tenant.apply({
        type: 'contact-created',
        id,
        contactType: 'Member',
        at: bench.clock.now(),
      })
    const run = await restoreRun(bench, source)
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    await giveContactMap(run.context, RESTORE, mapFile(run, pairs))
    takeUp(run)
    const waiting = await go(run)
    expect(waiting).toMatchObject({ state: 'waiting' })
    expect(JSON.stringify(waiting)).toMatch(/by the contact map contact-map-\w+\.csv \(\d+ contacts\)/)
    expect(figures(run)).toMatchObject({ missing: records.length, gone: 0 })
  })

  it('posts nothing unsigned, should they come back, however many refusals it is to put up with', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench)
    remove(bench, bench.contacts)
    const run = await restoreRun(bench, source, { settings: { refusedAtMost: 100 } })
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'automations-paused' })
    expect(figures(run)).toMatchObject({ missing: 0, refusable: 0 })
    expect(figures(run).gone).toBeGreaterThan(0)
  })
})

describe('what was signed for', () => {
  it('was told with the map of then: another one is told and signed for anew', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const [lost] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    const from = lost?.contactId ?? ''
    const to = bench.contacts.find((id) => id !== from) ?? ''
    lose(bench)
    remove(bench, [from])
    const run = await restoreRun(bench, source)
    await walk(run, 'automations-paused')
    expect(figures(run)).toMatchObject({ goneContacts: 1 })
    sign(run, 'automations-paused')
    await giveContactMap(run.context, RESTORE, mapFile(run, [[from, to]]))
    takeUp(run)
    expect(await go(run)).toMatchObject({ state: 'waiting', gate: 'automations-paused' })
    expect(figures(run)).toMatchObject({ goneContacts: 0 })
    expect(bench.posts()).toBe(0)
    sign(run, 'automations-paused')
    takeUp(run)
    expect(await go(run)).toEqual({ state: 'done' })
  })

  it('was signed until the run had ended: what was refused waits for another signature', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    lose(bench)
    const run = await signedRestore(bench, source)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 2, skip: 9, message: 'no' }])
    await go(run)
    expect(verification(run)).toMatchObject({ rejected: 2 })
    const posts = bench.posts()
    await retryRefused(run.context, RESTORE)
    takeUp(run)
    const waiting = await go(run)
    expect(waiting).toMatchObject({ state: 'waiting', gate: 'automations-paused' })
    expect(JSON.stringify(waiting)).toContain('The last signature is void: what was refused')
    expect(bench.posts()).toBe(posts)
    sign(run, 'automations-paused')
    // Asked for once more before it has ended, it is signed for already.
    await retryRefused(run.context, RESTORE)
    takeUp(run)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('is asked for again also where others have brought back what was refused', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench)
    const run = await signedRestore(bench, source)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 1, skip: 9, message: 'no' }])
    await go(run)
    bench.sandbox.setFaults([])
    await walk(await restoreRun(bench, source))
    await retryRefused(run.context, RESTORE)
    takeUp(run)
    // What the journal takes for refused is asked about, not taken for there unseen.
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(verification(run)).toMatchObject({ rejected: 0, missing: 0, extra: 0, foreign: 0 })
    expect(run.journal.items('import').counts().rejected).toBe(0)
  })
})

describe('what was selected', () => {
  it('is nothing that is left after a dry run, nor needed before a signature; it is made anew', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    const history = held(bench)
    lose(bench)
    const run = await restoreRun(bench, source)
    await dryRun(run)
    expect(readdirSync(run.context.snapshots)).toHaveLength(1)
    expect(await dropSelection(run.context)).toBe(true)
    expect(readdirSync(run.context.snapshots)).toEqual([])
    expect(snapshotsNamed(run.journal)).toEqual([])

    takeUp(run)
    await go(run)
    const { folder, snapshot } = passed(run, 'final-pass')
    expect(whyNeeded(run.journal, run.plan.schemaId)).toBeUndefined()
    rmSync(folder, { recursive: true })
    takeUp(run)
    expect(run.said.at(-1)).toContain('not there any more: it is selected and compared anew')
    await go(run)
    sign(run, 'automations-paused')
    expect(passed(run, 'final-pass').snapshot).not.toBe(snapshot)
    expect(whyNeeded(run.journal, run.plan.schemaId)).toBe('has not ended')
    expect(await dropSelection(run.context)).toBe(false)
    expect(existsSync(passed(run, 'final-pass').folder)).toBe(true)
    takeUp(run)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('is never made anew once any of it was sent: that is told instead', async () => {
    const bench = openBench()
    const source = await backedUp(bench)
    lose(bench)
    const run = await signedRestore(bench, source)
    const stop = new AbortController()
    bench.between(async (request, sandbox) => {
      if (bench.posts() > 5) stop.abort()
      return sandbox(request)
    })
    const stopped = { ...run, context: { ...run.context, stop: stop.signal } }
    await failureOf(go(stopped))
    bench.between(undefined)
    rmSync(passed(run, 'final-pass').folder, { recursive: true })
    expect(await failureOf((async () => takeUp(run))())).toMatchObject({
      exit: 4,
      message: expect.stringContaining('Some of it may have been posted'),
      next: expect.stringContaining(`engage-migrate restore ${source}`),
    })
    expect(isDone(run.journal, { name: 'final-pass' })).toBe(true)
  })

  it('is in the place of its source from the signature on: until then that is needed, for a week', async () => {
    const bench = openBench({ contacts: 5 })
    const source = await backedUp(bench)
    lose(bench)
    const run = await restoreRun(bench, source)
    const why = (days: number) => whySourceNeeded(run.journal, 0, bench.clock.now() + days * DAY)
    expect(why(0)).toContain('7 days after its last command')
    await go(run)
    expect([why(6.9), why(7)]).toEqual([expect.stringContaining('restores from it'), undefined])
    sign(run, 'automations-paused')
    expect(why(0)).toBeUndefined()
    const now = bench.clock.now()
    expect(whySourceNeeded(undefined, now, now + 6 * DAY)).toBeDefined()
    expect(whySourceNeeded(undefined, now, now + 8 * DAY)).toBeUndefined()
  })
})

it('Contacts that the snapshot does not hold are counted, and some named', async () => {
  const bench = openBench({ contacts: 5 })
  const source = await backedUp(bench)
  const strangers = Array.from({ length: 7 }, (_, n) => `99999999-0000-4000-8000-00000000000${n}`)
  const file = join(await temporaryFolder(), 'some.csv')
  writeFileSync(file, `contactId\n${[...bench.contacts, ...strangers].join('\n')}\n`)
  const run = await restoreRun(bench, source, { contacts: file })
  await go(run)
  expect(run.said).toContain(
    `contacts of ${file} that the snapshot does not hold: 7 of 12: ${strangers.slice(0, 5).join(', ')}, …`,
  )
  writeFileSync(file, `contactId\n${bench.contacts.join('\n')}\n`)
  const all = await restoreRun(bench, source, { contacts: file })
  await go(all)
  expect(all.said.join()).not.toContain('does not hold')
})
