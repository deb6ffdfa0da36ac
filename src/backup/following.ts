/**
 * Which snapshot a backup follows.
 * Guarantees: pure; an increment follows only what it can be compared with and read together with; where there is nothing
 * to follow it is a full one, and the reason is told.
 */

import type { CatalogEntry } from '../snapshot/catalog.ts'
import { halfForgotten } from '../snapshot/forgotten.ts'
import { BACKUP, type Manifest } from '../snapshot/format.ts'

export interface Wishes {
  /** What its contacts are sorted by. */
  readonly order: 'id' | 'keyed'
  /** Of the index key, where there is one. */
  readonly fingerprint: string | undefined
  readonly encrypted: boolean
  /** How many public keys it is encrypted for, and which (as `Seal` has it); undefined where it is not. */
  readonly recipients: number | undefined
  readonly keys: string | undefined
  /** SHA-256 of schema.json as the tenant has it now. */
  readonly schemaSha256: string
  /** A full one is made at the latest when a chain has that many links. */
  readonly longest: number
}

export type Choice =
  | { readonly entry: CatalogEntry; readonly why?: undefined }
  | {
      readonly entry?: undefined
      readonly why: string
      /** Name of a snapshot that can't be followed though it should be: somebody must look at it. */
      readonly broken?: string
    }

/** @param entries of the one schema, sorted by stamp */
export function chooseParent(entries: readonly CatalogEntry[], wishes: Wishes): Choice {
  // A selection that was restored, or the source system's own history, is not what the tenant held.
  const latest = entries.findLast(({ manifest }) => manifest?.pass === BACKUP)
  // What it was nobody can tell any more: it may have been the one to follow.
  const unusable = entries.findLast((each) => each.condition === 'unusable')
  if (unusable !== undefined && unusable.stamp > (latest?.stamp ?? ''))
    return { why: `the latest one, ${unusable.stamp}, can't be used`, broken: unusable.place.name }
  if (latest?.manifest === undefined) return { why: 'there is none to follow' }
  const { manifest, stamp } = latest
  const encrypted = manifest.encryption !== undefined
  if (encrypted !== wishes.encrypted)
    return { why: `the latest one, ${stamp}, is ${encrypted ? 'encrypted' : 'not encrypted'}` }
  // Nobody could read such a chain with one of the identities alone.
  if (areOtherKeys(manifest, wishes))
    return { why: `the latest one, ${stamp}, is encrypted for other public keys` }
  if (manifest.order !== wishes.order || manifest.encryption?.index?.fingerprint !== wishes.fingerprint)
    return { why: `the latest one, ${stamp}, was written with another index key` }
  if (manifest.schema.sha256 !== wishes.schemaSha256)
    return { why: `the schema is another one than in the latest one, ${stamp}` }
  const chain = chainOf(manifest, entries)
  if (chain === undefined)
    return { why: `the latest one, ${stamp}, follows one that is not there`, broken: latest.place.name }
  // Whoever can't read names of contacts would take one for known that only the older ones still have.
  if (halfForgotten(chain).size > 0)
    return { why: `contacts have been removed from a part of the chain of ${stamp} only` }
  if (chain.length >= wishes.longest) return { why: `the chain of ${stamp} has ${chain.length} links` }
  return { entry: latest }
}

/** Of one that was written by an earlier version only the number of its keys is known. */
function areOtherKeys({ encryption }: Manifest, { recipients, keys }: Wishes): boolean {
  return encryption?.recipients !== recipients || (encryption?.keys ?? keys) !== keys
}

/** @returns what a chain is read from, a full one first; undefined where one of them is not there */
function chainOf(
  tip: Manifest,
  entries: readonly CatalogEntry[],
): readonly { readonly manifest: Manifest }[] | undefined {
  const byStamp = new Map(entries.map((each) => [each.stamp, each.manifest]))
  const chain = [{ manifest: tip }]
  for (let at = tip; at.parent !== undefined; ) {
    const before = byStamp.get(at.parent.snapshot)
    if (before === undefined || chain.length > entries.length) return undefined
    chain.unshift({ manifest: before })
    at = before
  }
  return chain
}
