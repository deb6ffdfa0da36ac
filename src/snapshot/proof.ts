/**
 * Proves a snapshot whole, byte by byte, from what is on disk alone.
 * Guarantees: `ok` only if every file is there with the bytes and the SHA-256 that were written, every line parses
 * and stands where it belongs, and all counts add up to the manifest's; damage is reported, never thrown; each
 * file is read once. Memory: eight bytes a contact.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../errors.ts'
import { Duplicates } from './duplicates.ts'
import { isPartName, MANIFEST, type Manifest, type PartFacts, SCHEMA, TEMPORARY } from './format.ts'
import { manifestText, readManifest } from './manifest.ts'
import { provePart } from './partproof.ts'
import { Problems } from './problems.ts'
import { readSchema } from './reader.ts'
import { addUp } from './tally.ts'

export interface ProofProgress {
  /** Parts done, of how many. */
  readonly part: number
  readonly parts: number
  readonly records: number
  readonly contacts: number
  readonly bytes: number
}

export interface Proof {
  readonly ok: boolean
  /** What is wrong, file and line named, without personal data but ids; at most 51, the last says how many more. */
  readonly problems: readonly string[]
  /** Found on disk: interactions, contacts, and bytes of all files read. */
  readonly records: number
  readonly contacts: number
  readonly bytes: number
  /** The manifest's `digest`; undefined where there is no readable manifest. */
  readonly manifestDigest: string | undefined
}

/** Proves the snapshot in a folder. Never throws for what is, or isn't, in the folder. */
export async function proveSnapshot(
  folder: string,
  options: { readonly onProgress?: (progress: ProofProgress) => void } = {},
): Promise<Proof> {
  const problems = new Problems()
  const found = { records: 0, contacts: 0, bytes: 0 }
  const text = await readText(folder, MANIFEST, problems)
  if (text === undefined) return { ok: false, problems: problems.list(), ...found, manifestDigest: undefined }
  found.bytes += text.bytes
  const { manifest, problems: faults } = readManifest(text.content)
  for (const fault of faults) problems.add(MANIFEST, fault)
  if (manifest === undefined)
    return { ok: false, problems: problems.list(), ...found, manifestDigest: undefined }
  // The digest is over values: this is what makes the promise hold for every byte.
  if (manifestText(manifest) !== text.content) problems.add(MANIFEST, 'its text is not as it was written')

  found.bytes += await proveSchema(folder, manifest, problems)
  await proveNames(folder, manifest, problems)
  const duplicates = new Duplicates()
  const parts: PartFacts[] = []
  for (const part of manifest.parts) {
    const { facts, bytes } = await provePart(folder, part, manifest.schemaId, duplicates, problems)
    parts.push(facts)
    found.records += facts.records
    found.contacts += facts.contactCount
    found.bytes += bytes
    options.onProgress?.({ part: part.number, parts: manifest.parts.length, ...found })
  }
  const twice = duplicates.count()
  if (twice > 0) problems.add('contacts', `${twice} of them are in the snapshot more than once`)
  proveTotals(manifest, addUp(parts), problems)
  const list = problems.list()
  return { ok: list.length === 0, problems: list, ...found, manifestDigest: manifest.digest }
}

async function proveSchema(folder: string, manifest: Manifest, problems: Problems): Promise<number> {
  const text = await readText(folder, SCHEMA, problems)
  if (text === undefined) return 0
  const { schema, problem } = readSchema(text.content, manifest)
  if (schema === undefined) problems.add(SCHEMA, problem)
  const { bytes, lines } = manifest.schema
  if (text.bytes !== bytes) problems.add(SCHEMA, `it has ${text.bytes} bytes; the manifest says ${bytes}`)
  const counted = text.content.split('\n').length - 1
  if (counted !== lines) problems.add(SCHEMA, `it has ${counted} lines; the manifest says ${lines}`)
  return text.bytes
}

/** A part beside the manifest's own is history that nobody counted, or another export's. */
async function proveNames(folder: string, manifest: Manifest, problems: Problems): Promise<void> {
  const known = new Set(manifest.parts.flatMap((part) => [part.interactions.name, part.contacts.name]))
  for (const name of await readdir(folder).catch(() => [])) {
    if ((isPartName(name) && !known.has(name)) || name.endsWith(TEMPORARY))
      problems.add(name, 'the manifest does not name it')
  }
}

function proveTotals(manifest: Manifest, sum: PartFacts, problems: Problems): void {
  const { contacts, interactions } = manifest
  const { contactCount, gone, empty, records, oldestCreated, newestCreated } = sum
  const found = {
    ...{ read: contactCount - gone, empty, gone, listed: contactCount + contacts.failed, records },
    ...{ oldestCreated, newestCreated },
  }
  const said: typeof found = {
    ...{ read: contacts.read, empty: contacts.empty, gone: contacts.gone, listed: contacts.listed },
    ...{ records: interactions.records, oldestCreated: interactions.oldestCreated },
    newestCreated: interactions.newestCreated,
  }
  for (const [key, value] of Object.entries(said)) {
    const counted = found[key as keyof typeof found]
    if (!isDeepStrictEqual(counted, value))
      problems.add(MANIFEST, `${key} is ${value ?? 'absent'}; its parts hold ${counted ?? 'none'}`)
  }
}

async function readText(
  folder: string,
  name: string,
  problems: Problems,
): Promise<{ readonly content: string; readonly bytes: number } | undefined> {
  try {
    const content = await readFile(join(folder, name))
    return { content: content.toString('utf8'), bytes: content.length }
  } catch (error) {
    problems.add(name, `it can't be read: ${messageOf(error)}`)
    return undefined
  }
}
