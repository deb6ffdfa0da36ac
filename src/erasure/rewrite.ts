/**
 * One snapshot without the contacts.
 * Guarantees: only parts that hold them are written anew, and what is left and what is taken of a part add up to what it
 * held; the new manifest takes the old one's place in one step, when all files that it names have been read back from there;
 * only then the old ones go. Killed at any point, the snapshot is whole, with the contacts or without.
 */
import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { putProven, writeManifest } from '../backup/publish.ts'
import { changesOf, type Link, originOf } from '../snapshot/chain.ts'
import type { Names } from '../snapshot/digests.ts'
import { type State, sealed, stateOf } from '../snapshot/facts.ts'
import {
  FORMAT_VERSION,
  type Forgotten,
  filesOf,
  leftoversIn,
  type Manifest,
  type PartFacts,
  type PartProof,
  partOf,
  TEMPORARY,
} from '../snapshot/format.ts'
import { manifestText } from '../snapshot/manifest.ts'
import type { Place } from '../snapshot/place.ts'
import type { Opener, Seal } from '../snapshot/seal.ts'
import { addUp, PartTally } from '../snapshot/tally.ts'
import { openPart } from '../snapshot/writer.ts'
import type { Telling } from './wanted.ts'

export interface Rewriting {
  readonly link: Link
  /** Numbers of the parts that hold the contacts. */
  readonly parts: ReadonlySet<number>
  readonly tell: Telling
  readonly names: Names
  readonly opener: Opener | undefined
  readonly seal: Seal | undefined
  /** Folder on this machine for what is written before it goes there; nothing else is in it. */
  readonly spool: string
  /** What an increment comes to without them; ignored of a full snapshot. */
  readonly state: State | undefined
  /** To be added to what the manifest says was removed. */
  readonly forgotten: readonly Forgotten[]
}

/** @throws OperatorError where the snapshot is damaged, or its place refuses or does not keep what it is given */
export async function rewrite(work: Rewriting): Promise<Manifest> {
  const { link, spool } = work
  const { place, manifest } = link
  await rm(spool, { recursive: true, force: true })
  const parts: PartProof[] = []
  for (const part of manifest.parts)
    parts.push(work.parts.has(part.number) ? await rewritePart(part, work) : part)
  const made = manifestWithout(manifest, parts, work)
  const kept = new Set(manifest.parts.flatMap(filesOf).map(({ name }) => name))
  for (const file of parts.flatMap(filesOf)) if (!kept.has(file.name)) await putProven(spool, file, place)
  await writeManifest(place, Buffer.from(manifestText(made)))
  await removeLeftovers(place, made)
  await rm(spool, { recursive: true, force: true })
  return made
}

async function rewritePart(
  part: PartProof,
  { link, tell, names, opener, seal, spool }: Rewriting,
): Promise<PartProof> {
  const { compression, schemaId } = link.manifest
  const writer = await openPart(spool, part.number, {
    ...{ compression, schemaId, seal, revision: partOf(part.contacts.name).revision + 1 },
    ...(part.index && { index: names }),
  })
  const taken = new PartTally()
  try {
    for await (const change of changesOf(link, part, opener)) {
      if (tell(change) === undefined) await writer.add(change)
      else {
        for (const record of change.interactions) taken.addRecord(record)
        taken.addContact(change, change.interactions.length)
      }
    }
    const made = await writer.close()
    // Whoever takes something out of the only copy of the rest shows that it was nothing else.
    if (!addsUp(factsOf(part), factsOf(made), taken.facts()))
      throw new Error(`${link.place.name}: part ${part.number} would lack more than is to be removed`)
    return made
  } finally {
    await writer.abandon()
  }
}

/** @returns whether what is left of a part and what was taken from it are what it held */
export function addsUp(before: PartFacts, left: PartFacts, taken: PartFacts): boolean {
  const { content, ...counts } = addUp([left, taken])
  // Parts of the first version don't tell their content.
  return isDeepStrictEqual(before.content === undefined ? counts : { ...counts, content }, { ...before })
}

function factsOf({
  number: _,
  interactions: __,
  contacts: ___,
  index: ____,
  ...facts
}: PartProof): PartFacts {
  return facts
}

function manifestWithout(
  manifest: Manifest,
  parts: readonly PartProof[],
  { state, forgotten }: Pick<Rewriting, 'state' | 'forgotten'>,
): Manifest {
  const { digest: _, content: __, ...rest } = manifest
  const left = manifest.parent === undefined ? stateOf(addUp(parts)) : state
  if (left === undefined) throw new Error(`${manifest.parent?.snapshot}: what follows it is not known`)
  const { contacts, interactions, content } = left
  const listed = contacts.read + contacts.gone + contacts.failed
  const { carried } = manifest.contacts
  return sealed({
    ...rest,
    formatVersion: FORMAT_VERSION,
    complete: contacts.failed === 0,
    origin: originOf(manifest),
    forgotten: [...(manifest.forgotten ?? []), ...forgotten],
    ...(content !== undefined && { content }),
    contacts: {
      ...{ ...manifest.contacts, listed, ...contacts },
      ...(carried !== undefined && { carried: Math.min(carried, listed) }),
    },
    interactions,
    parts,
  })
}

/**
 * Removes what was left of parts that others have taken the place of, or were to. Where a part that the manifest names is not
 * there with its bytes, what is beside it stays: it may be all that is left.
 */
export async function removeLeftovers(place: Place, manifest: Manifest): Promise<void> {
  const { files } = await place.list()
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const names = [...sizes.keys()]
  const whole = new Set(
    manifest.parts
      .filter((part) => filesOf(part).every(({ name, bytes }) => sizes.get(name) === bytes))
      .map(({ number }) => number),
  )
  for (const name of leftoversIn(manifest, names)) {
    if (name.endsWith(TEMPORARY) || whole.has(partOf(name).number)) await place.remove(name)
  }
}
