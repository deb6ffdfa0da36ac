/**
 * What the rules find in a schema that a command line names, wherever it is.
 * Guarantees: of a file, what its text alone shows is told as well; where nobody knows what else there is, nothing is said of it.
 */
import { isObject } from '../json.ts'
import { lintWhole } from '../schema/dialect-rules.ts'
import type { Finding } from '../schema/finding.ts'
import { othersAlike } from '../schema/rules.ts'
import type { NamedSchema } from './schemas-named.ts'

/** What a schema stands beside, or would. */
export interface Beside {
  /** Ids of all schemas of the tenant that it is in, or is meant for; undefined where that is not known. */
  readonly ids: readonly string[] | undefined
  /** Ids of all that are looked at together. */
  readonly given: readonly string[]
}

/** @returns the findings, those of the text first */
export function lintOf(named: NamedSchema, { ids, given }: Beside): readonly Finding[] {
  const own = idOf(named) ?? ''
  const all = [...new Set([...(ids ?? []), ...given])].filter((id) => id !== own)
  // One that is there needs no place, nor does a new form of one. Without a tenant, nobody knows of places.
  const isNew = ids !== undefined && !ids.includes(own)
  return [...named.twice, ...lintWhole(named.value, { others: isNew ? all : othersAlike(own, all) })]
}

/** @returns undefined where it has none that is a text */
export function idOf({ value }: Pick<NamedSchema, 'value'>): string | undefined {
  const id = isObject(value) ? value['id'] : undefined
  return typeof id === 'string' ? id : undefined
}
