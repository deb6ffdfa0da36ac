/**
 * What a restore is about: which snapshot, and how much of it.
 * Guarantees: plain values; two restores are of the same selection only where the very same snapshot (by its manifest's
 * digest), the same contacts (by the list's digest) and the same dates are meant.
 */
import { isDeepStrictEqual } from 'node:util'
import { isObject, type Json, type JsonObject } from '../json.ts'

export interface RestoreTerms {
  /** Where the snapshot is: a path, or an address. */
  readonly snapshot: string
  readonly manifestDigest: string
  /** Whose it is, and of which schema: others than the plan's where that was asked for by name. */
  readonly tenant: string
  readonly schemaId: string
  /** Names of the properties of its schema; absent in plans of an earlier version. */
  readonly properties?: readonly string[]
  /** False where contacts could not be read when it was made. */
  readonly complete: boolean
  /** Contacts to restore; null: all. */
  readonly contacts: {
    readonly file: string
    readonly sha256: string
    readonly column: string | null
  } | null
  /** Instants (ISO 8601) that createdDate is held against: from `since` on, up to and without `until`; null: any. */
  readonly since: string | null
  readonly until: string | null
  /** Whether the schema may be created where it is not there. */
  readonly createSchema: boolean
}

/** @returns whether two restores are of the same selection; where each finds its files does not matter */
export function sameTerms(a: RestoreTerms, b: RestoreTerms): boolean {
  return isDeepStrictEqual(selectionOf(a), selectionOf(b))
}

function selectionOf({ snapshot: _place, contacts, ...terms }: RestoreTerms): object {
  return { ...terms, contacts: contacts && { sha256: contacts.sha256, column: contacts.column } }
}

/** @returns whether the terms leave something of the snapshot out */
export function isPartial({ contacts, since, until }: RestoreTerms): boolean {
  return contacts !== null || since !== null || until !== null
}

/** @returns the names of the fields that terms read from a file lack, or that are something else than they should be */
export function missingTerms(value: Json | undefined): readonly string[] {
  if (value === undefined || !isObject(value)) return ['restore']
  const lacking = (['snapshot', 'manifestDigest', 'tenant', 'schemaId'] as const).filter(
    (name) => typeof value[name] !== 'string',
  )
  const flags = (['complete', 'createSchema'] as const).filter((name) => typeof value[name] !== 'boolean')
  const dates = (['since', 'until'] as const).filter((name) => !isDateOrNull(value[name]))
  const { properties = [] } = value
  const named = Array.isArray(properties) && properties.every((name) => typeof name === 'string')
  const names = named ? [] : ['properties']
  const contacts = isListOrNull(value['contacts']) ? [] : ['contacts']
  return [...lacking, ...flags, ...dates, ...names, ...contacts].map((name) => `restore.${name}`)
}

function isDateOrNull(value: Json | undefined): boolean {
  return value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)))
}

function isListOrNull(value: Json | undefined): boolean {
  if (value === null) return true
  if (value === undefined || !isObject(value)) return false
  const { file, sha256, column } = value as JsonObject
  return (
    typeof file === 'string' && typeof sha256 === 'string' && (column === null || typeof column === 'string')
  )
}
