/**
 * The contacts of two snapshots in one order, so that they can be read side by side.
 * Guarantees: flat memory; what is sorted already is read as it is, what is not is sorted on disk; of encrypted snapshots
 * nothing is written in clear: they are refused where that would be needed.
 */
import { type Json, parseJson, stringifyJson } from '../json.ts'
import { changesIn, contactsIn, type Link, linksOf, type MergedContact, namesIn } from './chain.ts'
import { BY_ID } from './digests.ts'
import type { Manifest } from './format.ts'
import type { Place } from './place.ts'
import { refusal } from './provenlines.ts'
import { assertReadable } from './readable.ts'
import type { Opener } from './seal.ts'
import { Sorter } from './sort.ts'

export interface Ordered extends AsyncDisposable {
  readonly manifest: Manifest
  /** By their names; of a chain as of its last link. */
  readonly contacts: AsyncIterable<MergedContact>
}

export interface Ordering {
  readonly opener: Opener | undefined
  /** A folder of this process alone, for what must be sorted. */
  readonly folder: string
  /** As the sorter's. */
  readonly runSize?: number
}

/**
 * @returns both, in the same order
 * @throws OperatorError where one can't be read, or both can't be brought into one order
 */
export async function inOneOrder(
  places: readonly [Place, Place],
  ordering: Ordering,
): Promise<readonly [Ordered, Ordered]> {
  const [a, b] = [await linksOf(places[0]), await linksOf(places[1])]
  for (const links of [a, b]) await assertReadable(links, ordering.opener)
  const orders = [orderOf(tipOf(a)), orderOf(tipOf(b))]
  if (orders[0] !== undefined && orders[0] === orders[1])
    return [await asItIs(a, ordering.opener), await asItIs(b, ordering.opener)]
  if ([a, b].some((links) => tipOf(links).encryption !== undefined)) {
    throw refusal(
      `${places[0].name} and ${places[1].name} are not sorted in the same way, and to sort encrypted snapshots would ` +
        'write them in clear.',
    )
  }
  const first = await sorted(a, 'a', ordering)
  try {
    return [first, await sorted(b, 'b', ordering)]
  } catch (error) {
    await first[Symbol.asyncDispose]()
    throw error
  }
}

function tipOf(links: readonly Link[]): Manifest {
  return (links.at(-1) as Link).manifest
}

/** @returns the same for two snapshots that are sorted in the same way; undefined where one is not sorted */
function orderOf({ order, encryption }: Manifest): string | undefined {
  return order && (encryption?.index?.fingerprint ?? 'id')
}

async function asItIs(links: readonly Link[], opener: Opener | undefined): Promise<Ordered> {
  return {
    manifest: tipOf(links),
    contacts: contactsIn(links, await namesIn(links, opener), opener),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

async function sorted(links: readonly Link[], name: string, ordering: Ordering): Promise<Ordered> {
  const manifest = tipOf(links)
  // What follows another is sorted, or can't be read at all.
  if (manifest.order !== undefined || links.length > 1) return asItIs(links, undefined)
  const { folder, runSize } = ordering
  const sorter = new Sorter<MergedContact>({
    ...{ folder, name, compare: (a, b) => (a.name < b.name ? -1 : 1) },
    parse: (line) => parseJson(line) as unknown as MergedContact,
    ...(runSize !== undefined && { runSize }),
  })
  try {
    for await (const contact of inTheirOrder(links.at(-1) as Link)) {
      await sorter.add(contact, stringifyJson(contact as unknown as Json).length)
    }
  } catch (error) {
    await sorter.discard()
    throw error
  }
  return { manifest, contacts: sorter.sorted(), [Symbol.asyncDispose]: () => sorter.discard() }
}

async function* inTheirOrder(link: Link): AsyncGenerator<MergedContact, void, undefined> {
  for await (const { contactId, state, readAt, interactions } of changesIn(link, undefined))
    yield { name: BY_ID.contact(contactId), contactId, state, readAt, interactions }
}
