/**
 * Contacts are removed from the snapshots of a schema.
 * Guarantees: nothing is changed before all snapshots that follow each other are proven whole; they are written from the
 * last one backwards, so that each says at any moment what was true in its night, with the contacts or without; all of them
 * are proven once more when it is done. Done again after a kill, it goes on.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Link, namesIn, statesIn } from '../snapshot/chain.ts'
import { forgottenDigestOf } from '../snapshot/digests.ts'
import type { State } from '../snapshot/facts.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import type { Opener, Seal } from '../snapshot/seal.ts'
import { Interrupted } from '../transfer/progress.ts'
import { removeLeftovers, rewrite } from './rewrite.ts'
import { concernedIn, type Family, isToRewrite, type Member } from './search.ts'
import { hasForgotten, tellerOf } from './wanted.ts'

export interface Erasing {
  readonly opener: Opener | undefined
  /** Must be there where a snapshot is encrypted: nothing of it is ever written in clear. */
  readonly seal: Seal | undefined
  /** Folder of this process alone, on this machine. */
  readonly spool: string
  readonly clock: Clock
  readonly stop: AbortSignal
  /** Told of each snapshot that is done. */
  onDone(member: Member): void
}

/**
 * Removes what was found, family by family; and what an earlier process that was killed has left of it.
 * @throws OperatorError (exit 4) where it can't be begun: a snapshot is damaged, or can't be encrypted as it was; (exit 5)
 *   where one is not whole afterwards; what the place says; Interrupted after a stop
 */
export async function erase(families: readonly Family[], work: Erasing): Promise<void> {
  for (const family of families) await eraseIn(family, work)
  await rm(work.spool, { recursive: true, force: true })
}

async function eraseIn(family: Family, work: Erasing): Promise<void> {
  const { chains, found } = family
  const concerned = concernedIn(family)
  if (concerned.length === 0) return
  const toRewrite = new Set(concerned.filter((member) => isToRewrite(member, found)))
  for (const { link } of toRewrite) await assertSealable(link, work)
  for (const chain of chains) await assertWhole(chain, work.opener, notBegun)
  const states = toRewrite.size === 0 ? new Map<string, State>() : await statesWithout(family, work.opener)
  const at = new Date(work.clock.now()).toISOString()
  for (const member of concerned) {
    if (work.stop.aborted) throw new Interrupted()
    const { link, parts } = member
    if (toRewrite.has(member)) {
      const { tell, names } = await tellerOf(link, found, work.opener)
      const ids = [...found].filter((id) => !hasForgotten(link, id))
      await rewrite({
        ...{ link, parts, tell, names, opener: work.opener },
        seal: link.manifest.encryption === undefined ? undefined : work.seal,
        spool: join(work.spool, link.place.base),
        state: states.get(link.place.base),
        forgotten: ids.map((id) => ({ at, contact: forgottenDigestOf(id) })),
      })
    } else await removeLeftovers(link.place, link.manifest)
    work.onDone(member)
  }
  for (const chain of chains) await assertWhole(chain, work.opener, notWhole)
}

/** @returns what each increment comes to without the contacts, by its stamp */
async function statesWithout(
  { chains, found }: Family,
  opener: Opener | undefined,
): Promise<ReadonlyMap<string, State>> {
  const states = new Map<string, State>()
  for (const chain of chains) {
    const [first] = chain
    // A full one's parts say what it comes to.
    if (first === undefined || chain.length === 1) continue
    const { tell } = await tellerOf(first, found, opener)
    const all = await statesIn(
      chain,
      await namesIn(chain, opener),
      opener,
      (contact) => tell(contact) !== undefined,
    )
    for (const [index, { place }] of chain.entries()) {
      const state = all[index]
      if (state !== undefined) states.set(place.base, state)
    }
  }
  return states
}

/** Proves a chain's last snapshot, and with it all that it follows. */
async function assertWhole(
  chain: readonly Link[],
  opener: Opener | undefined,
  refusal: (name: string, problems: readonly string[]) => OperatorError,
): Promise<void> {
  const tip = chain.at(-1)
  if (tip === undefined) return
  const { ok, problems } = await proveSnapshot(tip.place, { opener })
  if (!ok) throw refusal(tip.place.name, problems)
}

/**
 * What is written anew must be readable by whoever could read it before. Of a snapshot that an earlier version wrote, only the number of the keys is known.
 * @throws OperatorError (exit 4)
 */
async function assertSealable(
  { place, manifest: { encryption } }: Link,
  { seal, opener }: Pick<Erasing, 'seal' | 'opener'>,
): Promise<void> {
  if (encryption === undefined) return
  const { recipients, keys = seal?.keys } = encryption
  const problem =
    seal?.recipients !== recipients
      ? `${seal === undefined ? 'none' : seal.recipients} was given`
      : seal.keys !== keys
        ? 'others were given'
        : (await canRead(seal, opener))
          ? undefined
          : 'the identity that reads it could not read what is encrypted for those that were given'
  if (problem === undefined) return
  throw new OperatorError({
    what: `${place.name} is encrypted for ${recipients === 1 ? 'one public key' : `${recipients} public keys`}, and what is written anew of it must be, for the same; ${problem}.`,
    safe: 'Nothing was changed in it.',
    next: 'Name the very keys that its backups are made with: --encrypt-to AGE1… or --recipients-file FILE',
    exit: EXIT.precondition,
  })
}

async function canRead(seal: Seal, opener: Opener | undefined): Promise<boolean> {
  const probe = Buffer.from('a probe')
  try {
    const sealed = Readable.from(seal.encrypt(Readable.from([probe])))
    const opened = await Array.fromAsync(opener?.decrypt(sealed) ?? [])
    return Buffer.concat(opened).equals(probe)
  } catch {
    return false
  }
}

function notBegun(name: string, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${name} is damaged: ${problems.slice(0, 5).join('; ')}.`,
    safe: 'Nothing was changed in it, nor in those that it follows.',
    next: 'Put the damaged files back from a copy, or move its folder away; then run the same command again.',
    exit: EXIT.precondition,
  })
}

function notWhole(name: string, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${name} is not whole any more, now that contacts were removed from it: ${problems.slice(0, 5).join('; ')}.`,
    safe: 'The tenant was not touched.',
    next: `Look at that disk; engage-migrate verify ${name}`,
    exit: EXIT.differences,
  })
}
