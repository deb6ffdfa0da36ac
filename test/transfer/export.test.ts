import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngageError } from '../../src/engage/errors.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { type Checkpoint, exportPass, readContact } from '../../src/transfer/export.ts'
import { Interrupted } from '../../src/transfer/progress.ts'
import { caller } from '../sandbox/caller.ts'
import { listed, webPage } from '../support/answers.ts'
import { type Bench, held, multiset, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { takeSnapshot } from '../support/importing.ts'

const PER_PART = 5

interface Recorded {
  readonly asked: string[]
  readonly done: Checkpoint<number>[]
}

/** Exports with small parts, and records whom it asked about. */
async function runExport(
  bench: Bench,
  folder: string,
  { asked, done }: Recorded,
  stop: AbortSignal = new AbortController().signal,
): Promise<readonly Checkpoint<number>[]> {
  return exportPass<number>({
    reader: {
      ...bench.reader,
      interactionsOf(contactId, schemaId) {
        asked.push(contactId)
        return bench.reader.interactionsOf(contactId, schemaId)
      },
    },
    clock: bench.clock,
    schemaId: bench.schema.id,
    folder,
    compression: 'gzip',
    concurrency: 2,
    contactsPerPart: PER_PART,
    done: [...done],
    tasksFrom: (ordinal) =>
      bench.contacts
        .slice(ordinal)
        .map((contactId) => ({ contactId, earlier: undefined, carried: undefined })),
    tally: (_task, read, tally = 0) => tally + read.interactions.length,
    emptyTally: 0,
    checkpoint: (each) => done.push(each),
    stop,
  })
}

/** An answer that no retry helps. */
function failFrom(bench: Bench, contactId: string | undefined): void {
  bench.sandbox.setFaults([{ kind: 'refuse', path: `contactId=${contactId}`, times: 'always' }])
}

describe('an export', () => {
  it('has every contact once, in the order of the list, with all that it holds', async () => {
    const bench = openBench()
    const snapshot = await takeSnapshot(bench, join(await temporaryFolder(), 'snapshot'))
    const contacts = await Array.fromAsync(snapshot.contacts())
    expect(contacts.map(({ contactId }) => contactId)).toEqual(bench.contacts)
    expect(
      multiset(
        bench.schema,
        contacts.flatMap(({ interactions }) => interactions),
      ),
    ).toEqual(held(bench))
    expect(await proveSnapshot(snapshot.folder)).toMatchObject({ ok: true })
  })

  it('broken off goes on after its last part: no contact of a finished part is asked about again', async () => {
    const bench = openBench()
    const folder = join(await temporaryFolder(), 'snapshot')
    const done: Checkpoint<number>[] = []
    const first: Recorded = { asked: [], done }
    failFrom(bench, bench.contacts[17])
    expect(await failureOf(runExport(bench, folder, first))).toMatchObject({
      name: 'EngageError',
      status: 400,
    })
    expect(done).toHaveLength(3)
    bench.sandbox.setFaults([])
    const second: Recorded = { asked: [], done }
    const all = await runExport(bench, folder, second)
    expect(second.asked).toEqual(bench.contacts.slice(3 * PER_PART))
    expect(all).toEqual(done)
    expect(all.reduce((sum, { proof }) => sum + proof.contactCount, 0)).toBe(bench.contacts.length)
    expect(all.reduce((sum, { tally }) => sum + tally, 0)).toBe(held(bench).length)
  })

  it('stopped by a person keeps what it has read', async () => {
    const bench = openBench()
    const folder = join(await temporaryFolder(), 'snapshot')
    const stop = new AbortController()
    const done: Checkpoint<number>[] = []
    const asked: string[] = []
    bench.between(async (request, sandbox) => {
      if (asked.length === 12) stop.abort()
      return sandbox(request)
    })
    expect(await failureOf(runExport(bench, folder, { asked, done }, stop.signal))).toBeInstanceOf(
      Interrupted,
    )
    const kept = done.reduce((sum, { proof }) => sum + proof.contactCount, 0)
    expect(kept).toBe(asked.length)
    expect(kept).toBeLessThan(bench.contacts.length)
    const again: Recorded = { asked: [], done }
    await runExport(bench, folder, again)
    expect([...asked, ...again.asked]).toEqual(bench.contacts)
  })

  it('keeps a contact that the tenant does not know any more as gone', async () => {
    const bench = openBench()
    const [first = ''] = bench.contacts
    await caller(bench.sandbox.send)('DELETE', `/sandbox/contacts/${first}`)
    const snapshot = await takeSnapshot(bench, join(await temporaryFolder(), 'snapshot'))
    const contacts = await Array.fromAsync(snapshot.contacts())
    expect(contacts[0]).toMatchObject({ contactId: first, state: 'gone', interactions: [] })
    expect(contacts.slice(1).every(({ state }) => state === 'read')).toBe(true)
    expect(snapshot.manifest.contacts).toMatchObject({ gone: 1, read: bench.contacts.length - 1 })
  })

  it('never takes a schema that is not found for contacts that are gone', async () => {
    const bench = openBench()
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
    const failed = failureOf(takeSnapshot(bench, join(await temporaryFolder(), 'snapshot')))
    expect(await failed).toMatchObject({ name: 'EngageError', status: 400 })
  })

  it.each([
    { status: 400, serverMessage: "Schema 'x' not found" },
    { status: 404, kind: 'absent' as const, serverMessage: "Schema 'x' not found" },
    { status: 404, kind: 'not-the-api' as const, serverMessage: 'a web page' },
    { status: 404, kind: 'absent' as const, serverMessage: 'an odd answer about a contact that is there' },
  ])('takes %j for a failure, never for a contact that is gone', async (parts) => {
    const bench = openBench({ contacts: 1 })
    const reader = {
      ...bench.reader,
      interactionsOf: () =>
        Promise.reject(new EngageError({ method: 'GET', path: '/', outcome: 'refused', ...parts })),
    }
    const [id = ''] = bench.contacts
    expect(await failureOf(readContact(reader, bench.clock, id, 'x'))).toMatchObject(parts)
  })

  it('takes a web page for a failure even where the contact is gone: another server has answered', async () => {
    const bench = openBench({ contacts: 1 })
    const [id = ''] = bench.contacts
    await caller(bench.sandbox.send)('DELETE', `/sandbox/contacts/${id}`)
    bench.between(async (request, sandbox) => (listed(request) === id ? webPage(404) : sandbox(request)))
    expect(await failureOf(readContact(bench.reader, bench.clock, id, bench.schema.id))).toMatchObject({
      name: 'EngageError',
      kind: 'not-the-api',
    })
    bench.between(undefined)
    expect(await readContact(bench.reader, bench.clock, id, bench.schema.id)).toMatchObject({ state: 'gone' })
  })
})
