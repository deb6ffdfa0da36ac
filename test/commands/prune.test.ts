/** `snapshots prune`, on real folders: what it says, what it leaves, and what it never takes. */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Args } from '../../src/commands/command.ts'
import { needsOf } from '../../src/commands/needed.ts'
import { Output } from '../../src/commands/output.ts'
import { snapshotsPrune } from '../../src/commands/snapshots-prune.ts'
import { errorResult, interruption, toOperatorError } from '../../src/commands/trouble.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import { acquireLock } from '../../src/journal/lock.ts'
import { stamp } from '../../src/names.ts'
import type { Manifest } from '../../src/snapshot/format.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { finishSnapshot, openPart, writeSchema } from '../../src/snapshot/writer.ts'
import { inPlace } from '../../src/upgrade/in-place.ts'
import { planRestore } from '../../src/upgrade/restore-plan.ts'
import { contact, factsOf, schema } from '../snapshot/sample.ts'
import { createManualClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-02-11T12:00:00Z')
const TENANT = 'demo'

interface Verdict {
  readonly snapshot: string
  readonly keep: boolean
  readonly reasons: readonly string[]
  readonly bytes: number
}

interface Ended {
  readonly code: number
  readonly json: {
    readonly snapshots: readonly Verdict[]
    readonly removed: number
    readonly freed: number
    readonly error?: { readonly what: string; readonly exit: number }
  }
  readonly said: string
}

async function openDesk() {
  const data = await temporaryFolder()
  const clock = createManualClock({ start: NOW })
  const home = join(data, TENANT, schema.id)
  const stop = new AbortController()
  const prune = async (args: Args): Promise<Ended> => {
    const heard = { out: '', said: '' }
    const out = {
      write(text: string) {
        heard.out += text
      },
    }
    const err = {
      write(text: string) {
        heard.said += text
        onSaid(text)
      },
    }
    const tools = {
      env: { ENGAGE_MIGRATE_DATA: data },
      clock,
      random: () => 0,
      network: () => Promise.reject(new Error('nothing is asked of a tenant')),
      output: new Output(out, err, clock, true),
      stop: stop.signal,
      tool: { name: 'engage-migrate', version: '0.0.0' },
    }
    try {
      const code = await snapshotsPrune.run(args, tools)
      return { code, json: JSON.parse(heard.out), said: heard.said }
    } catch (thrown) {
      const told = toOperatorError(thrown, stop.signal)
      const error = errorResult(told) as NonNullable<Ended['json']['error']>
      return { code: told.exit, json: { snapshots: [], removed: 0, freed: 0, error }, said: heard.said }
    }
  }
  let onSaid: (text: string) => void = () => {}
  return {
    ...{ data, clock, home, prune },
    /** What the command is interrupted at, as it says it. */
    interruptAt(text: string) {
      onSaid = (said) => {
        if (said.includes(text)) stop.abort(interruption())
      }
    },
    left: () => readdirSync(home).filter((name) => /^\d{8}T/.test(name)),
  }
}

type Desk = Awaited<ReturnType<typeof openDesk>>

interface Kind {
  readonly pass?: string
  /** What it follows: it says then that nothing has changed. */
  readonly parent?: Manifest & { readonly stamp: string }
  readonly failed?: boolean
}

/** Writes a snapshot that was begun so many days ago. */
async function add(
  { home }: Pick<Desk, 'home'>,
  days: number,
  { pass = 'backup', parent, failed }: Kind = {},
) {
  const name = stamp(NOW - days * DAY)
  const folder = join(home, name)
  const startedAt = new Date(NOW - days * DAY).toISOString()
  const facts = { ...factsOf(2, await writeSchema(folder, schema)), pass, startedAt, order: 'id' as const }
  if (parent !== undefined) {
    const { stamp: snapshot, digest: origin, contacts, interactions, content = '' } = parent
    const increment = { parent: { snapshot, origin }, state: { contacts, interactions, content } }
    return { ...(await finishSnapshot(folder, { ...facts, increment }, [])), stamp: name }
  }
  const part = await openPart(folder, 1, { compression: 'zstd', schemaId: schema.id })
  await part.add(contact(1, ['{"n":1}', '{"n":2}']))
  await part.add(failed === true ? { ...contact(2, []), state: 'failed' } : contact(2, ['{"n":3}']))
  return { ...(await finishSnapshot(folder, facts, [await part.close()])), stamp: name }
}

/** A folder without a manifest. */
async function addHalf(desk: Desk, days: number): Promise<string> {
  const { stamp: name } = await add(desk, days)
  rmSync(join(desk.home, name, 'manifest.json'))
  return name
}

function reasonsOf({ json }: Ended, snapshot: string): string {
  return json.snapshots.find((each) => each.snapshot === snapshot)?.reasons.join('; ') ?? ''
}

describe('what no rule keeps', () => {
  test('goes, with the reasons told for each; a dry run says the same and changes nothing', async () => {
    const desk = await openDesk()
    const names: string[] = []
    for (const days of [0, 1, 2, 3, 4]) names.push((await add(desk, days)).stamp)
    const before = desk.left()

    const dry = await desk.prune({ 'keep-last': 2, 'keep-weekly': 2, 'dry-run': true })
    expect(dry).toMatchObject({ code: 0, json: { dryRun: true, removed: 2 } })
    expect(desk.left()).toEqual(before)
    expect(readdirSync(desk.home)).toEqual(before)

    const done = await desk.prune({ 'keep-last': 2, 'keep-weekly': 2 })
    expect(done).toMatchObject({ code: 0, json: { dryRun: false, removed: 2, freed: dry.json.freed } })
    expect(done.json.snapshots).toEqual(dry.json.snapshots)
    expect(desk.left()).toEqual([names[3], names[1], names[0]])
    expect(reasonsOf(done, names[3] ?? '')).toBe('the last of 2026-W06, weekly 2 of 2')
    expect(reasonsOf(done, names[2] ?? '')).toBe('no rule keeps it')
    expect(done.json.freed).toBe(
      done.json.snapshots.filter(({ keep }) => !keep).reduce((sum, { bytes }) => sum + bytes, 0),
    )
    for (const { snapshot, reasons } of done.json.snapshots)
      expect(done.said).toMatch(new RegExp(`(keep|remove) +${snapshot} .*${reasons[0]}`))

    const again = await desk.prune({ 'keep-last': 2, 'keep-weekly': 2 })
    expect(again).toMatchObject({ code: 0, json: { removed: 0, freed: 0 } })
  })

  test('of a chain goes from its end; what the rest follows stays, and the rest is still whole', async () => {
    const desk = await openDesk()
    const full = await add(desk, 9)
    const middle = await add(desk, 8, { parent: full })
    const other = await add(desk, 7, { parent: middle })
    const tip = await add(desk, 1, { parent: middle })
    const done = await desk.prune({ 'keep-last': 1 })
    expect(done).toMatchObject({ code: 0, json: { removed: 1 } })
    expect(reasonsOf(done, full.stamp)).toBe(`${middle.stamp} follows it`)
    expect(existsSync(join(desk.home, other.stamp))).toBe(false)
    expect(await proveSnapshot(join(desk.home, tip.stamp))).toMatchObject({ ok: true, links: 3 })
  })

  test('is of one schema where one is named; an interruption before anything goes leaves all', async () => {
    const desk = await openDesk()
    const elsewhere = join(desk.data, TENANT, 'other')
    for (const days of [1, 2]) {
      await add(desk, days)
      await add({ home: elsewhere }, days)
    }
    expect(await desk.prune({ 'keep-last': 1, schemaId: 'nothing' })).toMatchObject({
      code: 0,
      json: { removed: 0 },
    })
    expect(await desk.prune({ 'keep-last': 1, schemaId: 'other' })).toMatchObject({ json: { removed: 1 } })
    expect(desk.left()).toHaveLength(2)
    desk.interruptAt('no rule keeps it')
    expect(await desk.prune({ 'keep-last': 1 })).toMatchObject({ code: 130 })
    expect(desk.left()).toHaveLength(2)
  })

  test("goes one by one: an interruption leaves the next one whole, and files that are nobody's stay", async () => {
    const desk = await openDesk()
    for (const days of [1, 2, 3, 4]) {
      const { stamp: name } = await add(desk, days)
      writeFileSync(join(desk.home, name, 'notes.txt'), 'mine')
    }
    desk.interruptAt('Left in')
    const ended = await desk.prune({ 'keep-last': 1 })
    expect(ended).toMatchObject({
      code: 130,
      said: expect.stringContaining('no part of a snapshot: notes.txt'),
    })
    const files = desk.left().map((name) => readdirSync(join(desk.home, name)).length)
    expect(files.filter((count) => count === 1)).toHaveLength(1)
    expect(files.filter((count) => count > 4)).toHaveLength(3)
  })

  test('of another folder goes where that is named', async () => {
    const [desk, other] = [await openDesk(), await openDesk()]
    for (const days of [1, 2]) {
      await add(desk, days)
      await add(other, days)
    }
    expect(await desk.prune({ 'keep-last': 1, from: other.data })).toMatchObject({ json: { removed: 1 } })
    expect([desk.left().length, other.left().length]).toEqual([2, 1])
  })
})

describe('what is not whole', () => {
  test('half ones and incomplete ones go once a complete one is newer', async () => {
    const desk = await openDesk()
    const [oldHalf, incomplete] = [await addHalf(desk, 5), await add(desk, 4, { failed: true })]
    const complete = await add(desk, 3)
    const [newHalf, newIncomplete] = [await addHalf(desk, 2), await add(desk, 1, { failed: true })]
    const done = await desk.prune({ 'keep-daily': 2 })
    expect(done).toMatchObject({ code: 0, json: { removed: 2 } })
    expect(desk.left()).toEqual([complete.stamp, newHalf, newIncomplete.stamp])
    expect(reasonsOf(done, oldHalf)).toContain('it has no manifest')
    expect(reasonsOf(done, incomplete.stamp)).toContain('incomplete')
  })

  test('where the newest complete one is damaged, nothing goes, and the exit code is 5', async () => {
    const desk = await openDesk()
    await addHalf(desk, 3)
    await add(desk, 2)
    const newest = await add(desk, 1)
    const other = join(desk.data, TENANT, 'other')
    for (const days of [1, 2]) await add({ home: other }, days)
    await truncate(join(desk.home, newest.stamp, 'interactions-00001.ndjson.zst'), 9)
    const busy = join(desk.data, TENANT, 'busy')
    await add({ home: busy }, 1)
    using _held = acquireLock(join(busy, 'lock'), 'a test', desk.clock)
    const done = await desk.prune({ 'keep-last': 1 })
    expect(done).toMatchObject({ code: 5, json: { removed: 1, error: { exit: 5 } } })
    expect(done.json.error?.what).toContain(newest.stamp)
    expect(desk.left()).toHaveLength(3)
    expect(done.json.snapshots.filter(({ keep }) => !keep)).toHaveLength(1)
    expect(readdirSync(other).filter((name) => name.startsWith('2026'))).toHaveLength(1)
  })

  test('where a file of another one that is to stay is not there, nothing goes, and the exit code is 5', async () => {
    const desk = await openDesk()
    await add(desk, 3)
    const damaged = await add(desk, 2)
    await add(desk, 1)
    rmSync(join(desk.home, damaged.stamp, 'contacts-00001.ndjson.zst'))
    const done = await desk.prune({ 'keep-last': 2 })
    expect(done).toMatchObject({ code: 5, json: { removed: 0, error: { exit: 5 } } })
    expect(done.json.error?.what).toContain(damaged.stamp)
    expect(desk.left()).toHaveLength(3)
    // Where it goes itself, that says nothing.
    expect(await desk.prune({ 'keep-last': 1 })).toMatchObject({ code: 0, json: { removed: 2 } })
  })

  test("one whose manifest can't be used is never removed, nor what it may follow, and that is told", async () => {
    const desk = await openDesk()
    const old = await add(desk, 5)
    const unusable = await add(desk, 4, { parent: old })
    const later = await add(desk, 3)
    const newest = await add(desk, 2)
    writeFileSync(join(desk.home, unusable.stamp, 'manifest.json'), '{')
    const done = await desk.prune({ 'keep-last': 1 })
    expect(done).toMatchObject({ code: 5, json: { removed: 1 } })
    expect(done.json.error?.what).toContain(unusable.stamp)
    expect(reasonsOf(done, unusable.stamp)).toContain('somebody must look at it')
    expect(desk.left()).toEqual([old.stamp, unusable.stamp, newest.stamp])
    expect(existsSync(join(desk.home, later.stamp))).toBe(false)
  })
})

describe('what runs need', () => {
  /** A run about the schema that has read its base pass. */
  function addRun(
    { data, home, clock }: Desk,
    snapshot: string,
    more: (journal: Journal) => void = () => {},
  ) {
    const folder = join(data, 'runs', 'R')
    mkdirSync(folder, { recursive: true })
    const about = { tenant: TENANT, schemaId: schema.id }
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(about))
    using journal = openJournal(join(folder, 'run.db'), clock)
    journal.events.append('finished', 'plan', about)
    journal.events.append('intent', 'base-pass', { snapshot })
    journal.events.append('finished', 'base-pass', { snapshot })
    more(journal)
    const reached = journal.mark.raise()
    writeFileSync(join(home, 'R.mark'), JSON.stringify({ reached, approved: false }))
    return { folder, journal: join(folder, 'run.db'), mark: join(home, 'R.mark') }
  }

  /** Ends each action of an upgrade. */
  function end(journal: Journal, tally: object = { missing: 0 }): void {
    journal.events.append('intent', 'deletion', {})
    for (const { name } of inPlace.flatMap(({ actions }) => actions).slice(1))
      journal.events.append('finished', name, {})
    journal.events.append('note', 'import:verified', { ...tally })
  }

  async function aged(): Promise<Desk & { readonly base: string }> {
    const desk = await openDesk()
    const base = await add(desk, 9, { pass: 'base' })
    await add(desk, 8)
    await add(desk, 5, { pass: 'final' })
    await add(desk, 1)
    return { ...desk, base: base.stamp }
  }

  const POLICY = { 'keep-last': 1 }

  test.each<[string, (journal: Journal) => void, string, ended?: boolean]>([
    ['has begun', () => {}, 'run R has not ended'],
    [
      'is about to delete',
      (journal) => void journal.events.append('opened', 'delete-schema'),
      'has not ended',
    ],
    [
      'holds the history',
      (journal) => end(journal, { missing: 3 }),
      'run R has not brought all of its history back',
    ],
    [
      'was refused something',
      (journal) => end(journal, { missing: 0, rejected: 2 }),
      'run R can try once more what it was refused',
      true,
    ],
    ['has orphans', (journal) => end(journal, { missing: 0, extra: 1 }), 'repair needs it', true],
    [
      'has deleted twice',
      (journal) => {
        journal.events.append('note', 'deletion-sent-again', { schemaId: schema.id })
        end(journal)
      },
      'one deletion may come late',
      true,
    ],
  ])('a run that %s keeps its snapshot, by name', async (_what, more, reason, ended = false) => {
    const desk = await aged()
    addRun(desk, desk.base, more)
    const { of, underWay } = needsOf({ data: desk.data, tenant: TENANT, schemaId: schema.id }, desk.clock)
    expect(underWay(desk.base)).toEqual(ended ? [] : of(desk.base))
    const done = await desk.prune(POLICY)
    expect(done).toMatchObject({ code: 0, json: { removed: 1 } })
    expect(reasonsOf(done, desk.base)).toContain(reason)
    expect(desk.left()).toContain(desk.base)
  })

  test('a run that is done lets it go, as does one that is about another schema, or has withdrawn it', async () => {
    const done = await aged()
    addRun(done, done.base, (journal) => end(journal))
    expect(await done.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 2 } })

    const other = await aged()
    addRun(other, other.base, ({ events }) => {
      events.append('finished', 'plan', { tenant: TENANT, schemaId: 'other' })
    })
    expect(await other.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 2 } })

    const withdrawn = await aged()
    addRun(withdrawn, 'none', ({ events }) => {
      events.append('intent', 'final-pass', { snapshot: withdrawn.base })
      events.append('withdrawn', 'final-pass', { snapshot: withdrawn.base })
    })
    expect(await withdrawn.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 2 } })
  })

  test('a final pass that is to be amended, and half a one under way, stay', async () => {
    const desk = await aged()
    const half = await addHalf(desk, 7)
    addRun(desk, 'none', ({ events }) => {
      events.append('finished', 'final-pass', { snapshot: desk.base })
      const amends = { snapshot: desk.base, manifestDigest: '', contacts: [], sought: [] }
      events.withdraw(['final-pass'], { reason: 'contacts have moved', amends })
      events.append('intent', 'final-pass', { snapshot: half })
    })
    const ended = await desk.prune(POLICY)
    expect(reasonsOf(ended, desk.base)).toBe('run R has not ended')
    expect(reasonsOf(ended, half)).toContain('run R has not ended')
  })

  test.each<[string, (run: ReturnType<typeof addRun>) => void, string]>([
    ['is damaged', ({ journal }) => writeFileSync(journal, 'no database, but long enough'), "can't be read"],
    ['is gone', ({ journal }) => rmSync(journal), 'is gone'],
    ['is empty', ({ journal }) => writeFileSync(journal, ''), 'is gone'],
    [
      'is an older copy',
      ({ mark }) => writeFileSync(mark, JSON.stringify({ reached: 99, approved: false })),
      'was put back from an older copy',
    ],
    ['may be one, for all that is known', ({ mark }) => rmSync(mark), 'was put back from an older copy'],
  ])("where a run's journal %s, every snapshot of its schema stays", async (_what, harm, reason) => {
    const desk = await aged()
    const elsewhere = join(desk.data, TENANT, 'other')
    for (const days of [1, 2]) await add({ home: elsewhere }, days)
    harm(addRun(desk, desk.base, (journal) => end(journal)))
    const done = await desk.prune(POLICY)
    expect(done).toMatchObject({ code: 0, json: { removed: 1 } })
    expect(desk.left()).toHaveLength(4)
    for (const name of desk.left())
      expect(reasonsOf(done, name)).toContain(`run R may need it: its journal ${reason}`)
  })

  test('a plan that nothing was begun with needs nothing', async () => {
    const desk = await aged()
    mkdirSync(join(desk.data, 'runs', 'R'), { recursive: true })
    writeFileSync(join(desk.data, 'runs', 'R', 'plan.json'), '{}')
    expect(await desk.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 2 } })
  })

  test('while somebody works on the schema nothing of it goes (exit 6), and of others all the same', async () => {
    const desk = await aged()
    const elsewhere = join(desk.data, TENANT, 'other')
    for (const days of [1, 2]) await add({ home: elsewhere }, days)
    const half = await addHalf(desk, 7)
    using _held = acquireLock(join(desk.home, 'lock'), 'a test', desk.clock)
    expect(await desk.prune(POLICY)).toMatchObject({ code: 6, json: { removed: 1, error: { exit: 6 } } })
    expect(desk.left()).toHaveLength(5)
    const dry = await desk.prune({ ...POLICY, 'dry-run': true })
    expect(dry.said).toContain(`Somebody works on ${schema.id} in ${TENANT}`)
    expect(reasonsOf(dry, half)).toContain('it may be in the making')
  })
})

