/** Places with something changed about them. */
import type { Place } from '../../src/snapshot/place.ts'

/** @returns the place, and all within and beside it, as `change` has it */
export function around(place: Place, change: (place: Place) => Place): Place {
  return {
    ...change(place),
    at: (folder) => around(place.at(folder), change),
    beside: (folder) => around(place.beside(folder), change),
  }
}
