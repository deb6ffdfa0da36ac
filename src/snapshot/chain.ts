/**
 * A snapshot and those that it follows, read as one.
 * Guarantees: what a chain gives is what the tenant held in the night of its last link, contact by contact, in the order
 * of their names, with flat memory (one contact of each link); a link that is missing, is another one, or is not sorted
 * ends in an OperatorError, never in a shorter history.
 */
import type { Interaction } from '../model.ts'
import { byId, type IndexKey, indexKeyOf, type NameOf } from './digests.ts'
import { MANIFEST, type Manifest, type PartProof } from './format.ts'
import { manifestAt } from './manifest-file.ts'
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
export async function namesIn(links: readonly Link[], opener: Opener | undefined): Promise<NameOf> {
  return (await indexKeyIn(links, opener))?.nameOf ?? byId
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

/** @returns what one link says of its contacts, in its order, from a part on (1 by default) */
export async function* changesIn(
  { place, manifest }: Link,
  opener: Opener | undefined,
  fromPart = 1,
): AsyncGenerator<ContactChange, void, undefined> {
  for (const part of manifest.parts) {
    if (part.number >= fromPart) yield* changesOf(place, part, manifest.schemaId, opener)
  }
}

async function* changesOf(
  place: Place,
  part: PartProof,
  schemaId: string,
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
  nameOf: NameOf,
  opener: Opener | undefined,
): AsyncGenerator<MergedContact, void, undefined> {
  const streams = links.map((link) => ({ link, entries: changesIn(link, opener) }))
  for await (const { name, entries } of together(streams, (entry) => entry.name ?? nameOf(entry.contactId))) {
    const last = entries.at(-1)
    if (last === undefined || last.state === 'dropped') continue
    const interactions = heldAfter(
      entries,
      ({ interactions }) => interactions,
      ({ id }) => nameOf(id),
    )
    const { contactId, state, readAt } = last
    yield {
      name,
      contactId,
      state,
      readAt,
      interactions: interactions.sort((a, b) => (a.id < b.id ? -1 : 1)),
    }
  }
}

/** @returns the contacts of a chain by their names, `added` being all that they have; needs no identity */
export async function* namesOfContactsIn(
  links: readonly Link[],
): AsyncGenerator<IndexEntry, void, undefined> {
  const streams = links.map((link) => ({ link, entries: indexIn(link) }))
  for await (const { name, entries } of together(streams, (entry) => entry.name)) {
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

/** Streams that are sorted by name, side by side: for each name what they have of it, in the order of the streams. */
async function* together<Entry>(
  streams: ReadonlyArray<{ readonly link: Link; readonly entries: AsyncGenerator<Entry, void, undefined> }>,
  nameOf: (entry: Entry) => string,
): AsyncGenerator<{ readonly name: string; readonly entries: readonly Entry[] }, void, undefined> {
  const next = async (index: number, after: string | undefined) => {
    const result = await (streams[index] as (typeof streams)[number]).entries.next()
    if (result.done === true) return undefined
    const head = { name: nameOf(result.value), entry: result.value }
    if (after !== undefined && head.name <= after)
      throw refusal(`${streams[index]?.link.place.name}/${MANIFEST}: its contacts are not sorted.`)
    return head
  }
  const heads = await Promise.all(streams.map((_, index) => next(index, undefined)))
  try {
    for (;;) {
      let name: string | undefined
      for (const head of heads)
        if (head !== undefined && (name === undefined || head.name < name)) name = head.name
      if (name === undefined) return
      const entries: Entry[] = []
      for (const [index, head] of heads.entries()) {
        if (head?.name !== name) continue
        entries.push(head.entry)
        heads[index] = await next(index, name)
      }
      yield { name, entries }
    }
  } finally {
    for (const { entries } of streams) await entries.return()
  }
}
