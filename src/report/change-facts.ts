/**
 * What an upgrade changes in a schema, property by property.
 * Guarantees: pure; every change that `diffSchemas` finds is told, under its property or as one of the schema's.
 */
import type { InteractionSchema } from '../model.ts'
import { diffSchemas } from '../schema/diff.ts'
import { findingText } from '../schema/finding.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { lintSchema, MAX_SEGMENTABLE } from '../schema/rules.ts'
import { segmentableProperties } from '../schema/segmentable.ts'
import type { ChangeFacts, PropertyChange } from './report.ts'

/** @param others ids of the tenant's other schemas, as far as they are known */
export function changeFacts(
  before: InteractionSchema,
  after: InteractionSchema,
  others: readonly string[],
): ChangeFacts {
  const changes = diffSchemas(before, after)
  const { properties, ...body } = after.jsonSchema
  const required = new Set(Array.isArray(body['required']) ? body['required'].map(String) : [])
  const removed = Object.entries(before.jsonSchema.properties).filter(
    ([name]) => !Object.hasOwn(properties, name),
  )
  return {
    properties: [...Object.entries(properties), ...removed].map(([name, property]): PropertyChange => {
      const { displayName, type, format } = property
      return {
        name,
        displayName: typeof displayName === 'string' ? displayName : '',
        type: `${String(type)}${typeof format === 'string' ? ` (${format})` : ''}`,
        segmentable: isSegmentable(property),
        required: required.has(name),
        changes: changes.filter((each) => each.property === name).map(({ text }) => text),
      }
    }),
    others: changes.filter(({ property }) => property === undefined).map(({ text }) => text),
    findings: lintSchema(after, { others }).map((finding) => ({
      severity: finding.severity,
      text: findingText(finding),
      source: finding.source,
    })),
    segmentable: { count: segmentableProperties(after).length, most: MAX_SEGMENTABLE },
  }
}
