/**
 * The newest backup of a schema, as the ones to come are held against it.
 * Guarantees: changes nothing; manifests are read from the newest on, and no more of them than it takes; one that can't be
 * used is passed over: whether a backup may follow it is decided elsewhere.
 */
import { STAMP } from '../snapshot/catalog.ts'
import { BACKUP, MANIFEST, type Manifest } from '../snapshot/format.ts'
import { readManifest } from '../snapshot/manifest.ts'
import { bytesAt, hasManifest } from '../snapshot/manifest-file.ts'
import type { Place } from '../snapshot/place.ts'

export interface LatestBackup {
  readonly stamp: string
  readonly manifest: Manifest
}

/**
 * @param home where the snapshots of a schema are; it need not exist
 * @param before the name of a snapshot: it and what is newer don't count
 * @returns the newest backup that has a manifest, complete or not; undefined where there is none
 * @throws what the place says where it can't be read
 */
export async function latestBackup(home: Place, before?: string): Promise<LatestBackup | undefined> {
  const stamps = (await home.list()).folders.filter(
    (name) => STAMP.test(name) && (before === undefined || name < before),
  )
  for (const stamp of stamps.reverse()) {
    const place = home.at(stamp)
    if (!(await hasManifest(place))) continue
    const { manifest, problems } = readManifest((await bytesAt(place, MANIFEST)).toString('utf8'))
    if (problems.length === 0 && manifest?.pass === BACKUP) return { stamp, manifest }
  }
  return undefined
}
