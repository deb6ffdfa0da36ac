/**
 * Which snapshot a backup follows.
 * Guarantees: pure; an increment follows only what it can be compared with and read together with; where there is nothing
 * to follow it is a full one, and the reason is told.
 */

import type { CatalogEntry } from '../snapshot/catalog.ts'
import type { Manifest } from '../snapshot/format.ts'

export interface Wishes {
  /** What its contacts are sorted by. */
  readonly order: 'id' | 'keyed'
  /** Of the index key, where there is one. */
  readonly fingerprint: string | undefined
  readonly encrypted: boolean
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
  const latest = entries.findLast(({ manifest }) => manifest?.pass === 'backup')
  if (latest?.manifest === undefined) return { why: 'there is none to follow' }
  const { manifest, stamp } = latest
  const unusable = entries.findLast((each) => each.condition === 'unusable')
  if (unusable !== undefined && unusable.stamp > stamp)
    return { why: `the latest one, ${unusable.stamp}, can't be used`, broken: unusable.place.name }
  const encrypted = manifest.encryption !== undefined
  if (encrypted !== wishes.encrypted)
    return { why: `the latest one, ${stamp}, is ${encrypted ? 'encrypted' : 'not encrypted'}` }
  if (manifest.order !== wishes.order || manifest.encryption?.index?.fingerprint !== wishes.fingerprint)
    return { why: `the latest one, ${stamp}, was written with another index key` }
  if (manifest.schema.sha256 !== wishes.schemaSha256)
    return { why: `the schema is another one than in the latest one, ${stamp}` }
  const links = lengthOf(manifest, entries)
  if (links === undefined)
    return { why: `the latest one, ${stamp}, follows one that is not there`, broken: latest.place.name }
  if (links >= wishes.longest) return { why: `the chain of ${stamp} has ${links} links` }
  return { entry: latest }
}

/** @returns how many snapshots a chain is read from; undefined where one of them is not there */
export function lengthOf(tip: Manifest, entries: readonly CatalogEntry[]): number | undefined {
  const byStamp = new Map(entries.map((each) => [each.stamp, each.manifest]))
  let links = 1
  for (let at: Manifest | undefined = tip; at?.parent !== undefined; links += 1) {
    if (links > entries.length) return undefined
    at = byStamp.get(at.parent.snapshot)
    if (at === undefined) return undefined
  }
  return links
}
