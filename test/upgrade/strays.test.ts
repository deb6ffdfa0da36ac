/** A final pass in a tenant that moves while it reads: nothing lost, nothing twice, and only who has moved is asked again. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Interaction } from '../../src/model.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { isRefuted } from '../../src/upgrade/final-pass.ts'
import { FORTH } from '../../src/upgrade/lot.ts'
import { giveContactMap } from '../../src/upgrade/reopening.ts'
import { isDone } from '../../src/upgrade/runner.ts'
import { changed, json, listed } from '../support/answers.ts'
import { addHistory, type Bench, type BenchOptions, held, openBench, produce } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { linesOf } from '../support/lines.ts'
import {
  approve,
  go,
  killedAt,
  passed,
  planRun,
  type Run,
  type RunOptions,
  sign,
  verification,
  walk,
} from '../support/run.ts'

const NEW_ID = '0b9a4a1c-0000-4000-8000-00000000c0de'

/** A tenant where the first and the last contact that are read have history of their own. */
function openRoom(options: BenchOptions = {}): { bench: Bench; first: string; last: string } {
  const bench = openBench(options)
  const [first = ''] = bench.contacts
  const last = bench.contacts.at(-1) ?? ''
  for (let day = 1; day <= 3; day++) {
    addHistory(bench, first, { productSku: `F${day}`, rating: 1 }, `2024-01-0${day}T00:00:00.000Z`)
    addHistory(bench, last, { productSku: `L${day}`, rating: 2 }, `2024-02-0${day}T00:00:00.000Z`)
  }
  return { bench, first, last }
}

/** A run whose next command makes the final pass. */
async function beforeFinalPass(bench: Bench, options: RunOptions = {}): Promise<Run> {
  const run = await planRun(bench, options)
  await walk(run, 'producers-stopped')
  sign(run, 'producers-stopped')
  return run
}

/** Makes something true the first time that a contact is listed from now on. */
function whenListed({ between }: Bench, contactId: string, happen: () => void): void {
  let done = false
  between(async (request, sandbox) => {
    if (!done && listed(request) === contactId) {
      done = true
      happen()
    }
    return sandbox(request)
  })
}

function merge({ sandbox, clock }: Bench, id: string, into: string): void {
  sandbox.tenant.apply({ type: 'contact-merged', id, into, at: clock.now() })
}

/** What a run's final snapshot holds, and what the tenant shows, as sorted places. */
async function snapshotPlaces(run: Run): Promise<readonly string[]> {
  const places: string[] = []
  for await (const { interactions } of (await openSnapshot(passed(run, 'final-pass').folder)).contacts())
    for (const each of interactions) places.push(placeOf(each))
  return places.sort()
}

function tenantPlaces({ sandbox, schema }: Bench): readonly string[] {
  return Array.from(sandbox.tenant.interactionsOfSchema(schema.id), placeOf).sort()
}

function placeOf({ id, contactId }: Interaction): string {
  return `${id} ${contactId}`
}

function idsOf({ sandbox, schema }: Bench, contactId: string): readonly string[] {
  return Array.from(sandbox.tenant.interactionsOf(schema.id, contactId), ({ interaction }) => interaction.id)
}

/** Contacts that were listed since, each once. */
function recorder(bench: Bench): Set<string> {
  const asked = new Set<string>()
  bench.between(async (request, sandbox) => {
    const contactId = listed(request)
    if (contactId !== undefined) asked.add(contactId)
    return sandbox(request)
  })
  return asked
}

/**
 * Keeps one interaction out of so many listings, as a page that shifts does.
 * @param before what else happens as a contact is listed
 * @returns how often it was kept out
 */
function slip(
  { between }: Bench,
  lost: Interaction,
  { times, isTime = () => true }: { times: number; isTime?: () => boolean },
  before: (contactId: string) => void = () => {},
): () => number {
  let slips = 0
  between(async (request, sandbox) => {
    const contactId = listed(request)
    if (contactId !== undefined) before(contactId)
    const response = await sandbox(request)
    if (contactId !== lost.contactId || slips >= times || !isTime()) return response
    return changed(response, (body) => {
      const all = body['items'] as JsonObject[]
      const items = all.filter(({ id }) => id !== lost.id)
      slips += all.length - items.length
      return { ...body, items }
    })
  })
  return () => slips
}

function amendments({ journal }: Run): number {
  return journal.events.all().filter(({ kind, name }) => kind === 'withdrawn' && name === 'final-pass').length
}

