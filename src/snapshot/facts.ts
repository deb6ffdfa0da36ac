/**
 * From what was written to the manifest that proves it.
 * Guarantees: totals are the sums of the parts; a manifest is made only where every contact of the list was read,
 * found gone, or counted as failed.
 */
import { EXIT, OperatorError } from '../errors.ts'
import {
  type ContactCoverage,
  FORMAT,
  FORMAT_VERSION,
  type Manifest,
  type Parent,
  type PartFacts,
  type PartProof,
} from './format.ts'
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
    | 'order'
    | 'encryption'
    | 'secondLook'
  > {
  readonly contacts: Pick<ContactCoverage, 'source' | 'listed' | 'counted' | 'carried'>
  /** Of an increment: what it follows, and what the whole chain comes to. */
  readonly increment?: Increment
}

export interface Increment {
  readonly parent: Parent
  readonly state: State
}

/** What a tenant holds of a schema, as far as a snapshot and those before it tell. */
export interface State {
  readonly contacts: Pick<ContactCoverage, 'read' | 'empty' | 'gone' | 'failed'>
  readonly interactions: Manifest['interactions']
  /** Absent, as the dates of the interactions then are, where whoever counts can't read all of it. */
  readonly content?: string
}

/**
 * @returns the manifest of these parts. Throws an OperatorError where the contacts don't add up, an Error where
 *   the result is no manifest (parts not numbered from 1, a date that is none).
 */
export function manifestOf(facts: SnapshotFacts, parts: readonly PartProof[]): Manifest {
  const { increment } = facts
  const { contacts, interactions, content } = increment?.state ?? stateOf(addUp(parts))
  const { source, listed, counted, carried } = facts.contacts
  if (contacts.read + contacts.gone + contacts.failed !== listed) {
    throw new OperatorError({
      what:
        `The contact list names ${listed} contacts, but ${contacts.read + contacts.gone} were read or found gone ` +
        `and ${contacts.failed} failed: the snapshot is not whole.`,
      safe: 'No manifest was written. Nothing was changed in the tenant.',
      exit: EXIT.failed,
    })
  }
  const { tool, tenant, schemaId, pass, createdAt, startedAt, finishedAt, compression, schema } = facts
  const { order, encryption, secondLook } = facts
  const rest: Omit<Manifest, 'digest'> = {
    ...{ format: FORMAT, formatVersion: FORMAT_VERSION, tool, tenant, schemaId, pass },
    ...{ createdAt, startedAt, finishedAt, compression, complete: contacts.failed === 0 },
    ...(increment && { parent: increment.parent }),
    ...(order && { order }),
    ...(encryption && { encryption }),
    ...(secondLook && { secondLook }),
    ...(content !== undefined && { content }),
    contacts: {
      ...{ source, listed, ...contacts },
      ...(counted !== undefined && { counted }),
      ...(carried !== undefined && { carried }),
    },
    interactions,
    schema,
    parts,
  }
  return sealed(rest)
}

/** @returns a manifest with its digest. Throws an Error where the result is none. */
export function sealed(rest: Omit<Manifest, 'digest'>): Manifest {
  const manifest = { ...rest, digest: digestOf(rest) }
  const { problems } = readManifest(manifestText(manifest))
  if (problems.length > 0) throw new Error(`not a manifest: ${problems.join('; ')}`)
  return manifest
}

/** @returns what the parts of a full snapshot come to */
export function stateOf(sum: PartFacts): State {
  const { contactCount, gone, empty, failed = 0, records, content, oldestCreated, newestCreated } = sum
  return {
    contacts: { read: contactCount - gone - failed, empty, gone, failed },
    interactions: {
      records,
      ...(oldestCreated !== undefined && { oldestCreated }),
      ...(newestCreated !== undefined && { newestCreated }),
    },
    ...(content !== undefined && { content }),
  }
}
