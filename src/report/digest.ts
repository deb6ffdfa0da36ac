/**
 * What a signature on a report is on.
 * Guarantees: the digest is of the facts alone, however they are written; a report whose facts were changed has another one.
 */
import { createHash } from 'node:crypto'
import { isObject, type Json, parseJson } from '../json.ts'
import { canonicalText } from '../schema/json-value.ts'
import { type Facts, type GateState, REPORT_FORMAT, REPORT_VERSION, type Report } from './report.ts'

/** @returns SHA-256 (hex) of the facts' canonical JSON */
export function factsDigest(facts: Json): string {
  return createHash('sha256').update(canonicalText(facts)).digest('hex')
}

/** What comes later than the facts. */
export interface Later {
  readonly gates: readonly GateState[]
  readonly outcome: readonly string[]
}

/** @param writtenAt milliseconds since the epoch */
export function reportOf(facts: Facts, { gates, outcome }: Later, writtenAt: number): Report {
  return {
    format: REPORT_FORMAT,
    formatVersion: REPORT_VERSION,
    digest: factsDigest(facts),
    facts,
    gates,
    outcome,
    writtenAt: new Date(writtenAt).toISOString(),
  }
}

/** @returns the report in a text; undefined where there is none, of another version, or one whose facts are not those of its digest */
export function parseReport(text: string): Report | undefined {
  let value: Json
  try {
    value = parseJson(text)
  } catch {
    return undefined
  }
  if (!isObject(value) || value['format'] !== REPORT_FORMAT || value['formatVersion'] !== REPORT_VERSION)
    return undefined
  const { facts = null, digest } = value
  return isObject(facts) && factsDigest(facts) === digest ? (value as unknown as Report) : undefined
}