describe('a contact that is merged while the final pass reads', () => {
  it.each(['old first', 'target first'] as const)('(%s) is in the snapshot once', async (order) => {
    const { bench, first, last } = openRoom()
    const [old, target] = order === 'old first' ? [first, last] : [last, first]
    const run = await beforeFinalPass(bench)
    whenListed(bench, last, () => merge(bench, old, target))
    await walk(run, 'delete-schema')
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
    expect(amendments(run)).toBe(1)
    const history = held(bench)
    sign(run, 'delete-schema')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    const map = join(run.folder, 'map.csv')
    writeFileSync(map, `old;new\n${old};${target}\n`)
    await giveContactMap(run.context, FORTH, map)
    expect(await walk(run)).toEqual(['automations-paused'])
    expect(held(bench)).toEqual(history)
    expect(linesOf(join(run.folder, 'rejected.ndjson'))).toEqual([])
    expect(verification(run)).toMatchObject({ expected: history.length, missing: 0, extra: 0 })
  })

  it('into one that nobody has listed joins the list with it', async () => {
    const { bench, last } = openRoom({ changesActivated: false })
    bench.sandbox.tenant.apply({ type: 'contact-created', id: NEW_ID, contactType: 'Member', at: 0 })
    const own = addHistory(bench, NEW_ID, { productSku: 'N', rating: 3 }, '2024-03-01T00:00:00.000Z')
    const run = await beforeFinalPass(bench)
    const moved = idsOf(bench, last)
    whenListed(bench, last, () => merge(bench, last, NEW_ID))
    await walk(run, 'delete-schema')
    expect(run.journal.contacts.has(NEW_ID)).toBe(true)
    const history = held(bench)
    expect(await snapshotPlaces(run)).toEqual(
      [...moved, own.id]
        .map((id) => `${id} ${NEW_ID}`)
        .concat(tenantPlaces(bench).filter((place) => !place.endsWith(NEW_ID)))
        .sort(),
    )
    sign(run, 'delete-schema', { acceptCoverage: true })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('before it, into one that a hot pass would not ask, is asked for there, and is no surprise', async () => {
    const { bench, last } = openRoom({ contacts: 60, interactions: 0 })
    const [, empty = ''] = bench.contacts
    const run = await beforeFinalPass(bench, { finalPass: 'hot', hotSample: 0 })
    merge(bench, last, empty)
    const asked = recorder(bench)
    await walk(run, 'delete-schema')
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
    expect(isRefuted(run)).toBe(false)
    expect(asked.size).toBe(3)
  })

  it('costs a look at the two, however many there are, and the figures are of the whole pass', async () => {
    const { bench, first, last } = openRoom()
    const run = await beforeFinalPass(bench)
    const gone = bench.contacts.find((id) => ![first, last].includes(id) && idsOf(bench, id).length > 0) ?? ''
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: gone, at: bench.clock.now() })
    const dead = idsOf(bench, gone).length
    const moved = idsOf(bench, last).length
    produce(bench, first, '2025-12-31T00:00:00.000Z')
    const asked: string[] = []
    bench.between(async (request, sandbox) => {
      const contactId = listed(request)
      if (contactId === last && amendments(run) === 0) merge(bench, last, first)
      if (contactId !== undefined && !request.url.includes('continuation')) asked.push(contactId)
      return sandbox(request)
    })
    await walk(run, 'delete-schema')
    expect(new Set(asked.slice(0, bench.contacts.length)).size).toBe(bench.contacts.length)
    expect(new Set(asked.slice(bench.contacts.length))).toEqual(new Set([first, last]))
    expect(passed(run, 'final-pass').tally).toMatchObject({
      arrived: moved + 1,
      vanished: moved + dead,
      goneWithHistory: 2,
      late: 0,
    })
  })
})

