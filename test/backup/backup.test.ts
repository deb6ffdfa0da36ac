import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import type { BackupOutcome } from '../../src/backup/backup.ts'
import { type Compaction, compact } from '../../src/backup/compact.ts'
import { chooseParent } from '../../src/backup/following.ts'
import { DAMAGED_PARENT } from '../../src/backup/lanes.ts'
import { EXIT } from '../../src/errors.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { backupLines, backupResult } from '../../src/report/backup.ts'
import { subjectOf } from '../../src/snapshot/candidate.ts'
import { catalogOf } from '../../src/snapshot/catalog.ts'
import { indexKeyOf } from '../../src/snapshot/digests.ts'
import { sealed } from '../../src/snapshot/facts.ts'
import { MANIFEST } from '../../src/snapshot/format.ts'
import { manifestText } from '../../src/snapshot/manifest.ts'
import type { Place } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { childrenFirst, removeSnapshot } from '../../src/snapshot/removal.ts'
import { decide, type Policy } from '../../src/snapshot/retention.ts'
import { openWith, type Seal, sealFor } from '../../src/snapshot/seal.ts'
import { openBench, plant, produce, TOOL } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { restoreRun } from '../support/restore.ts'
import { walk } from '../support/run.ts'
import { changeByDay, heldBy, heldIn, lineOf, type Nights, openNights, type Wishes } from './nights.ts'

async function one(nights: Nights, wishes: Partial<Wishes> = {}): Promise<BackupOutcome> {
  const [outcome] = await nights.backUp(wishes)
  if (outcome === undefined) throw new Error('nothing came of it')
  return outcome
}

const DAY_MS = 86_400_000

/** @returns how encrypted nights are written, and how they are read */
async function sealing() {
  const identity = await generateIdentity()
  const wishes = {
    seal: sealFor([await identityToRecipient(identity)]),
    indexKey: indexKeyOf('0123456789abcdef0123456789abcdef'),
    sinceLatest: true,
  }
  return { wishes, opener: openWith([identity]) }
}

/** @returns what an empty tenant holds when a night was restored into it, but for the ids, which are its own */
async function restoredFrom(place: Place, lines: readonly string[]): Promise<readonly string[]> {
  const bench = openBench({ contacts: 40 })
  const { tenant } = bench.sandbox
  tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
  for (const id of new Set(lines.map((line) => line.slice(0, 36))))
    if (tenant.contact(id) === undefined)
      tenant.apply({ type: 'contact-created', id, contactType: 'Member', at: bench.clock.now() })
  await walk(await restoreRun(bench, place.folder ?? '', { createSchema: true }))
  const list = Array.from(tenant.interactionsOfSchema(bench.schema.id))
  return list.map(lineOf).map(withoutId).sort()
}

function withoutId(line: string): string {
  const [contactId, , ...rest] = line.split(' ')
  return [contactId, ...rest].join(' ')
}

/** Nights of the suite; a year of them: NIGHTS=365 npx vitest run test/backup --testTimeout 3600000 */
const NIGHTS = Number(process.env['NIGHTS'] ?? 15)
/** A proof of a chain reads all of it, each night: few nights have shorter ones, and begin anew as often. */
const LONGEST = Math.min(14, Math.ceil(NIGHTS / 3))

describe('a full backup', () => {
  it('has all that the tenant holds, says how far it reaches, and is proven', async () => {
    const nights = await openNights(openBench())
    const outcome = await one(nights)
    expect(await heldIn(outcome.place)).toEqual(heldBy(nights))
    expect(outcome.manifest).toMatchObject({
      ...{ pass: 'backup', order: 'id', complete: true },
      contacts: { listed: 30, read: 30, gone: 0, failed: 0, counted: 30 },
      secondLook: { contacts: 5, arrived: 0, vanished: 0 },
    })
    expect(await proveSnapshot(outcome.place)).toMatchObject({ ok: true, problems: [], links: 1 })
  })

  it('says what arrived while it read, at the contacts that it read first', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    const [first = ''] = [...bench.contacts].sort()
    let reads = 0
    bench.between((request, sandbox) => {
      if (request.url.includes('/interactions?') && ++reads === 20) produce(bench, first)
      return sandbox(request)
    })
    const { manifest, place } = await one(nights)
    expect(manifest.secondLook).toEqual({ contacts: 5, arrived: 1, vanished: 0 })
    expect(await heldIn(place)).toHaveLength(heldBy(nights).length - 1)
  })
})

