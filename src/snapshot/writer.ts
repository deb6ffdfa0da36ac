/**
 * Writes a snapshot: part by part, then the manifest.
 * Guarantees: flat memory; when `close` returns, the part is on disk to stay; a folder gets its manifest last and
 * only if every part is there, so that a folder with a manifest is a whole snapshot; a folder that has one is
 * never changed again.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { type Json, stringifyJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import type { Names } from './digests.ts'
import { cannotWrite, makeFolder, syncFolder, writeWhole } from './durable.ts'
import { manifestOf, type SnapshotFacts } from './facts.ts'
import { checkFiles, isFinished, refuseFinished } from './folder.ts'
import {
  type Compression,
  type FileProof,
  filesOf,
  INDEX_KEY,
  isPartName,
  MANIFEST,
  type Manifest,
  type PartProof,
  partNames,
  SCHEMA,
  TEMPORARY,
} from './format.ts'
import { createLineFile } from './lines.ts'
import { manifestText, readManifest } from './manifest.ts'
import { type ContactChange, checkRead, type IndexEntry } from './record.ts'
import type { Seal } from './seal.ts'
import { PartTally } from './tally.ts'

export interface PartOptions {
  readonly compression: Compression
  /** Where given, a record of another schema is refused when it is added, not only when the proof reads it. */
  readonly schemaId?: string
  /** Encrypts what is of persons. */
  readonly seal?: Seal | undefined
  /** Where given, an index of these names is written, too. */
  readonly index?: Names | undefined
  /** Of a part that takes the place of another one: how often it was written before. */
  readonly revision?: number
}

/** A part being written. One call at a time. */
export interface PartWriter {
  /**
   * Adds a contact: the next one of the contact list. Resolves when there's room for more.
   * Throws an Error where its interactions aren't its own or aren't sorted by id (code units), each id once;
   * an OperatorError where the disk refuses. After either, only `abandon` is left.
   */
  add(read: ContactChange): Promise<void>
  /** Makes the part durable. Throws an OperatorError where the disk refuses. */
  close(): Promise<PartProof>
  /** Stops and removes what was written, unless the part was closed. */
  abandon(): Promise<void>
}

/**
 * Starts a part; makes the folder if need be.
 * @param number 1 for the first; a part of this number that was not kept is written over.
 */
export async function openPart(folder: string, number: number, options: PartOptions): Promise<PartWriter> {
  await makeFolder(folder)
  await refuseFinished(folder)
  const { compression, seal, index: called, revision } = options
  const names = partNames(number, { compression, encrypted: seal !== undefined }, revision)
  const interactions = await createLineFile(folder, names.interactions, compression, seal)
  const contacts = await createLineFile(folder, names.contacts, compression, seal)
  const index = called && (await createLineFile(folder, names.index, compression))
  const tally = new PartTally()

  return {
    async add(read) {
      checkRead(read, options.schemaId)
      const { contactId, state, readAt, removed, name } = read
      for (const { id, contactId, schemaId, createdDate, payload } of read.interactions) {
        await interactions.write({ id, contactId, schemaId, createdDate, payload })
        tally.addRecord({ id, contactId, schemaId, createdDate, payload })
      }
      const count = read.interactions.length
      await contacts.write({
        ...{ contactId, state, readAt: new Date(readAt).toISOString(), interactions: count },
        ...(removed && { removed }),
        ...(name !== undefined && { name }),
      })
      if (index !== undefined && called !== undefined) await index.write(indexEntryOf(read, called))
      tally.addContact(read, count)
    },
    async close() {
      const proofs = {
        interactions: await interactions.close(),
        contacts: await contacts.close(),
        ...(index && { index: await index.close() }),
      }
      await syncNames(folder)
      return { number, ...proofs, ...tally.facts() }
    },
    async abandon() {
      await interactions.abandon()
      await contacts.abandon()
      await index?.abandon()
    },
  }
}

