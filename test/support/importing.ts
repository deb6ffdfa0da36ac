/** What an import needs: a snapshot of the bench's tenant, an emptied schema, and a desk over a journal. */
import { join } from 'node:path'
import PQueue from 'p-queue'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import { openSnapshot, type Snapshot } from '../../src/snapshot/reader.ts'
import { finishSnapshot, writeSchema } from '../../src/snapshot/writer.ts'
import type { ImportDesk } from '../../src/transfer/contact-import.ts'
import { exportPass } from '../../src/transfer/export.ts'
import { type Bench, TOOL } from './bench.ts'

/** Exports everything that the tenant holds of the bench's schema. */
export async function takeSnapshot(bench: Bench, folder: string): Promise<Snapshot> {
  const { schema, contacts, clock, reader } = bench
  const checkpoints = await exportPass<null>({
    reader,
    clock,
    schemaId: schema.id,
    folder,
    compression: 'gzip',
    concurrency: 4,
    contactsPerPart: 20,
    done: [],
    tasksFrom: () => contacts.map((contactId) => ({ contactId, earlier: undefined, carried: undefined })),
    tally: () => null,
    emptyTally: null,
    checkpoint: () => {},
    stop: new AbortController().signal,
  })
  const at = new Date(clock.now()).toISOString()
  const facts = {
    tool: TOOL,
    tenant: 'test',
    schemaId: schema.id,
    pass: 'test',
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    compression: 'gzip',
    contacts: { source: 'test', listed: contacts.length, failed: 0 },
    schema: await writeSchema(folder, schema),
  } as const
  await finishSnapshot(
    folder,
    facts,
    checkpoints.map(({ proof }) => proof),
  )
  return openSnapshot(folder)
}

/** Deletes and recreates the schema, the history with it. */
export function emptySchema({ sandbox, schema }: Bench): void {
  sandbox.tenant.apply({ type: 'schema-deleted', id: schema.id })
  sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
}

export const SETTLE_MS = 5_000

export function deskOf(
  bench: Bench,
  journal: Journal,
  stop: AbortSignal = new AbortController().signal,
): ImportDesk {
  return {
    reader: bench.reader,
    writer: bench.writer,
    items: journal.items('import'),
    clock: bench.clock,
    schemaId: bench.schema.id,
    oldIds: () => new Set(),
    keyOf: canonicalForm(bench.schema),
    settleMs: SETTLE_MS,
    beganAt: bench.clock.elapsed(),
    requests: new PQueue({ concurrency: 8 }),
    stop,
  }
}

export function journalIn(folder: string, bench: Bench): Journal {
  return openJournal(join(folder, 'run.db'), bench.clock)
}

/** POSTs of interactions. */
export const POSTS = { method: 'POST', path: '/interactions$' } as const

export function isPost(request: Request): boolean {
  return request.method === 'POST' && new URL(request.url).pathname.endsWith('/interactions')
}
