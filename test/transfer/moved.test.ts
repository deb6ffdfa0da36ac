/** Contacts that go to another one: all of it there once, whatever is in doubt. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import type { Snapshot } from '../../src/snapshot/reader.ts'
import { EMPTY_TALLY } from '../../src/transfer/compare.ts'
import { deliveries } from '../../src/transfer/deliveries.ts'
import { writeEvidence } from '../../src/transfer/evidence.ts'
import { importSnapshot } from '../../src/transfer/import.ts'
import { type VerifyCheckpoint, verifyLive } from '../../src/transfer/verify.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deskOf, emptySchema, isPost, journalIn, POSTS, takeSnapshot } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'

const DATE = '2025-01-01T00:00:00.000Z'
const OPTIONS = { concurrency: 8 }

interface Stage {
  readonly bench: Bench
  readonly folder: string
  readonly snapshot: Snapshot
  /** Old contact, target, and one that nobody knows of. */
  readonly ids: readonly [string, string, string]
  readonly map: ReadonlyMap<string, string>
}

/** The first contact, with `own` twins, was merged into the second, with `others`; a third stands by. */
async function merged(own: number, others: number): Promise<Stage> {
  const bench = openBench({ contacts: 3, interactions: 0 })
  const [old = '', target = '', third = ''] = bench.contacts
  for (let twin = 0; twin < own; twin++) addHistory(bench, old, { rating: 5 }, DATE)
  for (let twin = 0; twin < others; twin++) addHistory(bench, target, { rating: 5 }, DATE)
  addHistory(bench, third, { rating: 5 }, DATE)
  const folder = await temporaryFolder()
  const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
  emptySchema(bench)
  bench.sandbox.tenant.apply({ type: 'contact-deleted', id: old, at: bench.clock.now() })
  return { bench, folder, snapshot, ids: [old, target, third], map: new Map([[old, target]]) }
}

function countAt({ sandbox, schema }: Bench, contactId: string): number {
  return [...sandbox.tenant.interactionsOf(schema.id, contactId)].length
}

async function readBack({ bench, snapshot, map }: Stage, journal: Journal) {
  const checkpoints: VerifyCheckpoint[] = []
  const desk = deskOf(bench, journal)
  const tally = await verifyLive({
    ...desk,
    reader: bench.reader,
    snapshot,
    map,
    itemsOf: (first, count) => desk.items.range(first, first + count),
    isClaimed: desk.items.isClaimed,
    concurrency: 4,
    done: [],
    checkpoint: (each) => checkpoints.push(each),
  })
  return { tally, differences: checkpoints.flatMap(({ differences }) => differences) }
}

