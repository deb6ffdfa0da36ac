/**
 * The plan: a value that says what will happen, written down for people to read before it does.
 * Guarantees: computed purely from facts; a plan that was read back is checked again in full (its schemas against
 * the rules and against each other), so an edited plan can't smuggle in what `plan` would have refused.
 */
import { createHash } from 'node:crypto'
import { EXIT, OperatorError } from '../errors.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { diffSchemas, incompatibilities, schemaDigest } from '../schema/diff.ts'
import { findingText } from '../schema/finding.ts'
import { lintSchema, parseSchema } from '../schema/rules.ts'
import type { ContactSource } from '../transfer/contact-source.ts'
import type { Coverage } from './coverage.ts'
import { type CoverageSample, missingSample } from './coverage-sample.ts'
import type { Estimate } from './estimate.ts'
import { type HistoryTerms, missingHistory } from './history-terms.ts'
import type { Policy } from './policy.ts'
import { missingPolicy } from './policy-file.ts'
import { missingTerms, type RestoreTerms } from './terms.ts'

export const PLAN_FORMAT = 'engage-migrate plan'
export const PLAN_VERSION = 1

export interface Plan {
  readonly format: typeof PLAN_FORMAT
  readonly formatVersion: typeof PLAN_VERSION
  readonly tool: { readonly name: string; readonly version: string }
  /** The run's id: also the name of its folder. */
  readonly run: string
  readonly strategy: 'in-place' | 'restore'
  /** What is restored, by a plan of that strategy. */
  readonly restore?: RestoreTerms
  /** What the source system has kept, where an upgrade imports it. */
  readonly history?: HistoryTerms
  readonly createdAt: string
  readonly tenant: string
  readonly baseUrl: string
  readonly schemaId: string
  readonly changes: readonly string[]
  readonly warnings: readonly string[]
  readonly contacts: {
    readonly source: ContactSource
    readonly listed: number
    readonly duplicates: number
    readonly unreadable: number
    readonly unreadableExamples: ReadonlyArray<{ readonly line: number; readonly problem: string }>
  }
  readonly coverage: Coverage
  /** What contacts outside the list were found to have, where some were looked at; absent in plans of an earlier version. */
  readonly coverageSample?: CoverageSample
  readonly schemas: { readonly inTenant: number; readonly free: number }
  readonly estimate: Estimate
  readonly finalPass: { readonly mode: 'full' | 'hot'; readonly sample: number; readonly risk: string }
  readonly canaryGate: boolean
  /** Automations to pause, as the operator named them. */
  readonly automations: readonly string[]
  /** What else people have to see to, as the operator named it; absent in plans of an earlier version. */
  readonly producers?: readonly string[]
  readonly templates?: readonly string[]
  readonly audiences?: readonly string[]
  /** When it is meant to begin, ISO 8601. */
  readonly begin?: string
  /** Whether two different people sign for the deletion. */
  readonly requireTwo?: boolean
  /** The bounds that the organisation has set for deletions. */
  readonly policy?: Policy
  readonly gates: ReadonlyArray<{ readonly name: string; readonly asks: string }>
  /** SHA-256 of `before`: of the live schema when the plan was made. */
  readonly liveDigest: string
  /** The live schema and the new one; of a restore, both are the one that is restored into. */
  readonly before: InteractionSchema
  readonly after: InteractionSchema
}

/**
 * The checks that a pair of schemas must pass ("Upgrading": the new schema must be backward compatible; "Limitations").
 * @param others ids of the tenant's other schemas
 * @returns warnings for a person to read, but for what the live schema gives rise to as well
 * @throws OperatorError (exit 4) with every reason together
 */
export function checkUpgrade(
  before: InteractionSchema,
  after: InteractionSchema,
  others: readonly string[],
): readonly string[] {
  const findings = lintSchema(after as unknown as Json, { others })
  const problems = [
    ...findings.filter(({ severity }) => severity === 'error').map(findingText),
    ...incompatibilities(before, after).map(({ text }) => text.replace(/\.$/, '')),
  ]
  if (diffSchemas(before, after).length === 0) problems.push('the new schema is the same as the live one')
  if (problems.length > 0) {
    throw new OperatorError({
      what: `Schema ${before.id} can't be upgraded so: ${problems.join('; ')}.`,
      safe: 'Nothing was changed.',
      next: `Choose other properties, or mend the schema file, and plan again: engage-migrate plan ${before.id} …`,
      exit: EXIT.precondition,
    })
  }
  const known = new Set(lintSchema(before).map(findingText))
  const warnings = findings.filter(({ severity }) => severity === 'warning').map(findingText)
  return warnings.filter((text) => !known.has(text))
}

