/**
 * The segmentable form of an interaction schema ("Upgrading").
 * Guarantees: the new schema is the old one, key for key and in the same order, with
 * `addToSegmentation: "true"` on the named properties and no other difference.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { InteractionSchema } from '../model.ts'
import { isSegmentable } from './property-rules.ts'
import { MAX_SEGMENTABLE } from './rules.ts'

/** @returns the names of the properties that can be used in segmentation, in the schema's order. */
export function segmentableProperties(schema: InteractionSchema): readonly string[] {
  return Object.entries(schema.jsonSchema.properties)
    .filter(([, property]) => isSegmentable(property))
    .map(([name]) => name)
}

/**
 * Derives the schema of an upgrade ("Upgrading": the same properties, `addToSegmentation` added).
 * @param properties the names to make segmentable; those that are already stay so, and so do the others
 * @returns a new schema with the same id; the given one is not touched
 * @throws OperatorError (usage) when a name is unknown, when more than six properties would be segmentable
 *   ("Limitations"), or when nothing would change
 */
export function makeSegmentable(schema: InteractionSchema, properties: readonly string[]): InteractionSchema {
  const existing = schema.jsonSchema.properties
  const unknown = [...new Set(properties)].filter((name) => !Object.hasOwn(existing, name))
  if (unknown.length > 0)
    throw refusal(
      `Schema ${schema.id} has no property ${unknown.join(', ')}.`,
      `Choose among its properties: ${Object.keys(existing).join(', ')}.`,
    )
  const changed = Object.entries(existing).map(
    ([name, property]) =>
      [name, properties.includes(name) ? { ...property, addToSegmentation: 'true' } : property] as const,
  )
  const result = {
    ...schema,
    jsonSchema: { ...schema.jsonSchema, properties: Object.fromEntries(changed) },
  }
  const segmentable = segmentableProperties(result)
  if (segmentable.length > MAX_SEGMENTABLE)
    throw refusal(
      `Schema ${schema.id} would have ${segmentable.length} segmentable properties (${segmentable.join(', ')}); a schema can have ${MAX_SEGMENTABLE}.`,
      'Choose fewer properties.',
    )
  if (segmentable.length === segmentableProperties(schema).length)
    throw refusal(
      properties.length === 0
        ? `No property of schema ${schema.id} was named, so nothing would change.`
        : `Nothing would change in schema ${schema.id}: ${properties.join(', ')} can already be used in segmentation.`,
      'Name a property that is not segmentable yet.',
    )
  return result
}

function refusal(what: string, next: string): OperatorError {
  return new OperatorError({ what, safe: 'Nothing was changed.', next, exit: EXIT.usage })
}
