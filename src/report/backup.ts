/**
 * What became of a backup → lines of text, and a result for scripts.
 * Guarantees: pure; coverage is given in figures; what is not complete says so first.
 */
import type { BackupOutcome } from '../backup/backup.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/** @returns a line for each schema */
export function backupLine({ schemaId, place, manifest, bytes, dropped, links }: BackupOutcome): string {
  const { contacts, interactions, complete, parent, secondLook, encryption } = manifest
  const { listed, read, empty, gone, failed, counted, carried = 0 } = contacts
  const coverage = [
    `${read} read (${empty} empty)`,
    `${gone} gone`,
    `${failed} failed`,
    ...(carried > 0 ? [`${carried} of them not asked for`] : []),
    counted === undefined ? 'the tenant gave no count' : `the tenant counts ${counted}`,
  ]
  const added = manifest.parts.reduce((sum, { records }) => sum + records, 0)
  return [
    `${complete === false ? 'INCOMPLETE: ' : carried > 0 ? 'PARTIAL: ' : ''}${schemaId}: ${countOf(interactions.records, 'interaction')}`,
    `${countOf(listed, 'contact')} known: ${coverage.join(', ')}`,
    `${sizeText(bytes)}${encryption === undefined ? '' : ', encrypted'}, in ${place.name}`,
    parent === undefined
      ? 'a full snapshot'
      : `follows ${parent.snapshot} (${links} links): ${added} new${dropped > 0 ? `, ${countOf(dropped, 'contact')} not in the list any more` : ''}`,
    ...(secondLook === undefined
      ? []
      : [
          `a second look at ${countOf(secondLook.contacts, 'contact')} found ${secondLook.arrived} arrived and ${secondLook.vanished} gone meanwhile`,
        ]),
  ].join('; ')
}

/** @returns a schema's outcome as scripts get it */
export function backupResult({ schemaId, place, manifest, bytes, dropped, links }: BackupOutcome): object {
  const { contacts, interactions, complete, parent, secondLook, startedAt, finishedAt } = manifest
  return {
    ...{ schemaId, snapshot: place.base, at: place.name, complete: complete !== false, bytes, links },
    ...{ parent: parent?.snapshot ?? null, contacts, interactions, dropped, startedAt, finishedAt },
    secondLook: secondLook ?? null,
  }
}
