/**
 * The files that a run leaves, held against the tenant as its owner knows it.
 * Guarantees: every record that the deletion took away is named once, as back (and there it is, with its content) or as
 * refused; a line that names anything else is an error.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, parseJson } from '../../../src/json.ts'
import type { Interaction } from '../../../src/model.ts'
import type { Difference } from '../../../src/transfer/compare.ts'

/** What the owner of a tenant knows of it. */
export interface Known {
  /** What the first deletion has taken away. */
  readonly truth: readonly Interaction[]
  /** Whether the run can have come to know of a record of the truth. */
  canBeKnown(record: Interaction): boolean
  /** Taken away by others before the deletion: the run may have read it before, and brought it back. */
  wasTaken(id: string): boolean
  held(id: string): Interaction | undefined
  /** Whose it is and what is in it, as far as the tenant keeps that. */
  key(record: Interaction): string
}

export interface Refused {
  readonly reason: string
  readonly record: Interaction
}

interface Mapped {
  readonly oldId: string
  readonly newId: string
}

/** @returns the lines of `rejected.ndjson` in a run's folder */
export function refusedIn(folder: string): readonly Refused[] {
  return linesOf(join(folder, 'rejected.ndjson')) as never
}

/** @returns the lines of `differences.ndjson` in a run's folder */
export function differencesIn(folder: string): readonly Difference[] {
  return linesOf(join(folder, 'differences.ndjson')) as never
}

/** @throws Error that names what is wrong in `id-map.ndjson`, or in neither file */
export function assertNamed(folder: string, known: Known): void {
  const mapped = linesOf(join(folder, 'id-map.ndjson')) as unknown as readonly Mapped[]
  assertOnce(
    mapped.map(({ oldId }) => oldId),
    'id-map.ndjson names an old id twice',
  )
  assertOnce(
    mapped.map(({ newId }) => newId),
    'id-map.ndjson names a new id twice',
  )
  const truth = new Map(known.truth.map((record) => [record.id, record]))
  for (const { oldId, newId } of mapped) {
    const now = known.held(newId)
    if (now === undefined)
      throw new Error(`id-map.ndjson names an id that the tenant does not have: ${newId}`)
    const before = truth.get(oldId)
    if (before === undefined && known.wasTaken(oldId)) continue
    if (before === undefined) throw new Error(`id-map.ndjson names an id that was never deleted: ${oldId}`)
    if (known.key(before) !== known.key(now))
      throw new Error(`id-map.ndjson: ${oldId} became ${newId}, which is another record`)
  }
  const back = new Set(mapped.map(({ oldId }) => oldId))
  const refused = refusedIn(folder).map(({ record }) => record.id)
  assertOnce(refused, 'rejected.ndjson names a record twice')
  const both = refused.filter((id) => back.has(id))
  if (both.length > 0) throw new Error(`back and refused at once: ${both.join()}`)
  const named = new Set([...back, ...refused])
  const unnamed = known.truth.filter((record) => !named.has(record.id) && known.canBeKnown(record))
  if (unnamed.length > 0)
    throw new Error(
      `neither id-map.ndjson nor rejected.ndjson names ${unnamed.length} records, such as ${unnamed[0]?.id} of contact ${unnamed[0]?.contactId}`,
    )
}

/**
 * @param verification as a run that ends with 5 tells it
 * @throws Error where `differences.ndjson` names less or more than that
 */
export function assertDifferencesNamed(
  folder: string,
  verification: { readonly [name: string]: number },
): void {
  const differences = differencesIn(folder)
  for (const name of ['missing', 'extra', 'foreign', 'altered'] as const) {
    const named = differences.reduce((sum, each) => sum + each[name].length, 0)
    if (named !== verification[name])
      throw new Error(`differences.ndjson names ${named} ${name}, and the run says ${verification[name]}`)
  }
}

function assertOnce(ids: readonly string[], what: string): void {
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) throw new Error(`${what}: ${id}`)
    seen.add(id)
  }
}

function linesOf(file: string): readonly Json[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJson)
}
