/**
 * Whether a payload follows its schema, before it is sent ("Sending an interaction").
 * Guarantees: the schema is compiled once; the answer never holds a value of the payload, which is personal
 * data; properties of an object's prototype count neither as present nor as missing ones.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { type JsonObject, toPlain } from '../json.ts'
import { assertJsonSchema } from '../json-schema.ts'
import type { InteractionSchema } from '../model.ts'

/**
 * Keywords that say how a schema is read, not what it allows. The dialect can only be 2020-12, so a schema that
 * names another is still read as one; `$async` is the validator's own and would make it answer with a promise.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(['$schema', '$async'])

/**
 * Compiles a schema into a check of payloads ("If the interaction does not follow the rules of the schema, it
 * will be ignored").
 * @returns a function from a payload to what is wrong with it, a line each; empty when it is valid
 * @throws OperatorError (usage) when the schema's body is no JSON Schema
 */
export function createPayloadCheck(schema: InteractionSchema): (payload: JsonObject) => readonly string[] {
  const validate = compile(schema)
  return (payload) => (validate(toPlain(payload)) ? [] : (validate.errors ?? []).map(errorText))
}

function compile(schema: InteractionSchema): ValidateFunction {
  const entries = Object.entries(schema.jsonSchema).filter(([name]) => !LEFT_OUT.has(name))
  const body = toPlain(Object.fromEntries(entries)) as object
  const ajv = new Ajv2020({
    allErrors: true,
    // showInContactCard and its like are no keywords of JSON Schema, and a format may be unknown: both are fine.
    strict: false,
    logger: false,
    // Otherwise a property named "constructor" would be found in every payload.
    ownProperties: true,
    validateSchema: false,
  })
  // The type declarations see the CommonJS module from outside; its function is the "default" in there.
  formats.default(ajv, { keywords: false })
  try {
    assertJsonSchema(body)
    return ajv.compile(body)
  } catch (cause) {
    throw new OperatorError({
      what: `Schema ${schema.id} can't be used to check payloads: ${messageOf(cause)}.`,
      exit: EXIT.usage,
      cause,
    })
  }
}

/** `rating: must be integer`; without a place when the payload as a whole is meant. */
function errorText(error: ErrorObject): string {
  const message = error.message ?? `breaks the rule "${error.keyword}"`
  const place = error.instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
  return place === '' ? message : `${place}: ${message}`
}
