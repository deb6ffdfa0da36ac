/**
 * A snapshot of the history that another system has kept.
 * Guarantees: a snapshot comes about only of a file without bad lines, or where they may be left out, and is proven on disk;
 * what could not be finished is removed, and after a kill is half a snapshot, which never counts. The same file makes the
 * same interactions, ids included.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Clock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { ContactRead, InteractionSchema } from '../model.ts'
import { type Compression, HISTORY, type Manifest, type PartProof } from '../snapshot/format.ts'
import { openParts } from '../snapshot/parts.ts'
import { type Proof, proveSnapshot } from '../snapshot/proof.ts'
import { finishSnapshot, writeSchema } from '../snapshot/writer.ts'
import { BadLines } from './bad-lines.ts'
import { type Gathered, gather, type Sorted } from './gather.ts'
import type { Mapping } from './mapping.ts'
import { openHistory } from './rows.ts'

export interface Creation {
  /** Path of the file of history. */
  readonly from: string
  readonly schema: InteractionSchema
  readonly mapping: Mapping
  /** The offset of dates that have none. */
  readonly zone: string | undefined
  readonly tenant: string
  /** Where the snapshot is written; nothing may be there yet. */
  readonly folder: string
  readonly compression: Compression
  readonly contactsPerPart: number
  /** Path of the file that lists bad lines. */
  readonly bad: string
  readonly skipBad: boolean
  readonly tool: Manifest['tool']
  readonly clock: Pick<Clock, 'now'>
  readonly stop: AbortSignal
  /** As the sorter's. */
  readonly runSize?: number
  onProgress?(progress: CreationProgress): void
}

export interface CreationProgress {
  readonly phase: 'reading lines' | 'writing interactions'
  readonly done: number
  readonly total: number | undefined
}

export interface Created {
  /** Undefined where there was none to be made: there are bad lines, or nothing else. */
  readonly snapshot: { readonly manifest: Manifest; readonly proof: Proof } | undefined
  /** Rows of the file, a header not counted. */
  readonly lines: number
  /** `file` lists them all; undefined where there is none. */
  readonly bad: Pick<BadLines, 'count' | 'shown'> & { readonly file: string | undefined }
  /** Fields that the schema does not name, and in how many rows they had a value. */
  readonly unknown: Readonly<Record<string, number>>
}

/**
 * @returns what has become of the file
 * @throws OperatorError where the file, the map or the disk is not fit for it; what `stop` was aborted with
 */
export async function createSnapshot(creation: Creation): Promise<Created> {
  const { folder } = creation
  const bad = new BadLines(creation.bad)
  await bad.assertFree()
  if (existsSync(folder)) throw new Error(`${folder} is there already`)
  try {
    const file = await openHistory(creation.from)
    const startedAt = creation.clock.now()
    await using gathered = await gather({
      ...creation,
      ...{ file, bad },
      onProgress: (done) => creation.onProgress?.({ phase: 'reading lines', done, total: undefined }),
    })
    const { lines, unknown } = gathered
    const listed = await bad.close()
    const refused = gathered.count === 0 || (bad.count > 0 && !creation.skipBad)
    if (refused) await rm(folder, { recursive: true, force: true })
    const snapshot = refused ? undefined : await write(creation, gathered, startedAt)
    return { snapshot, lines, unknown, bad: { count: bad.count, shown: bad.shown, file: listed } }
  } catch (error) {
    await bad.abandon()
    // Where the disk refuses this as well, half a snapshot stays, and is listed as one.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined)
    throw error
  }
}

async function write(
  creation: Creation,
  gathered: Gathered,
  startedAt: number,
): Promise<Created['snapshot']> {
  const { folder, schema, compression, clock } = creation
  const proofOfSchema = await writeSchema(folder, schema)
  const parts = await writeParts(creation, gathered, startedAt)
  await gathered[Symbol.asyncDispose]()
  const records = parts.reduce((sum, part) => sum + part.records, 0)
  if (records !== gathered.count) throw notWhole(folder, `${records} of ${gathered.count} interactions`)
  const finishedAt = clock.now()
  const manifest = await finishSnapshot(
    folder,
    {
      ...{ tool: creation.tool, tenant: creation.tenant, schemaId: schema.id, pass: HISTORY, compression },
      createdAt: new Date(finishedAt).toISOString(),
      startedAt: new Date(startedAt).toISOString(),
      finishedAt: new Date(finishedAt).toISOString(),
      order: 'id',
      contacts: {
        source: basename(creation.from),
        listed: parts.reduce((sum, part) => sum + part.contactCount, 0),
      },
      schema: proofOfSchema,
    },
    parts,
  )
  const proof = await proveSnapshot(folder)
  if (!proof.ok) throw notWhole(folder, proof.problems.join('; '))
  return { manifest, proof }
}

async function writeParts(
  { folder, schema, compression, contactsPerPart, stop, onProgress }: Creation,
  gathered: Gathered,
  readAt: number,
): Promise<readonly PartProof[]> {
  const parts = openParts(folder, contactsPerPart, { compression, schemaId: schema.id })
  let done = 0
  try {
    for await (const contact of contactsOf(gathered.interactions(), schema.id, readAt)) {
      stop.throwIfAborted()
      await parts.add(contact)
      done += contact.interactions.length
      onProgress?.({ phase: 'writing interactions', done, total: gathered.count })
    }
    return await parts.close()
  } finally {
    await parts.abandon()
  }
}

/** Interactions that are sorted by contact, one contact at a time. */
async function* contactsOf(
  interactions: AsyncIterable<Sorted>,
  schemaId: string,
  readAt: number,
): AsyncGenerator<ContactRead, void, undefined> {
  let own: Sorted[] = []
  const contact = (contactId: string): ContactRead => ({
    ...{ contactId, state: 'read', readAt },
    interactions: own.map(({ id, createdDate, payload }) => ({
      id,
      contactId,
      schemaId,
      createdDate,
      payload,
    })),
  })
  for await (const each of interactions) {
    const before = own[0]?.contactId
    if (before !== undefined && before !== each.contactId) {
      yield contact(before)
      own = []
    }
    own.push(each)
  }
  const last = own[0]?.contactId
  if (last !== undefined) yield contact(last)
}

function notWhole(folder: string, what: string): OperatorError {
  return new OperatorError({
    what: `The snapshot in ${folder} did not come out as it was written: ${what}.`,
    safe: 'It was removed; the file of history was only read.',
    next: 'Check that disk, then run the same command again.',
    exit: EXIT.failed,
  })
}
