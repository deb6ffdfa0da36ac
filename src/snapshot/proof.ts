/**
 * Proves a snapshot whole, byte by byte, from what is at rest alone; an increment with all that it follows.
 * Guarantees: `ok` only if every file is there with the bytes and the SHA-256 that were written, every line parses
 * and stands where it belongs, and all counts add up to the manifest's; of a chain that it reads as what the tenant held;
 * damage is reported, never thrown. Memory: eight bytes a contact. What is encrypted is proven by its bytes alone where
 * there is no identity, and said to be.
 */
import { codeOf, messageOf } from '../errors.ts'
import { type Link, namesIn, originOf } from './chain.ts'
import { BY_ID, type Names } from './digests.ts'
import { Duplicates } from './duplicates.ts'
import { stateOf } from './facts.ts'
import {
  filesOf,
  isPartName,
  leftoversIn,
  MANIFEST,
  type Manifest,
  type PartFacts,
  SCHEMA,
  TEMPORARY,
} from './format.ts'
import { manifestText, readManifest } from './manifest.ts'
import { bytesAt, readSchema } from './manifest-file.ts'
import { proveBytes, provePart, proveSealedPart } from './partproof.ts'
import { localPlace, type Place } from './place.ts'
import { Problems } from './problems.ts'
import type { ContactEntry } from './record.ts'
import type { Opener } from './seal.ts'
import { addUp } from './tally.ts'
import { proveChain, proveSealedChain, proveTotals } from './totals.ts'

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
  /** Found at rest: interactions and contacts (of the whole chain), and bytes of all files read. */
  readonly records: number
  readonly contacts: number
  readonly bytes: number
  /** Snapshots that it is read from, itself counted. */
  readonly links: number
  /** Whether only bytes and counts could be proven, since it is encrypted and there was no identity. */
  readonly sealed: boolean
  /** Files that were to be gone when contacts were removed, which was cut short; whole it is all the same. */
  readonly leftovers: readonly string[]
  /** The manifest's `digest`; undefined where there is no readable manifest. */
  readonly manifestDigest: string | undefined
}

export interface ProofOptions {
  readonly opener?: Opener | undefined
  /** Whether what it follows is left out: its own files only. */
  readonly alone?: boolean
  readonly onProgress?: (progress: ProofProgress) => void
}

interface Found {
  records: number
  contacts: number
  bytes: number
}

/** Proves the snapshot in a folder, or wherever it is kept. Never throws for what is, or isn't, there. */
export async function proveSnapshot(at: string | Place, options: ProofOptions = {}): Promise<Proof> {
  const problems = new Problems()
  const found: Found = { records: 0, contacts: 0, bytes: 0 }
  const links: Link[] = []
  const leftovers: string[] = []
  let place: Place | undefined = typeof at === 'string' ? localPlace(at) : at
  while (place !== undefined) {
    const own = links.length === 0
    const named: Problems = own ? problems : problems.within(place.name)
    const manifest = await proveManifest(place, found, named)
    if (manifest === undefined) break
    const child: Manifest | undefined = links[0]?.manifest
    if (child?.parent !== undefined && originOf(manifest) !== child.parent.origin)
      named.add(MANIFEST, 'it is not the snapshot that the next one follows')
    links.unshift({ place, manifest })
    await proveLink(place, manifest, { found, leftovers }, named, options)
    place = options.alone === true ? undefined : manifest.parent && place.beside(manifest.parent.snapshot)
  }
  const tip = links.at(-1)?.manifest
  const sealed = tip?.encryption !== undefined && options.opener === undefined
  if (tip?.parent !== undefined && options.alone !== true && problems.list().length === 0) {
    Object.assign(found, { records: tip.interactions.records, contacts: tip.contacts.listed })
    if (!sealed) await proveChain(links, problems, options.opener)
    else await proveSealedChain(links, problems)
  }
  const list = problems.list()
  return {
    ok: list.length === 0,
    problems: list,
    ...found,
    links: links.length,
    sealed,
    leftovers,
    manifestDigest: tip?.digest,
  }
}

async function proveManifest(place: Place, found: Found, problems: Problems): Promise<Manifest | undefined> {
  const text = await readText(place, MANIFEST, problems)
  if (text === undefined) return undefined
  found.bytes += text.bytes
  const { manifest, problems: faults } = readManifest(text.content)
  for (const fault of faults) problems.add(MANIFEST, fault)
  // The digest is over values: this is what makes the promise hold for every byte.
  if (manifest !== undefined && manifestText(manifest) !== text.content)
    problems.add(MANIFEST, 'its text is not as it was written')
  return manifest
}

