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

/** @returns the place of a process that dies when it is about to change something for the time of that number */
export function dyingAt(root: Place, number: number): Place {
  let changes = 0
  const live = (): void => {
    changes += 1
    if (changes === number) throw new Error('killed')
  }
  return around(root, (place) => ({
    ...place,
    async put(file, from) {
      live()
      await place.put(file, from)
    },
    async write(file, bytes) {
      live()
      await place.write(file, bytes)
    },
    async remove(file) {
      live()
      await place.remove(file)
    },
  }))
}
