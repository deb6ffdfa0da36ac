/**
 * The vocabulary of a strategy: steps of actions, each a gate or a piece of work.
 * Guarantees: what is given only a ReadContext holds no way to change the tenant, by type; that is how a dry run
 * is safe.
 */
import type { Clock } from '../clock.ts'
import type { EngageReader, EngageWriter } from '../engage/types.ts'
import type { Journal } from '../journal/journal.ts'
import type { Json } from '../json.ts'
import type { Compression } from '../snapshot/format.ts'
import type { Place } from '../snapshot/place.ts'
import type { Opener } from '../snapshot/seal.ts'
import type { Progress } from '../transfer/progress.ts'
import type { Approval } from './approval.ts'
import type { Plan } from './plan.ts'

/** What an operator may set for a run; times in milliseconds. */
export interface RunSettings {
  readonly ratePerSecond: number
  readonly concurrency: number
  readonly contactsPerPart: number
  readonly compression: Compression
  /** How long a read may lag behind a write. */
  readonly settleMs: number
  /** How long a write may stay invisible before it counts as not kept. */
  readonly visibleWithinMs: number
  /** Refusals, and contacts found gone, that an import puts up with, in percent; see tooManyRejected. */
  readonly refusedAtMost: number
  /** Contacts that are read once more just before the deletion. */
  readonly driftSample: number
  /** By how many the tenant's contacts may grow, unaccounted for, between the approval and the deletion. */
  readonly driftContacts: number
  /** Path of the organisation's policy; absent where none is set. */
  readonly policy?: string | undefined
}

/** The report that a deletion is approved on. */
export interface ReportFile {
  /** Writes it anew, of what the run knows. */
  write(): Promise<void>
  /** @returns the digest (SHA-256, hex) of its facts as they stand on disk; undefined where there is none, or it can't be read */
  digest(): Promise<string | undefined>
}

/** A snapshot that a plan names. */
export interface Source {
  readonly place: Place
  /** For an encrypted one. */
  readonly opener: Opener | undefined
}

export interface ReadContext {
  readonly plan: Plan
  /** SHA-256 (hex) of the plan's text. */
  readonly planDigest: string
  /** Folder of this run. */
  readonly folder: string
  /** Folder under which this tenant's snapshots of this schema go. */
  readonly snapshots: string
  readonly journal: Journal
  readonly reader: EngageReader
  readonly clock: Clock
  readonly settings: RunSettings
  readonly tool: { readonly name: string; readonly version: string }
  readonly stop: AbortSignal
  /** @returns bytes that are free on the disk of a folder; undefined where that can't be told */
  freeSpace(folder: string): Promise<number | undefined>
  /** Where the snapshot is that the plan names, to restore or as the source's history; absent where nobody has said how to get there. */
  source?(): Promise<Source>
  /** Absent where nobody is to approve anything. */
  readonly report?: ReportFile
  readonly progress: Progress
  /** Tells the operator something in one line. */
  say(text: string): void
}

export interface WriteContext extends ReadContext {
  readonly writer: EngageWriter
}

/** What a signature must bring besides a name. */
export type Requirement = 'confirm' | 'accept-coverage' | 'accept-no-preflight' | 'accept-loss'

export interface GateRequest {
  /** What the person who signs stands for, line by line. */
  readonly asks: readonly string[]
  readonly needs: readonly Requirement[]
  /** Interactions that do not come back: the number that `accept-loss` must name. */
  readonly loss?: number
  /** What a signature is on: of the deletion only. */
  readonly on?: Approval
  /** Why the organisation's policy lets nobody sign, in sentences. */
  readonly forbidden?: readonly string[]
}

/** A point that only a named person passes. */
export interface Gate {
  readonly kind: 'gate'
  readonly name: string
  readonly title: string
  /** Lays out what is to be approved, before it is asked for. Changes nothing in the tenant. */
  prepare?(context: ReadContext): Promise<void>
  /** @returns what to ask, or undefined where there is nothing to ask. */
  request(context: ReadContext): GateRequest | undefined
}

/** Work that can't change the tenant. Its result is kept in the journal when it ends. */
export interface ReadWork {
  readonly kind: 'read'
  readonly name: string
  readonly title: string
  run(context: ReadContext): Promise<Json>
}

/** Work that changes the tenant. Begun again after a crash, it asks the journal and the tenant first. */
export interface WriteWork {
  readonly kind: 'write'
  readonly name: string
  readonly title: string
  run(context: WriteContext): Promise<Json>
}

export type Action = Gate | ReadWork | WriteWork

export interface Step {
  readonly name: string
  readonly title: string
  readonly actions: readonly Action[]
}

export type Strategy = readonly Step[]
