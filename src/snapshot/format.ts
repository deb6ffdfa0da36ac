/**
 * The format of a snapshot at rest: its values and its file names, as snapshots/README.md describes them.
 * Guarantees: every type here is a plain JSON value; a part's file names follow from its number alone.
 */

export const FORMAT = 'engage-migrate snapshot'
export const FORMAT_VERSION = 1
export const MANIFEST = 'manifest.json'
export const SCHEMA = 'schema.json'

/** What a file is called while it is written; such a file never counts. */
export const TEMPORARY = '.tmp'

export type Compression = 'zstd' | 'gzip'

/** What a file held when it was written: `bytes` and `sha256` (hex) as on disk, `lines` once decompressed. */
export interface FileProof {
  readonly name: string
  readonly lines: number
  readonly bytes: number
  readonly sha256: string
}

/** What a part's contacts add up to. Dates are ISO 8601 in UTC, to the millisecond. */
export interface PartFacts {
  /** Contacts in the part, gone ones included. */
  readonly contactCount: number
  /** Contacts that were deleted in the tenant. */
  readonly gone: number
  /** Contacts that were read and have no interaction. */
  readonly empty: number
  /** Interactions. */
  readonly records: number
  /** Absent in a part without contacts. */
  readonly firstReadAt?: string
  readonly lastReadAt?: string
  /** Over the createdDates that are dates (one without an offset is taken as UTC); absent if there is none. */
  readonly oldestCreated?: string
  readonly newestCreated?: string
}

/** A finished part: a run of contacts in the order of the contact list; the checkpoint of an export. */
export interface PartProof extends PartFacts {
  /** 1 for the first. */
  readonly number: number
  readonly interactions: FileProof
  readonly contacts: FileProof
}

/** Where the contacts came from, and how many: `read + gone + failed = listed`, and `empty` are among `read`. */
export interface ContactCoverage {
  /** The contact list, in words: a file's name, or an endpoint. */
  readonly source: string
  /** Different contacts in the list. */
  readonly listed: number
  readonly read: number
  readonly empty: number
  readonly gone: number
  /** Contacts that could not be read: they are in no part. */
  readonly failed: number
  /** What the tenant's own count said. */
  readonly counted?: number
}

export interface Manifest {
  readonly format: typeof FORMAT
  readonly formatVersion: typeof FORMAT_VERSION
  readonly tool: { readonly name: string; readonly version: string }
  readonly tenant: string
  readonly schemaId: string
  /** A free label: `base`, `final`, … */
  readonly pass: string
  /** Dates of the snapshot and of its first and last request: ISO 8601, UTC. */
  readonly createdAt: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly compression: Compression
  readonly contacts: ContactCoverage
  readonly interactions: {
    readonly records: number
    readonly oldestCreated?: string
    readonly newestCreated?: string
  }
  readonly schema: FileProof
  readonly parts: readonly PartProof[]
  /** SHA-256 (hex) of the canonical JSON (RFC 8785) of this value without `digest`. */
  readonly digest: string
}

/** @returns the names of a part's two files; `number` is 1 for the first. */
export function partNames(
  number: number,
  compression: Compression,
): { readonly interactions: string; readonly contacts: string } {
  const tail = `${String(number).padStart(5, '0')}.ndjson.${compression === 'zstd' ? 'zst' : 'gz'}`
  return { interactions: `interactions-${tail}`, contacts: `contacts-${tail}` }
}

/** @returns whether a file of this name is a part's. */
export function isPartName(name: string): boolean {
  return /^(interactions|contacts)-\d{5,}\.ndjson\.(zst|gz)$/.test(name)
}
