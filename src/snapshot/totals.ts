/**
 * What a snapshot, or a chain, adds up to, held against what its manifests say.
 * Guarantees: damage is reported, never thrown; of a chain every link is held against what it is read as together with those
 * before it; what is encrypted is held by its index where there is no identity.
 */
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../errors.ts'
import { type Link, namesIn, namesOfContactsIn, statesIn } from './chain.ts'
import type { State } from './facts.ts'
import { MANIFEST, type Manifest } from './format.ts'
import type { Problems } from './problems.ts'
import type { Opener } from './seal.ts'
import { StateTally } from './state.ts'

/** Of each link: what was true in its night is what it is read as, together with those before it. */
export async function proveChain(
  links: readonly Link[],
  problems: Problems,
  opener: Opener | undefined,
): Promise<void> {
  try {
    const states = await statesIn(links, await namesIn(links, opener), opener)
    for (const [index, { place, manifest }] of links.entries()) {
      const state = states[index]
      if (state === undefined || manifest.parent === undefined) continue
      const named = index === links.length - 1 ? problems : problems.within(place.name)
      proveTotals(manifest, state, 'read as one, the chain holds', named)
    }
  } catch (error) {
    problems.add(MANIFEST, `the chain can't be read: ${messageOf(error)}`)
  }
}

/** By names alone: where they are known, how many contacts and interactions the chain comes to can be told without an identity. */
export async function proveSealedChain(links: readonly Link[], problems: Problems): Promise<void> {
  const tip = links.at(-1) as Link
  if (links.some(({ manifest }) => manifest.encryption?.index === undefined)) return
  const tally = new StateTally()
  try {
    for await (const { state, added } of namesOfContactsIn(links)) tally.addSealed(state, added.length)
  } catch (error) {
    problems.add(MANIFEST, `the chain's index can't be read: ${messageOf(error)}`)
    return
  }
  const { contacts, interactions } = tally.state()
  const found = { ...contacts, records: interactions.records }
  const { read, empty, gone, failed } = tip.manifest.contacts
  const said = { read, empty, gone, failed, records: tip.manifest.interactions.records }
  if (!isDeepStrictEqual(found, said))
    problems.add(
      MANIFEST,
      `it says ${JSON.stringify(said)}; by its index, the chain holds ${JSON.stringify(found)}`,
    )
}

/** @param where what `found` was added up from, in words */
export function proveTotals(
  manifest: Manifest,
  { contacts, interactions, content }: State,
  where: string,
  problems: Problems,
): void {
  const { read, empty, gone, failed } = contacts
  const found = {
    ...{ read, empty, gone, failed, listed: read + gone + failed, records: interactions.records },
    ...{ oldestCreated: interactions.oldestCreated, newestCreated: interactions.newestCreated },
    ...{ content, complete: failed === 0 },
  }
  const { contacts: saidOf, interactions: said, formatVersion } = manifest
  const promised: typeof found = {
    ...{
      read: saidOf.read,
      empty: saidOf.empty,
      gone: saidOf.gone,
      failed: saidOf.failed,
      listed: saidOf.listed,
    },
    ...{ records: said.records, oldestCreated: said.oldestCreated, newestCreated: said.newestCreated },
    content: manifest.content,
    complete: formatVersion === 1 ? found.complete : (manifest.complete ?? false),
  }
  for (const [key, value] of Object.entries(promised)) {
    const counted = found[key as keyof typeof found]
    // An increment's writer could not know everything where it may not read its parent.
    const unknown = manifest.parent !== undefined && value === undefined
    if (!unknown && !isDeepStrictEqual(counted, value))
      problems.add(MANIFEST, `${key} is ${value ?? 'absent'}; ${where} ${counted ?? 'none'}`)
  }
}
