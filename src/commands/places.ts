/**
 * Where a command finds and keeps snapshots.
 * Guarantees: one place is made of one address, and two addresses of one folder are known to be that; what is no address is wrong use; the client of object stores is loaded
 * only where an address asks for it.
 */
import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { localPlace, type Place } from '../snapshot/place.ts'
import { s3AddressOf } from '../snapshot/s3-address.ts'

/** @returns an address so written that two are equal where they lead to the same place @throws as `rootPlace` */
export function sameWritten(address: string): string {
  const stored = s3AddressOf(address)
  if (stored !== undefined) return `s3://${stored.bucket}/${stored.prefix}`
  try {
    return realpathSync(address)
  } catch {
    // What is not there can only be known by its name.
    return resolve(address)
  }
}

/**
 * @param address path of a folder, or `s3://bucket/prefix`; the data folder where absent
 * @param stop ends reads from and uploads to an object store once aborted
 * @returns the place under which tenants' folders are
 * @throws OperatorError (usage) where it is neither
 */
export async function rootPlace(
  address: string | undefined,
  config: Config,
  stop?: AbortSignal,
): Promise<Place> {
  const stored = address === undefined ? undefined : s3AddressOf(address)
  if (stored !== undefined) return (await import('../snapshot/s3-client.ts')).openS3(stored, stop)
  return localPlace(resolve(address ?? config.data))
}

/**
 * As `rootPlace`, for whoever looks at all that is there: of a folder that is named and not there, nothing said of its snapshots
 * would be true. The data folder need not be there yet.
 * @throws OperatorError (exit 2) where a folder is named that is none
 */
export async function rootThere(
  address: string | undefined,
  config: Config,
  stop?: AbortSignal,
): Promise<Place> {
  const root = await rootPlace(address, config, stop)
  const { folder } = root
  if (address === undefined || folder === undefined) return root
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found?.isDirectory()) return root
  throw new OperatorError({
    what: found === undefined ? `The folder ${folder} does not exist.` : `${folder} is no folder.`,
    safe: 'Nothing was changed.',
    next: 'Name the folder, or the address, under which the snapshots of all tenants are: --from FOLDER',
    exit: EXIT.usage,
  })
}
