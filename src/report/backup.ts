/**
 * What became of a backup → lines of text, and a result for scripts.
 * Guarantees: pure; coverage is given in figures; what is not complete says so first.
 */
import type { BackupOutcome } from '../backup/backup.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/** @returns what became of a schema, in a few lines */
export function backupLines(outcome: BackupOutcome): readonly string[] {
  const { place, manifest, bytes, added, removed, dropped, links } = outcome
  const { parent, secondLook, encryption } = manifest
  return [
    countsOf(outcome),
    `  ${sizeText(bytes)}${encryption === undefined ? '' : ', encrypted'}, in ${place.name}`,
    parent === undefined
      ? '  a full snapshot'
      : `  follows ${parent.snapshot} (a chain of ${links}): ${added} new, ${removed} gone${dropped > 0 ? `; not in the list any more: ${countOf(dropped, 'contact')}` : ''}`,
    ...(secondLook === undefined
      ? []
      : [
          `  meanwhile, at the ${countOf(secondLook.contacts, 'contact')} read first: ${secondLook.arrived} arrived, ${secondLook.vanished} gone`,
        ]),
  ]
}

/** Contacts in the list of the latest backup, and in the one of now. */
export interface ShrunkList {
  readonly schemaId: string
  readonly before: number
  readonly listed: number
}

/**
 * @param mayShrink percent of the contacts that may be lacking
 * @returns what there is to tell where the list lacks more than that; undefined where it doesn't
 */
export function shrunkList(
  { schemaId, manifest, listedBefore }: BackupOutcome,
  mayShrink: number,
): ShrunkList | undefined {
  const { listed } = manifest.contacts
  if (listedBefore === null || (listedBefore - listed) * 100 <= listedBefore * mayShrink) return undefined
  return { schemaId, before: listedBefore, listed }
}

/** @returns coverage and counts in one line, without personal data */
export function countsOf({ schemaId, manifest }: BackupOutcome): string {
  const { contacts, interactions, complete } = manifest
  const { listed, read, empty, gone, failed, counted, carried = 0 } = contacts
  const flag = complete === false ? 'INCOMPLETE: ' : carried > 0 ? 'PARTIAL: ' : ''
  return [
    `${flag}${schemaId}: ${countOf(interactions.records, 'interaction')} of ${countOf(listed, 'contact')}: ${read} read (${empty} empty)`,
    `${gone} gone`,
    `${failed} failed`,
    ...(carried > 0 ? [`${carried} of these not asked for`] : []),
    counted === undefined ? 'the tenant gave no count' : `the tenant counts ${counted}`,
  ].join(', ')
}

/** @returns a schema's outcome as scripts get it */
export function backupResult(outcome: BackupOutcome): object {
  const { schemaId, place, manifest, bytes, added, removed, dropped, links } = outcome
  const { contacts, interactions, complete, parent, secondLook, startedAt, finishedAt } = manifest
  return {
    ...{ schemaId, snapshot: place.base, at: place.name, complete: complete !== false, bytes, links },
    ...{ parent: parent?.snapshot ?? null, contacts, interactions },
    ...{ added, removed, dropped, startedAt, finishedAt },
    secondLook: secondLook ?? null,
  }
}
