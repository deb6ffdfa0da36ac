/**
 * Interaction schemas → lines of text for a person: what they are, what the rules say of them, how two of them differ.
 * Guarantees: pure; a value of any form can be shown; what the documentation says is named by its section.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import { reasonAgainst } from '../schema/backward.ts'
import type { SchemaChange } from '../schema/change.ts'
import { type Finding, findingText } from '../schema/finding.ts'
import { showValue } from '../schema/json-value.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { freePlaces, MAX_SCHEMAS, MAX_SEGMENTABLE } from '../schema/rules.ts'
import { countOf } from '../words.ts'
import { inOneLine, tableLines } from './table.ts'

/** A property as a person is shown it, and a script. Flags count as Engage takes them: "true", and nothing else. */
export interface PropertyFacts {
  readonly name: string
  readonly type: Json
  readonly format: Json
  readonly displayName: Json
  readonly showInContactCard: boolean
  /** The column on the contact card; null where it has none of its own. */
  readonly sortOrder: Json
  readonly segmentable: boolean
  readonly required: boolean
}

/** @param value a schema, or what was meant to be one @returns its properties in their order, as far as they are there */
export function propertyFacts(value: Json): readonly PropertyFacts[] {
  const jsonSchema = memberOf(value, 'jsonSchema')
  const properties = memberOf(jsonSchema, 'properties')
  const required = memberOf(jsonSchema, 'required')
  if (!isObject(properties)) return []
  return Object.entries(properties).map(([name, property]) => ({
    name,
    type: memberOf(property, 'type'),
    format: memberOf(property, 'format'),
    displayName: memberOf(property, 'displayName'),
    showInContactCard: memberOf(property, 'showInContactCard') === 'true',
    sortOrder: memberOf(property, 'sortOrder'),
    segmentable: isSegmentable(property),
    required: Array.isArray(required) && required.includes(name),
  }))
}

/** @param name where the schema is @returns all that it says, property by property */
export function schemaLines(name: string, value: Json): readonly string[] {
  const facts = propertyFacts(value)
  const id = memberOf(value, 'id')
  const segmentable = facts.filter((each) => each.segmentable).length
  return [
    name,
    `  id ${showValue(id)}, display name ${showValue(memberOf(value, 'displayName'))}`,
    ...(typeof id === 'string' ? [`  in e-mail templates: ${showValue(id.toLowerCase())}`] : []),
    `  ${countOf(facts.length, 'property', 'properties')}, ${segmentable} of them segmentable (at most ${MAX_SEGMENTABLE})`,
    ...(facts.length === 0
      ? []
      : ['', ...tableLines(PROPERTY_HEADER, facts.map(propertyCells)).map(indented)]),
  ]
}

const PROPERTY_HEADER = ['property', 'type', 'display name', 'card', 'column', 'segmentable', 'required']

function propertyCells(facts: PropertyFacts): readonly string[] {
  const { name, type, format, displayName, showInContactCard, sortOrder, segmentable, required } = facts
  return [
    name,
    format === null ? cell(type) : `${cell(type)} (${cell(format)})`,
    cell(displayName),
    yes(showInContactCard),
    cell(sortOrder),
    yes(segmentable),
    yes(required),
  ]
}

/** @returns a line for each finding, with where the documentation says so */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.map((each) => {
    const severity = each.severity === 'error' ? 'ERROR' : 'warning'
    return inOneLine(`${severity}: ${findingText(each)} ("${each.source}")`)
  })
}

/** @returns `1 error, 2 warnings` */
export function findingCounts(findings: readonly Finding[]): string {
  const { errors, warnings } = countsOf(findings)
  return `${countOf(errors, 'error')}, ${countOf(warnings, 'warning')}`
}

export function countsOf(findings: readonly Finding[]): {
  readonly errors: number
  readonly warnings: number
} {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: findings.length - errors }
}

/** What is listed of a schema of a tenant. */
export interface ListedSchema {
  readonly id: string
  readonly displayName: string
  /** Undefined where it was deleted since it was listed, or can't be read. */
  readonly value: Json | undefined
  readonly findings: readonly Finding[]
  /** Why it was not read. */
  readonly problem: string | null
}

/** @returns a line for each schema of a tenant, and how many places are left ("Limitations") */
export function listLines(tenant: string, schemas: readonly ListedSchema[]): readonly string[] {
  const header = ['id', 'display name', 'properties', 'segmentable', 'findings']
  const free = freePlaces(schemas.length)
  return [
    ...(schemas.length === 0 ? [] : tableLines(header, schemas.map(listedCells))),
    `${countOf(schemas.length, 'schema')} in ${tenant}; ${free} of ${MAX_SCHEMAS} places free.`,
  ]
}

function listedCells({ id, displayName, value, findings, problem }: ListedSchema): readonly string[] {
  if (value === undefined) return [id, displayName, '?', '?', `NOT READ: ${problem ?? ''}`]
  const facts = propertyFacts(value)
  const segmentable = facts.filter((each) => each.segmentable).map(({ name }) => name)
  const said = findings.length === 0 ? 'none' : findingCounts(findings)
  return [id, displayName, String(facts.length), segmentable.join(', ') || 'none', said]
}

/** @returns a line for each change; then why those that are not backward compatible are not, each reason once */
export function changeLines(changes: readonly SchemaChange[]): readonly string[] {
  const reasons = new Set(changes.map(reasonAgainst).filter((each) => each !== undefined))
  return [
    ...changes.map(({ compatible, text }) => inOneLine(compatible ? text : `INCOMPATIBLE: ${text}`)),
    ...Array.from(reasons, ({ why, source }) => `Why: ${why} ("${source}")`),
  ]
}

/** @returns what all changes together mean to whoever wants to replace the one by the other */
export function verdictLine(changes: readonly SchemaChange[]): string {
  const against = changes.filter(({ compatible }) => !compatible).length
  if (changes.length === 0) return 'They say the same.'
  const counted = countOf(changes.length, 'change')
  return against === 0
    ? `${counted}, backward compatible: interactions of the first go into the second.`
    : `${counted}, ${against} of them incompatible ("/interactionschemas": a new schema must be backward compatible with the deleted one).`
}

export function indented(line: string): string {
  return line === '' ? '' : `  ${line}`
}

/** @returns null where there is none, or nothing that could have one */
function memberOf(value: Json, name: string): Json {
  return isObject(value) && Object.hasOwn(value, name) ? ((value as JsonObject)[name] ?? null) : null
}

/** Texts as they are, anything else as JSON. */
function cell(value: Json): string {
  if (value === null) return '–'
  return typeof value === 'string' ? value : showValue(value)
}

function yes(flag: boolean): string {
  return flag ? 'yes' : '–'
}
