/**
 * How two forms of an interaction schema differ.
 * Guarantees: `diffSchemas`, `schemaDifferences` and `sameSchema` agree on whether there is a difference at
 * all: the order of keys and of required names is none, nor is a flag left out instead of "false", nor a number
 * written differently, nor a field beside `id`, `displayName` and `jsonSchema` that a server adds.
 */
import { createHash } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { change, fromTo, keywordCompatible, type SchemaChange } from './change.ts'
import { memberPath } from './finding.ts'
import { allNames, canonicalText, member, sameValue, showValue } from './json-value.ts'
import { diffProperty, pairOf } from './property-diff.ts'
import type { Pair } from './widening.ts'

export type { ChangeKind, SchemaChange } from './change.ts'

/** @returns the changes that a person understands: of the schema, of its properties in their order, and the rest. */
export function diffSchemas(before: InteractionSchema, after: InteractionSchema): readonly SchemaChange[] {
  return [
    ...diffNames(before, after),
    ...diffProperties(before, after),
    ...diffRequired(before, after),
    ...diffKeywords(before, after),
  ]
}

/**
 * The changes because of which the new schema can't take the place of the deleted one ("Interactions API": "The
 * new schema must be backward compatible with the deleted one").
 * @returns those of `diffSchemas` that are not compatible: a property removed, retyped or newly required, a
 *   format or another constraint added or changed so that it may refuse more, another id; empty when all is well
 */
export function incompatibilities(
  before: InteractionSchema,
  after: InteractionSchema,
): readonly SchemaChange[] {
  return diffSchemas(before, after).filter((each) => !each.compatible)
}

/**
 * Compares a schema that was posted with the one that the server has.
 * @returns a line for each difference, with its path, what was expected and what was found; empty when the same
 */
export function schemaDifferences(expected: InteractionSchema, found: InteractionSchema): readonly string[] {
  return differences('', comparable(expected), comparable(found))
}

/** @returns whether two schemas say the same: whether `schemaDifferences` finds none. */
export function sameSchema(a: InteractionSchema, b: InteractionSchema): boolean {
  return canonicalText(comparable(a)) === canonicalText(comparable(b))
}

/**
 * @returns the SHA-256, in hex, of the schema's JSON without spaces and with sorted keys. It is of the schema as
 *   written: a flag left out gives another digest than "false", although the two schemas are the same
 */
export function schemaDigest(schema: InteractionSchema): string {
  const { id, displayName, jsonSchema } = schema
  return createHash('sha256').update(canonicalText({ id, displayName, jsonSchema })).digest('hex')
}

function diffNames(before: InteractionSchema, after: InteractionSchema): readonly SchemaChange[] {
  const found: SchemaChange[] = []
  const ids = { before: before.id, after: after.id }
  const names = { before: before.displayName, after: after.displayName }
  if (ids.before !== ids.after)
    found.push(change('id-changed', false, `The id changes ${fromTo(ids)}: that is another schema.`, ids))
  if (names.before !== names.after)
    found.push(
      change('display-name-changed', true, `The schema's display name changes ${fromTo(names)}.`, names),
    )
  return found
}

function diffProperties(before: InteractionSchema, after: InteractionSchema): readonly SchemaChange[] {
  const old = before.jsonSchema.properties
  const young = after.jsonSchema.properties
  return allNames(old, young).flatMap((name) => {
    const pair = { before: member(old, name), after: member(young, name) }
    const shown = JSON.stringify(name)
    if (pair.before === undefined)
      return [change('property-added', true, `Property ${shown} is added.`, pair, name)]
    if (pair.after === undefined)
      return [change('property-removed', false, `Property ${shown} is removed.`, pair, name)]
    return diffProperty(name, pair.before, pair.after)
  })
}

function diffRequired(before: InteractionSchema, after: InteractionSchema): readonly SchemaChange[] {
  const old = requiredNames(before)
  const young = requiredNames(after)
  const added = [...young].filter((name) => !old.has(name))
  // Of a property that is gone, nothing needs saying about its being required.
  const dropped = [...old].filter((name) => !young.has(name) && !isRemoved(name, before, after))
  return [
    ...added.map((name) => {
      const text = `${JSON.stringify(name)} becomes required: a record without it would be refused.`
      return change('newly-required', false, text, { before: false, after: true }, name)
    }),
    ...dropped.map((name) => {
      const text = `${JSON.stringify(name)} is no longer required.`
      return change('no-longer-required', true, text, { before: true, after: false }, name)
    }),
  ]
}

function isRemoved(name: string, before: InteractionSchema, after: InteractionSchema): boolean {
  return (
    Object.hasOwn(before.jsonSchema.properties, name) && !Object.hasOwn(after.jsonSchema.properties, name)
  )
}

function requiredNames(schema: InteractionSchema): ReadonlySet<string> {
  const required = schema.jsonSchema['required']
  return new Set(Array.isArray(required) ? required.map(String) : [])
}

/** The keywords of the schema's body that have no kind of their own. */
function diffKeywords(before: InteractionSchema, after: InteractionSchema): readonly SchemaChange[] {
  return allNames(before.jsonSchema, after.jsonSchema).flatMap((keyword) => {
    if (keyword === 'properties' || keyword === 'required') return []
    const pair: Pair = pairOf(before.jsonSchema, after.jsonSchema, keyword)
    if (sameValue(pair.before, pair.after)) return []
    const text = `The keyword ${JSON.stringify(keyword)} of the schema changes ${fromTo(pair)}.`
    const compatible = keywordCompatible(keyword, pair, before.jsonSchema)
    return [change('keyword-changed', compatible, text, pair)]
  })
}

/** The schema with everything left out that makes no difference. */
function comparable(schema: InteractionSchema): JsonObject {
  const { id, displayName, jsonSchema } = schema
  const properties = Object.entries(jsonSchema.properties).map(([name, each]) => [
    name,
    withoutDefaults(each),
  ])
  const required = [...requiredNames(schema)].sort()
  return {
    id,
    displayName,
    jsonSchema: { ...jsonSchema, properties: Object.fromEntries(properties), required },
  }
}

function withoutDefaults(property: JsonObject): JsonObject {
  const isDefault = (name: string): boolean => name === 'addToSegmentation' || name === 'showInContactCard'
  return Object.fromEntries(
    Object.entries(property).filter(([name, value]) => !(isDefault(name) && value === 'false')),
  )
}

function differences(path: string, expected: Json | undefined, found: Json | undefined): readonly string[] {
  if (sameValue(expected, found)) return []
  if (isObject(expected) && isObject(found))
    return allNames(expected, found).flatMap((name) =>
      differences(memberPath(path, name), member(expected, name), member(found, name)),
    )
  return [`${path}: expected ${showValue(expected)}, found ${showValue(found)}`]
}