describe('a record that the final pass does not see', () => {
  it('since it slipped between shifting pages is asked for by its id, and read', async () => {
    const { bench, first } = openRoom({ pages: 'shifting' })
    for (let day = 0; day < 120; day++)
      addHistory(
        bench,
        first,
        { productSku: `S${day}`, rating: 3 },
        new Date(Date.UTC(2025, 0, 1 + day)).toISOString(),
      )
    const run = await beforeFinalPass(bench)
    const [newest = ''] = idsOf(bench, first)
    let gone = false
    bench.between(async (request, sandbox) => {
      if (!gone && listed(request) === first && request.url.includes('continuation')) {
        gone = true
        bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: newest })
      }
      return sandbox(request)
    })
    await walk(run, 'delete-schema')
    expect(gone).toBe(true)
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
    // What is really deleted counts, what only slipped does not.
    expect(passed(run, 'final-pass').tally).toMatchObject({ vanished: 1, arrived: 0 })
  })

  it.each([1, 2])(
    'is not forgotten where no base pass has seen it, and it slips %i times as its contact is asked again',
    async (times) => {
      const { bench, first, last } = openRoom()
      const run = await beforeFinalPass(bench)
      const arrived = produce(bench, first, '2025-12-31T00:00:00.000Z')
      // The merge has its contact asked again: only then it slips.
      let merged = false
      const slips = slip(bench, arrived, { times, isTime: () => amendments(run) > 0 }, (contactId) => {
        if (contactId === last && !merged) merge(bench, last, first)
        merged ||= contactId === last
      })
      await walk(run, 'delete-schema')
      expect(slips()).toBe(times)
      expect(amendments(run)).toBe(times + 1)
      expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
    },
  )

  it('though it is there, keeps the run from going on, until it is seen', async () => {
    const { bench, first } = openRoom()
    const [stored] = bench.sandbox.tenant.interactionsOf(bench.schema.id, first)
    const lost = stored?.interaction as Interaction
    const run = await beforeFinalPass(bench)
    slip(bench, lost, { times: Number.POSITIVE_INFINITY })
    for (let command = 1; command <= 2; command++) {
      expect(await failureOf(go(run))).toMatchObject({
        exit: 1,
        message: expect.stringContaining(`${lost.id} is there, and contact ${first} does not list it`),
        next: expect.stringContaining(`engage-migrate upgrade ${run.plan.run}`),
      })
      expect(isDone(run.journal, { name: 'final-pass' })).toBe(false)
    }
    // The base pass's, and what the next command carries over.
    expect(readdirSync(run.context.snapshots)).toHaveLength(2)
    const asked = recorder(bench)
    expect(await go(run)).toMatchObject({ gate: 'delete-schema' })
    expect([...asked]).toEqual([first])
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
  })

  it('any more, since its contact is gone, is left behind even where it is still shown by its id', async () => {
    const { bench, last } = openRoom()
    const records = Array.from(bench.sandbox.tenant.interactionsOf(bench.schema.id, last))
    const run = await beforeFinalPass(bench)
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: last, at: bench.clock.now() })
    bench.between(async (request, sandbox) => {
      const shown = records.find(({ interaction: { id } }) => request.url.endsWith(`/interactions/${id}`))
      return shown === undefined ? sandbox(request) : json(200, shown.interaction as unknown as JsonObject)
    })
    await walk(run)
    expect(amendments(run)).toBe(0)
    const left = linesOf(join(run.folder, 'rejected.ndjson'))
    expect(left.map(({ record }) => (record as JsonObject)['id']).sort()).toEqual(
      records.map(({ interaction }) => interaction.id).sort(),
    )
  })
})

describe('a contact that is restored', () => {
  it('while the final pass reads is read after all', async () => {
    const { bench, first, last } = openRoom()
    const run = await beforeFinalPass(bench)
    const at = bench.clock.now()
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: first, at })
    whenListed(bench, last, () => bench.sandbox.tenant.apply({ type: 'contact-updated', id: first, at }))
    await walk(run, 'delete-schema')
    expect(passed(run, 'final-pass')).toMatchObject({ gone: 0, tally: { goneWithHistory: 0, vanished: 0 } })
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
  })

  it.each(['before the base pass', 'before the final pass'])(
    'between the final pass and the deletion, having been deleted %s, is read, and signed for anew',
    async (when) => {
      // So many that no sample of the last checks would find it.
      const { bench } = openRoom({ contacts: 300, interactions: 1 })
      const lost = bench.contacts.find((id, at) => at % 3 !== 0 && idsOf(bench, id).length > 0) ?? ''
      const history = held(bench)
      const remove = (): void =>
        bench.sandbox.tenant.apply({ type: 'contact-deleted', id: lost, at: bench.clock.now() })
      if (when === 'before the base pass') remove()
      const run = await beforeFinalPass(bench)
      if (when === 'before the final pass') remove()
      await approve(run)
      const before = passed(run, 'final-pass').snapshot
      bench.sandbox.tenant.apply({ type: 'contact-updated', id: lost, at: bench.clock.now() })
      expect(await failureOf(go(run))).toMatchObject({
        exit: 4,
        message: expect.stringContaining(lost),
        safe: 'Nothing was deleted.',
        next: expect.stringContaining(`engage-migrate upgrade ${run.plan.run}`),
      })
      const asked = recorder(bench)
      expect(await go(run)).toMatchObject({ gate: 'delete-schema' })
      expect([...asked]).toEqual([lost])
      expect(readdirSync(run.context.snapshots)).not.toContain(before)
      sign(run, 'delete-schema')
      expect(await go(run)).toEqual({ state: 'done' })
      expect(held(bench)).toEqual(history)
    },
  )

  it('once the schema may have been deleted changes nothing of what the run holds', async () => {
    const { bench, first } = openRoom()
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: first, at: bench.clock.now() })
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([
      { method: 'DELETE', path: '/interactionschemas/', kind: '500', times: 'always' },
    ])
    expect(await failureOf(go(run))).toMatchObject({ exit: 1 })
    // Not yet there when all are read for what is not ours, but when the last checks come by.
    let looks = 0
    bench.between(async (request, sandbox) => {
      if (listed(request) === first && ++looks === 2)
        bench.sandbox.tenant.apply({ type: 'contact-updated', id: first, at: bench.clock.now() })
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    expect(looks).toBeGreaterThanOrEqual(2)
    expect(isDone(run.journal, { name: 'final-pass' })).toBe(true)
  })
})

