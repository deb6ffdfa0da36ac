/** Contacts are removed from chains of snapshots, and nothing else is. */
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseParent } from '../../src/backup/following.ts'
import { erase } from '../../src/erasure/erasure.ts'
import { addsUp, removeLeftovers } from '../../src/erasure/rewrite.ts'
import { search } from '../../src/erasure/search.ts'
import { catalogOf, STAMP } from '../../src/snapshot/catalog.ts'
import { indexKeyOf } from '../../src/snapshot/digests.ts'
import { MANIFEST, SCHEMA } from '../../src/snapshot/format.ts'
import { readLines } from '../../src/snapshot/lines.ts'
import type { Place } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { type Opener, openWith, type Seal, sealFor } from '../../src/snapshot/seal.ts'
import { changeByDay, heldBy, heldIn, type Nights, openNights, type Wishes } from '../backup/nights.ts'
import { openStore, type Store } from '../s3/store.ts'
import { around, dyingAt } from '../support/around.ts'
import { openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'

const NIGHTS = 4

interface Year {
  readonly nights: Nights
  /** What each night's snapshot held, by stamp. */
  readonly held: Map<string, readonly string[]>
  /** Contacts to be forgotten: the one with most interactions, and one that has them from the second night on. */
  readonly ids: ReadonlySet<string>
}

async function openYear(
  wishes: Partial<Wishes> = {},
  opener?: Opener,
  { root, contacts = 12, count = NIGHTS }: { root?: Place; contacts?: number; count?: number } = {},
): Promise<Year> {
  const nights = await openNights(openBench({ contacts }), root)
  const held = new Map<string, readonly string[]>()
  let late = ''
  for (let night = 0; night < count; night += 1) {
    const [outcome] = await nights.backUp({ sinceLatest: true, ...wishes })
    const place = outcome?.place ?? nights.root
    held.set(place.base, await heldIn(place, opener))
    await nights.bench.clock.advance(86_400_000)
    changeByDay(nights, night + 1)
    if (night === 1) late = nights.list.at(-1) ?? ''
  }
  const first = [...held.values()][0] ?? []
  const counts = Map.groupBy(first, (line) => line.slice(0, 36))
  const [most = ''] = [...counts].sort(([, a], [, b]) => b.length - a.length).map(([id]) => id)
  return { nights, held, ids: new Set([most, late]) }
}

interface Keys {
  readonly opener?: Opener
  readonly seal?: Seal
}

/** As the command does it. @returns how many snapshots were written anew */
async function forget(
  { nights }: Pick<Year, 'nights'>,
  ids: ReadonlySet<string>,
  { opener, seal }: Keys = {},
  root = nights.root,
) {
  let done = 0
  const entries = await catalogOf(root)
  const families = await search(entries, ids, opener)
  await erase(families, {
    ...{ opener, seal, spool: join(nights.folder, 'erasure'), clock: nights.bench.clock },
    stop: new AbortController().signal,
    onDone: () => {
      done += 1
    },
  })
  return done
}

function without(lines: readonly string[], ids: ReadonlySet<string>): readonly string[] {
  return lines.filter((line) => !ids.has(line.slice(0, 36)))
}

/** What each snapshot holds, by stamp. */
async function heldNow(root: Place, opener?: Opener): Promise<Map<string, readonly string[]>> {
  const held = new Map<string, readonly string[]>()
  for (const { stamp, place } of await catalogOf(root)) held.set(stamp, await heldIn(place, opener))
  return held
}

/** The ids of contacts in all files of all snapshots, whether anything names the files or not. */
async function everywhere(root: Place, opener?: Opener): Promise<string> {
  let text = ''
  for (const { place } of await catalogOf(root)) {
    for (const { name } of (await place.list()).files) {
      const lines = /\.ndjson\./.test(name)
        ? readLines(() => place.read(name), name, undefined, opener)
        : place.read(name)
      for await (const line of lines) text += String(line)
    }
  }
  return text
}

describe('contacts that are forgotten', () => {
  it('are in no file any more, and each night is what it was without them', async () => {
    const year = await openYear()
    const { nights, held, ids } = year
    expect(without([...held.values()].flat(), ids).length).toBeLessThan([...held.values()].flat().length - 8)
    expect(await forget(year, ids)).toBe(NIGHTS)
    const now = await heldNow(nights.root)
    for (const [stamp, lines] of held) expect(now.get(stamp)).toEqual(without(lines, ids))
    const text = await everywhere(nights.root)
    for (const id of ids) {
      expect(text).not.toContain(id)
      expect(text).toContain(createHash('sha256').update(id).digest('hex'))
    }
    for (const { place, manifest } of await catalogOf(nights.root)) {
      expect(await proveSnapshot(place)).toMatchObject({ ok: true, problems: [] })
      expect(manifest).toMatchObject({ forgotten: [{}, {}] })
      expect(manifest?.contacts.listed).toBe((manifest?.contacts.read ?? 0) + (manifest?.contacts.gone ?? 0))
    }
    // Asked once more, there is nothing left to do.
    expect(await forget(year, ids)).toBe(0)
  })

  it('are told apart from the others by their ids alone, wherever they stand', async () => {
    const year = await openYear()
    const [some] = year.ids
    const others = new Set([...year.nights.list].filter((id) => id !== some).slice(0, 3))
    await forget(year, others)
    await forget(year, year.ids)
    const gone = new Set([...others, ...year.ids])
    const now = await heldNow(year.nights.root)
    for (const [stamp, lines] of year.held) expect(now.get(stamp)).toEqual(without(lines, gone))
    for (const { place } of await catalogOf(year.nights.root))
      expect(await proveSnapshot(place)).toMatchObject({ ok: true })
  })

  it('come back with the next night where the tenant has them still, and it follows the others', async () => {
    const year = await openYear()
    await forget(year, year.ids)
    const [outcome] = await year.nights.backUp({ sinceLatest: true })
    expect(outcome).toMatchObject({ links: NIGHTS + 1 })
    const place = outcome?.place ?? year.nights.root
    expect(await heldIn(place)).toEqual(heldBy(year.nights))
    expect(await proveSnapshot(place)).toMatchObject({ ok: true, links: NIGHTS + 1 })
  })

  it('leave snapshots alone that never had them, and say nothing of them there', async () => {
    const year = await openYear({ sinceLatest: false })
    const [, late = ''] = year.ids
    const before = await catalogOf(year.nights.root)
    const without = before.slice(0, 2).map(({ manifest }) => manifest?.digest)
    expect(await forget(year, new Set([late]))).toBe(NIGHTS - 2)
    const after = await catalogOf(year.nights.root)
    expect(after.slice(0, 2).map(({ manifest }) => manifest?.digest)).toEqual(without)
  })

  it('are found in encrypted snapshots, which stay encrypted for the same keys', async () => {
    const identity = await generateIdentity()
    const keys = { opener: openWith([identity]), seal: sealFor([await identityToRecipient(identity)]) }
    const wishes = { seal: keys.seal, indexKey: indexKeyOf('0123456789abcdef0123456789abcdef') }
    const year = await openYear(wishes, keys.opener)
    const { nights, ids, held } = year
    const digests = async () => (await catalogOf(nights.root)).map(({ manifest }) => manifest?.digest)
    const before = await digests()
    expect(String(await failureOf(forget(year, ids)))).toContain('is encrypted')
    expect(String(await failureOf(forget(year, ids, { opener: keys.opener })))).toContain('was given')
    const two = sealFor([
      await identityToRecipient(identity),
      await identityToRecipient(await generateIdentity()),
    ])
    expect(String(await failureOf(forget(year, ids, { ...keys, seal: two })))).toContain('2 was given')
    // As many, but others: nobody could ever read what is written for them.
    const other = sealFor([await identityToRecipient(await generateIdentity())])
    const failure = await failureOf(forget(year, ids, { ...keys, seal: other }))
    expect(failure).toMatchObject({ exit: 4 })
    expect(String(failure)).toContain('for the same; others were given')
    const stranger = await failureOf(
      forget(year, ids, { ...keys, opener: openWith([await generateIdentity()]) }),
    )
    expect(stranger).toMatchObject({
      exit: 4,
      message: expect.stringMatching(/Z was encrypted for other keys/),
    })
    // Even where what is written for them could be read with what is given: not by whoever has the first key alone.
    const second = await generateIdentity()
    const both = {
      opener: openWith([identity, second]),
      seal: sealFor([await identityToRecipient(second)]),
    }
    expect(String(await failureOf(forget(year, ids, both)))).toContain('for the same; others were given')
    expect(await digests()).toEqual(before)
    expect(await forget(year, ids, keys)).toBe(NIGHTS)
    const now = await heldNow(nights.root, keys.opener)
    for (const [stamp, lines] of held) expect(now.get(stamp)).toEqual(without(lines, ids))
    const text = await everywhere(nights.root, keys.opener)
    for (const id of ids) {
      expect(text).not.toContain(id)
      expect(text).not.toContain(wishes.indexKey.names.contact(id))
    }
    for (const { place } of await catalogOf(nights.root)) {
      expect(await proveSnapshot(place)).toMatchObject({ ok: true, sealed: true })
      expect(await proveSnapshot(place, { opener: keys.opener })).toMatchObject({ ok: true, sealed: false })
    }
    // Whoever can't read them goes on from them.
    const [next] = await nights.backUp({ sinceLatest: true, ...wishes })
    expect(await heldIn(next?.place ?? nights.root, keys.opener)).toEqual(heldBy(nights))
    expect(await proveSnapshot(next?.place ?? nights.root, { opener: keys.opener })).toMatchObject({
      ok: true,
      links: NIGHTS + 1,
    })
  })
})

describe('a forgetting that is cut short', () => {
  it('leaves each night as it was, with them or without, and goes on when it is asked again', async () => {
    const year = await openYear({}, undefined, { contacts: 8, count: 3 })
    const { nights, held, ids } = year
    const whole = join(nights.folder, 'whole')
    const data = nights.root.folder ?? ''
    cpSync(data, whole, { recursive: true })
    for (let dies = 1; ; dies += 1) {
      rmSync(data, { recursive: true })
      cpSync(whole, data, { recursive: true })
      const died = await forget(year, ids, {}, dyingAt(nights.root, dies)).then(
        () => false,
        () => true,
      )
      const cut = await heldNow(nights.root)
      for (const [stamp, lines] of held)
        expect([lines, without(lines, ids)], `death ${dies}, ${stamp}`).toContainEqual(cut.get(stamp))
      let leftovers = 0
      for (const { place } of await catalogOf(nights.root)) {
        const proof = await proveSnapshot(place)
        expect(proof).toMatchObject({ ok: true, problems: [] })
        leftovers += proof.leftovers.length
      }
      if (leftovers > 0) expect(await forget(year, ids)).toBeGreaterThan(0)
      else await forget(year, ids)
      const now = await heldNow(nights.root)
      for (const [stamp, lines] of held) expect(now.get(stamp)).toEqual(without(lines, ids))
      const text = await everywhere(nights.root)
      for (const id of ids) expect(text, `death ${dies}`).not.toContain(id)
      for (const { place } of await catalogOf(nights.root))
        expect(await proveSnapshot(place)).toMatchObject({ ok: true, problems: [], leftovers: [] })
      if (died) continue
      expect(dies).toBeGreaterThan(15)
      break
    }
  })

  it('are refused other keys by what the identity can read, where a manifest does not say for whom it is', async () => {
    const identity = await generateIdentity()
    const { keys: _, ...seal } = sealFor([await identityToRecipient(identity)])
    const opener = openWith([identity])
    const year = await openYear({ seal: seal as Seal }, opener, { count: 1 })
    const other = sealFor([await identityToRecipient(await generateIdentity())])
    const failure = await failureOf(forget(year, year.ids, { opener, seal: other }))
    expect(String(failure)).toContain('could not read what is encrypted')
    expect(
      await forget(year, year.ids, { opener, seal: sealFor([await identityToRecipient(identity)]) }),
    ).toBe(1)
  })

  it('is not followed by a backup: those who can not read names would take a contact for known', async () => {
    const year = await openYear()
    const wishes = {
      ...({ order: 'id', fingerprint: undefined, encrypted: false, longest: 100 } as const),
      ...{ recipients: undefined, keys: undefined },
    }
    const choose = async () => {
      const entries = await catalogOf(year.nights.root)
      return chooseParent(entries, {
        ...wishes,
        schemaSha256: entries[0]?.manifest?.schema.sha256 ?? '',
      })
    }
    expect((await choose()).entry).toBeDefined()
    await forget(year, year.ids, {}, dyingAt(year.nights.root, 9)).catch(() => {})
    expect((await choose()).why).toContain('removed from a part of the chain')
    await forget(year, year.ids)
    expect((await choose()).entry).toBeDefined()
  })
})

describe('what is not as it must be', () => {
  const digestsIn = async ({ nights }: Year) =>
    (await catalogOf(nights.root)).map(({ manifest }) => manifest?.digest)

  it('is not begun with where a snapshot of the chain is damaged', async () => {
    const year = await openYear()
    const [entry] = await catalogOf(year.nights.root)
    const folder = entry?.place.folder ?? ''
    const before = await digestsIn(year)
    // Nothing that would have to be read for it.
    appendFileSync(join(folder, SCHEMA), ' ')
    expect(String(await failureOf(forget(year, year.ids)))).toContain('is damaged')
    expect(await digestsIn(year)).toEqual(before)
  })

  it('is not named by a manifest where the place keeps something else than it was given', async () => {
    const year = await openYear()
    const before = await digestsIn(year)
    const lossy = around(year.nights.root, (place) => ({
      ...place,
      put: (file) => place.write(file, Buffer.from('else')),
    }))
    expect(String(await failureOf(forget(year, year.ids, {}, lossy)))).toContain('does not keep')
    expect((await digestsIn(year))[0]).toBe(before[0])
    const now = await heldNow(year.nights.root)
    for (const [stamp, lines] of year.held)
      expect([lines, without(lines, year.ids)]).toContainEqual(now.get(stamp))
  })

  it('is told where something else went with it', async () => {
    const year = await openYear()
    const careless = around(year.nights.root, (place) => ({
      ...place,
      async remove(file) {
        await place.remove(file)
        await place.remove(SCHEMA)
      },
    }))
    const failure = await failureOf(forget(year, year.ids, {}, careless))
    expect(failure).toMatchObject({ exit: 5 })
    expect(String(failure)).toContain('not whole any more')
  })

  it('is a part that would lack more than what is taken from it', () => {
    const facts = { gone: 0, empty: 0, records: 3, contactCount: 2, content: '3'.padStart(64, '0') }
    const one = { gone: 0, empty: 0, records: 1, contactCount: 1, content: '1'.padStart(64, '0') }
    const two = { ...one, records: 2, content: '2'.padStart(64, '0') }
    expect(addsUp(facts, one, two)).toBe(true)
    expect(addsUp(facts, one, one)).toBe(false)
    expect(addsUp(facts, one, { ...two, content: '4'.padStart(64, '0') })).toBe(false)
    expect(addsUp(facts, one, { ...two, gone: 1 })).toBe(false)
    const { content: _, ...first } = facts
    expect(addsUp(first, one, two)).toBe(true)
  })
})

describe('what is left over', () => {
  it('stays where the part that the manifest names is not whole: it may be all that there is', async () => {
    const year = await openYear({ sinceLatest: false })
    const [entry] = await catalogOf(year.nights.root)
    const folder = entry?.place.folder ?? ''
    const old = readFileSync(join(folder, MANIFEST))
    await forget(year, year.ids)
    writeFileSync(join(folder, MANIFEST), old)
    const names = readdirSync(folder)
    const [put] = await catalogOf(year.nights.root)
    if (put?.manifest === undefined) throw new Error('there is no manifest')
    await removeLeftovers(put.place, put.manifest)
    expect(readdirSync(folder)).toEqual(names)
  })
})

describe('in an object store', () => {
  let store: Store
  beforeAll(async () => {
    store = await openStore()
  })
  afterAll(() => store.close())

  it('contacts are forgotten as on a disk', async () => {
    const bucket = await store.bucket()
    const year = await openYear({}, undefined, { root: bucket.place('backups') })
    const { nights, held, ids } = year
    expect(await forget(year, ids)).toBe(NIGHTS)
    const now = await heldNow(nights.root)
    for (const [stamp, lines] of held) expect(now.get(stamp)).toEqual(without(lines, ids))
    const text = await everywhere(nights.root)
    for (const id of ids) expect(text).not.toContain(id)
    for (const { place } of await catalogOf(nights.root))
      expect(await proveSnapshot(place)).toMatchObject({ ok: true })
    expect(existsSync(join(nights.folder, 'erasure'))).toBe(false)
  })

  it('a backup of another machine that was begun before is not gone on with, and the next one is right', async () => {
    const bucket = await store.bucket()
    const identity = await generateIdentity()
    const keys = { opener: openWith([identity]), seal: sealFor([await identityToRecipient(identity)]) }
    const wishes = { seal: keys.seal, indexKey: indexKeyOf('0123456789abcdef0123456789abcdef') }
    const year = await openYear(wishes, keys.opener, {
      root: bucket.place('backups'),
      contacts: 12,
      count: 2,
    })
    const { nights, ids, held } = year
    const night = { sinceLatest: true, ...wishes, name: 'one' }
    // Stopped while it reads, and while it is about to tell that it is done.
    const stop = new AbortController()
    stop.abort()
    await failureOf(nights.backUp({ ...night, stop: stop.signal }))
    await forget(year, ids, keys)
    expect(String(await failureOf(nights.backUp(night)))).toContain('have been written anew since')
    // Removed while it reads: that is told before it is kept there.
    const [another = '', ...others] = new Set(
      without([...held.values()].flat(), ids).map((line) => line.slice(0, 36)),
    )
    let before: Promise<unknown> | undefined
    const asItEnds = around(nights.root, (place) => ({
      ...place,
      // Its own folder is looked at when all is read, and not before.
      async list() {
        if (STAMP.test(place.base) && !held.has(place.base)) {
          before ??= forget(year, new Set([another]), keys)
          await before
        }
        return place.list()
      },
    }))
    const late = nights.backUp({ ...night, name: 'read', root: asItEnds })
    expect(String(await failureOf(late))).toContain('written anew since')
    // In the very moment that it is kept there, nobody can tell; but the next one can.
    let forgotten: Promise<unknown> | undefined
    const meanwhile = around(nights.root, (place) => ({
      ...place,
      async put(file, from) {
        forgotten ??= forget(year, new Set(others.slice(0, 2)), keys)
        await forgotten
        await place.put(file, from)
      },
    }))
    await nights.backUp({ ...night, name: 'two', root: meanwhile })
    const [next] = await nights.backUp({ ...night, name: 'three' })
    expect(await heldIn(next?.place ?? nights.root, keys.opener)).toEqual(heldBy(nights))
  })
})
