/** Snapshots of every kind that there is to import from. */
import type { SnapshotFacts } from '../../src/snapshot/facts.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import type { ContactChange } from '../../src/snapshot/record.ts'
import type { Seal } from '../../src/snapshot/seal.ts'
import { finishSnapshot, openPart, writeSchema } from '../../src/snapshot/writer.ts'
import { type Bench, TOOL } from './bench.ts'
import { backedUp } from './restore.ts'

export interface Written extends Partial<Pick<SnapshotFacts, 'increment' | 'encryption' | 'order' | 'pass'>> {
  readonly seal?: Seal
  /** Contacts that were not asked for. */
  readonly carried?: number
}

/** Writes contacts, sorted, as a snapshot of the bench's tenant. */
export async function write(
  { clock, schema }: Bench,
  folder: string,
  contacts: readonly ContactChange[],
  listed: number,
  { seal, carried, ...facts }: Written = {},
) {
  const part = await openPart(folder, 1, { compression: 'gzip', schemaId: schema.id, seal })
  for (const each of contacts) await part.add(each)
  const at = new Date(clock.now()).toISOString()
  const whole = {
    ...{ tool: TOOL, tenant: 'test', schemaId: schema.id, pass: 'base', compression: 'gzip' as const },
    ...{ createdAt: at, startedAt: at, finishedAt: at, schema: await writeSchema(folder, schema) },
    contacts: { source: 'test', listed, ...(carried !== undefined && { carried }) },
    ...facts,
  }
  return finishSnapshot(folder, whole, [await part.close()])
}

export async function contactsOf(bench: Bench): Promise<readonly ContactChange[]> {
  const { contacts } = await openSnapshot(await backedUp(bench))
  const all = await Array.fromAsync(contacts())
  return all
    .map(({ contactId, state, readAt, interactions }) => ({ contactId, state, readAt, interactions }))
    .sort((a, b) => (a.contactId < b.contactId ? -1 : 1))
}
