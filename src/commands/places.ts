/**
 * Where a command finds and keeps snapshots.
 * Guarantees: one place is made of one address; what is no address is wrong use; the client of object stores is loaded
 * only where an address asks for it.
 */
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { localPlace, type Place } from '../snapshot/place.ts'
import { s3AddressOf } from '../snapshot/s3-address.ts'

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
