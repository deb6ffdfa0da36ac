/**
 * What a deletion is approved on: the plan, the snapshot, the report, and how the tenant stood then.
 * Guarantees: pure reading, but for the report's digest, which is taken of what lies on disk; what rests on something that was
 * withdrawn counts no more.
 */
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { usesHistory } from './history.ts'
import { importedResult } from './imported.ts'
import { passResult } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/** Digests (SHA-256, hex) of what a signature is on. */
export interface Approval extends JsonObject {
  readonly plan: string
  /** Of the manifest of what is deleted. */
  readonly snapshot: string
  /** Of the manifest of what is imported, where that was merged of two; else null. */
  readonly imported: string | null
  /** Of the report's facts; null where none is written. */
  readonly report: string | null
}

/** How the tenant stood when that was said. */
export interface Basis extends JsonObject {
  /** Ids of all its schemas. */
  readonly schemas: readonly string[]
  /** Its own count of contacts; null where it gave none. */
  readonly counted: number | null
  /** Contacts without interactions that have joined since the final pass; null where it can't name them. */
  readonly joined: number | null
  /** The fewest that the tenant has counted beyond those that are known, since the final pass; null where it gave no count. */
  readonly least: number | null
}

/** Names of the notes. */
export const BASIS = 'basis'
export const APPROVAL = 'approval'
/** Name of the note that each writing of the report leaves: the SHA-256 (hex) of each of its files. */
export const REPORT_WRITTEN = 'report'

type Events = Pick<Journal, 'events'>

/** @returns the digests as they are now, the report's as it stands on disk @throws Error before the final pass is done */
export async function approvalNow(context: ReadContext): Promise<Approval> {
  const { journal, planDigest, report } = context
  return {
    plan: planDigest,
    snapshot: passResult(context, 'final-pass').manifestDigest,
    imported: usesHistory(journal) ? importedResult(context).manifestDigest : null,
    report: (await report?.digest()) ?? null,
  }
}

/** @returns what was last put up for approval; undefined where nothing was, or what it rested on counts no more */
export function approvalOf({ events }: Events): Approval | undefined {
  return standing(events, APPROVAL) as Approval | undefined
}

/** @returns how the tenant stood then */
export function basisOf({ events }: Events): Basis | undefined {
  return standing(events, BASIS) as Basis | undefined
}

/** @returns how the tenant stood, each time that it was looked at since the final pass */
export function basesOf({ events }: Events): readonly Basis[] {
  const all = events.all()
  const passed = all.findLastIndex(({ name, kind }) => name === 'final-pass' && kind === 'finished')
  return all
    .slice(passed + 1)
    .filter(({ name, kind }) => name === BASIS && kind === 'note')
    .map(({ detail }) => detail as unknown as Basis)
}

/** Once its signature, the final pass, or the trial of the new schema is void, everything is looked at anew. */
function standing(events: Journal['events'], note: string): JsonObject | undefined {
  const last = events
    .all()
    .findLast(
      ({ name, kind }) =>
        (kind === 'note' && name === note) || (kind === 'withdrawn' && RESTED_ON.includes(name)),
    )
  return last?.kind === 'note' ? (last.detail as JsonObject) : undefined
}

const RESTED_ON: readonly string[] = ['delete-schema', 'final-pass', 'preflight']

/** @returns which of the digests differ, in words */
export function differing(a: Approval, b: Approval): readonly string[] {
  const words = {
    plan: 'the plan',
    snapshot: 'the snapshot',
    imported: 'what is imported',
    report: 'the report',
  }
  return Object.entries(words).flatMap(([name, word]) => (a[name] === b[name] ? [] : [word]))
}