function indexEntryOf(change: ContactChange, called: Names): IndexEntry {
  const { contactId, name = called.contact(contactId), state, interactions, removed } = change
  const added = interactions.map((record) => called.interaction(record))
  return { name, state, added, ...(removed && { removed }) }
}

/** Writes the key of an index, encrypted, for whoever may read the snapshot. */
export async function writeIndexKey(folder: string, secret: string, seal: Seal): Promise<FileProof> {
  await makeFolder(folder)
  const bytes = Buffer.concat(await Array.fromAsync(seal.encrypt(Readable.from([Buffer.from(secret)]))))
  await writeWhole(folder, INDEX_KEY, bytes)
  return { name: INDEX_KEY, lines: 0, bytes: bytes.length, sha256: sha256Of(bytes) }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Makes the folder ready for an export that goes on: removes temporary files and the parts not in `keep`.
 * Throws an OperatorError where a part of `keep` is missing or has another size, or the snapshot is finished and
 * has parts not in `keep`.
 */
export async function removeUnfinished(folder: string, keep: readonly PartProof[]): Promise<void> {
  await makeFolder(folder)
  await checkFiles(folder, keep.flatMap(filesOf))
  const kept = new Set(keep.flatMap(filesOf).map(({ name }) => name))
  const names = await readdir(folder)
  const remove = names.filter((name) => name.endsWith(TEMPORARY) || (isPartName(name) && !kept.has(name)))
  if (remove.length === 0) return
  await refuseFinished(folder)
  try {
    for (const name of remove) await rm(join(folder, name))
    await syncFolder(folder)
  } catch (error) {
    throw cannotWrite(folder, error)
  }
}

/** @returns the exact text of schema.json */
export function schemaText(schema: InteractionSchema): string {
  return `${stringifyJson(schema as unknown as Json, 2)}\n`
}

/**
 * Writes schema.json: the schema as it was read from the tenant. Writing the same again is harmless.
 * Throws an OperatorError where the disk refuses, or the snapshot is finished with another schema.
 */
export async function writeSchema(folder: string, schema: InteractionSchema): Promise<FileProof> {
  await makeFolder(folder)
  const text = schemaText(schema)
  const bytes = Buffer.from(text)
  const proof = {
    name: SCHEMA,
    lines: text.split('\n').length - 1,
    bytes: bytes.length,
    sha256: sha256Of(bytes),
  }
  if ((await isFinished(folder)) && bytes.equals(await readFile(join(folder, SCHEMA)))) {
    await syncNames(folder)
    return proof
  }
  await refuseFinished(folder)
  await writeWhole(folder, SCHEMA, bytes)
  return proof
}

/**
 * Writes the manifest, which makes the folder a snapshot. Doing the same again is harmless.
 * @param facts `contacts.listed` counts different contacts: each was read, found gone, or has failed.
 * @param parts all of them, numbered from 1 without a gap.
 * @returns the manifest as it is on disk. Throws an OperatorError where the disk refuses, a part's file is missing
 *   or has another size, the counts don't add up, or the folder is another finished snapshot.
 */
export async function finishSnapshot(
  folder: string,
  facts: SnapshotFacts,
  parts: readonly PartProof[],
): Promise<Manifest> {
  const manifest = manifestOf(facts, parts)
  await checkFiles(folder, [facts.schema, ...parts.flatMap(filesOf)])
  if (await isFinished(folder)) {
    const there = readManifest(await readFile(join(folder, MANIFEST), 'utf8'))
    const same = there.problems.length === 0 && isDeepStrictEqual(there.manifest?.parts, manifest.parts)
    if (same && there.manifest?.schema.sha256 === manifest.schema.sha256) {
      await syncNames(folder)
      return there.manifest
    }
    await refuseFinished(folder)
  }
  await writeWhole(folder, MANIFEST, Buffer.from(manifestText(manifest)))
  return manifest
}

/** Whoever gave a file its name may have been killed before the name was durable: what is relied on is synced first. */
async function syncNames(folder: string): Promise<void> {
  await syncFolder(folder).catch((error: unknown) => {
    throw cannotWrite(folder, error)
  })
}
