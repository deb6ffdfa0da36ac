/** Backups that are stopped or killed, and gone on with; on this machine and in an object store. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publish } from '../../src/backup/publish.ts'
import { DEFAULT_API_KEY } from '../../src/sandbox/app.ts'
import { catalogOf } from '../../src/snapshot/catalog.ts'
import { MANIFEST } from '../../src/snapshot/format.ts'
import { localPlace, type Place } from '../../src/snapshot/place.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { Interrupted } from '../../src/transfer/progress.ts'
import { openStore, type Store } from '../s3/store.ts'
import { around, dyingAt } from '../support/around.ts'
import { type Bench, openBench, openClient } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { heldBy, heldIn, openNights } from './nights.ts'

/** Counts listings of interactions, and does something at one of them. */
function atRead(bench: Bench, number: number, act: () => void): { count: number } {
  const reads = { count: 0 }
  bench.between((request, sandbox) => {
    if (request.url.includes('/interactions?') && ++reads.count === number) act()
    return sandbox(request)
  })
  return reads
}

describe('a backup that is stopped', () => {
  it('goes on after its last checkpoint, with the list that it began with', async () => {
    const bench = openBench({ contacts: 60 })
    const nights = await openNights(bench)
    const stop = new AbortController()
    atRead(bench, 35, () => stop.abort(new Interrupted()))
    const wishes = { name: 'one', secondLook: 0 }
    const stopped = nights.backUp({ ...wishes, stop: stop.signal })
    expect(await failureOf(stopped)).toBeInstanceOf(Interrupted)
    const lines = heldBy(nights)
    nights.list = nights.list.slice(0, 5)
    const reads = atRead(bench, 0, () => {})
    const [outcome] = await nights.backUp(wishes)
    expect(reads.count).toBeLessThan(30)
    expect(await heldIn(outcome?.place ?? nights.root)).toEqual(lines)
    expect(await proveSnapshot(outcome?.place ?? nights.root)).toMatchObject({ ok: true, contacts: 60 })
  })

  it('ends with what is under way: no other schema or contact is asked for, and what was read is kept', async () => {
    const bench = openBench({ contacts: 60 })
    const schema = { ...bench.schema, id: 'copy' }
    bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    const nights = await openNights(bench)
    const stop = new AbortController()
    const reads = atRead(bench, 30, () => stop.abort(new Interrupted()))
    const wishes = { name: 'one', schemaIds: [bench.schema.id, 'copy'], secondLook: 0, concurrency: 8 }
    const stopped = nights.backUp({ ...wishes, stop: stop.signal })
    expect(await failureOf(stopped)).toBeInstanceOf(Interrupted)
    expect(reads.count).toBeLessThan(30 + wishes.concurrency)
    const rest = atRead(bench, 0, () => {})
    const outcomes = await nights.backUp(wishes)
    expect(outcomes.map(({ manifest }) => manifest.contacts.read)).toEqual([60, 60])
    expect(rest.count).toBeLessThan(120)
  })

  it('takes nobody for unreadable who was asked when it was stopped', async () => {
    const bench = openBench({ contacts: 60 })
    const nights = await openNights(bench)
    const stop = new AbortController()
    // Its own connection has the stop, as a process's has: a wait for another attempt ends with it.
    const client = openClient(
      bench.sandbox,
      bench.clock,
      DEFAULT_API_KEY,
      async (request) => {
        if (!request.url.includes('/interactions?') || ++count < 25) return bench.sandbox.send(request)
        stop.abort(new Interrupted())
        return new Response('{}', { status: 503 })
      },
      stop.signal,
    )
    let count = 0
    const wishes = { name: 'one', secondLook: 0 }
    await nights.backUp({ ...wishes, reader: client.reader, stop: stop.signal }).catch(() => {})
    const [outcome] = await nights.backUp(wishes)
    expect(outcome?.manifest).toMatchObject({ complete: true, contacts: { failed: 0, read: 60 } })
  })

  it('makes no snapshot of a schema that was recreated meanwhile', async () => {
    const bench = openBench()
    const nights = await openNights(bench)
    const other = { ...bench.schema, displayName: 'another' }
    atRead(bench, 15, () => {
      bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
      bench.sandbox.tenant.apply({ type: 'schema-created', schema: other, visibleAt: 0 })
    })
    expect(String(await failureOf(nights.backUp({ name: 'one' })))).toContain('deleted or recreated')
    // Nor when it is gone on with: what was read before is of a schema that is gone.
    expect(String(await failureOf(nights.backUp({ name: 'one' })))).toContain('deleted or recreated')
    const [entry] = await catalogOf(nights.root)
    expect(entry).toMatchObject({ condition: 'half' })
  })
})

