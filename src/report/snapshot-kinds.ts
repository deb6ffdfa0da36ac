/**
 * What a snapshot by itself is, in words: read from a tenant, or made of something else.
 * Guarantees: pure; of a tenant that was not asked nothing is said; what is not all, or not whole, says so.
 */
import { BACKUP, HISTORY, type Manifest, MERGED, RESTORED } from '../snapshot/format.ts'
import { several } from '../words.ts'

export interface SnapshotKind {
  /** `a backup` */
  readonly pass: string
  /** Whether the tenant was asked for it. */
  readonly asked: boolean
  readonly sentence: string
  /** What is to be known before the figures are used. */
  readonly because: readonly string[]
  /** How far its contacts are all that there are. */
  readonly coverage: readonly string[]
}

const NOTHING_TO_APPROVE = 'No upgrade is planned by it, so there is nothing to approve.'

/** @param links how many snapshots it is read from, itself included */
export function kindOf(manifest: Manifest, links: number): SnapshotKind {
  const { tenant, schemaId } = manifest
  const made = (pass: string, what: string): SnapshotKind => ({
    ...{ pass, asked: false, because: [], sentence: `${what} ${NOTHING_TO_APPROVE}` },
    coverage: ['Its contacts are those that it was made of: it says nothing of others.'],
  })
  switch (manifest.pass) {
    case HISTORY:
      return made(
        'history of the source system',
        `This is what the source system has kept of ${schemaId}, made into a snapshot for ${tenant}. Engage was not asked for it.`,
      )
    case MERGED:
      return made(
        'merged by an upgrade',
        `This is what an upgrade has merged, to import it into ${schemaId} of ${tenant}: what Engage held, and what the source system has kept.`,
      )
    case RESTORED:
      return made(
        'taken out to be restored',
        `This was taken out of another snapshot of ${schemaId}, to be restored in ${tenant}: a part of it, perhaps.`,
      )
    default:
      return readFromTenant(manifest, links)
  }
}

function readFromTenant(manifest: Manifest, links: number): SnapshotKind {
  const { tenant, schemaId, contacts, complete, parent } = manifest
  const { carried = 0, failed, counted, listed } = contacts
  return {
    pass: manifest.pass === BACKUP ? 'a backup' : `${manifest.pass} pass of an upgrade`,
    asked: true,
    sentence: `This is what ${tenant} held of ${schemaId} when it was read${carried > 0 ? ', in part as it was read before' : ''}. ${NOTHING_TO_APPROVE}`,
    because: [
      ...(complete === false ? [`It is incomplete: ${several(failed, 'contact')} could not be read.`] : []),
      ...(carried > 0
        ? [
            `It is partial: ${several(carried, 'contact')} were not asked for, and are as in the snapshot before.`,
          ]
        : []),
      ...(parent === undefined
        ? []
        : [
            `It has only what changed since the snapshot before; all of it is read here, from a chain of ${several(links, 'snapshot')}.`,
          ]),
    ],
    coverage: [
      counted === undefined
        ? 'The tenant gave no count of its contacts when it was read.'
        : `The tenant counted ${several(counted, 'contact')} when it was read; the list held ${listed}.`,
    ],
  }
}