describe('a contact that can not be read', () => {
  it('makes the backup incomplete, and the next one has what is known of it since', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    const [contactId = ''] = bench.contacts
    produce(bench, contactId)
    await one(nights)
    await bench.clock.advance(DAY_MS)
    const before = heldBy(nights)
    bench.sandbox.setFaults([{ kind: '500', path: `contactId=${contactId}`, times: 'always' }])
    const failed = await one(nights, { sinceLatest: true })
    expect(failed.manifest).toMatchObject({ complete: false, contacts: { listed: 30, read: 29, failed: 1 } })
    expect(await heldIn(failed.place)).toEqual(before)
    expect(await proveSnapshot(failed.place)).toMatchObject({ ok: true, problems: [] })
    expect(nights.said.join()).toContain(`contact ${contactId} could not be read`)
    bench.sandbox.setFaults([])
    produce(bench, contactId)
    await bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true })
    expect(next.manifest).toMatchObject({ complete: true, contacts: { read: 30, failed: 0 } })
    expect(await heldIn(next.place)).toEqual(heldBy(nights))
  })

  it('is read again the next night, whoever else is', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    await one(nights)
    const [contactId = '', hot = ''] = bench.contacts
    bench.sandbox.setFaults([{ kind: '500', path: `contactId=${contactId}`, times: 'always' }])
    await bench.clock.advance(DAY_MS)
    await one(nights, { sinceLatest: true })
    bench.sandbox.setFaults([])
    await bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true, hot: new Set([hot]) })
    expect(next.manifest).toMatchObject({ complete: true, contacts: { failed: 0, carried: 28 } })
  })

  it('is one, for however many schemas', async () => {
    const bench = openBench()
    for (let n = 0; n < 11; n += 1) {
      const schema = { ...bench.schema, id: `copy-${n}` }
      bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    }
    const nights = await openNights(bench)
    bench.sandbox.setFaults([{ kind: '500', path: `contactId=${bench.contacts[0]}`, times: 'always' }])
    const schemaIds = Array.from({ length: 11 }, (_, n) => `copy-${n}`)
    const outcomes = await nights.backUp({ schemaIds, secondLook: 0 })
    expect(outcomes.map(({ manifest }) => manifest.contacts.failed)).toEqual(schemaIds.map(() => 1))
  })

  it('is one of many where the tenant answers nobody: then there is no snapshot', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    bench.sandbox.setFaults([{ kind: '500', path: 'contactId=', times: 'always' }])
    expect(await failureOf(nights.backUp())).toMatchObject({ exit: EXIT.failed })
    expect((await nights.root.at('test').at(bench.schema.id).list()).folders).toHaveLength(1)
  })
})

const POLICY: Policy = { last: 0, daily: 7, weekly: 4, monthly: 12, withinMs: 0 }

async function prune({ root, bench }: Nights): Promise<void> {
  const subjects = (await catalogOf(root)).map((entry) => subjectOf(entry, { needs: [], inTheMaking: false }))
  const verdicts = decide(subjects, POLICY, bench.clock.now())
  const gone = verdicts.filter(({ keep }) => !keep).map(({ snapshot }) => snapshot)
  for (const { entry } of childrenFirst(gone)) await removeSnapshot(entry.place)
}

