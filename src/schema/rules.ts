/**
 * The rules of an interaction schema, as the product documentation states them.
 * Guarantees: a schema without an error finding has the form that the documentation asks for; all findings are
 * reported together; names such as `__proto__` or `constructor` are names like any other.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { error, type Finding, findingText, memberPath, SECTION, warning } from './finding.ts'
import { showValue } from './json-value.ts'
import { isSegmentable, lintProperty } from './property-rules.ts'

export type { Finding } from './finding.ts'

/** The schemas that an environment can have ("Limitations"). */
export const MAX_SCHEMAS = 15
/** The properties of one schema that can be segmentable ("Limitations"). */
export const MAX_SEGMENTABLE = 6
/** The only value of `jsonSchema.$schema` ("Creating a schema"). */
export const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

const PROPERTIES = 'jsonSchema.properties'
/** Names, lower-cased and without - and _, that look like a product's identifier. */
const LIKE_SKU = /^(sku|(product|item|article)(sku|id|number|code))$/

export interface LintOptions {
  /** The ids of the other schemas of the tenant: not of this one, nor of one that it replaces. */
  readonly others?: readonly string[]
}

/**
 * Every rule of the documentation, on a value of any form.
 * @param value the schema as it would be posted: `{id, displayName, jsonSchema}`
 * @returns the findings, errors and warnings mixed, in the order of the schema; empty when all is well
 */
export function lintSchema(value: unknown, options: LintOptions = {}): readonly Finding[] {
  if (!isObject(value)) return [error('', 'must be an object with "id", "displayName" and "jsonSchema"')]
  return [
    ...lintId(value['id'], options.others ?? []),
    ...lintDisplayName(value['displayName']),
    ...lintJsonSchema(value['jsonSchema']),
    ...lintUnknown('', value, ['id', 'displayName', 'jsonSchema']),
  ]
}

/** @returns how many schemas an environment that has `count` of them still has room for ("Limitations"). */
export function freePlaces(count: number): number {
  return Math.max(0, MAX_SCHEMAS - count)
}

/** @returns those of the ids that are this one but for case: the same name in an e-mail ("Personalizing messages") */
export function othersAlike(id: string, ids: readonly string[]): readonly string[] {
  return ids.filter((other) => other !== id && other.toLowerCase() === id.toLowerCase())
}

/**
 * Narrows JSON that nobody has vouched for to a schema.
 * @param where what it is, for the message: a file's path, or "schema repair of tenant x"
 * @returns the very value, fields that the type doesn't name included
 * @throws OperatorError (usage) with all error findings together
 */
export function parseSchema(value: Json, where: string): InteractionSchema {
  const errors = lintSchema(value).filter((finding) => finding.severity === 'error')
  if (errors.length === 0) return value as unknown as InteractionSchema
  const lines = errors.map((finding) => `\n  ${findingText(finding)} (see "${finding.source}")`)
  throw new OperatorError({
    what: `${where} is not a valid interaction schema:${lines.join('')}`,
    safe: 'Nothing was changed.',
    next: 'Correct the schema, then run the same command again.',
    exit: EXIT.usage,
  })
}

function lintId(id: Json | undefined, others: readonly string[]): readonly Finding[] {
  const found: Finding[] = []
  if (id === undefined) found.push(error('id', 'is missing'))
  else if (typeof id !== 'string') found.push(error('id', `must be a string; it is ${showValue(id)}`))
  else if (!/^[A-Za-z0-9_-]+$/.test(id))
    found.push(error('id', `${showValue(id)}: only the characters a-z, A-Z, 0-9, _ and - are allowed`))
  else if (others.includes(id))
    found.push(error('id', `${showValue(id)} is already the id of another schema`))
  else {
    const [twin] = othersAlike(id, others)
    if (twin !== undefined) {
      const message = `differs from the schema ${showValue(twin)} in case only; e-mail templates write the id in lower case, where the two would be one`
      found.push(warning('id', message, SECTION.messages))
    }
  }
  if (freePlaces(new Set(others).size) === 0) {
    const message = `there is no room for this schema: an environment can have ${MAX_SCHEMAS}, and there are ${others.length} others`
    found.push(error('', message, SECTION.limitations))
  }
  return found
}