describe('a final pass that is made again for some, killed', () => {
  /** A run that dies as it asks again, with the other folder that it carries over from. */
  async function dying(fatal: (request: Request, amending: boolean, first: string) => boolean): Promise<Run> {
    const { bench, first, last } = openRoom()
    const run = await beforeFinalPass(bench)
    let merged = false
    return killedAt(run, (request) => {
      if (!merged && listed(request) === last) {
        merged = true
        merge(bench, last, first)
      }
      return fatal(request, amendments(run) > 0, first)
    })
  }

  it.each([
    [
      'as it asks for a vanished record',
      (request: Request) => /\/interactions\/[^/]+$/.test(new URL(request.url).pathname),
    ],
    ['before the first is asked', (_: Request, amending: boolean) => amending],
    [
      'as the first is asked',
      (request: Request, amending: boolean, first: string) => amending && listed(request) === first,
    ],
    [
      'as it has asked all, and looks at the tenant once more',
      (request: Request, amending: boolean) => amending && request.url.includes('/contacts/count'),
    ],
  ])('%s, goes on, and ends with the one snapshot', async (_, fatal) => {
    const run = await dying(fatal)
    const { bench } = run
    await walk(run, 'delete-schema')
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
    expect(amendments(run)).toBe(1)
    const folders = [passed(run, 'base-pass').snapshot, passed(run, 'final-pass').snapshot]
    expect(readdirSync(run.context.snapshots).sort()).toEqual(folders.sort())
    const history = held(bench)
    sign(run, 'delete-schema')
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })

  it('when the one before is swept away, and nobody has noted yet that it is done', async () => {
    const { bench, first, last } = openRoom()
    const run = await beforeFinalPass(bench)
    whenListed(bench, last, () => merge(bench, last, first))
    const { journal } = run.context
    const { events } = journal
    const append: typeof events.append = (kind, name, detail) => {
      if (kind === 'finished' && name === 'final-pass') throw new Error('killed')
      return events.append(kind, name, detail)
    }
    const mortal = { ...journal, events: { ...events, append } }
    expect(await failureOf(go({ ...run, context: { ...run.context, journal: mortal } }))).toMatchObject({
      message: 'killed',
    })
    expect(readdirSync(run.context.snapshots)).toHaveLength(2)
    const asked = recorder(bench)
    expect(await go(run)).toMatchObject({ gate: 'delete-schema' })
    expect(asked.size).toBe(0)
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(bench))
  })

  it('carries nothing over from a snapshot that was damaged since', async () => {
    const run = await dying((_, amending) => amending)
    const detail = run.journal.events.latest('final-pass', 'withdrawn')?.detail as JsonObject
    const { snapshot } = detail['amends'] as JsonObject
    const file = join(run.context.snapshots, String(snapshot), 'interactions-00003.ndjson.gz')
    const bytes = readFileSync(file)
    const at = Math.floor(bytes.length / 2)
    writeFileSync(file, bytes.with(at, (bytes[at] ?? 0) ^ 1))
    // Smaller parts are durable before damage shows at the end of a larger one: so nothing is written before the proof.
    const settings = { ...run.context.settings, contactsPerPart: 1 }
    const small = { ...run, context: { ...run.context, settings } }
    expect(await failureOf(go(small))).toMatchObject({ exit: 4, message: expect.stringContaining('damaged') })
    const { snapshot: next } = (run.journal.events.latest('final-pass', 'intent')?.detail ?? {}) as JsonObject
    expect(run.journal.parts(`final-pass:${String(next)}`)).toEqual([])
    writeFileSync(file, bytes)
    expect(await go(small)).toMatchObject({ gate: 'delete-schema' })
    expect(await snapshotPlaces(run)).toEqual(tenantPlaces(run.bench))
  })
})
