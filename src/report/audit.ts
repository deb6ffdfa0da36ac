/**
 * The history of a run, for whoever looks into it afterwards.
 * Guarantees: pure; every event of the journal is a line, in its order; what is not known by name is shown as it was kept, cut
 * where it is long.
 */
import type { JournalEvent } from '../journal/events.ts'
import { isObject, type Json, type JsonObject, stringifyJson } from '../json.ts'
import { APPROVAL, BASIS, REPORT_WRITTEN } from '../upgrade/approval.ts'
import { DRY_RUN, FAILURE, SUCCESS } from '../upgrade/status.ts'
import { FIRST_SIGNATURE } from '../upgrade/two-people.ts'
import { countOf } from '../words.ts'

/** Longer details are cut. */
const SHOWN = 300

/** @returns an event in a line: when, what */
export function auditLine(event: JournalEvent): string {
  return `${new Date(event.at).toISOString()}  ${whatOf(event)}`
}

function whatOf({ kind, name, detail }: JournalEvent): string {
  const of = isObject(detail) ? detail : {}
  if (kind === 'signed') return `${name}: signed ${signatureText(of)}`
  if (name === FIRST_SIGNATURE) return `${String(of['gate'])}: signed first ${signatureText(of)}`
  if (kind === 'opened') return `${name}: waits for a signature`
  if (kind === 'withdrawn')
    return `${name}: void${of['reason'] === undefined ? '' : `, because ${String(of['reason'])}`}`
  if (kind === 'started') return `${name}: begun`
  if (name === FAILURE) return `a command failed: ${String(of['what'])}`
  if (name === SUCCESS) return 'a command ended well'
  if (name === DRY_RUN) return `a dry run ended before ${String(of['before'])}`
  if (name === REPORT_WRITTEN) return `the report is written: facts ${String(of['facts'])}`
  if (name === APPROVAL) return `put up for approval: ${digestsText(of)}`
  if (name === BASIS)
    return `looked at the tenant: ${countOf((of['schemas'] as readonly string[]).length, 'schema')}, contacts by its own count: ${String(of['counted'] ?? 'not known')}, joined since the final pass: ${String(of['joined'] ?? 'not known')}`
  if (kind === 'intent') return `${name}: about to be done${shown(detail)}`
  if (kind === 'finished') return `${name}: done${figures(of, detail)}`
  return `${name}: noted${shown(detail)}`
}

function signatureText(of: JsonObject): string {
  const { by, note, planDigest, on, first } = of
  const digests = isObject(on) ? on : { plan: planDigest ?? null }
  const accepted = Object.entries(of)
    .filter(([name, value]) => name.startsWith('accept') && value !== false && value !== null)
    .map(([name, value]) => `${name} ${String(value)}`)
  return [
    `by ${String(by)}`,
    ...(isObject(first) ? [`as the second, after ${String(first['by'])}`] : []),
    ...(typeof note === 'string' && note !== '' ? [`noting ${JSON.stringify(note)}`] : []),
    ...(accepted.length === 0 ? [] : [`accepting ${accepted.join(', ')}`]),
    `on ${digestsText(digests)}`,
  ].join(', ')
}

function digestsText(digests: JsonObject): string {
  return Object.entries(digests)
    .filter(([, digest]) => digest !== null)
    .map(([what, digest]) => `${what} ${String(digest)}`)
    .join(', ')
}

/** What a pass or a merge has left is long; what counts of it are a few numbers. */
function figures(of: JsonObject, detail: Json): string {
  const { snapshot, interactions, contacts, manifestDigest } = of
  if (typeof snapshot !== 'string' || typeof interactions !== 'number') return shown(detail)
  return `: ${countOf(interactions, 'interaction')} of ${countOf(Number(contacts), 'contact')} in snapshot ${snapshot}, SHA-256 ${String(manifestDigest)}`
}

function shown(detail: Json): string {
  if (detail === null) return ''
  const text = stringifyJson(detail)
  return `: ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`
}