describe('the records of a contact that was merged', () => {
  it('go to the contact that it was merged into, with their dates, and are found there', async () => {
    const stage = await merged(2, 1)
    const { bench, folder, snapshot, ids, map } = stage
    const [old, target, third] = ids
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    expect(countAt(bench, old)).toBe(0)
    expect(countAt(bench, target)).toBe(3)
    expect(new Set(held(bench)).size).toBe(2)
    expect(bench.posts()).toBe(4)
    const { tally, differences } = await readBack(stage, journal)
    expect(tally).toEqual({ ...EMPTY_TALLY, expected: 4, found: 4 })
    expect(differences).toEqual([])
    await writeEvidence(folder, snapshot, journal.items('import'), map)
    const mapped = linesOf(join(folder, 'id-map.ndjson'))
    expect(mapped.map(({ contactId, oldContactId }) => [contactId, oldContactId])).toEqual([
      [target, old],
      [target, old],
      [target, undefined],
      [third, undefined],
    ])
  })

  it('are told from a twin of the target that was posted, and whose answer was lost', async () => {
    const { bench, folder, snapshot, ids, map } = await merged(1, 1)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-after', times: 2 }])
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    expect(countAt(bench, ids[1])).toBe(2)
    expect(bench.posts()).toBe(3)
  })

  it.each([
    ['has landed', 'reset-after', 4],
    ['has not landed', 'reset-before', 5],
  ] as const)('find the one of three twins in doubt that %s, and no other', async (_what, kind, posts) => {
    const { bench, folder, snapshot, ids, map } = await merged(2, 1)
    bench.sandbox.setFaults([{ ...POSTS, kind, skip: 1 }])
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 1, map })
    expect(countAt(bench, ids[1])).toBe(3)
    expect(bench.posts()).toBe(posts)
    const newIds = journal
      .items('import')
      .range(0, 4)
      .map(({ newId }) => newId)
    expect(new Set(newIds).size).toBe(4)
  })

  it('are asked about at the target with what the target’s own records claim there taken away', async () => {
    const { bench, folder, snapshot, ids, map } = await merged(1, 1)
    const contacts = await Array.fromAsync(snapshot.contacts())
    const own = contacts.find(({ contactId }) => contactId === ids[0])?.firstSeq ?? -1
    const other = contacts.find(({ contactId }) => contactId === ids[1])?.firstSeq ?? -1
    const there = addHistory(bench, ids[1], { rating: 5 }, DATE)
    using journal = journalIn(folder, bench)
    await journal.items('import').confirmed(other, there.id)
    await journal.items('import').sent([own])
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    expect(countAt(bench, ids[1])).toBe(2)
    expect(bench.posts()).toBe(2)
  })

  it('are not found in what the deletion took away and a lagging read still shows at the target', async () => {
    const { bench, folder, snapshot, ids, map } = await merged(1, 0)
    const old = (await Array.fromAsync(snapshot.contacts())).flatMap(({ interactions }) => interactions)
    // The contact that stands by comes first.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-before', skip: 1 }])
    using journal = journalIn(folder, bench)
    const desk = {
      ...deskOf(bench, journal),
      oldIds: ({ interactions }: { interactions: readonly { id: string }[] }) =>
        new Set(interactions.map(({ id }) => id)),
      reader: {
        ...bench.reader,
        interactionsOf: async (contactId: string, schemaId: string) => [
          ...old.filter((each) => contactId === ids[1] && each.contactId === ids[0]),
          ...(await bench.reader.interactionsOf(contactId, schemaId)),
        ],
      },
    }
    await importSnapshot(desk, snapshot, { ...OPTIONS, map })
    expect(countAt(bench, ids[1])).toBe(1)
  })

  it('are rejected, with both contacts in the reason, where the target is gone too', async () => {
    const { bench, folder, snapshot, ids, map } = await merged(2, 0)
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: ids[1], at: bench.clock.now() })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    await writeEvidence(folder, snapshot, journal.items('import'), map)
    const rejected = linesOf(join(folder, 'rejected.ndjson'))
    expect(rejected).toHaveLength(2)
    for (const { reason, record } of rejected) {
      expect(reason).toContain(ids[1])
      expect(record).toMatchObject({ contactId: ids[0] })
    }
  })

  it('are compared once with all that is at the target: what is missing or too many there is named', async () => {
    const stage = await merged(2, 1)
    const { bench, folder, snapshot, ids, map } = stage
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    const [first] = journal.items('import').range(0, 1)
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: first?.newId ?? '' })
    expect(await readBack(stage, journal)).toMatchObject({
      tally: { expected: 4, found: 3, missing: 1, extra: 0, live: 0 },
      differences: [{ contactId: ids[1], missing: [0] }],
    })
    const extra = [1, 2].map(() => addHistory(bench, ids[1], { rating: 5 }, DATE).id)
    const { tally, differences } = await readBack(stage, journal)
    expect(tally).toMatchObject({ expected: 4, found: 4, missing: 0, extra: 0, foreign: 1 })
    expect(extra).toContain(differences[0]?.foreign[0])
  })
})