/** Proves the files of one link, each read once. */
async function proveLink(
  place: Place,
  manifest: Manifest,
  { found, leftovers }: { readonly found: Found; readonly leftovers: string[] },
  problems: Problems,
  { opener, onProgress }: ProofOptions,
): Promise<void> {
  found.bytes += await proveSchema(place, manifest, problems)
  leftovers.push(...(await proveNames(place, manifest, problems)))
  const { encryption } = manifest
  if (encryption?.index !== undefined) found.bytes += await proveBytes(place, encryption.index.key, problems)
  const sealed = encryption !== undefined && opener === undefined
  const duplicates = new Duplicates()
  const misplaced = sealed ? undefined : await placesIn({ place, manifest }, opener, problems)
  const facts: PartFacts[] = []
  for (const part of manifest.parts) {
    if (sealed || misplaced === undefined) {
      found.bytes += await proveSealedPart(part, place, problems)
      facts.push(part)
    } else {
      const { schemaId } = manifest
      const proven = await provePart(part, { place, schemaId, opener, duplicates, misplaced, problems })
      facts.push(proven.facts)
      found.bytes += proven.bytes
    }
    found.records += facts.at(-1)?.records ?? 0
    found.contacts += facts.at(-1)?.contactCount ?? 0
    onProgress?.({ part: part.number, parts: manifest.parts.length, ...found })
  }
  const twice = duplicates.count()
  if (twice > 0) problems.add('contacts', `${twice} of them are in the snapshot more than once`)
  const full = stateOf(addUp(facts))
  if (manifest.parent === undefined) proveTotals(manifest, full, 'its parts hold', problems)
}

/** @returns what says whether a contact is in its place; undefined where that can't be told, and has been said */
async function placesIn(
  link: Link,
  opener: Opener | undefined,
  problems: Problems,
): Promise<((contact: ContactEntry) => string | undefined) | undefined> {
  const { parent, order } = link.manifest
  let names: Names = BY_ID
  try {
    if (order === 'keyed') names = await namesIn([link], opener)
  } catch (error) {
    problems.add(MANIFEST, messageOf(error))
    return undefined
  }
  let last: string | undefined
  return ({ contactId, state, removed, name = names.contact(contactId) }) => {
    if (parent === undefined && (state === 'dropped' || removed !== undefined))
      return 'it says what has changed, and there is nothing that it follows'
    if (order === undefined) return undefined
    const after = last
    last = name
    return after !== undefined && name <= after ? 'its contacts are not sorted' : undefined
  }
}

async function proveSchema(place: Place, manifest: Manifest, problems: Problems): Promise<number> {
  const text = await readText(place, SCHEMA, problems)
  if (text === undefined) return 0
  const { schema, problem } = readSchema(text.content, manifest)
  if (schema === undefined) problems.add(SCHEMA, problem)
  const { bytes, lines } = manifest.schema
  if (text.bytes !== bytes) problems.add(SCHEMA, `it has ${text.bytes} bytes; the manifest says ${bytes}`)
  const counted = text.content.split('\n').length - 1
  if (counted !== lines) problems.add(SCHEMA, `it has ${counted} lines; the manifest says ${lines}`)
  return text.bytes
}

/**
 * A part beside the manifest's own is history that nobody counted, or another export's.
 * @returns those that took the place of one, or that one has taken the place of
 */
async function proveNames(place: Place, manifest: Manifest, problems: Problems): Promise<readonly string[]> {
  const known = new Set(manifest.parts.flatMap(filesOf).map(({ name }) => name))
  const { files } = await place.list().catch(() => ({ files: [] }))
  const names = files.map(({ name }) => name)
  const leftovers = leftoversIn(manifest, names)
  for (const name of names) {
    if (!leftovers.includes(name) && ((isPartName(name) && !known.has(name)) || name.endsWith(TEMPORARY)))
      problems.add(name, 'the manifest does not name it')
  }
  return leftovers.map((name) => `${place.name}/${name}`)
}

async function readText(
  place: Place,
  name: string,
  problems: Problems,
): Promise<{ readonly content: string; readonly bytes: number } | undefined> {
  try {
    const content = await bytesAt(place, name)
    return { content: content.toString('utf8'), bytes: content.length }
  } catch (error) {
    problems.add(
      name,
      `it can't be read: ${codeOf(error) === 'ENOENT' ? 'it is not there' : messageOf(error)}`,
    )
    return undefined
  }
}
