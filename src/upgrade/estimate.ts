/**
 * What an upgrade will cost, before it is begun.
 * Guarantees: pure; calls are counted as the API makes them necessary (one GET a contact, one more for each
 * further page of 50, one POST an interaction); time is calls divided by the rate, and nothing is rounded down.
 */
import type { JsonObject } from '../json.ts'
import type { HistoryTerms } from './history-terms.ts'

export interface EstimateFacts {
  readonly contacts: number
  /** Interactions, and further pages, of all contacts together; scaled up from a sample before the export. */
  readonly interactions: number
  readonly furtherPages: number
  readonly contactsWithHistory: number
  readonly ratePerSecond: number
  /** Contacts that the final pass reads. */
  readonly finalPassContacts: number
  /** Bytes of all interactions together, compressed. */
  readonly recordBytes: number
  /** What the source system has kept, where it is imported. */
  readonly history?: Pick<HistoryTerms, 'mode' | 'interactions'>
}

export interface PhaseEstimate extends JsonObject {
  readonly phase: string
  readonly calls: number
  readonly seconds: number
}

export interface Estimate extends JsonObject {
  readonly ratePerSecond: number
  readonly interactions: number
  /** Bytes of all interactions together, compressed; plans of earlier versions don't say. */
  readonly recordBytes?: number
  readonly calls: number
  readonly seconds: number
  readonly phases: readonly PhaseEstimate[]
}

export function estimateUpgrade(facts: EstimateFacts): Estimate {
  const phase = (name: string, calls: number): PhaseEstimate => ({
    phase: name,
    calls,
    seconds: Math.ceil(calls / facts.ratePerSecond),
  })
  const phases = [
    phase('export (base pass, while the tenant lives)', facts.contacts + facts.furtherPages),
    phase('final pass (producers stopped)', facts.finalPassContacts + facts.furtherPages),
    phase(
      `import (history incomplete until it ends)${facts.history ? ', at most' : ''}`,
      importedAtMost(facts),
    ),
    phase('verification (read-back)', facts.contactsWithHistory + facts.furtherPages),
  ]
  const { ratePerSecond, interactions, recordBytes } = facts
  return totalOf({ ratePerSecond, interactions, recordBytes }, phases)
}

/** How much of it both sides hold is not known yet. */
function importedAtMost({ interactions, history }: EstimateFacts): number {
  if (history === undefined) return interactions
  return history.interactions + (history.mode === 'only' ? 0 : interactions)
}

/** @returns phases with what they add up to */
export function totalOf(
  facts: Pick<Estimate, 'ratePerSecond' | 'interactions' | 'recordBytes'>,
  phases: readonly PhaseEstimate[],
): Estimate {
  const calls = phases.reduce((sum, each) => sum + each.calls, 0)
  return { ...facts, calls, seconds: Math.ceil(calls / facts.ratePerSecond), phases }
}

/** @returns seconds in words: "45 s", "12 min", "5 h 33 min". */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 100) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