function lintDisplayName(name: Json | undefined): readonly Finding[] {
  if (name === undefined) return [error('displayName', 'is missing')]
  if (typeof name !== 'string') return [error('displayName', `must be a string; it is ${showValue(name)}`)]
  return name.trim() === '' ? [warning('displayName', 'is empty; it is what Engage shows')] : []
}

function lintJsonSchema(value: Json | undefined): readonly Finding[] {
  if (!isObject(value))
    return [error('jsonSchema', `must be an object, the body of the schema; it is ${showValue(value)}`)]
  const found: Finding[] = []
  for (const [name, must] of [['$schema', DIALECT] as const, ['type', 'object'] as const]) {
    if (value[name] !== must)
      found.push(error(`jsonSchema.${name}`, `must be "${must}"; it is ${showValue(value[name])}`))
  }
  const properties = value['properties']
  if (isObject(properties))
    found.push(...lintProperties(properties), ...lintRequired(value['required'], properties))
  else found.push(error(PROPERTIES, `must be an object with the properties; it is ${showValue(properties)}`))
  found.push(...lintUnknown('jsonSchema', value, ['$schema', 'type', 'properties', 'required']))
  return found
}

function lintProperties(properties: JsonObject): readonly Finding[] {
  const entries = Object.entries(properties)
  const found = entries.flatMap(([name, each]) => lintProperty(memberPath(PROPERTIES, name), each))
  if (entries.length === 0)
    found.push(warning(PROPERTIES, 'is empty: Engage would keep nothing of a payload'))
  const segmentable = entries.filter(([, each]) => isSegmentable(each)).map(([name]) => name)
  if (segmentable.length > MAX_SEGMENTABLE) {
    const message = `at most ${MAX_SEGMENTABLE} properties can be segmentable; ${segmentable.length} are: ${segmentable.map((name) => memberPath('', name)).join(', ')}`
    found.push(error(PROPERTIES, message, SECTION.limitations))
  }
  return [...found, ...lintColumns(properties), ...lintSku(properties)]
}

/** "The leftmost column has sortOrder value of 0, the next to the right has 1": each has a column of its own. */
function lintColumns(properties: JsonObject): readonly Finding[] {
  const holders = new Map<bigint, string>()
  return Object.entries(properties).flatMap(([name, each]) => {
    const order = isObject(each) && each['showInContactCard'] === 'true' ? each['sortOrder'] : undefined
    if (typeof order !== 'string' || !/^\d+$/.test(order)) return []
    const holder = holders.get(BigInt(order))
    if (holder === undefined) {
      holders.set(BigInt(order), name)
      return []
    }
    const message = `is ${showValue(order)}, which is the column of ${showValue(holder)} on the contact card already`
    return [warning(memberPath(memberPath(PROPERTIES, name), 'sortOrder'), message)]
  })
}

function lintSku(properties: JsonObject): readonly Finding[] {
  if (Object.hasOwn(properties, 'productSku')) {
    const sku = properties['productSku']
    if (!isObject(sku) || sku['type'] === 'string') return []
    const message = 'the reserved property productSku is a string value'
    return [warning(`${PROPERTIES}.productSku.type`, message, SECTION.sku)]
  }
  const like = Object.keys(properties).find((name) =>
    LIKE_SKU.test(name.toLowerCase().replaceAll(/[-_]/g, '')),
  )
  if (like === undefined) return []
  const message = 'by convention the product of an interaction is named by the reserved property productSku'
  return [warning(memberPath(PROPERTIES, like), message, SECTION.sku)]
}

function lintRequired(required: Json | undefined, properties: JsonObject): readonly Finding[] {
  const at = 'jsonSchema.required'
  if (required === undefined) return []
  if (!Array.isArray(required)) return [error(at, `must be a list of names; it is ${showValue(required)}`)]
  return required.flatMap((name: Json, index) => {
    const place = `${at}[${index}]`
    if (typeof name !== 'string') return [error(place, `must be a name; it is ${showValue(name)}`)]
    if (!Object.hasOwn(properties, name))
      return [error(place, `${showValue(name)} is not one of the properties`)]
    return required.indexOf(name) < index ? [error(place, `${showValue(name)} is there twice`)] : []
  })
}

function lintUnknown(path: string, object: JsonObject, known: readonly string[]): readonly Finding[] {
  return Object.keys(object)
    .filter((name) => !known.includes(name))
    .map((name) => warning(memberPath(path, name), 'is undocumented: Engage may ignore or refuse it'))
}
