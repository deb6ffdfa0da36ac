/**
 * A chain of snapshots → one full snapshot beside it.
 * Guarantees: what is written holds the very interactions that the chain holds, by number and by sum, and is proven before
 * it counts; nothing of the chain is changed or removed: that is for retention to decide, once nothing follows it any more.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EXIT, OperatorError } from '../errors.ts'
import { stamp, timeOf } from '../names.ts'
import { contactsIn, digestsOf, indexKeyIn, type Link, linksOf, namesIn } from '../snapshot/chain.ts'
import type { Names } from '../snapshot/digests.ts'
import { MANIFEST, type Manifest, type PartProof } from '../snapshot/format.ts'
import { hasManifest, schemaAt } from '../snapshot/manifest-file.ts'
import { openParts } from '../snapshot/parts.ts'
import type { Place } from '../snapshot/place.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { assertReadable } from '../snapshot/readable.ts'
import type { Opener, Seal } from '../snapshot/seal.ts'
import { finishSnapshot, removeUnfinished, writeIndexKey, writeSchema } from '../snapshot/writer.ts'
import { Interrupted } from '../transfer/progress.ts'
import { publish } from './publish.ts'

export interface Compaction {
  /** The last snapshot of the chain. */
  readonly place: Place
  readonly opener: Opener | undefined
  /** Must be there where the chain is encrypted: nothing of it is ever written in clear. */
  readonly seal: Seal | undefined
  readonly contactsPerPart: number
  /** @returns the folder on this machine to write to, for what will be kept elsewhere */
  spoolFor(stamp: string): string
  readonly tool: Manifest['tool']
  readonly stop: AbortSignal
}

/**
 * @returns the new snapshot's place and manifest; its stamp comes right behind that of the chain's last one
 * @throws OperatorError (exit 4) where there is no chain, it is not complete, or it is encrypted and may not be read or
 *   written so; (exit 5) where the chain is damaged; Interrupted after a stop
 */
export async function compact(
  work: Compaction,
): Promise<{ readonly place: Place; readonly manifest: Manifest }> {
  const { place, opener, seal } = work
  const links = await linksOf(place)
  const { manifest: tip } = links.at(-1) as Link
  assertCompactable(place, tip, seal)
  await assertReadable(links, opener)
  const key = await indexKeyIn(links, opener)
  // Where no identity is for it, that is what is to be told, not damage.
  for await (const _ of contactsIn(links, await namesIn(links, opener), opener)) break
  const proof = await proveSnapshot(place, { opener })
  if (!proof.ok) throw damaged(place, proof.problems)
  const name = stamp(timeOf(place.base) + 1)
  const to = place.beside(name)
  if (await hasManifest(to)) throw alreadyThere(to)
  const folder = to.folder ?? work.spoolFor(name)
  // An earlier attempt may have come as far as a manifest here; it is made again from the chain.
  if (to.folder === undefined) await rm(folder, { recursive: true, force: true })
  await removeUnfinished(folder, [])
  const schema = await writeSchema(folder, await schemaAt(place, tip))
  const index = key &&
    seal && { fingerprint: key.fingerprint, key: await writeIndexKey(folder, key.secret, seal) }
  const parts = await writeParts(work, links, folder, key?.names)
  const { tenant, schemaId, pass, createdAt, startedAt, finishedAt, compression, order, secondLook } = tip
  const { source, listed, counted, carried } = tip.contacts
  const manifest = await finishSnapshot(
    folder,
    {
      ...{ tool: work.tool, tenant, schemaId, pass, createdAt, startedAt, finishedAt, compression, schema },
      ...(order && { order }),
      ...(secondLook && { secondLook }),
      ...(seal && {
        encryption: {
          ...{ method: 'age' as const, recipients: seal.recipients, keys: seal.keys },
          ...(index && { index }),
        },
      }),
      contacts: {
        ...{ source, listed, ...(counted !== undefined && { counted }) },
        ...(carried !== undefined && { carried }),
      },
    },
    parts,
  )
  // By its bytes where it is encrypted: the identity given may not be for the keys of the new one.
  const made = await proveSnapshot(folder)
  const same =
    manifest.interactions.records === tip.interactions.records &&
    (tip.content === undefined || manifest.content === tip.content)
  if (!made.ok || !same) {
    await rm(join(folder, MANIFEST))
    throw notTheSame(folder, made.problems)
  }
  // No lock reaches another machine: what was removed from the chain meanwhile must not come back with this.
  if (!isDeepStrictEqual(digestsOf(await linksOf(place)), digestsOf(links))) {
    await rm(folder, { recursive: true })
    throw writtenAnew(place)
  }
  if (to.folder === undefined) await publish(folder, to)
  return { place: to, manifest }
}

async function writeParts(
  { opener, seal, contactsPerPart, stop }: Compaction,
  links: readonly Link[],
  folder: string,
  keyed: Names | undefined,
): Promise<readonly PartProof[]> {
  const { compression, schemaId } = (links.at(-1) as Link).manifest
  const parts = openParts(folder, contactsPerPart, { compression, schemaId, seal, index: keyed })
  try {
    for await (const contact of contactsIn(links, await namesIn(links, opener), opener)) {
      if (stop.aborted) throw new Interrupted()
      const { contactId, state, readAt, interactions } = contact
      await parts.add({ contactId, state, readAt, interactions })
    }
    return await parts.close()
  } finally {
    await parts.abandon()
  }
}

function assertCompactable(place: Place, tip: Manifest, seal: Seal | undefined): void {
  const refuse = (what: string, next: string): OperatorError =>
    new OperatorError({ what, safe: 'Nothing was written.', next, exit: EXIT.precondition })
  if (tip.parent === undefined)
    throw refuse(`${place.name} follows no other: it is a full snapshot already.`, 'There is nothing to do.')
  if (tip.complete === false)
    throw refuse(
      `${place.name} is incomplete: contacts could not be read, and what it has of them is older than the rest.`,
      'Compact the next one that is complete: engage-migrate snapshots list',
    )
  if (tip.encryption !== undefined && seal === undefined)
    throw refuse(
      `${place.name} is encrypted: what is made of it must be, too.`,
      'Name the keys to encrypt it for: --encrypt-to AGE1… or --recipients-file FILE',
    )
}

function alreadyThere({ name }: Place): OperatorError {
  return new OperatorError({
    what: `${name} is there already: that chain has been compacted.`,
    safe: 'Nothing was written.',
    next: 'There is nothing to do.',
    exit: EXIT.precondition,
  })
}

function writtenAnew({ name }: Place): OperatorError {
  return new OperatorError({
    what: `The chain of ${name} was written anew while it was compacted: contacts were removed from it.`,
    safe: 'Nothing was kept of what was compacted.',
    next: 'Run the same command again.',
    exit: EXIT.precondition,
  })
}

function damaged(place: Place, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${place.name} is damaged: ${problems.slice(0, 5).join('; ')}.`,
    safe: 'Nothing was written.',
    next: `engage-migrate verify ${place.name}`,
    exit: EXIT.differences,
  })
}

function notTheSame(folder: string, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${folder} does not hold what the chain holds: ${problems.slice(0, 5).join('; ') || 'their sums differ'}.`,
    safe: 'The chain is as it was.',
    next: 'Look at that disk, remove that folder, then run the same command again.',
    exit: EXIT.differences,
  })
}
