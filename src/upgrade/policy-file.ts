/**
 * An organisation's policy, read from its file, or held against its form in a plan.
 * Guarantees: a policy with a rule that is not known, or of another form, is refused as a whole, so that no rule is silently
 * without effect; a tenant that nobody can tell to be staging or a sandbox counts as production.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { environmentOf } from '../names.ts'
import { DAYS, type Policy, type Rules } from './policy.ts'

const POLICY_FORMAT = 'engage-migrate policy'

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
  // As the schema above has it, which it was just held against.
  const { timeZone = 'UTC', ...of } = value as unknown as {
    readonly timeZone?: string
    readonly production: Rules
    readonly staging?: Rules
    readonly sandbox?: Rules
  }
  // What listens on this machine may lead on to a tenant: it counts as a sandbox where the policy speaks of one.
  const known = environmentOf(tenant)
  const certain = known === 'staging' || (known === 'sandbox' && of.sandbox !== undefined)
  const environment = certain ? known : 'production'
  const rules = of[environment] ?? {}
  return { file, digest: createHash('sha256').update(text).digest('hex'), timeZone, environment, rules }
}

/**
 * @param file path of the policy that is set; undefined where none is
 * @returns why nothing may be deleted by a plan: it was made with another policy than the one that is set; none where that is well
 */
export function whyAnotherPolicy(
  file: string | undefined,
  { policy, tenant }: { readonly policy?: Policy; readonly tenant: string },
): readonly string[] {
  if (file === undefined) return []
  const { file: _set, ...set } = readPolicy(file, tenant)
  const { file: _planned, ...planned } = policy ?? { file }
  return isDeepStrictEqual(set, planned)
    ? []
    : [`the policy that is set, ${file}, is not the one that the plan was made with; it takes a new plan`]
}

/** @returns what makes a plan's policy unfit to be relied on: names of fields, none where it is fit, or absent */
export function missingPolicy(value: Json | undefined): readonly string[] {
  if (value === undefined) return []
  if (!isObject(value) || errorsIn(RULES, value['rules']).length > 0) return ['policy']
  const { digest, timeZone, file } = value
  const texts = [digest, timeZone, file].every((each) => typeof each === 'string')
  return texts && isTimeZone(String(timeZone)) ? [] : ['policy']
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
  const { timeZone: zone, ...of } = value as JsonObject
  const never = Object.entries(of).flatMap(([name, rules]) => {
    const [from, to] = ((rules as Rules).deletionBetween ?? []) as readonly string[]
    return from !== undefined && from === to
      ? [`${name}/deletionBetween begins when it ends, so that it never is`]
      : []
  })
  return [
    ...never,
    ...(zone === undefined || isTimeZone(String(zone)) ? [] : [`there is no time zone ${String(zone)}`]),
  ]
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}
