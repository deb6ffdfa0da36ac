/**
 * The rules of one property of an interaction schema ("Creating a schema").
 * Guarantees: a field of the wrong form is an error; a field that the documentation calls required, and that
 * its own examples leave out, is a warning at most.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import { error, type Finding, memberPath, SECTION, warning } from './finding.ts'
import { showValue } from './json-value.ts'

const TYPES: ReadonlySet<Json> = new Set(['string', 'number', 'integer', 'boolean'])

const DOCUMENTED: ReadonlySet<string> = new Set([
  'type',
  'format',
  'displayName',
  'showInContactCard',
  'addToSegmentation',
  'sortOrder',
])

/** What undocumented names are likely to be slips of. */
const MEANT: ReadonlyArray<readonly [RegExp, string]> = [
  [/segment/i, 'addToSegmentation'],
  [/card/i, 'showInContactCard'],
  [/sort|order|column/i, 'sortOrder'],
  [/display|label/i, 'displayName'],
]

/** The formats that JSON Schema 2020-12 defines; a server ignores others, as a rule. */
const FORMATS: ReadonlySet<string> = new Set(
  (
    'date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri ' +
    'iri-reference uuid uri-template json-pointer relative-json-pointer regex'
  ).split(' '),
)

/**
 * The rules of a property, apart from those that concern several of them.
 * @param path where the property stands, for the findings
 * @returns the findings, in the order of the documentation's list of fields ("Creating a schema")
 */
export function lintProperty(path: string, value: Json): readonly Finding[] {
  if (!isObject(value)) return [error(path, `must be an object, with a "type"; it is ${showValue(value)}`)]
  return [
    ...lintType(path, value),
    ...lintFormat(path, value),
    ...lintDisplayName(path, value),
    ...lintFlag(path, value, 'showInContactCard'),
    ...lintFlag(path, value, 'addToSegmentation'),
    ...lintSortOrder(path, value),
    ...lintKeywords(path, value),
  ]
}

/** @returns whether a property can be used in segmentation: its flag is the string "true" and nothing else. */
export function isSegmentable(property: Json | undefined): boolean {
  return isObject(property) && property['addToSegmentation'] === 'true'
}

function lintType(path: string, property: JsonObject): readonly Finding[] {
  const at = memberPath(path, 'type')
  const type = property['type']
  const allowed = 'must be "string", "number", "integer" or "boolean"'
  if (type === undefined) return [error(at, `is missing; it ${allowed}`)]
  if (TYPES.has(type)) return []
  if (Array.isArray(type)) return [error(at, `${allowed}: one of them, not a list`)]
  if (type === 'object' || type === 'array')
    return [
      error(at, `${allowed}; nested structures are not supported, so ${showValue(type)} is not allowed`),
    ]
  if (type === 'date' || type === 'datetime' || type === 'date-time')
    return [error(at, `${allowed}; a date is a "string" with the format "date-time"`)]
  return [error(at, `${allowed}; it is ${showValue(type)}`)]
}

function lintFormat(path: string, property: JsonObject): readonly Finding[] {
  const at = memberPath(path, 'format')
  const format = property['format']
  if (format === undefined) return []
  if (typeof format !== 'string') return [error(at, `must be a string; it is ${showValue(format)}`)]
  if (!FORMATS.has(format))
    return [warning(at, `${showValue(format)} is not a format of JSON Schema; it may have no effect`)]
  if (property['type'] !== 'string') return [warning(at, 'has an effect on a property of type "string" only')]
  return []
}

function lintDisplayName(path: string, property: JsonObject): readonly Finding[] {
  const at = memberPath(path, 'displayName')
  const name = property['displayName']
  if (name === undefined) return [warning(at, 'is missing; it is what Engage shows for this property')]
  if (typeof name !== 'string') return [error(at, `must be a string; it is ${showValue(name)}`)]
  return name.trim() === '' ? [warning(at, 'is empty; it is what Engage shows for this property')] : []
}

function lintFlag(
  path: string,
  property: JsonObject,
  name: 'showInContactCard' | 'addToSegmentation',
): readonly Finding[] {
  const at = memberPath(path, name)
  const source = name === 'addToSegmentation' ? SECTION.segmentation : SECTION.creating
  const flag = property[name]
  if (flag === 'true' || flag === 'false') return []
  if (flag === undefined)
    return name === 'addToSegmentation'
      ? [] // "Or just leave it out entirely for that property."
      : [warning(at, 'is missing; write "true" or "false"')]
  if (typeof flag === 'boolean')
    return [error(at, `must be the string "${flag}", in quotation marks, not the boolean ${flag}`, source)]
  return [error(at, `must be the string "true" or "false"; it is ${showValue(flag)}`, source)]
}

function lintSortOrder(path: string, property: JsonObject): readonly Finding[] {
  const at = memberPath(path, 'sortOrder')
  const order = property['sortOrder']
  if (order === undefined)
    // A property that is not on the contact card has no column there.
    return property['showInContactCard'] === 'true'
      ? [warning(at, 'is missing; its column on the contact card is left to Engage')]
      : []
  if (typeof order === 'string' && /^\d+$/.test(order)) return []
  if (typeof order === 'number' || JSON.isRawJSON(order))
    return [error(at, `must be a string such as "0", in quotation marks, not the number ${showValue(order)}`)]
  return [error(at, `must be an integer as a string, "0" for the leftmost column; it is ${showValue(order)}`)]
}

function lintKeywords(path: string, property: JsonObject): readonly Finding[] {
  return Object.keys(property)
    .filter((name) => !DOCUMENTED.has(name))
    .map((name) => {
      const at = memberPath(path, name)
      if (name === 'properties') return error(at, 'nested structures are not supported: one level only')
      const nested = isNested(property[name]) ? ', and nested, which is not supported' : ''
      const meant = MEANT.find(([like, each]) => like.test(name) && property[each] === undefined)
      const asked = meant === undefined ? '' : ` (is "${meant[1]}" meant?)`
      return warning(
        at,
        `is undocumented${asked}${nested}: Engage may refuse the schema for it, or ignore it`,
      )
    })
}

function isNested(value: Json | undefined): boolean {
  return isObject(value) || (Array.isArray(value) && value.some(isNested))
}
