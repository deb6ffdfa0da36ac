/**
 * Reads a finished snapshot, contact by contact.
 * Guarantees: flat memory (one contact at a time); what has no manifest, another format version or a manifest that
 * was changed is refused; a part that differs from its proof ends in an OperatorError, never in a shorter list.
 * That a whole snapshot is undamaged is for `proveSnapshot` to say, before anything is done with it.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import type { ContactRead, Interaction, InteractionSchema } from '../model.ts'
import { MANIFEST, type Manifest, type PartProof, SCHEMA } from './format.ts'
import { readManifest } from './manifest.ts'
import { ProvenLines, refusal } from './provenlines.ts'
import { parseContact, parseInteraction } from './record.ts'

/** A contact and its place: both numbers count from 0 through the whole snapshot. */
export interface SnapshotContact extends ContactRead {
  readonly ordinal: number
  /** The number of its first record; of the next one to come where it has none. */
  readonly firstSeq: number
}

export interface Snapshot {
  readonly folder: string
  readonly manifest: Manifest
  /** As it was read from the tenant, numbers as their text. */
  readonly schema: InteractionSchema
  /** The manifest's `digest`: who keeps it can tell this snapshot from any other. */
  readonly manifestDigest: string
  /**
   * All contacts from a part on (1, the first, by default), in the order of the contact list.
   * Throws an OperatorError where a part is damaged; that may be after its last contact.
   */
  contacts(fromPart?: number): AsyncIterable<SnapshotContact>
  /**
   * @param ordinal a contact's place, from 0.
   * @returns the number of the part that holds it; past the last contact, the number after the last part.
   */
  partOf(ordinal: number): number
}

/** Opens a snapshot. Throws an OperatorError where the folder is not a snapshot that this program knows. */
export async function openSnapshot(folder: string): Promise<Snapshot> {
  const { manifest, problems } = readManifest(await readSmall(folder, MANIFEST))
  if (manifest === undefined || problems.length > 0)
    throw refusal(`${join(folder, MANIFEST)} can't be used: ${problems.join('; ')}.`)
  const { schema, problem } = readSchema(await readSmall(folder, SCHEMA), manifest)
  if (schema === undefined) throw refusal(`${join(folder, SCHEMA)} can't be used: ${problem}.`)
  return {
    folder,
    manifest,
    schema,
    manifestDigest: manifest.digest,
    contacts: (fromPart = 1) => contactsOf(folder, manifest, fromPart),
    partOf(ordinal) {
      let end = 0
      const holder = manifest.parts.find((part) => {
        end += part.contactCount
        return ordinal < end
      })
      return holder?.number ?? manifest.parts.length + 1
    },
  }
}

/** Reads the text of schema.json against its proof. Never throws. */
export function readSchema(
  text: string,
  manifest: Manifest,
): { readonly schema: InteractionSchema | undefined; readonly problem: string } {
  if (createHash('sha256').update(text).digest('hex') !== manifest.schema.sha256)
    return { schema: undefined, problem: 'it was changed: its SHA-256 is not the one in the manifest' }
  try {
    const schema = parseJson(text)
    if (isObject(schema) && schema['id'] === manifest.schemaId && isObject(schema['jsonSchema'] ?? null))
      return { schema: schema as unknown as InteractionSchema, problem: '' }
    return { schema: undefined, problem: `it is not the schema ${manifest.schemaId}` }
  } catch {
    return { schema: undefined, problem: 'it is not JSON' }
  }
}

async function* contactsOf(
  folder: string,
  manifest: Manifest,
  fromPart: number,
): AsyncGenerator<SnapshotContact> {
  let ordinal = 0
  let firstSeq = 0
  for (const part of manifest.parts) {
    if (part.number < fromPart) {
      ordinal += part.contactCount
      firstSeq += part.records
      continue
    }
    for await (const read of partContacts(folder, part, manifest.schemaId)) {
      yield { ...read, ordinal, firstSeq }
      ordinal += 1
      firstSeq += read.interactions.length
    }
  }
}

async function* partContacts(folder: string, part: PartProof, schemaId: string): AsyncGenerator<ContactRead> {
  const contacts = new ProvenLines(folder, part.contacts)
  const records = new ProvenLines(folder, part.interactions)
  try {
    for (let line = await contacts.next(); line !== undefined; line = await contacts.next()) {
      const entry = contacts.parse(line, parseContact)
      const interactions: Interaction[] = []
      while (interactions.length < entry.interactions) {
        const record = records.parse((await records.next()) ?? '', parseInteraction)
        if (record.contactId !== entry.contactId || record.schemaId !== schemaId)
          throw records.damaged('it is of another contact or schema than its place says')
        interactions.push(record)
      }
      const { contactId, state, readAt } = entry
      yield { contactId, state, readAt, interactions }
    }
    if ((await records.next()) !== undefined) throw records.damaged('it belongs to no contact')
  } finally {
    await contacts.stop()
    await records.stop()
  }
}

async function readSmall(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8')
  } catch (cause) {
    const absent = codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR'
    throw refusal(
      absent
        ? `${folder} is not a snapshot: it has no ${name}.`
        : `${join(folder, name)} can't be read: ${messageOf(cause)}.`,
      cause,
    )
  }
}
