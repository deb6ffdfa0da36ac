/**
 * The format of a snapshot at rest: its values and its file names, as snapshots/README.md describes them.
 * Guarantees: every type here is a plain JSON value; a part's file names follow from its number alone.
 */

export const FORMAT = 'engage-migrate snapshot'
export const FORMAT_VERSION = 2
/** Version 1 had full snapshots only, all complete, and no `content`. */
export const KNOWN_VERSIONS: readonly number[] = [1, FORMAT_VERSION]
export const MANIFEST = 'manifest.json'
export const SCHEMA = 'schema.json'
/** The `pass` of what `backup` has read. */
export const BACKUP = 'backup'
/** The `pass` of the source system's own history. */
export const HISTORY = 'history'
/** The `pass` of what was taken out of another snapshot, to be restored: a part of it, perhaps, and no backup of anything. */
export const RESTORED = 'restore'
/** The `pass` of what an upgrade has merged of Engage and of the source system's history: no backup of anything, either. */
export const MERGED = 'merged'
/** The key of keyed digests, encrypted for whoever may read the snapshot. */
export const INDEX_KEY = 'index-key.age'

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
  /** Contacts in the part, gone ones included; in an increment, those that have changed. */
  readonly contactCount: number
  /** Contacts that were deleted in the tenant. */
  readonly gone: number
  /** Contacts that were read and have no interaction (in an increment: no new one). */
  readonly empty: number
  /** Contacts that could not be read; absent where there is none, as are the next two. */
  readonly failed?: number
  /** Of an increment: contacts that are not in the list any more. */
  readonly dropped?: number
  /** Of an increment: interactions that the parent has and that are gone, but for those of gone and dropped contacts. */
  readonly removed?: number
  /** Interactions (in an increment: new ones). */
  readonly records: number
  /** The sum of these, see content.ts; absent in parts of version 1. */
  readonly content?: string
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
  /** Keyed digests of the same lines; in an encrypted snapshot that an increment can be made from. */
  readonly index?: FileProof
}

/** What an increment is held against. */
export interface Parent {
  /** Name of its folder, beside this one. */
  readonly snapshot: string
  /** Its `origin` or, where it has none, its `digest`. */
  readonly origin: string
}

export interface Encryption {
  readonly method: 'age'
  /** How many public keys it was encrypted for. */
  readonly recipients: number
  /** Which ones, as `Seal` has it; absent in those of an earlier version. */
  readonly keys?: string
  /** Where there are index files: tells one index key from another. */
  readonly index?: { readonly fingerprint: string; readonly key: FileProof }
}

/** The contacts that were read first, looked at once more at the end of the pass. */
export interface SecondLook {
  readonly contacts: number
  /** Interactions that had arrived meanwhile; they are not in this snapshot. */
  readonly arrived: number
  /** Interactions that had gone meanwhile; they are in this snapshot. */
  readonly vanished: number
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
  /** Contacts that could not be read: what is known of them, if anything, is what the parent has. */
  readonly failed: number
  /** Contacts that were not asked for and are as in the parent (`--hot`); absent where all were. */
  readonly carried?: number
  /** What the tenant's own count said. */
  readonly counted?: number
}

/** A person that was removed: the id's digest only. */
export interface Forgotten {
  readonly at: string
  /** SHA-256 (hex) of the contact's id. */
  readonly contact: string
}

export interface Manifest {
  readonly format: typeof FORMAT
  readonly formatVersion: 1 | typeof FORMAT_VERSION
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
  /** Whether every contact of the list was read, or found gone. Absent in version 1, where it always was. */
  readonly complete?: boolean
  /** Of an increment; then `contacts`, `interactions` and `content` are of the whole chain, the parts of the changes. */
  readonly parent?: Parent
  /** How its contacts are sorted, so that chains can be read: by id, or by keyed digest. Absent: as in their list. */
  readonly order?: 'id' | 'keyed'
  readonly encryption?: Encryption
  readonly secondLook?: SecondLook
  /** The digest that it had before contacts were removed from it (`snapshots forget-contact`), and when that was. */
  readonly origin?: string
  readonly forgotten?: readonly Forgotten[]
  /** The sum of all its interactions, see content.ts; absent in version 1. */
  readonly content?: string
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

/** How the files of a part are written, which their names tell. */
export interface Dress {
  readonly compression: Compression
  readonly encrypted?: boolean
}

/** @returns the names of a part's files; `number` is 1 for the first, `revision` above 0 where it was rewritten. */
export function partNames(
  number: number,
  { compression, encrypted = false }: Dress,
  revision = 0,
): { readonly interactions: string; readonly contacts: string; readonly index: string } {
  const tail = `${String(number).padStart(5, '0')}${revision > 0 ? `-${revision}` : ''}.ndjson.${compression === 'zstd' ? 'zst' : 'gz'}`
  const data = `${tail}${encrypted ? '.age' : ''}`
  return { interactions: `interactions-${data}`, contacts: `contacts-${data}`, index: `index-${tail}` }
}

/** @returns whether a file of this name is a part's. */
export function isPartName(name: string): boolean {
  return /^(interactions|contacts|index)-\d{5,}(-\d+)?\.ndjson\.(zst|gz)(\.age)?$/.test(name)
}

/** @returns the files of a part */
export function filesOf({ interactions, contacts, index }: PartProof): readonly FileProof[] {
  return [interactions, contacts, ...(index === undefined ? [] : [index])]
}

/** @returns all files of a snapshot but its manifest */
export function filesNamed({ schema, encryption, parts }: Manifest): readonly FileProof[] {
  const key = encryption?.index?.key
  return [schema, ...(key === undefined ? [] : [key]), ...parts.flatMap(filesOf)]
}

/**
 * What is left of parts that were written anew, by whoever was killed while contacts were removed: beside the files that the
 * manifest names of a part, older or newer ones of the same part. They never count.
 * @param names of all files in the snapshot's folder
 */
export function leftoversIn({ parts }: Pick<Manifest, 'parts'>, names: readonly string[]): readonly string[] {
  const revisions = new Map(parts.map(({ number, contacts }) => [number, partOf(contacts.name).revision]))
  return names.filter((name) => {
    const half = name.endsWith(TEMPORARY)
    const base = half ? name.slice(0, -TEMPORARY.length) : name
    if (!isPartName(base)) return half && base === MANIFEST
    const { number, revision } = partOf(base)
    const named = revisions.get(number)
    return named !== undefined && named !== revision
  })
}

/**
 * @param name of a part's file
 * @returns the part's number, and how often it was written anew: 0 where it is as it was first written
 */
export function partOf(name: string): { readonly number: number; readonly revision: number } {
  const [, number, revision = 0] = /-(\d{5,})(?:-(\d+))?\./.exec(name) ?? []
  return { number: Number(number), revision: Number(revision) }
}
