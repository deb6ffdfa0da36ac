/**
 * One change between two forms of a schema.
 * Guarantees: a change is called compatible only where every record that the old form accepted is accepted by
 * the new one; a change of type is not, even where it is: more than the records hangs on that.
 */
import type { Json, JsonObject } from '../json.ts'
import { showValue } from './json-value.ts'
import { type Pair, widens } from './widening.ts'

export type ChangeKind =
  | 'id-changed'
  | 'display-name-changed'
  | 'property-added'
  | 'property-removed'
  | 'type-changed'
  | 'format-changed'
  | 'made-segmentable'
  | 'no-longer-segmentable'
  | 'renamed-for-display'
  | 'contact-card-changed'
  | 'order-changed'
  | 'newly-required'
  | 'no-longer-required'
  | 'keyword-changed'

export interface SchemaChange {
  readonly kind: ChangeKind
  /** The property that changes; absent for a change of the schema as a whole. */
  readonly property?: string
  readonly before?: Json
  readonly after?: Json
  /** Whether every record of the old form is still accepted, and nothing else speaks against the change. */
  readonly compatible: boolean
  /** The change in a sentence. */
  readonly text: string
}

/** Keywords of JSON Schema that refuse values, each by itself: without one of them, more is accepted. */
const ASSERTIONS = new Set(
  (
    'enum const not multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern ' +
    'maxItems minItems uniqueItems maxProperties minProperties additionalProperties propertyNames ' +
    'dependentRequired required'
  ).split(' '),
)

/** Keywords that refuse values together with others: what any change of them does can't be told so easily. */
const STRUCTURE = new Set(
  (
    '$schema $id $ref $dynamicRef $anchor $dynamicAnchor $defs $vocabulary type allOf anyOf oneOf if then else ' +
    'properties patternProperties unevaluatedProperties dependentSchemas items prefixItems unevaluatedItems ' +
    'contains minContains maxContains dependencies definitions $recursiveRef nullable'
  ).split(' '),
)

/**
 * Whether a keyword without a kind of its own may change: where it refuses nothing, or less than before. Names that JSON Schema doesn't know refuse nothing, by
 * that specification: a flag that Engage invents tomorrow, as addToSegmentation once was, stands in no one's way.
 * @param old what the keyword was part of
 */
export function keywordCompatible(keyword: string, pair: Pair, old: JsonObject): boolean {
  if (STRUCTURE.has(keyword)) return false
  return !ASSERTIONS.has(keyword) || widens(keyword, pair, old)
}

/** @returns the change, with those members only that have a value. */
export function change(
  kind: ChangeKind,
  compatible: boolean,
  text: string,
  pair: Pair,
  property?: string,
): SchemaChange {
  return {
    kind,
    ...(property === undefined ? {} : { property }),
    ...(pair.before === undefined ? {} : { before: pair.before }),
    ...(pair.after === undefined ? {} : { after: pair.after }),
    compatible,
    text,
  }
}

/** @returns `from "a" to "b"`, for a sentence. */
export function fromTo(pair: Pair): string {
  return `from ${showValue(pair.before)} to ${showValue(pair.after)}`
}
