import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import type { Snapshot } from '../../src/snapshot/reader.ts'
import { writeEvidence } from '../../src/transfer/evidence.ts'
import { importSnapshot } from '../../src/transfer/import.ts'
import { caller } from '../sandbox/caller.ts'
import { addHistory, type Bench, held, openBench, openClient } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deskOf, emptySchema, journalIn, POSTS, takeSnapshot } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'

interface Stage extends Disposable {
  readonly bench: Bench
  readonly folder: string
  readonly snapshot: Snapshot
  readonly journal: Journal
}

async function prepare(): Promise<Stage> {
  const bench = openBench()
  const folder = await temporaryFolder()
  const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
  emptySchema(bench)
  const journal = journalIn(folder, bench)
  return { bench, folder, snapshot, journal, [Symbol.dispose]: () => journal[Symbol.dispose]() }
}

const OPTIONS = { concurrency: 4 }

describe('an import whose interactions are refused', () => {
  it('records each with the server’s reason and goes on with the others', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal, folder } = stage
    const total = snapshot.manifest.interactions.records
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 3, skip: 10, message: 'rating is wrong' }])
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(journal.items('import').counts()).toMatchObject({ confirmed: total - 3, rejected: 3, sent: 0 })
    expect(held(bench)).toHaveLength(total - 3)
    expect(bench.posts()).toBe(total)
    expect(await writeEvidence(folder, snapshot, journal.items('import'))).toEqual({
      mapped: total - 3,
      posted: total - 3,
      rejected: 3,
      left: 0,
    })
    const rejected = linesOf(join(folder, 'rejected.ndjson'))
    expect(rejected.map(({ reason }) => reason)).toEqual(Array(3).fill('400: rating is wrong'))
    const map = linesOf(join(folder, 'id-map.ndjson'))
    expect(map).toHaveLength(total - 3)
    const old = new Set(
      (await Array.fromAsync(snapshot.contacts())).flatMap(({ interactions }) =>
        interactions.map(({ id }) => id),
      ),
    )
    for (const { oldId, newId, contactId } of map) {
      expect(old.has(String(oldId))).toBe(true)
      expect(bench.sandbox.tenant.interaction(String(newId))?.interaction.contactId).toBe(contactId)
    }
  })

  it('rejects those of a contact that was deleted meanwhile, however many, and takes it for no sign of trouble', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    const contacts = await Array.fromAsync(snapshot.contacts())
    const leaving = contacts.toSorted((a, b) => b.interactions.length - a.interactions.length)[0]
    if (leaving === undefined || leaving.interactions.length < 50) throw new Error('no such contact')
    await caller(bench.sandbox.send)('DELETE', `/sandbox/contacts/${leaving.contactId}`)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    // Once the contact is known to be gone, the rest of its history is not tried on the server.
    expect(bench.posts()).toBeLessThan(
      snapshot.manifest.interactions.records - leaving.interactions.length + 30,
    )
    const items = journal
      .items('import')
      .range(leaving.firstSeq, leaving.firstSeq + leaving.interactions.length)
    expect(items.map(({ state }) => state)).toEqual(leaving.interactions.map(() => 'rejected'))
    expect(items.map(({ reason }) => reason)).toEqual(leaving.interactions.map(() => 'the contact is gone'))
    expect(journal.items('import').counts().rejected).toBe(leaving.interactions.length)
    expect(held(bench)).toHaveLength(snapshot.manifest.interactions.records - leaving.interactions.length)
  })

  it('rejects payloads that break the new schema, as many as were foreseen', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    const { jsonSchema } = bench.schema
    const strict = {
      ...bench.schema,
      jsonSchema: { ...jsonSchema, required: ['productSku'] },
    }
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: strict.id })
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: strict, visibleAt: 0 })
    const contacts = await Array.fromAsync(snapshot.contacts())
    const wrong = contacts
      .flatMap(({ interactions }) => interactions)
      .filter(({ payload }) => payload['productSku'] === undefined).length
    expect(wrong).toBeGreaterThan(0)
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, tolerated: wrong })
    const { rejected, confirmed } = journal.items('import').counts()
    expect(rejected).toBe(wrong)
    expect(held(bench)).toHaveLength(confirmed)
  })

  it('stops when too many of the first are refused, and says so', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 'always' }])
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, { concurrency: 1 }))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    expect(bench.posts()).toBeLessThan(snapshot.manifest.interactions.records)
    expect(held(bench)).toEqual([])
  })
})

describe('an import all of whose interactions are of one contact, and refused', () => {
  async function prepareOne(count: number): Promise<Stage> {
    const bench = openBench({ contacts: 1, interactions: 0 })
    for (let at = 0; at < count; at++)
      addHistory(bench, bench.contacts[0] ?? '', { rating: at }, new Date(at * 1_000).toISOString())
    const folder = await temporaryFolder()
    const snapshot = await takeSnapshot(bench, join(folder, 'snapshot'))
    emptySchema(bench)
    bench.sandbox.setFaults([{ ...POSTS, kind: 'refuse', times: 'always' }])
    const journal = journalIn(folder, bench)
    return { bench, folder, snapshot, journal, [Symbol.dispose]: () => journal[Symbol.dispose]() }
  }

  it('stops within it', async () => {
    using stage = await prepareOne(300)
    const { bench, snapshot, journal } = stage
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
    expect(bench.posts()).toBe(20)
  })

  it('stops at its end, and puts up with what was refused before', async () => {
    using stage = await prepareOne(12)
    const { bench, snapshot, journal } = stage
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ exit: 1, message: expect.stringContaining('refused 12') })
    await journal.items('import').reopenRejected()
    await importSnapshot(deskOf(bench, journal), snapshot, { ...OPTIONS, tolerated: 12 })
    expect(journal.items('import').counts()).toMatchObject({ rejected: 12, confirmed: 0 })
  })
})

describe('an import that can’t go on', () => {
  it('stops when the schema is not there, and rejects nothing for it', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    const total = snapshot.manifest.interactions.records
    bench.between(async (request, sandbox) => {
      if (bench.posts() === 30 && bench.sandbox.tenant.schema(bench.schema.id) !== undefined)
        bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
      return sandbox(request)
    })
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'EngageError', status: 400 })
    expect(String(error)).toContain('not found')
    const { rejected, sent } = journal.items('import').counts()
    expect(rejected).toBe(0)
    expect(sent).toBeGreaterThan(0)
    // At most what was in flight until the first failure was known to all.
    expect(bench.posts()).toBeLessThanOrEqual(30 + 20)
    expect(bench.posts()).toBeLessThan(total)
  })

  it('stops when the API key is refused, with no more than a few posts behind it', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    const desk = { ...deskOf(bench, journal), ...openClient(bench.sandbox, bench.clock, 'wrong-key') }
    const error = await failureOf(importSnapshot(desk, snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'EngageError', status: 401 })
    expect(journal.items('import').counts().rejected).toBe(0)
    expect(bench.posts()).toBeLessThanOrEqual(20)
  })

  it('says that snapshot and journal don’t add up rather than to call it done', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    await journal.items('import').setWatermark(3)
    const error = await failureOf(importSnapshot(deskOf(bench, journal), snapshot, OPTIONS))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 1 })
  })

  it('looks through the snapshot from its watermark only', async () => {
    using stage = await prepare()
    const { bench, snapshot, journal } = stage
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    const { posts } = bench
    const before = posts()
    expect(journal.items('import').watermark()).toBe(bench.contacts.length)
    await importSnapshot(deskOf(bench, journal), snapshot, OPTIONS)
    expect(posts()).toBe(before)
  })
})