describe('what restores read', () => {
  /** A restore of a snapshot into another schema, that has begun. */
  async function addRestore(desk: Desk, source: string, more: (journal: Journal) => void = () => {}) {
    const plan = await planRestore(
      {
        ...{
          snapshot: await openSnapshot(source),
          schemaId: 'copy',
          contacts: null,
          since: null,
          until: null,
        },
        ...{ createSchema: true, otherTenant: false },
      },
      {
        ...{ reader: { listSchemas: async () => [], getSchema: async () => undefined }, clock: desk.clock },
        ...{ tenant: TENANT, baseUrl: 'http://127.0.0.1:9', ratePerSecond: 150 },
        tool: { name: 'engage-migrate', version: '0.0.0' },
      },
    )
    const folder = join(desk.data, 'runs', plan.run)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
    using journal = openJournal(join(folder, 'run.db'), desk.clock)
    const { tenant, schemaId, strategy } = plan
    journal.events.append('finished', 'plan', { tenant, schemaId, strategy })
    more(journal)
    return { run: plan.run, journal: join(folder, 'run.db') }
  }

  const POLICY = { 'keep-last': 1 }

  test('stays while they have yet to take it out, with what it follows, whatever schema they restore into', async () => {
    const desk = await openDesk()
    const full = await add(desk, 9)
    const tip = await add(desk, 8, { parent: full })
    const other = await add(desk, 7)
    await add(desk, 1)
    const { run } = await addRestore(desk, join(desk.home, tip.stamp))
    const done = await desk.prune(POLICY)
    expect(done).toMatchObject({ code: 0, json: { removed: 1 } })
    expect(desk.left()).not.toContain(other.stamp)
    expect(reasonsOf(done, tip.stamp)).toBe(
      `run ${run} restores from it, and is waited for until 2026-02-18, 7 days after its last command`,
    )
    expect(reasonsOf(done, full.stamp)).toBe(`${tip.stamp} follows it`)
    await desk.clock.advance(7 * DAY)
    expect(await desk.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 2 } })
  })

  test('stays also where it is kept elsewhere, however its address is written', async () => {
    const [desk, elsewhere] = [await openDesk(), await openDesk()]
    const source = await add(elsewhere, 5)
    await add(elsewhere, 1)
    // A snapshot of the same name that nobody reads.
    await add(desk, 5)
    await add(desk, 1)
    await addRestore(desk, join(elsewhere.home, source.stamp))
    const link = join(desk.data, 'link')
    symlinkSync(elsewhere.data, link)
    for (const from of [elsewhere.data, link])
      expect(await desk.prune({ ...POLICY, from })).toMatchObject({ code: 0, json: { removed: 0 } })
    expect(await desk.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 1 } })
  })

  test('stays where the journal is damaged, and goes once somebody has signed for what was taken out', async () => {
    const desk = await openDesk()
    const source = await add(desk, 5)
    await add(desk, 1)
    const { journal: file } = await addRestore(desk, join(desk.home, source.stamp))
    writeFileSync(file, 'no database, but long enough')
    expect(await desk.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 0 } })
    rmSync(file)
    await addRestore(desk, join(desk.home, source.stamp), ({ events }) => {
      events.append('finished', 'final-pass', { snapshot: 'elsewhere' })
      events.append('signed', 'automations-paused')
    })
    expect(await desk.prune(POLICY)).toMatchObject({ code: 0, json: { removed: 1 } })
  })
})

describe('wrong use is refused, and nothing is removed', () => {
  test.each<[string, Args, string]>([
    ['no rule at all', {}, 'No rule says what to keep'],
    ['rules that keep nothing', { 'keep-last': 0, 'keep-within': '0d' }, 'No rule says what to keep'],
    ['a part of a snapshot', { 'keep-last': 1.5 }, 'whole number'],
    ['less than none', { 'keep-daily': -1 }, '--keep-daily'],
    ['no number', { 'keep-weekly': Number.NaN }, '--keep-weekly'],
    ['two numbers', { 'keep-monthly': [1, 2] }, '--keep-monthly'],
    ['minutes, which may be meant as months', { 'keep-within': '6m' }, 'not given in minutes'],
    ['a time without a unit', { 'keep-within': '30' }, '--keep-within must be a whole number and a unit'],
  ])('%s', async (_what, args, message) => {
    const desk = await openDesk()
    for (const days of [100, 200]) await add(desk, days)
    const ended = await desk.prune(args)
    expect(ended).toMatchObject({ code: 2, json: { error: { what: expect.stringContaining(message) } } })
    expect(desk.left()).toHaveLength(2)
  })
})