describe('records that went to another contact with a merge, as nobody said where', () => {
  it('count as refused while they are there, and are missing once they are not', async () => {
    const stage = { ...(await merged(2, 1)), map: new Map<string, string>() }
    const { bench, folder, snapshot, ids } = stage
    const [old, target] = ids
    using journal = journalIn(folder, bench)
    const items = journal.items('import')
    const there = [0, 1].map(() => addHistory(bench, target, { rating: 4 }, DATE).id)
    const numbers = (await Array.fromAsync(snapshot.contacts()))
      .filter(({ contactId }) => contactId === old)
      .flatMap(({ firstSeq }) => [firstSeq, firstSeq + 1])
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, refusedAtMost: 100 })
    await Promise.all(numbers.map((seq, index) => items.moved(seq, there[index] ?? '', 'merged')))
    expect(await readBack(stage, journal)).toMatchObject({
      tally: { expected: 2, found: 2, missing: 0, rejected: 2, live: 2 },
      differences: [],
    })
    // Somebody takes one of them away, or the whole schema.
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: there[1] ?? '' })
    expect(await readBack(stage, journal)).toMatchObject({
      tally: { expected: 3, found: 2, missing: 1, rejected: 1 },
      differences: [{ contactId: old, gone: true, missing: numbers.slice(1) }],
    })
  })
})

describe('contacts that go to the same one', () => {
  it('are never worked on at the same time', async () => {
    const bench = openBench({ contacts: 12, interactions: 0 })
    const target = bench.contacts[5] ?? ''
    for (const id of bench.contacts) addHistory(bench, id, { rating: 5 }, DATE)
    const folder = await temporaryFolder()
    const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
    emptySchema(bench)
    const map = new Map(bench.contacts.filter((id) => id !== target).map((id) => [id, target]))
    // Each answer is lost: with two of them at a time, one would take the other's record for its own.
    bench.sandbox.setFaults([
      { ...POSTS, kind: 'reset-after', times: 5 },
      { ...POSTS, kind: 'reset-before', times: 5 },
    ])
    let posting = 0
    bench.between(async (request, sandbox) => {
      posting += Number(isPost(request))
      // A question about the contact while something of it is under way would be too early.
      if (request.method === 'GET') expect(posting).toBe(0)
      try {
        return await sandbox(request)
      } finally {
        posting -= Number(isPost(request))
      }
    })
    using journal = journalIn(folder, bench)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, map })
    expect(countAt(bench, target)).toBe(12)
    expect(held(bench)).toHaveLength(12)
    expect(bench.posts()).toBe(12 + 5)
    const records = new Set(
      journal
        .items('import')
        .range(0, 12)
        .map(({ newId }) => newId),
    )
    expect(records.size).toBe(12)
  })

  it('are in one delivery each time, whatever the place to start from', async () => {
    const bench = openBench({ contacts: 30, interactions: 3 })
    const snapshot = await takeSnapshot(bench, join(await temporaryFolder(), 'snapshot'))
    const [a = '', b = '', c = '', d = ''] = (await Array.fromAsync(snapshot.contacts()))
      .filter(({ interactions }) => interactions.length > 0)
      .map(({ contactId }) => contactId)
    const map = new Map([
      [a, b],
      [c, b],
      [d, '0b9a4a1c-0000-4000-8000-00000000c0de'],
    ])
    const { signal } = new AbortController()
    const all = await Array.fromAsync(deliveries(snapshot, map, 0, signal))
    const records = all.flatMap(({ pieces }) => pieces.flatMap(({ interactions }) => interactions))
    expect(new Set(records.map(({ id }) => id)).size).toBe(snapshot.manifest.interactions.records)
    expect(records).toHaveLength(snapshot.manifest.interactions.records)
    expect(all.find(({ contactId }) => contactId === b)?.pieces).toHaveLength(3)
    expect(all.map(({ contactId }) => contactId)).not.toContain(d)
    for (const { ordinal } of all)
      expect(await Array.fromAsync(deliveries(snapshot, map, ordinal, signal))).toEqual(
        all.filter((each) => each.ordinal >= ordinal),
      )
    expect(all.map(({ ordinal }) => ordinal)).toEqual(
      all.map(({ ordinal }) => ordinal).toSorted((x, y) => x - y),
    )
  })
})
