/**
 * Where in a row the parts of an interaction are.
 * Guarantees: pure; a part is taken from where the operator says or else from the field of its own name, and a field that
 * was given to another part is not taken by its name as well; what can't be meant is refused with the names there are.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'

/** What the operator says: from a part's name to a field's. In NDJSON a dot leads into a nested object. */
export interface Mapping {
  readonly parts: ReadonlyMap<Part, string>
  readonly properties: ReadonlyMap<string, string>
}

export type Part = 'contactId' | 'createdDate' | 'id'

/** The same for every part; `id` only where rows have one. */
export interface Sources {
  readonly contactId: string
  readonly createdDate: string
  readonly id: string | undefined
  /** Whether rows are as in a snapshot. */
  readonly own: boolean
  readonly properties: ReadonlyMap<string, string>
}

/** How the rows of a file are laid out. `own`: as in a snapshot, the properties within `payload`. */
export interface Layout {
  readonly own: boolean
  /** Whether the rows bring ids of their own. */
  readonly id: boolean
}

export const FLAT: Layout = { own: false, id: false }

const PARTS: readonly Part[] = ['contactId', 'createdDate', 'id']

/**
 * @param texts each `PART=FIELD`, where the part is contactId, createdDate, id, or a property of the schema; `payload.id`
 *   is the property where one has a part's name
 * @throws OperatorError (exit 2) where one is none of these, or a part is given twice
 */
export function parseMapping(texts: readonly string[], schema: InteractionSchema): Mapping {
  const parts = new Map<Part, string>()
  const properties = new Map<string, string>()
  const names = schema.jsonSchema.properties
  for (const text of texts) {
    const at = text.indexOf('=')
    const name = text.slice(0, Math.max(at, 0)).trim()
    const field = text.slice(at + 1).trim()
    if (name === '' || field === '')
      throw wrong(`--map ${JSON.stringify(text)} is not of the form PROPERTY=FIELD`)
    const part = PARTS.find((each) => each === name)
    const property = Object.hasOwn(names, name) ? name : name.replace(/^payload\./, '')
    if (part === undefined && !Object.hasOwn(names, property)) {
      throw wrong(
        `--map ${JSON.stringify(text)}: ${schema.id} has no property ${JSON.stringify(name)}. ` +
          `There are contactId, createdDate, id, and ${Object.keys(names).join(', ')}`,
      )
    }
    if (part === undefined ? properties.has(property) : parts.has(part))
      throw wrong(`--map gives ${name} more than once`)
    if (part === undefined) properties.set(property, field)
    else parts.set(part, field)
  }
  return { parts, properties }
}

/** @returns how a file of NDJSON is laid out, from its first object */
export function layoutOf(first: JsonObject, schema: InteractionSchema): Layout {
  const payload = Object.hasOwn(first, 'payload') ? first['payload'] : undefined
  const own = isObject(payload) && !Object.hasOwn(schema.jsonSchema.properties, 'payload')
  return { own, id: own && Object.hasOwn(first, 'id') }
}

/** @returns where each part is, in rows of this layout */
export function sourcesOf(
  { parts, properties }: Mapping,
  layout: Layout,
  schema: InteractionSchema,
): Sources {
  const claimed = new Set([...parts.values(), ...properties.values()])
  const taken = new Map(properties)
  for (const name of Object.keys(schema.jsonSchema.properties)) {
    const field = layout.own ? `payload.${name}` : name
    if (!properties.has(name) && !claimed.has(field)) taken.set(name, field)
  }
  return {
    contactId: parts.get('contactId') ?? 'contactId',
    createdDate: parts.get('createdDate') ?? 'createdDate',
    id: parts.get('id') ?? (layout.id ? 'id' : undefined),
    own: layout.own,
    properties: taken,
  }
}

/**
 * @param columns the header of a CSV
 * @throws OperatorError (exit 2) where it lacks a column that was named, or those of the contact and the date
 */
export function assertColumns(path: string, columns: readonly string[], mapping: Mapping): void {
  const named = [...mapping.parts, ...mapping.properties]
  const needed = PARTS.filter((part) => part !== 'id' && !mapping.parts.has(part))
  for (const [part, column] of [...named, ...needed.map((each) => [each, each] as const)]) {
    if (columns.includes(column)) continue
    const there = columns.map((name) => JSON.stringify(name)).join(', ')
    throw wrong(
      `${path} has no column ${JSON.stringify(column)} for ${part}. Its columns: ${there}`,
      `Name the right one: --map ${part}=COLUMN.`,
    )
  }
}

/** @returns the error of a map that can't be meant */
export function wrong(what: string, next = 'engage-migrate snapshots create --help'): OperatorError {
  return new OperatorError({ what: `${what}.`, safe: 'Nothing was changed.', next, exit: EXIT.usage })
}
