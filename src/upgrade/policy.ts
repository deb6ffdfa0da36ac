/**
 * The bounds that an organisation sets itself for deletions.
 * Guarantees: pure, but for reading the file; a policy with a rule that is not known, or of another form, is refused as a whole,
 * so that no rule is silently without effect; a tenant that nobody can tell to be staging or a sandbox counts as production.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { environmentOf } from '../names.ts'
import { countOf } from '../words.ts'

const POLICY_FORMAT = 'engage-migrate policy'
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

/** What holds for the tenants of one kind; what is absent is not bounded. */
export interface Rules extends JsonObject {
  /** How many different people sign for a deletion: 1 or 2. */
  readonly signatures?: number
  readonly noDeletionOn?: ReadonlyArray<(typeof DAYS)[number]>
  /** Two times of day, `08:00` and `15:00`: a deletion begins between them. */
  readonly deletionBetween?: readonly [string, string]
  /** Interactions that the new schema may refuse. */
  readonly mostRefused?: number
  /** Interactions that may be given up (`--accept-loss`). */
  readonly mostLost?: number
  /** Then `--accept-coverage` is not open to anyone. */
  readonly coverage?: 'sure'
  /** Then `--accept-no-preflight` is not, either. */
  readonly preflight?: 'proven'
  readonly finalPass?: 'full'
}

/** A policy as a plan keeps it: the rules for its tenant. */
export interface Policy extends JsonObject {
  readonly file: string
  /** SHA-256 (hex) of the file. */
  readonly digest: string
  /** IANA name: the clock that days and times of day are told by. */
  readonly timeZone: string
  readonly environment: 'production' | 'staging' | 'sandbox'
  readonly rules: Rules
}

const RULES = {
  type: 'object',
  additionalProperties: false,
  properties: {
    signatures: { enum: [1, 2] },
    noDeletionOn: { type: 'array', items: { enum: DAYS }, uniqueItems: true },
    deletionBetween: {
      type: 'array',
      items: { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' },
      minItems: 2,
      maxItems: 2,
    },
    mostRefused: { type: 'integer', minimum: 0 },
    mostLost: { type: 'integer', minimum: 0 },
    coverage: { const: 'sure' },
    preflight: { const: 'proven' },
    finalPass: { const: 'full' },
  },
} as const

const FILE = {
  type: 'object',
  additionalProperties: false,
  required: ['format', 'formatVersion', 'production'],
  properties: {
    format: { const: POLICY_FORMAT },
    formatVersion: { const: 1 },
    timeZone: { type: 'string' },
    production: RULES,
    staging: RULES,
    sandbox: RULES,
  },
} as const

/** Compiled when it is needed: most commands never look at a policy. */
function errorsIn(schema: typeof FILE | typeof RULES, value: Json | undefined): readonly ErrorObject[] {
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema)
  return validate(value) ? [] : (validate.errors ?? [])
}

/**
 * @param file path of a policy
 * @param tenant whose rules are wanted, as `tenantOf` names it
 * @throws OperatorError (exit 2) with every problem together
 */
export function readPolicy(file: string, tenant: string): Policy {
  const text = textOf(file)
  const value = parsed(text)
  const problems = problemsOf(value)
  if (problems.length > 0) {
    throw new OperatorError({
      what: `The policy ${file} can't be used: ${problems.join('; ')}.`,
      safe: 'Nothing was changed.',
      next: 'Mend it; runbooks/policy.json is an example, with every rule that there is.',
      exit: EXIT.usage,
    })
  }
  const known = environmentOf(tenant)
  const environment = known === 'unknown' ? 'production' : known
  // As the schema above has it, which it was just held against.
  const { timeZone = 'UTC', ...of } = value as unknown as {
    readonly timeZone?: string
    readonly production: Rules
    readonly staging?: Rules
    readonly sandbox?: Rules
  }
  const rules = of[environment] ?? {}
  return { file, digest: createHash('sha256').update(text).digest('hex'), timeZone, environment, rules }
}

/** @returns what makes a plan's policy unfit to be relied on: names of fields, none where it is fit, or absent */
export function missingPolicy(value: Json | undefined): readonly string[] {
  if (value === undefined) return []
  if (!isObject(value) || errorsIn(RULES, value['rules']).length > 0) return ['policy']
  const { digest, timeZone, file } = value
  const texts = [digest, timeZone, file].every((each) => typeof each === 'string')
  return texts && isTimeZone(String(timeZone)) ? [] : ['policy']
}

