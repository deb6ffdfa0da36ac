/**
 * Reads a finished snapshot, contact by contact; an increment together with those that it follows.
 * Guarantees: flat memory (one contact at a time, of each link); what has no manifest, another format version or a
 * manifest that was changed is refused; a part that differs from its proof ends in an OperatorError, never in a shorter
 * list. That a whole snapshot is undamaged is for `proveSnapshot` to say, before anything is done with it.
 */
import type { ContactRead, InteractionSchema } from '../model.ts'
import { changesIn, contactsIn, type Link, linksOf, namesIn } from './chain.ts'
import type { Manifest } from './format.ts'
import { schemaAt } from './manifest-file.ts'
import { localPlace, type Place } from './place.ts'
import { assertReadable } from './readable.ts'
import type { ContactChange } from './record.ts'
import type { Opener } from './seal.ts'

/** A contact and its place: both numbers count from 0 through the whole snapshot. */
export interface SnapshotContact extends ContactRead {
  readonly ordinal: number
  /** The number of its first record; of the next one to come where it has none. */
  readonly firstSeq: number
}

export interface Snapshot {
  /** Where it is: a path, or `s3://…`. */
  readonly folder: string
  readonly manifest: Manifest
  /** As it was read from the tenant, numbers as their text. */
  readonly schema: InteractionSchema
  /** The manifest's `digest`: who keeps it can tell this snapshot from any other. */
  readonly manifestDigest: string
  /** The snapshots that it is read from, a full one first, itself last. */
  readonly links: readonly Link[]
  /**
   * All contacts from a part on (1, the first, by default), in the snapshot's order. One that could not be read counts as
   * read, with what was known of it before.
   * Throws an OperatorError where a part is damaged; that may be after its last contact.
   */
  contacts(fromPart?: number): AsyncIterable<SnapshotContact>
  /**
   * @param ordinal a contact's place, from 0.
   * @returns the number of the part that holds it; past the last contact, the number after the last part. A chain is
   *   read from its beginning: 1, always.
   */
  partOf(ordinal: number): number
}

/**
 * Opens a snapshot.
 * @param at its folder, or wherever it is kept
 * @param opener for encrypted ones
 * @throws OperatorError where there is not a snapshot that this program knows, or it can't be read without an identity, or with this one
 */
export async function openSnapshot(at: string | Place, opener?: Opener): Promise<Snapshot> {
  const place = typeof at === 'string' ? localPlace(at) : at
  const links = await linksOf(place)
  await assertReadable(links, opener)
  const { manifest } = links.at(-1) as Link
  const base = {
    folder: place.name,
    manifest,
    schema: await schemaAt(place, manifest),
    manifestDigest: manifest.digest,
    links,
  }
  if (manifest.parent !== undefined) {
    const names = await namesIn(links, opener)
    return { ...base, contacts: () => numbered(contactsIn(links, names, opener)), partOf: () => 1 }
  }
  const [link] = links as [Link]
  return {
    ...base,
    contacts(fromPart = 1) {
      const before = manifest.parts.filter(({ number }) => number < fromPart)
      const ordinal = before.reduce((sum, part) => sum + part.contactCount, 0)
      const firstSeq = before.reduce((sum, part) => sum + part.records, 0)
      return numbered(changesIn(link, opener, fromPart), ordinal, firstSeq)
    },
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

async function* numbered(
  contacts: AsyncIterable<Omit<ContactChange, 'removed'>>,
  ordinal = 0,
  firstSeq = 0,
): AsyncGenerator<SnapshotContact, void, undefined> {
  for await (const { contactId, state, readAt, interactions } of contacts) {
    yield { contactId, state: state === 'gone' ? 'gone' : 'read', readAt, interactions, ordinal, firstSeq }
    ordinal += 1
    firstSeq += interactions.length
  }
}
