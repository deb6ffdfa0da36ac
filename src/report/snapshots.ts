/**
 * Snapshots → lines of text.
 * Guarantees: pure; what is not whole says so in its line; what a line begins with can be typed to name that very snapshot.
 */
import type { CatalogEntry } from '../snapshot/catalog.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/**
 * @param entries those that are listed
 * @param all that there are in that place, among which a name must be the only one
 * @returns a heading for each schema, and a line for each snapshot of it
 */
export function snapshotLines(
  entries: readonly CatalogEntry[],
  all: readonly CatalogEntry[],
): readonly string[] {
  const sharing = Map.groupBy(all, ({ stamp }) => stamp)
  const groups = Map.groupBy(entries, ({ tenant, schemaId }) => `${schemaId} in ${tenant}`)
  return [...groups].flatMap(([heading, members]) => [
    heading,
    ...members.map((each) => `  ${lineOf(each, shortestName(each, sharing.get(each.stamp) ?? []))}`),
  ])
}

/** @param sharing all that have its stamp */
function shortestName({ tenant, schemaId, stamp }: CatalogEntry, sharing: readonly CatalogEntry[]): string {
  if (sharing.length <= 1) return stamp
  const ofSchema = sharing.filter((each) => each.schemaId === schemaId)
  return ofSchema.length <= 1 ? `${schemaId}/${stamp}` : `${tenant}/${schemaId}/${stamp}`
}

function lineOf({ condition, manifest, problem, bytes }: CatalogEntry, name: string): string {
  if (manifest === undefined) {
    const why = condition === 'half' ? 'HALF: it has no manifest' : `UNUSABLE: ${problem ?? ''}`
    return `${name}  ${sizeText(bytes)}  ${why}`
  }
  const { pass, contacts, interactions, parent, encryption } = manifest
  const { listed, gone, failed, carried = 0 } = contacts
  return [
    name,
    pass,
    countOf(interactions.records, 'interaction'),
    `${countOf(listed, 'contact')}${gone > 0 ? ` (${gone} gone)` : ''}`,
    sizeText(bytes),
    ...(parent === undefined ? ['full'] : [`follows ${parent.snapshot}`]),
    ...(encryption === undefined ? [] : ['encrypted']),
    ...(carried > 0 ? [`PARTIAL: ${carried} not asked for`] : []),
    ...(condition === 'incomplete' ? [`INCOMPLETE: ${countOf(failed, 'contact')} could not be read`] : []),
  ].join('  ')
}