describe('a backup to an object store', () => {
  let store: Store
  beforeAll(async () => {
    store = await openStore()
  })
  afterAll(() => store.close())

  it('that dies at any file goes on, and is complete when its manifest is there', async () => {
    const bucket = await store.bucket()
    const bench = openBench({ contacts: 40 })
    const nights = await openNights(bench, bucket.place('backups'))
    const lines = heldBy(nights)
    for (let dies = 1; ; dies += 1) {
      const died = await nights
        .backUp({ name: 'one', root: dyingAt(nights.root, dies) })
        .then(() => false)
        .catch(() => true)
      const [entry] = await catalogOf(nights.root)
      if (!died) {
        expect(dies).toBeGreaterThan(3)
        expect(entry).toMatchObject({ condition: 'complete' })
        expect(await heldIn(entry?.place ?? nights.root)).toEqual(lines)
        break
      }
      if (entry !== undefined) expect(entry.condition).toBe('half')
    }
    const [entry] = await catalogOf(nights.root)
    expect(await proveSnapshot(entry?.place ?? nights.root)).toMatchObject({ ok: true, problems: [] })
    // The next night follows it there.
    await bench.clock.advance(86_400_000)
    const [next] = await nights.backUp({ sinceLatest: true })
    expect(next).toMatchObject({ links: 2, manifest: { parts: [] } })
    expect(await heldIn(next?.place ?? nights.root)).toEqual(lines)
  })

  it('is not called complete where the store keeps something else than it was given', async () => {
    const bucket = await store.bucket()
    const nights = await openNights(openBench())
    const root = bucket.place('backups')
    const lossy = around(root, (place) => ({
      ...place,
      put: (file, from) =>
        file.startsWith('interactions') ? place.write(file, Buffer.from('else')) : place.put(file, from),
    }))
    expect(String(await failureOf(nights.backUp({ root: lossy })))).toContain(
      'does not keep what it is given',
    )
    expect(await catalogOf(root)).toMatchObject([{ condition: 'half' }])
  })
})

describe('what is published', () => {
  it('gets no manifest where somebody has taken a file away meanwhile, and none beside those it names', async () => {
    const nights = await openNights(openBench())
    const [outcome] = await nights.backUp()
    const from = outcome?.place.folder ?? ''
    const copyOf = (name: string): string => {
      const copy = join(nights.folder, name)
      cpSync(from, copy, { recursive: true })
      return copy
    }
    const to = localPlace(join(nights.folder, 'elsewhere'))
    let puts = 0
    const pruned: Place = {
      ...to,
      async put(file, path) {
        await to.put(file, path)
        // A part of an earlier attempt, which had more of them.
        puts += 1
        if (puts === 1) await to.write('contacts-00099.ndjson.zst', Buffer.from('old'))
        if (puts === 3) await to.remove('schema.json')
      },
    }
    expect(String(await failureOf(publish(copyOf('one'), pruned)))).toContain(
      'schema.json is not there any more',
    )
    expect((await to.list()).files.some(({ name }) => name === MANIFEST)).toBe(false)
    await publish(copyOf('two'), to)
    expect(await proveSnapshot(to)).toMatchObject({ ok: true, problems: [] })
  })
})
