/**
 * Snapshots → lines of text.
 * Guarantees: pure; what is not whole says so in its line.
 */
import type { CatalogEntry } from '../snapshot/catalog.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/** @returns a heading for each schema, and a line for each snapshot of it */
export function snapshotLines(entries: readonly CatalogEntry[]): readonly string[] {
  const groups = Map.groupBy(entries, ({ tenant, schemaId }) => `${schemaId} in ${tenant}`)
  return [...groups].flatMap(([heading, members]) => [heading, ...members.map((each) => `  ${lineOf(each)}`)])
}

function lineOf({ stamp, condition, manifest, problem, bytes }: CatalogEntry): string {
  if (manifest === undefined) {
    const why = condition === 'half' ? 'HALF: it has no manifest' : `UNUSABLE: ${problem ?? ''}`
    return `${stamp}  ${sizeText(bytes)}  ${why}`
  }
  const { pass, contacts, interactions, parent, encryption } = manifest
  const { listed, gone, failed, carried = 0 } = contacts
  return [
    stamp,
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
