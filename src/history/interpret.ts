/**
 * From a row to an interaction, or to what is wrong with it.
 * Guarantees: what is returned follows the schema and has nothing but what the schema names; values of NDJSON are as they
 * came, numbers as their text; cells are converted only where they say it in full; what is wrong is said without a value,
 * which is personal data; what was left out is counted by the name of its field.
 */
import { parseGuid } from '../contacts/guid.ts'
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import type { Interaction, InteractionSchema } from '../model.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { readDate } from './date.ts'
import type { Sources } from './mapping.ts'

/** An interaction, and where in the file it is. `id` is undefined where the file brings none. */
export interface Found extends Omit<Interaction, 'id' | 'schemaId'> {
  readonly line: number
  readonly id: string | undefined
}

export interface Interpreting {
  readonly schema: InteractionSchema
  readonly sources: Sources
  /** Whether values are texts that must be converted. */
  readonly cells: boolean
  /** The offset of dates that have none. */
  readonly zone: string | undefined
}

/** Names of fields that are counted one by one: a file whose lines each have their own must not fill the memory. */
const NAMES = 1_000
export const FURTHER = '(further fields)'

const SCHEMA_ID = 'schemaId'
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

export class Interpreter {
  readonly #options: Interpreting
  readonly #check: (payload: JsonObject) => readonly string[]
  readonly #wanted: ReadonlySet<string>
  readonly #above: ReadonlySet<string>
  readonly #seen = new Set<string>()
  readonly #unknown = new Map<string, number>()

  constructor(options: Interpreting) {
    const { contactId, createdDate, id, own, properties } = options.sources
    this.#options = options
    this.#check = createPayloadCheck(options.schema)
    const all = [contactId, createdDate, id, own ? SCHEMA_ID : undefined, ...properties.values()]
    this.#wanted = new Set(all.filter((name) => name !== undefined))
    this.#above = new Set([...this.#wanted].flatMap(pathsAbove))
  }

  /** @returns the interaction, or all that is wrong with the row */
  read(line: number, fields: JsonObject): Found | readonly string[] {
    const { sources, zone } = this.#options
    const values = new Map<string, Json>()
    this.#collect(fields, '', values)
    const problems: string[] = []
    const textAt = (name: string, part: string): string => {
      const value = values.get(name)
      if (typeof value === 'string' && value.trim() !== '') return value
      problems.push(value === undefined || value === '' ? `${part} is missing` : `${part} is not a text`)
      return ''
    }
    const contact = textAt(sources.contactId, 'contactId')
    const contactId = parseGuid(contact)
    if (contact !== '' && contactId === undefined) problems.push('contactId is not a GUID')
    const created = textAt(sources.createdDate, 'createdDate')
    const reading = readDate(created, zone)
    if (created !== '' && 'problem' in reading) problems.push(`createdDate ${reading.problem}`)
    const id = sources.id === undefined ? undefined : idIn(values.get(sources.id))
    if (id === '') problems.push('id is missing, or neither a text nor a number')
    if (sources.own) problems.push(...this.#unlikeOthers(fields))
    const payload = this.#payloadOf(values)
    problems.push(...this.#check(payload))
    if (problems.length > 0 || contactId === undefined || 'problem' in reading) return problems
    return { line, id, contactId, createdDate: reading.date, payload }
  }

  /** @returns fields that went into no interaction, and in how many rows they had a value */
  unknown(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#unknown)
  }

  /** @returns those of the names that no row had a value for */
  unseen(names: Iterable<string>): readonly string[] {
    return [...names].filter((name) => !this.#seen.has(name))
  }

  /** What is wrong with a row as a whole, in a file whose rows are as in a snapshot. */
  #unlikeOthers({ payload = null, [SCHEMA_ID]: schemaId = null }: JsonObject): readonly string[] {
    const { id } = this.#options.schema
    return [
      ...(isObject(payload) ? [] : ['payload is not an object']),
      ...(schemaId === null || schemaId === id ? [] : [`it is not of the schema ${id}`]),
    ]
  }

  /** A null is no value: Engage keeps none, and another system means nothing by it. */
  #collect(fields: JsonObject, above: string, values: Map<string, Json>): void {
    for (const [key, value] of Object.entries(fields)) {
      if (value === null) continue
      const name = above + key
      const wanted = this.#wanted.has(name)
      const leadsOn = this.#above.has(name) && isObject(value)
      if (wanted) {
        values.set(name, value)
        this.#seen.add(name)
      }
      if (leadsOn) this.#collect(value, `${name}.`, values)
      if (!wanted && !leadsOn) this.#leaveOut(name)
    }
  }

  #leaveOut(name: string): void {
    const counted = this.#unknown.has(name) || this.#unknown.size < NAMES ? name : FURTHER
    this.#unknown.set(counted, (this.#unknown.get(counted) ?? 0) + 1)
  }

  #payloadOf(values: ReadonlyMap<string, Json>): JsonObject {
    const { sources, schema, cells } = this.#options
    const entries: [string, Json][] = []
    for (const [name, field] of sources.properties) {
      const value = values.get(field)
      if (value === undefined) continue
      const type = schema.jsonSchema.properties[name]?.type
      entries.push([name, cells && typeof value === 'string' ? converted(value, type) : value])
    }
    return Object.fromEntries(entries)
  }
}

/** What can't be converted stays the text that it is: the schema then refuses it. */
function converted(cell: string, type: Json | undefined): Json {
  const bare = cell.trim()
  if ((type === 'integer' || type === 'number') && JSON_NUMBER.test(bare)) return parseJson(bare)
  if (type === 'boolean' && /^(true|false)$/i.test(bare)) return bare.toLowerCase() === 'true'
  return cell
}

/** @returns an empty text where the value can't be an id */
function idIn(value: Json | undefined): string {
  if (typeof value === 'number') return String(value)
  if (value !== undefined && JSON.isRawJSON(value)) return value.rawJSON
  return typeof value === 'string' ? value.trim() : ''
}

/** `a.b.c` → `a`, `a.b` */
function pathsAbove(name: string): readonly string[] {
  const keys = name.split('.')
  return keys.slice(1).map((_, index) => keys.slice(0, index + 1).join('.'))
}