/**
 * Reads a plan back from its text.
 * @param where the file's name, for messages
 * @throws OperatorError (exit 2) where it is no plan; (exit 4) where its schemas don't pass `checkUpgrade`, but for those
 *   of a restore, which changes none
 */
export function parsePlan(text: string, where: string): Plan {
  const value = parsed(text, where)
  if (!isObject(value) || value['format'] !== PLAN_FORMAT) throw notAPlan(where, 'it is not one')
  if (value['formatVersion'] !== PLAN_VERSION) {
    throw notAPlan(
      where,
      `its format version is ${String(value['formatVersion'])}, this engage-migrate reads ${PLAN_VERSION}`,
    )
  }
  const lacking = missingFields(value)
  if (lacking.length > 0) throw notAPlan(where, `it lacks ${lacking.join(', ')}`)
  // The live schema may break rules that are of our own making; its digest is what vouches for it.
  const before = value['before'] as unknown as InteractionSchema
  const restores = value['strategy'] === 'restore'
  const after = restores
    ? (value['after'] as unknown as InteractionSchema)
    : parseSchema(value['after'] as Json, `${where}: after`)
  if (before.id !== value['schemaId'] || after.id !== value['schemaId']) {
    throw notAPlan(where, 'its schemas have another id than it names')
  }
  if (schemaDigest(before) !== value['liveDigest']) {
    throw notAPlan(where, 'the schema in it is not the one that its digest was taken of')
  }
  if (!restores) checkUpgrade(before, after, [])
  else if (schemaDigest(after) !== value['liveDigest'])
    throw notAPlan(where, 'it restores, and names two different schemas')
  return { ...(value as unknown as Plan), before, after }
}

/** @returns SHA-256 (hex) of a plan's text: what a run is bound to, and what signatures speak of. */
export function planDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function parsed(text: string, where: string): Json {
  try {
    return parseJson(text)
  } catch {
    throw notAPlan(where, 'it is not JSON')
  }
}

/** The fields that an upgrade relies on, with the type of each. */
const FIELDS: ReadonlyArray<readonly [string, string]> = [
  ['run', 'string'],
  ['strategy', 'string'],
  ['tenant', 'string'],
  ['baseUrl', 'string'],
  ['schemaId', 'string'],
  ['contacts', 'object'],
  ['coverage', 'object'],
  ['finalPass', 'object'],
  ['canaryGate', 'boolean'],
  ['automations', 'object'],
  ['liveDigest', 'string'],
  ['before', 'object'],
  ['after', 'object'],
]

function missingFields(value: JsonObject): readonly string[] {
  const lacking = FIELDS.filter(([name, type]) => typeof value[name] !== type || value[name] === null).map(
    ([name]) => name,
  )
  // The run's id names a folder: nothing in it may lead elsewhere.
  if (typeof value['run'] === 'string' && !/^[A-Za-z0-9_-]+$/.test(value['run'])) lacking.push('run')
  if (value['strategy'] === 'restore') {
    lacking.push(...missingTerms(value['restore']))
    if (value['history'] !== undefined) lacking.push('an upgrade for its history')
  } else if (value['strategy'] !== 'in-place') lacking.push('strategy')
  lacking.push(...missingHistory(value['history']), ...missingPolicy(value['policy']))
  lacking.push(...missingSample(value['coverageSample']))
  // Anything but true would read as one signature, which is not what somebody meant who wrote it.
  if (!['undefined', 'boolean'].includes(typeof value['requireTwo'])) lacking.push('requireTwo')
  const begin = value['begin']
  if (begin !== undefined && Number.isNaN(Date.parse(String(begin)))) lacking.push('begin')
  for (const name of ['producers', 'templates', 'audiences'])
    if (value[name] !== undefined && !Array.isArray(value[name])) lacking.push(name)
  // Anything but `full` would read as `hot`, and without a number no contact would be in its sample.
  const finalPass = value['finalPass']
  const mode = isObject(finalPass) ? finalPass['mode'] : undefined
  if (mode !== 'full' && mode !== 'hot') lacking.push('finalPass.mode')
  if (!isObject(finalPass) || typeof finalPass['sample'] !== 'number') lacking.push('finalPass.sample')
  const contacts = value['contacts']
  if (!isObject(contacts) || !isObject(contacts['source'])) lacking.push('contacts.source')
  return [...new Set(lacking)]
}

function notAPlan(where: string, why: string): OperatorError {
  return new OperatorError({
    what: `${where} can't be used as a plan: ${why}.`,
    safe: 'Nothing was changed.',
    next: 'Make a plan with `engage-migrate plan <schemaId> --segment … --contacts …`.',
    exit: EXIT.usage,
  })
}
