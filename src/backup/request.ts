/**
 * What a backup is to do, and what it is given to do it with.
 * Guarantees: plain values; of the tenant it gets a reader, which can't change anything.
 */
import type { Clock } from '../clock.ts'
import type { EngageReader } from '../engage/types.ts'
import type { Journal } from '../journal/journal.ts'
import { BY_ID, type IndexKey, type Names } from '../snapshot/digests.ts'
import type { Compression } from '../snapshot/format.ts'
import type { Place } from '../snapshot/place.ts'
import type { Seal } from '../snapshot/seal.ts'
import type { ContactSource } from '../transfer/contact-source.ts'
import type { Progress } from '../transfer/progress.ts'

export interface BackupRequest {
  readonly tenant: string
  readonly schemaIds: readonly string[]
  readonly contacts: ContactSource
  /** Ids of the contacts to read again, where not all are. */
  readonly hot: ReadonlySet<string> | undefined
  /** Whether only what is new or gone since the latest snapshot is written. */
  readonly sinceLatest: boolean
  /** Links that a chain has at most. */
  readonly longestChain: number
  readonly compression: Compression
  readonly seal: Seal | undefined
  /** Only where there is a seal: what plain snapshots call things by is their ids. */
  readonly indexKey: IndexKey | undefined
  /** Contacts, of those read first, that are looked at once more at the end. */
  readonly secondLook: number
}

export interface BackupContext {
  readonly reader: EngageReader
  readonly clock: Clock
  /** Of this backup, until it is done. */
  readonly journal: Journal
  /** Where tenants' folders are. */
  readonly root: Place
  /** Folder for what is written before it goes elsewhere; used where the root is not on this machine. */
  readonly spool: string
  readonly tool: { readonly name: string; readonly version: string }
  readonly concurrency: number
  readonly contactsPerPart: number
  readonly stop: AbortSignal
  readonly progress: Progress
  say(text: string): void
}

/** @returns what contacts and interactions are called in the snapshots that a request asks for */
export function namesFor({ indexKey }: Pick<BackupRequest, 'indexKey'>): Names {
  return indexKey?.names ?? BY_ID
}
