/**
 * Schemas to try the rules on: the six of the product documentation (`<id>.json`, their comments taken out), and
 * three that vendors have published (`completed-product-rating.*.json`, `dixa-csat.json`).
 */
import { readFileSync } from 'node:fs'
import { type Json, parseJson } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { DIALECT, parseSchema } from '../../src/schema/rules.ts'

export const DOCUMENTED = [
  'Reuse-Spring-2023',
  'wishlist',
  'wholeSalePurchase',
  'repair',
  'preownedProduct',
  'recycled',
] as const

export const PUBLISHED = [
  'completed-product-rating.before',
  'completed-product-rating.after',
  'dixa-csat',
] as const

export type FixtureName = (typeof DOCUMENTED)[number] | (typeof PUBLISHED)[number]

/** @returns the schema of that file, as JSON that nothing has looked at yet. */
export function readFixture(name: FixtureName): Json {
  return parseJson(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))
}

export function fixture(name: FixtureName): InteractionSchema {
  return parseSchema(readFixture(name), name)
}

/** A property without findings. */
export const PLAIN = { type: 'string', displayName: 'X', showInContactCard: 'false' } as const

/** The names that a careless look-up finds in every object. */
export const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'] as const

/**
 * @param properties as JSON text, so that a name like `__proto__` is a member like any other
 * @param more further members of the schema's body
 */
export function schemaOf(properties: string, more = ''): InteractionSchema {
  return JSON.parse(
    `{"id": "s", "displayName": "S", "jsonSchema":
      {"$schema": "${DIALECT}", "type": "object", "properties": ${properties}${more}}}`,
  ) as InteractionSchema
}

/** @returns a schema with that one property, named p. */
export function schemaWith(property: { readonly [keyword: string]: unknown }): InteractionSchema {
  return schemaOf(JSON.stringify({ p: property }))
}
