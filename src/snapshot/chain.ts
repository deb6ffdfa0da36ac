/**
 * A snapshot and those that it follows, read as one.
 * Guarantees: what a chain gives is what the tenant held in the night of its last link, contact by contact, in the order
 * of their names, with flat memory (one contact of each link); a link that is missing, is another one, or is not sorted
 * ends in an OperatorError, never in a shorter history. Contacts that a link has forgotten are not given, though the links
 * before it may have them still.
 */
import type { Interaction } from '../model.ts'
import { BY_ID, type IndexKey, indexKeyOf, type Names } from './digests.ts'
import type { State } from './facts.ts'
import { halfForgotten, type Stretch, stretchesOf } from './forgotten.ts'
import { MANIFEST, type Manifest, type PartProof } from './format.ts'
import { manifestAt } from './manifest-file.ts'
import { type Merged, merged } from './merged.ts'
import type { Place } from './place.ts'
import { ProvenLines, refusal } from './provenlines.ts'
import {
  type ContactChange,
  type IndexEntry,
  parseContact,
  parseIndexEntry,
  parseInteraction,
} from './record.ts'
import { locked, type Opener } from './seal.ts'
import { ChainTally } from './state.ts'

export interface Link {
  readonly place: Place
  readonly manifest: Manifest
}

/** A contact as the chain has it: `failed` with what was known of it before. */
export interface MergedContact extends Omit<ContactChange, 'removed'> {
  readonly name: string
}

/** Longer than any chain that makes sense: whatever it is, it is not one. */
const LONGEST = 10_000

/** @returns the digest that a child names its parent by: it stays when contacts are removed from the parent */
export function originOf({ origin, digest }: Pick<Manifest, 'origin' | 'digest'>): string {
  return origin ?? digest
}

/**
 * @returns the snapshot at a place as the last link, before it those that it follows, a full one first
 * @throws OperatorError where one of them is missing, can't be used, or is not the one that was followed
 */
export async function linksOf(place: Place): Promise<readonly Link[]> {
  const links: Link[] = [{ place, manifest: await manifestAt(place) }]
  for (let [first] = links; first?.manifest.parent !== undefined; [first] = links) {
    const { snapshot, origin } = first.manifest.parent
    const before = place.beside(snapshot)
    const manifest = await manifestAt(before).catch((error: unknown) => {
      throw refusal(
        `${place.name} can't be read without ${snapshot}, which it follows: ${String(error)}`,
        error,
      )
    })
    if (originOf(manifest) !== origin || links.length >= LONGEST)
      throw refusal(`${before.name} is not the snapshot that ${first.place.name} follows.`)
    links.unshift({ place: before, manifest })
  }
  return links
}

/**
 * @returns what names its links are sorted by
 * @throws OperatorError where that takes an identity and there is none, or the links don't go together
 */
export async function namesIn(links: readonly Link[], opener: Opener | undefined): Promise<Names> {
  return (await indexKeyIn(links, opener))?.names ?? BY_ID
}

/**
 * @returns the key that its links are sorted by; undefined where they are sorted by id
 * @throws as `namesIn`
 */
export async function indexKeyIn(
  links: readonly Link[],
  opener: Opener | undefined,
): Promise<IndexKey | undefined> {
  const keys = new Set(links.map(({ manifest }) => manifest.encryption?.index?.fingerprint))
  if (keys.size > 1) throw refusal('The links of this chain were written with different index keys.')
  const tip = links.at(-1) as Link
  const key = tip.manifest.encryption?.index?.key
  if (key === undefined) return undefined
  if (opener === undefined) throw locked(tip.place.name)
  const clear = await Array.fromAsync(opener.decrypt(tip.place.read(key.name)))
  return indexKeyOf(Buffer.concat(clear).toString('utf8'))
}

/** @returns what tells a chain from what it is once anything in it was written anew */
export function digestsOf(links: readonly Link[]): readonly string[] {
  return links.map(({ manifest }) => manifest.digest)
}

/** @returns what one link says of its contacts, in its order, from a part on (1 by default) */
export async function* changesIn(
  link: Link,
  opener: Opener | undefined,
  fromPart = 1,
): AsyncGenerator<ContactChange, void, undefined> {
  for (const part of link.manifest.parts) {
    if (part.number >= fromPart) yield* changesOf(link, part, opener)
  }
}

/** @returns what one part of it says */
export async function* changesOf(
  { place, manifest: { schemaId } }: Link,
  part: PartProof,
  opener: Opener | undefined,
): AsyncGenerator<ContactChange, void, undefined> {
  const contacts = new ProvenLines(place, part.contacts, opener)
  const records = new ProvenLines(place, part.interactions, opener)
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
      yield { ...entry, interactions }
    }
    if ((await records.next()) !== undefined) throw records.damaged('it belongs to no contact')
  } finally {
    await contacts.stop()
    await records.stop()
  }
}

