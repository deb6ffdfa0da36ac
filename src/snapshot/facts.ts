/**
 * From what was written to the manifest that proves it.
 * Guarantees: totals are the sums of the parts; a manifest is made only where every contact of the list was read,
 * found gone, or counted as failed.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { type ContactCoverage, FORMAT, FORMAT_VERSION, type Manifest, type PartProof } from './format.ts'
import { digestOf, manifestText, readManifest } from './manifest.ts'
import { addUp } from './tally.ts'

/** What only the caller knows of a snapshot; the rest follows from its parts. Dates: ISO 8601, UTC. */
export interface SnapshotFacts
  extends Pick<
    Manifest,
    | 'tool'
    | 'tenant'
    | 'schemaId'
    | 'pass'
    | 'createdAt'
    | 'startedAt'
    | 'finishedAt'
    | 'compression'
    | 'schema'
  > {
  readonly contacts: Pick<ContactCoverage, 'source' | 'listed' | 'failed' | 'counted'>
}

/**
 * @returns the manifest of these parts. Throws an OperatorError where the contacts don't add up, an Error where
 *   the result is no manifest (parts not numbered from 1, a date that is none).
 */
export function manifestOf(facts: SnapshotFacts, parts: readonly PartProof[]): Manifest {
  const { contactCount, gone, empty, records, oldestCreated, newestCreated } = addUp(parts)
  const { source, listed, failed, counted } = facts.contacts
  if (contactCount + failed !== listed) {
    throw new OperatorError({
      what:
        `The contact list names ${listed} contacts, but ${contactCount} were read or found gone ` +
        `and ${failed} failed: the snapshot is not whole.`,
      safe: 'No manifest was written. Nothing was changed in the tenant.',
      exit: EXIT.failed,
    })
  }
  const { tool, tenant, schemaId, pass, createdAt, startedAt, finishedAt, compression, schema } = facts
  const rest: Omit<Manifest, 'digest'> = {
    ...{ format: FORMAT, formatVersion: FORMAT_VERSION, tool, tenant, schemaId, pass },
    ...{ createdAt, startedAt, finishedAt, compression },
    contacts: {
      ...{ source, listed, read: contactCount - gone, empty, gone, failed },
      ...(counted !== undefined && { counted }),
    },
    interactions: {
      records,
      ...(oldestCreated !== undefined && { oldestCreated }),
      ...(newestCreated !== undefined && { newestCreated }),
    },
    schema,
    parts,
  }
  const manifest = { ...rest, digest: digestOf(rest) }
  const { problems } = readManifest(manifestText(manifest))
  if (problems.length > 0) throw new Error(`not a manifest: ${problems.join('; ')}`)
  return manifest
}