describe('nights that follow each other', () => {
  it('read as what the tenant held in each of them, also those that a policy leaves', async () => {
    const nights = await openNights(openBench({ contacts: 40 }))
    const held: { readonly at: BackupOutcome; readonly lines: readonly string[] }[] = []
    for (let day = 0; day < NIGHTS; day += 1) {
      changeByDay(nights, day)
      const lines = heldBy(nights)
      held.push({ at: await one(nights, { sinceLatest: true, longestChain: LONGEST, secondLook: 0 }), lines })
      await nights.bench.clock.advance(DAY_MS)
      if (day % 10 === 9) await prune(nights)
    }
    const left = new Set((await catalogOf(nights.root)).map(({ stamp }) => stamp))
    const kept = held.filter(({ at }) => left.has(at.place.base))
    expect(kept).toHaveLength(left.size)
    expect(kept.slice(-POLICY.daily)).toEqual(held.slice(-POLICY.daily))
    for (const { at, lines } of kept) expect(await heldIn(at.place)).toEqual(lines)
    // Each that was kept, in a year; of a few nights the first, one of them all, and the last.
    const restored = NIGHTS > 100 ? kept : [kept.at(0), kept.at(Math.trunc(kept.length / 2)), kept.at(-1)]
    for (const night of restored) {
      const tenant = await restoredFrom(night?.at.place ?? nights.root, night?.lines ?? [])
      expect(tenant).toEqual((night?.lines ?? []).map(withoutId).sort())
    }
    const last = held.at(-1)?.at
    expect(await proveSnapshot(last?.place ?? '')).toMatchObject({
      ok: true,
      problems: [],
      links: last?.links,
    })
    expect(new Set(held.map(({ at }) => at.links))).toEqual(
      new Set(Array.from({ length: LONGEST }, (_, n) => n + 1)),
    )
  })

  it('cost next to nothing where nothing has changed', async () => {
    const nights = await openNights(openBench())
    const full = await one(nights)
    await nights.bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true })
    expect(next.manifest.parts).toEqual([])
    expect(next.bytes).toBeLessThan(full.bytes)
    expect(await heldIn(next.place)).toEqual(heldBy(nights))
  })

  it('say how many interactions are new, and how many are gone, with their contacts or without', async () => {
    const bench = openBench()
    const { tenant } = bench.sandbox
    const nights = await openNights(bench)
    expect(await one(nights)).toMatchObject({ added: null, removed: null })
    const records = Array.from(tenant.interactionsOfSchema(bench.schema.id))
    const [first] = records
    const leaves = records.find(({ contactId }) => contactId !== first?.contactId)?.contactId ?? ''
    const arrives = bench.contacts.find((id) => id !== first?.contactId && id !== leaves) ?? ''
    const ofOne = heldBy(nights).filter((line) => line.startsWith(leaves)).length
    expect(ofOne).toBeGreaterThan(0)
    tenant.apply({ type: 'interaction-deleted', id: first?.id ?? '' })
    tenant.apply({ type: 'contact-deleted', id: leaves, at: bench.clock.now() })
    produce(bench, arrives)
    await bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true })
    expect(next).toMatchObject({ added: 1, removed: 1 + ofOne })
    expect(backupLines(next).join()).toContain(`1 new, ${1 + ofOne} gone`)
    expect(backupResult(next)).toMatchObject({ added: 1, removed: 1 + ofOne })
  })

  it('begin with a full one again where the latest is damaged, and say so', async () => {
    const nights = await openNights(openBench())
    const full = await one(nights)
    await full.place.remove(full.manifest.parts[0]?.interactions.name ?? '')
    await nights.bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true })
    expect(next.manifest.parent).toBeUndefined()
    expect(nights.said.join()).toContain('DAMAGED')
  })

  it('begin with a full one where the only one there is has a broken manifest, and call it broken', async () => {
    const nights = await openNights(openBench())
    const { place } = await one(nights)
    await place.write(MANIFEST, Buffer.from('{"format":'))
    await nights.bench.clock.advance(DAY_MS)
    const next = await one(nights, { name: 'next', sinceLatest: true })
    expect(next.manifest.parent).toBeUndefined()
    expect(nights.said.join()).toContain("can't be used")
    using journal = openJournal(join(nights.folder, 'next.db'), nights.bench.clock, 'read')
    expect(journal.events.latest(DAMAGED_PARENT, 'note')?.detail).toMatchObject({ snapshot: place.name })
  })

  it('see an interaction whose content has changed, also where they can not read it', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    const { wishes, opener } = await sealing()
    await one(nights)
    await one(nights, { ...wishes, root: nights.root.at('sealed') })
    await bench.clock.advance(DAY_MS)
    const [record] = bench.sandbox.tenant.interactionsOfSchema(bench.schema.id)
    if (record === undefined) throw new Error('the tenant is empty')
    const interaction = { ...record, payload: { ...record.payload, rating: 99 } }
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: record.id })
    plant(bench, interaction)
    const plain = await one(nights, { sinceLatest: true })
    expect(await heldIn(plain.place)).toEqual(heldBy(nights))
    const sealed = await one(nights, { ...wishes, root: nights.root.at('sealed') })
    expect(await heldIn(sealed.place, opener)).toEqual(heldBy(nights))
    expect(await proveSnapshot(sealed.place, { opener })).toMatchObject({ ok: true, problems: [] })
  })

  it('follow backups only, not what was restored or kept elsewhere', async () => {
    const nights = await openNights(openBench())
    const { manifest, place } = await one(nights)
    const entry = { tenant: 'test', schemaId: '', stamp: place.base, place, problem: undefined, bytes: 0 }
    const wishes = {
      ...({ order: 'id', fingerprint: undefined, encrypted: false, longest: 9 } as const),
      ...{ recipients: undefined, keys: undefined },
      schemaSha256: manifest.schema.sha256,
    }
    const of = (pass: string) => ({
      ...entry,
      condition: 'complete' as const,
      manifest: { ...manifest, pass },
    })
    expect(chooseParent([of('backup'), of('history'), of('restore')], wishes).entry?.manifest).toEqual(
      manifest,
    )
    expect(chooseParent([of('history')], wishes).entry).toBeUndefined()
  })

  it('are partial where only some contacts are read again', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    await one(nights)
    const before = heldBy(nights)
    const [hot = '', cold = ''] = bench.contacts
    produce(bench, cold)
    const lines = [...before]
    produce(bench, hot)
    await bench.clock.advance(DAY_MS)
    const next = await one(nights, { sinceLatest: true, hot: new Set([hot]) })
    expect(next.manifest.contacts).toMatchObject({ listed: 30, read: 30, carried: 29 })
    expect(await heldIn(next.place)).toHaveLength(lines.length + 1)
    expect(await proveSnapshot(next.place)).toMatchObject({ ok: true, problems: [] })
  })
})