/** @returns the contacts of a chain as of its last link; those that have left the list are not among them */
export async function* contactsIn(
  links: readonly Link[],
  names: Names,
  opener: Opener | undefined,
): AsyncGenerator<MergedContact, void, undefined> {
  const half = halfForgotten(links)
  for await (const { name, entries } of changesByName(links, names, opener)) {
    const last = stretchesOf(entries, half, links.length).at(-1)
    const contact = contactAfter(name, entriesOf(last?.entries ?? []), names)
    if (contact !== undefined) yield contact
  }
}

/** What the links of a chain say of each contact, the oldest first. */
function changesByName(
  links: readonly Link[],
  names: Names,
  opener: Opener | undefined,
): AsyncGenerator<Merged<ContactChange>, void, undefined> {
  const streams = links.map((link) => ({ from: manifestOf(link), entries: changesIn(link, opener) }))
  return merged(streams, (entry) => entry.name ?? names.contact(entry.contactId))
}

function entriesOf(entries: Stretch['entries']): readonly ContactChange[] {
  return entries.map(({ entry }) => entry)
}

function contactAfter(
  name: string,
  entries: readonly ContactChange[],
  names: Names,
): MergedContact | undefined {
  const last = entries.at(-1)
  if (last === undefined || last.state === 'dropped') return undefined
  const interactions = heldAfter(
    entries,
    ({ interactions }) => interactions,
    (record) => names.interaction(record),
  )
  const { contactId, state, readAt } = last
  return {
    name,
    contactId,
    state,
    readAt,
    interactions: interactions.sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/**
 * @param isLeftOut says of a contact whether it is passed over
 * @returns what the tenant held in the night of each link
 */
export async function statesIn(
  links: readonly Link[],
  names: Names,
  opener: Opener | undefined,
  isLeftOut: (contact: ContactChange) => boolean = () => false,
): Promise<readonly State[]> {
  const tally = new ChainTally(links.length)
  const half = halfForgotten(links)
  for await (const { name, entries } of changesByName(links, names, opener)) {
    const counting = entries.filter(({ entry }) => !isLeftOut(entry))
    for (const stretch of stretchesOf(counting, half, links.length)) {
      for (const [at, { index }] of stretch.entries.entries()) {
        const contact = contactAfter(name, entriesOf(stretch.entries.slice(0, at + 1)), names)
        const upTo = stretch.entries[at + 1]?.index ?? stretch.upTo
        if (contact !== undefined) tally.add(contact, index, upTo)
      }
    }
  }
  return tally.states()
}

/** @returns the contacts of a chain by their names, `added` being all that they have; needs no identity */
export async function* namesOfContactsIn(
  links: readonly Link[],
): AsyncGenerator<IndexEntry, void, undefined> {
  const streams = links.map((link) => ({ from: manifestOf(link), entries: indexIn(link) }))
  for await (const { name, entries: indexed } of merged(streams, (entry) => entry.name)) {
    const entries = indexed.map(({ entry }) => entry)
    const last = entries.at(-1)
    if (last === undefined || last.state === 'dropped') continue
    const added = heldAfter(
      entries,
      (entry) => entry.added,
      (each) => each,
    )
    yield { name, state: last.state, added }
  }
}

async function* indexIn({ place, manifest }: Link): AsyncGenerator<IndexEntry, void, undefined> {
  for (const { index } of manifest.parts) {
    if (index === undefined) throw refusal(`${place.name} has no index to make an increment from.`)
    const lines = new ProvenLines(place, index)
    try {
      for (let line = await lines.next(); line !== undefined; line = await lines.next())
        yield lines.parse(line, parseIndexEntry)
    } finally {
      await lines.stop()
    }
  }
}

function manifestOf({ place }: Link): string {
  return `${place.name}/${MANIFEST}`
}

/** What a contact has after all that was said of it, the oldest first. */
function heldAfter<Entry extends Pick<ContactChange, 'state' | 'removed'>, Each>(
  entries: readonly Entry[],
  addedOf: (entry: Entry) => readonly Each[],
  nameOf: (each: Each) => string,
): Each[] {
  const held = new Map<string, Each>()
  for (const entry of entries) {
    // Of one that failed is known what was known before.
    if (entry.state === 'failed') continue
    if (entry.state !== 'read') held.clear()
    for (const name of entry.removed ?? []) held.delete(name)
    for (const each of addedOf(entry)) held.set(nameOf(each), each)
  }
  return [...held.values()]
}