/** @returns the rules in sentences, for whoever approves */
export function policyLines({ rules, timeZone, environment }: Policy): readonly string[] {
  const { signatures, noDeletionOn = [], deletionBetween, mostRefused, mostLost } = rules
  return [
    ...(signatures === 2 ? ['Two different people sign for a deletion.'] : []),
    ...(noDeletionOn.length === 0
      ? []
      : [`No deletion on ${noDeletionOn.map(capitalized).join(', ')} (${timeZone}).`]),
    ...(deletionBetween === undefined
      ? []
      : [`A deletion begins between ${deletionBetween.join(' and ')} (${timeZone}).`]),
    ...(mostRefused === undefined
      ? []
      : [`The new schema refuses at most ${countOf(mostRefused, 'interaction')}.`]),
    ...(mostLost === undefined ? [] : [`At most ${countOf(mostLost, 'interaction')} may be given up.`]),
    ...(rules.coverage === undefined ? [] : ['The contact list is known to hold every contact.']),
    ...(rules.preflight === undefined ? [] : ['Engage has accepted the new schema on trial.']),
    ...(rules.finalPass === undefined ? [] : ['The final pass reads every contact.']),
  ].map((line) => `${environment}: ${line}`)
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

/** What a deletion would rest on. */
export interface Subject {
  readonly refused: number
  readonly loss: number
  readonly sure: boolean
  readonly proven: boolean
  readonly fullPass: boolean
}

/** @returns why no signature can approve it, in sentences; none where it may be approved */
export function forbidden({ rules }: Policy, subject: Subject): readonly string[] {
  const { mostRefused = Number.POSITIVE_INFINITY, mostLost = Number.POSITIVE_INFINITY } = rules
  return [
    ...(subject.refused > mostRefused
      ? [
          `the new schema refuses ${countOf(subject.refused, 'interaction')}, and at most ${mostRefused} may be`,
        ]
      : []),
    ...(subject.loss > mostLost
      ? [
          `${countOf(subject.loss, 'interaction')} would not come back, and at most ${mostLost} may be given up`,
        ]
      : []),
    ...(rules.coverage === 'sure' && !subject.sure
      ? ['it is not known that the contact list holds every contact']
      : []),
    ...(rules.preflight === 'proven' && !subject.proven
      ? ['Engage has not accepted the new schema on trial']
      : []),
    ...(rules.finalPass === 'full' && !subject.fullPass
      ? ['the final pass does not read every contact']
      : []),
  ]
}

/**
 * @param at milliseconds since the epoch
 * @returns why no deletion may begin then, in words; undefined where it may
 */
export function whyNotNow({ rules, timeZone }: Policy, at: number): string | undefined {
  const { noDeletionOn = [], deletionBetween } = rules
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const day = part('weekday').toLowerCase()
  const time = `${part('hour')}:${part('minute')}`
  if (noDeletionOn.some((each) => each === day)) return `it is ${part('weekday')} there (${timeZone})`
  if (deletionBetween === undefined) return undefined
  const [from, to] = deletionBetween
  // A night goes over midnight.
  const within = from <= to ? time >= from && time < to : time >= from || time < to
  return within ? undefined : `it is ${time} there (${timeZone}), not between ${from} and ${to}`
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new OperatorError({
      what: `The policy ${file} can't be read: ${codeOf(cause) ?? 'unknown error'}.`,
      safe: 'Nothing was changed.',
      next: 'Give the path of a policy that can be read: --policy FILE.',
      exit: EXIT.usage,
      cause,
    })
  }
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function problemsOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return ['it is not JSON']
  const errors = errorsIn(FILE, value)
  if (errors.length > 0)
    return errors.map(({ instancePath, message, params }) => {
      const named = params['additionalProperty'] ?? params['allowedValues'] ?? params['allowedValue']
      return `${instancePath.slice(1) || 'it'} ${message}${named === undefined ? '' : ` (${JSON.stringify(named)})`}`
    })
  const zone = (value as JsonObject)['timeZone']
  return zone === undefined || isTimeZone(String(zone)) ? [] : [`there is no time zone ${String(zone)}`]
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}