describe('a chain that is compacted', () => {
  it('is one full snapshot of the same, and nights go on from it', async () => {
    const nights = await openNights(openBench())
    for (let day = 0; day < 4; day += 1) {
      changeByDay(nights, day)
      await one(nights, { sinceLatest: true })
      await nights.bench.clock.advance(DAY_MS)
    }
    changeByDay(nights, 5)
    const lines = heldBy(nights)
    const last = await one(nights, { sinceLatest: true })
    const made = await compact(compaction(last))
    expect(made.manifest).toMatchObject({ content: last.manifest.content, complete: true })
    expect(made.manifest.parent).toBeUndefined()
    expect(await heldIn(made.place)).toEqual(lines)
    expect(await proveSnapshot(made.place)).toMatchObject({ ok: true, links: 1 })
    await nights.bench.clock.advance(DAY_MS)
    expect(await one(nights, { sinceLatest: true })).toMatchObject({
      links: 2,
      manifest: { parent: { snapshot: made.place.base }, parts: [] },
    })
    expect(await failureOf(compact({ ...compaction(last), place: made.place }))).toMatchObject({
      exit: EXIT.precondition,
    })
    // What others may follow by now is not written anew.
    expect(String(await failureOf(compact(compaction(last))))).toContain('is there already')
  })

  it('is not made where the chain is written anew meanwhile: what was removed would come back', async () => {
    const nights = await openNights(openBench())
    await one(nights)
    await nights.bench.clock.advance(DAY_MS)
    const last = await one(nights, { sinceLatest: true })
    const { digest: _, ...rest } = last.manifest
    const other = manifestText(sealed({ ...rest, origin: last.manifest.digest }))
    let reads = 0
    const place: Place = {
      ...last.place,
      // As it is begun, and as it is proven; then it is another one.
      read: (file) =>
        file === MANIFEST && ++reads > 2 ? Readable.from([Buffer.from(other)]) : last.place.read(file),
    }
    const failure = await failureOf(compact(compaction({ ...last, place })))
    expect(failure).toMatchObject({ exit: EXIT.precondition })
    expect(String(failure)).toContain('was written anew while it was compacted')
    expect(await catalogOf(nights.root)).toHaveLength(2)
  })

  it('stays as partial as it was', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    await one(nights)
    await bench.clock.advance(DAY_MS)
    const partial = await one(nights, { sinceLatest: true, hot: new Set(bench.contacts.slice(0, 1)) })
    expect((await compact(compaction(partial))).manifest.contacts.carried).toBe(29)
  })
})

function compaction({ place }: BackupOutcome): Compaction {
  return {
    ...{ place, opener: undefined, seal: undefined, contactsPerPart: 10, tool: TOOL },
    spoolFor: () => '',
    stop: new AbortController().signal,
  }
}

