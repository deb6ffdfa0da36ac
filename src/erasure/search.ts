/**
 * Which snapshots hold the contacts, and in which parts.
 * Guarantees: changes nothing; every contact line of every snapshot is read, against its proof; snapshots that are read
 * together come together, each before the one that it follows.
 */
import type { CatalogEntry } from '../snapshot/catalog.ts'
import type { Link } from '../snapshot/chain.ts'
import { forgottenDigestOf } from '../snapshot/digests.ts'
import { halfForgotten } from '../snapshot/forgotten.ts'
import { leftoversIn } from '../snapshot/format.ts'
import { ProvenLines } from '../snapshot/provenlines.ts'
import { parseContact } from '../snapshot/record.ts'
import { childrenFirst } from '../snapshot/removal.ts'
import type { Opener } from '../snapshot/seal.ts'
import { hasForgotten, tellerOf } from './wanted.ts'

/** A snapshot of a family, and what it holds of the contacts. */
export interface Member {
  readonly link: Link
  /** Numbers of the parts that hold any. */
  readonly parts: ReadonlySet<number>
  /** Ids of the contacts that it holds. */
  readonly contacts: ReadonlySet<string>
  /** How many interactions of them it holds; of an increment, new ones. */
  readonly interactions: number
  /** Names of files that whoever was killed before has left in it. */
  readonly leftovers: readonly string[]
}

/** Snapshots of a schema that follow each other. */
export interface Family {
  /** Each before the one that it follows. */
  readonly members: readonly Member[]
  /** Chains: from a full one to each that nothing follows. */
  readonly chains: ReadonlyArray<readonly Link[]>
  /** Ids of the contacts that any of them holds, or that were removed from a part of them only. */
  readonly found: ReadonlySet<string>
}

/**
 * @param entries snapshots of one schema, all of them, each with a manifest
 * @param contacts lower-case GUIDs
 * @param onLook told of each snapshot that has been looked into
 * @throws OperatorError (exit 4) where one is damaged, or encrypted and can't be read
 */
export async function search(
  entries: readonly CatalogEntry[],
  contacts: ReadonlySet<string>,
  opener: Opener | undefined,
  onLook: () => void = () => {},
): Promise<readonly Family[]> {
  const members = new Map<string, Member>()
  for (const { stamp, place, manifest } of entries) {
    if (manifest === undefined) throw new Error(`${place.name} has no manifest`)
    members.set(stamp, await lookInto({ place, manifest }, contacts, opener))
    onLook()
  }
  return familiesOf(members).map((family) => familyOf(family, contacts))
}

async function lookInto(
  link: Link,
  contacts: ReadonlySet<string>,
  opener: Opener | undefined,
): Promise<Member> {
  const { tell } = await tellerOf(link, contacts, opener)
  const parts = new Set<number>()
  const found = new Set<string>()
  let interactions = 0
  for (const part of link.manifest.parts) {
    const lines = new ProvenLines(link.place, part.contacts, opener)
    try {
      for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
        const entry = lines.parse(line, parseContact)
        const id = tell(entry)
        if (id === undefined) continue
        parts.add(part.number)
        found.add(id)
        interactions += entry.interactions
      }
    } finally {
      await lines.stop()
    }
  }
  const names = (await link.place.list()).files.map(({ name }) => name)
  return { link, parts, contacts: found, interactions, leftovers: leftoversIn(link.manifest, names) }
}

/** @returns the members that follow each other, each before the one that it follows */
function familiesOf(members: ReadonlyMap<string, Member>): ReadonlyArray<readonly Member[]> {
  const rootOf = (member: Member): string => {
    let { link } = member
    for (let steps = 0; steps < members.size; steps += 1) {
      const before = members.get(link.manifest.parent?.snapshot ?? '')
      if (before === undefined) break
      link = before.link
    }
    return link.place.base
  }
  const ordered = childrenFirst(
    [...members].map(([stamp, member]) => ({ stamp, parent: parentOf(member), member })),
  )
  const families = Map.groupBy(ordered, ({ member }) => rootOf(member))
  return [...families.values()].map((family) => family.map(({ member }) => member))
}

function parentOf({ link }: Member): string | undefined {
  return link.manifest.parent?.snapshot
}

function familyOf(members: readonly Member[], contacts: ReadonlySet<string>): Family {
  const byStamp = new Map(members.map((member) => [member.link.place.base, member]))
  const followed = new Set(members.map(parentOf))
  const chains = members
    .filter(({ link }) => !followed.has(link.place.base))
    .map((tip) => {
      const chain: Link[] = []
      for (let at: Member | undefined = tip; at !== undefined; at = byStamp.get(parentOf(at) ?? ''))
        chain.unshift(at.link)
      return chain
    })
  const held = members.flatMap((member) => [...member.contacts])
  const half = [...contacts].filter((id) =>
    chains.some((chain) => halfForgotten(chain).has(forgottenDigestOf(id))),
  )
  return { members, chains, found: new Set([...held, ...half]) }
}

/**
 * @returns the snapshots that something is to be done to: those that hold any, those that come to less without them, and
 *   those in which something was left
 */
export function concernedIn(family: Family): readonly Member[] {
  return family.members.filter((member) => member.leftovers.length > 0 || isToRewrite(member, family.found))
}

/** @returns whether a snapshot is to be written anew */
export function isToRewrite({ link, parts }: Member, found: ReadonlySet<string>): boolean {
  return parts.size > 0 || [...found].some((id) => !hasForgotten(link, id))
}
