/**
 * The rules of an interaction schema and of a payload, as the server checks them.
 * Guarantees: a schema without problems can be compiled; fields that the documentation calls required but leaves
 * out in its own examples may be absent.
 * Source: "Creating a schema" and "Limitations" of the product documentation.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { isObject, type Json, type JsonObject, toPlain } from '../json.ts'
import { assertJsonSchema } from '../json-schema.ts'
import type { InteractionSchema } from '../model.ts'

/** Schemas in an environment. */
export const MAX_SCHEMAS = 15
/** Properties of a schema with addToSegmentation "true". */
export const MAX_SEGMENTABLE = 6

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'
const TYPES: readonly Json[] = ['string', 'number', 'integer', 'boolean']
const FLAGS: readonly Json[] = ['true', 'false']

type Validate = (payload: JsonObject) => string | undefined
const compiled = new WeakMap<object, Validate>()

/** @returns what is wrong with the body of a new schema, first problem first; empty where nothing is. */
export function schemaProblems(body: Json | undefined): readonly string[] {
  if (!isObject(body)) return ['The body must be an object']
  const problems: string[] = []
  const { id, displayName, jsonSchema } = body
  if (typeof id !== 'string' || !/^[A-Za-z0-9_-]+$/.test(id)) {
    problems.push('id can only contain the characters a-z, A-Z, 0-9, underscore (_) and dash (-)')
  }
  if (typeof displayName !== 'string' || displayName === '') problems.push('displayName is required')
  if (!isObject(jsonSchema)) return [...problems, 'jsonSchema is required']
  if (jsonSchema['$schema'] !== DRAFT) problems.push(`jsonSchema.$schema must be ${DRAFT}`)
  if (jsonSchema['type'] !== 'object') problems.push('jsonSchema.type must be object')
  const { properties } = jsonSchema
  if (!isObject(properties)) return [...problems, 'jsonSchema.properties is required']
  for (const [name, property] of Object.entries(properties))
    problems.push(...propertyProblems(name, property))
  const segmentable = Object.values(properties).filter(
    (each) => isObject(each) && each['addToSegmentation'] === 'true',
  )
  if (segmentable.length > MAX_SEGMENTABLE) {
    problems.push(`A schema can have at most ${MAX_SEGMENTABLE} properties with addToSegmentation`)
  }
  return problems.length > 0 ? problems : compileProblems(jsonSchema)
}

/** @returns why a payload breaks the schema, or undefined where it doesn't. The schema has no problems. */
export function payloadProblem(schema: InteractionSchema, payload: JsonObject): string | undefined {
  const validate = compiled.get(schema.jsonSchema) ?? compile(schema.jsonSchema)
  compiled.set(schema.jsonSchema, validate)
  return validate(payload)
}

function propertyProblems(name: string, property: Json): readonly string[] {
  if (!isObject(property)) return [`Property '${name}' must be an object`]
  const problems: string[] = []
  const { type, format, displayName, sortOrder } = property
  if (!TYPES.includes(type ?? null)) {
    problems.push(`Property '${name}' must be of type string, number, integer or boolean`)
  }
  if (format !== undefined && typeof format !== 'string')
    problems.push(`format of '${name}' must be a string`)
  if (displayName !== undefined && typeof displayName !== 'string') {
    problems.push(`displayName of '${name}' must be a string`)
  }
  for (const flag of ['showInContactCard', 'addToSegmentation']) {
    const value = property[flag]
    if (value !== undefined && !FLAGS.includes(value)) {
      problems.push(`${flag} of '${name}' must be the string "true" or "false"`)
    }
  }
  if (sortOrder !== undefined && !(typeof sortOrder === 'string' && /^-?\d+$/.test(sortOrder))) {
    problems.push(`sortOrder of '${name}' must be an integer as a string`)
  }
  // "Deeply nested JSON structures are not currently supported."
  if (Object.values(property).some(isObject)) problems.push(`Property '${name}' must not be nested`)
  return problems
}

function compileProblems(jsonSchema: JsonObject): readonly string[] {
  try {
    compile(jsonSchema)
    return []
  } catch (error) {
    return [`jsonSchema is not valid: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** A new validator for each schema: one that is kept would hold on to every schema it ever saw. */
function compile(jsonSchema: JsonObject): Validate {
  // Not strict: displayName and the flags are no keywords of JSON Schema.
  const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false })
  formats.default(ajv)
  const body = toPlain(jsonSchema) as object
  assertJsonSchema(body)
  const validate = ajv.compile(body)
  return (payload) =>
    validate(toPlain(payload)) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'payload' })
}