describe('an encrypted backup', () => {
  it('holds nothing readable, and follows the one before it by its index alone', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    const { wishes, opener } = await sealing()
    const held: { readonly at: BackupOutcome; readonly lines: readonly string[] }[] = []
    for (let day = 0; day < 6; day += 1) {
      changeByDay(nights, day)
      const lines = heldBy(nights)
      held.push({ at: await one(nights, wishes), lines })
      await bench.clock.advance(DAY_MS)
    }
    for (const { at, lines } of held) {
      expect(await heldIn(at.place, opener)).toEqual(lines)
      expect(await proveSnapshot(at.place, { opener })).toMatchObject({
        ok: true,
        problems: [],
        sealed: false,
      })
      expect(await proveSnapshot(at.place)).toMatchObject({ ok: true, problems: [], sealed: true })
      expect(readableIn(at, bench.contacts)).toEqual([])
    }
    const last = held.at(-1)
    expect(last?.at.links).toBe(6)
    if (last === undefined) return
    expect(await failureOf(compact({ ...compaction(last.at), opener }))).toMatchObject({
      exit: EXIT.precondition,
    })
    const stranger = { opener: openWith([await generateIdentity()]), seal: wishes.seal }
    expect(await failureOf(compact({ ...compaction(last.at), ...stranger }))).toMatchObject({
      exit: EXIT.precondition,
      message: expect.stringMatching(/Z was encrypted for other keys: none of the identities given/),
    })
    const made = await compact({ ...compaction(last.at), opener, seal: wishes.seal })
    expect(await heldIn(made.place, opener)).toEqual(last.lines)
    expect(readableIn({ ...last.at, place: made.place }, bench.contacts)).toEqual([])
    await bench.clock.advance(DAY_MS)
    expect(await one(nights, wishes)).toMatchObject({ links: 2, manifest: { parts: [] } })
    expect(await failureOf(heldIn(held[0]?.at.place ?? nights.root))).toMatchObject({
      exit: EXIT.precondition,
    })
    const other = openWith([await generateIdentity()])
    const failure = await failureOf(heldIn(held[0]?.at.place ?? nights.root, other))
    expect(failure).toMatchObject({ exit: EXIT.precondition })
    expect(String(failure)).toContain('none of the identities given')
  })
})

describe('a backup for other public keys', () => {
  it('is a full one: with the identity of either alone, no chain of both could be read', async () => {
    const nights = await openNights(openBench({ contacts: 5 }))
    const { wishes } = await sealing()
    const [ada, grace] = [await generateIdentity(), await generateIdentity()]
    const sealedFor = async (...keys: string[]) =>
      one(nights, { ...wishes, seal: sealFor(await Promise.all(keys.map(identityToRecipient))) })
    const links: (number | undefined)[] = []
    for (const keys of [[ada], [ada], [grace], [grace, ada], [ada, grace]]) {
      links.push((await sealedFor(...keys)).links)
      await nights.bench.clock.advance(DAY_MS)
    }
    expect(links).toEqual([1, 2, 1, 1, 2])
    const last = (await catalogOf(nights.root)).at(-1)?.manifest?.encryption
    const sorted = (await Promise.all([ada, grace].map(identityToRecipient))).toSorted().join('\n')
    expect(last).toMatchObject({
      ...{ method: 'age', recipients: 2 },
      keys: createHash('sha256').update(sorted).digest('hex'),
    })
    expect(nights.said.filter((each) => each.includes('for other public keys'))).toHaveLength(2)
  })

  it('follows one that does not say which they were, where they are as many', async () => {
    const nights = await openNights(openBench({ contacts: 5 }))
    const { wishes } = await sealing()
    const { keys: _, ...old } = wishes.seal
    expect((await one(nights, { ...wishes, seal: old as Seal })).manifest.encryption?.keys).toBeUndefined()
    await nights.bench.clock.advance(DAY_MS)
    expect((await one(nights, wishes)).links).toBe(2)
  })
})

/** @returns names of files that name a contact, or a value of a payload, in clear or decompressed */
function readableIn({ place }: BackupOutcome, contacts: readonly string[]): readonly string[] {
  const folder = place.folder ?? ''
  return readdirSync(folder).filter((name) => {
    const text = readFileSync(join(folder, name)).toString('latin1')
    return contacts.some((id) => text.includes(id)) || /productSku":\s*"[A-Z]/.test(text)
  })
}
