/**
 * Where a command finds and keeps snapshots.
 * Guarantees: one place is made of one address; what is no address is wrong use.
 */
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { localPlace, type Place } from '../snapshot/place.ts'

/**
 * @param address path of a folder; the data folder where absent
 * @returns the place under which tenants' folders are
 */
export async function rootPlace(address: string | undefined, config: Config): Promise<Place> {
  return localPlace(resolve(address ?? config.data))
}
