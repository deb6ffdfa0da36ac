/**
 * What snapshots there are in a place: `<tenant>/<schema id>/<stamp>`, one folder each.
 * Guarantees: nothing is changed; a folder without a manifest is told as half a snapshot, one whose manifest can't be used
 * as that, never left out: what is not listed can't be cleaned up, nor missed.
 */
import { codeOf, messageOf } from '../errors.ts'
import { MANIFEST, type Manifest } from './format.ts'
import { readManifest } from './manifest.ts'
import { bytesAt } from './manifest-file.ts'
import type { Place, PlacedFile } from './place.ts'

/** `complete`, `incomplete` (contacts could not be read), `half` (no manifest), `unusable` (a manifest that is none). */
export type SnapshotCondition = 'complete' | 'incomplete' | 'half' | 'unusable'

export interface CatalogEntry {
  readonly tenant: string
  readonly schemaId: string
  /** Name of its folder: when it was begun, see `stamp`. */
  readonly stamp: string
  readonly place: Place
  readonly condition: SnapshotCondition
  /** Where the condition is `complete` or `incomplete`. */
  readonly manifest: Manifest | undefined
  /** Why its manifest can't be used. */
  readonly problem: string | undefined
  /** Bytes of all its files. */
  readonly bytes: number
}

/** What the folder of a snapshot is called, see `stamp`. */
export const STAMP = /^\d{8}T\d{9}Z$/

/** Where the snapshots of one schema of one tenant are. */
export interface SchemaHome {
  readonly tenant: string
  readonly schemaId: string
  readonly place: Place
  /** Names of their folders, half ones too; at least one. */
  readonly stamps: readonly string[]
}

/** Limits a look to a tenant, to a schema, to one snapshot. */
export interface Only {
  readonly tenant?: string | undefined
  readonly schemaId?: string | undefined
  readonly stamp?: string | undefined
}

/**
 * @param root where tenants' folders are
 * @returns the places that have snapshots, sorted by tenant and schema; no snapshot is looked at
 */
export async function homesIn(root: Place, only: Only = {}): Promise<readonly SchemaHome[]> {
  const homes: SchemaHome[] = []
  for (const tenant of await namesIn(root, only.tenant)) {
    for (const schemaId of await namesIn(root.at(tenant), only.schemaId)) {
      const place = root.at(tenant).at(schemaId)
      const stamps = (await place.list()).folders.filter(
        (name) => STAMP.test(name) && (only.stamp ?? name) === name,
      )
      if (stamps.length > 0) homes.push({ tenant, schemaId, place, stamps })
    }
  }
  return homes
}

/**
 * @param root where tenants' folders are
 * @returns the snapshots, sorted by tenant, schema and stamp
 */
export async function catalogOf(root: Place, only: Only = {}): Promise<readonly CatalogEntry[]> {
  const found: CatalogEntry[] = []
  for (const { tenant, schemaId, place, stamps } of await homesIn(root, only)) {
    for (const stamp of stamps) found.push({ tenant, schemaId, stamp, ...(await lookAt(place.at(stamp))) })
  }
  return found
}

async function namesIn(place: Place, only: string | undefined): Promise<readonly string[]> {
  return only === undefined ? (await place.list()).folders : [only]
}

async function lookAt(place: Place): Promise<Omit<CatalogEntry, 'tenant' | 'schemaId' | 'stamp'>> {
  const { files } = await place.list()
  const bytes = files.reduce((sum: number, file: PlacedFile) => sum + file.bytes, 0)
  const base = { place, bytes, manifest: undefined, problem: undefined }
  if (!files.some(({ name }) => name === MANIFEST)) return { ...base, condition: 'half' }
  try {
    const { manifest, problems } = readManifest((await bytesAt(place, MANIFEST)).toString('utf8'))
    if (manifest === undefined || problems.length > 0)
      return { ...base, condition: 'unusable', problem: problems.join('; ') }
    return { ...base, condition: manifest.complete === false ? 'incomplete' : 'complete', manifest }
  } catch (error) {
    // Removed since it was listed.
    if (codeOf(error) === 'ENOENT') return { ...base, condition: 'half' }
    return { ...base, condition: 'unusable', problem: messageOf(error) }
  }
}
