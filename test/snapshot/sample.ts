/** Snapshots to test with, in folders that go away. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { isObject, parseJson } from '../../src/json.ts'
import type { ContactRead, Interaction, InteractionSchema } from '../../src/model.ts'
import type { SnapshotFacts } from '../../src/snapshot/facts.ts'
import type { Compression, PartProof } from '../../src/snapshot/format.ts'
import { finishSnapshot, openPart, writeSchema } from '../../src/snapshot/writer.ts'

export const READ_AT = Date.parse('2026-02-03T04:05:06.789Z')

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'snapshot-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const schema = parseJson(
  '{"id":"orderPlaced","displayName":"Order","jsonSchema":{"type":"object","maximum":1.0,"properties":{"n":{"type":"integer"}}}}',
) as unknown as InteractionSchema

export function guid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** A contact with interactions whose payloads are these JSON texts. */
export function contact(
  number: number,
  payloads: readonly string[],
  state: 'read' | 'gone' = 'read',
): ContactRead {
  const contactId = guid(number)
  const interactions = payloads.map((text, index): Interaction => {
    const payload = parseJson(text)
    if (!isObject(payload)) throw new Error('a payload is an object')
    return {
      id: `i-${String(index).padStart(4, '0')}-${number}`,
      contactId,
      schemaId: schema.id,
      createdDate: new Date(READ_AT - (number * 100 + index) * 1000).toISOString(),
      payload,
    }
  })
  return { contactId, state, readAt: READ_AT + number, interactions }
}

export function factsOf(
  listed: number,
  proof: SnapshotFacts['schema'],
  compression: Compression = 'zstd',
): SnapshotFacts {
  return {
    tool: { name: 'engage-migrate', version: '0.1.0' },
    tenant: 'demo',
    schemaId: schema.id,
    pass: 'base',
    createdAt: '2026-02-03T04:06:00.000Z',
    startedAt: '2026-02-03T04:05:06.789Z',
    finishedAt: '2026-02-03T04:05:59.000Z',
    compression,
    contacts: { source: 'contacts.csv', listed, counted: listed },
    schema: proof,
  }
}

export async function writePart(
  folder: string,
  number: number,
  contacts: readonly ContactRead[],
  compression: Compression = 'zstd',
): Promise<PartProof> {
  const part = await openPart(folder, number, { compression, schemaId: schema.id })
  for (const each of contacts) await part.add(each)
  return part.close()
}

export async function writeSnapshot(
  folder: string,
  parts: readonly (readonly ContactRead[])[],
  compression: Compression = 'zstd',
) {
  const proof = await writeSchema(folder, schema)
  const proofs: PartProof[] = []
  for (const [index, contacts] of parts.entries())
    proofs.push(await writePart(folder, index + 1, contacts, compression))
  return finishSnapshot(folder, factsOf(parts.flat().length, proof, compression), proofs)
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of from) all.push(each)
  return all
}
