/**
 * What a report calls a snapshot.
 * Guarantees: pure; the same wherever the data folder is, so that a digest of it is, too.
 */
import { basename } from 'node:path'

/** @returns its path within the folder of all data: `<tenant>/<schema>/<name of its folder>` */
export function snapshotName(
  { tenant, schemaId }: { tenant: string; schemaId: string },
  folder: string,
): string {
  return [tenant, schemaId, basename(folder)].join('/')
}
