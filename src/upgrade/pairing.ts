/**
 * One contact's records in Engage and in the source system, held against each other.
 * Guarantees: pure; each record is in one pair or alone, so that twins count; what makes two of them the same event is for
 * `keyOf` to say, and nothing else.
 */
import type { Interaction } from '../model.ts'

export interface Pairing {
  /** The same event, as each side has it. */
  readonly both: ReadonlyArray<readonly [engage: Interaction, source: Interaction]>
  readonly onlyInEngage: readonly Interaction[]
  readonly onlyInSource: readonly Interaction[]
}

/** @param keyOf equal for records of the same event, see `canonicalForm` */
export function pairUp(
  engage: readonly Interaction[],
  source: readonly Interaction[],
  keyOf: (record: Interaction) => string,
): Pairing {
  const free = new Map<string, Interaction[]>()
  for (const record of source) {
    const key = keyOf(record)
    const same = free.get(key)
    if (same === undefined) free.set(key, [record])
    else same.push(record)
  }
  const take = (record: Interaction, fits: (other: Interaction) => boolean): Interaction | undefined => {
    const same = free.get(keyOf(record)) ?? []
    const index = same.findIndex(fits)
    return index < 0 ? undefined : same.splice(index, 1)[0]
  }
  // Of twins, those that even have one id belong together: what is left over keeps an id of its own.
  const partners = new Map(engage.map((record) => [record, take(record, ({ id }) => id === record.id)]))
  const both: Array<readonly [Interaction, Interaction]> = []
  const onlyInEngage: Interaction[] = []
  for (const record of engage) {
    const partner = partners.get(record) ?? take(record, () => true)
    if (partner === undefined) onlyInEngage.push(record)
    else both.push([record, partner])
  }
  return { both, onlyInEngage, onlyInSource: [...free.values()].flat() }
}
