/**
 * What stands in the way of removing contacts from snapshots.
 * Guarantees: changes nothing; where it can't be told whether something holds them, that is told, and nothing is begun.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { concernedIn, type Family } from '../erasure/search.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { CatalogEntry, SchemaHome } from '../snapshot/catalog.ts'
import { unfinishedWork } from './backup-work.ts'
import type { Tools } from './command.ts'
import { needsOf } from './needed.ts'
import { sourcesOf } from './sources.ts'

/** The snapshots of one schema, and what they hold of the contacts. */
export interface Searched extends Pick<SchemaHome, 'tenant' | 'schemaId'> {
  readonly families: readonly Family[]
}

/** @throws OperatorError (exit 4) where it can't be told who is in a snapshot, since it is none yet, or none any more */
export function assertAllFinished(entries: readonly CatalogEntry[]): void {
  const half = entries.filter(({ condition }) => condition === 'half')
  const unusable = entries.filter(({ condition }) => condition === 'unusable')
  const [first] = [...half, ...unusable]
  if (first === undefined) return
  const names = (of: readonly CatalogEntry[]): string => of.map(({ place }) => place.name).join(', ')
  throw new OperatorError({
    what:
      half.length > 0
        ? `Half-written snapshots may hold them: ${names(half)}.`
        : `Snapshots that can't be used may hold them: ${names(unusable)}.`,
    safe: 'Nothing was changed.',
    next:
      half.length > 0
        ? 'Have what writes them finish (run that backup, restore or upgrade once more), or remove these folders where nobody will. Then run the same command again.'
        : 'Put their manifests back from a copy, or move their folders away. Then run the same command again.',
    exit: EXIT.precondition,
  })
}

/** @throws OperatorError (exit 4) where a backup or a compaction has begun that will write what it has read before */
export function assertNothingUnfinished(
  homes: readonly SchemaHome[],
  config: Config,
  spool: string,
  tools: Pick<Tools, 'clock'>,
): void {
  const tenants = [...new Set(homes.map(({ tenant }) => tenant))]
  const folders = tenants.flatMap((tenant) => unfinishedWork(config, tenant, spool, tools))
  if (folders.length === 0) return
  throw new OperatorError({
    what: `A backup or a compaction was begun and has not ended; what it has read may hold them: ${folders.join(', ')}.`,
    safe: 'Nothing was changed.',
    next: 'Run it once more, so that it ends; or remove these folders. Then run the same command again.',
    exit: EXIT.precondition,
  })
}

/**
 * @param folder of the snapshots; undefined where they are elsewhere, where no run works
 * @throws OperatorError (exit 4) where a run has not ended, and works on a snapshot that would be another one then, or has
 *   yet to read it
 */
export function assertNoRunNeeds(
  folder: string | undefined,
  { data }: Pick<Config, 'data'>,
  searched: readonly Searched[],
  { clock }: Tools,
): void {
  const sources = sourcesOf(data, clock)
  const reasons = searched.flatMap(({ tenant, schemaId, families }) => {
    const concerned = families.flatMap(concernedIn)
    if (concerned.length === 0) return []
    const needs = folder === undefined ? undefined : needsOf({ data: folder, tenant, schemaId }, clock)
    return concerned.flatMap(({ link: { place } }) => [
      ...(needs?.underWay(place.base) ?? []),
      ...sources.of(place),
    ])
  })
  if (reasons.length === 0) return
  throw new OperatorError({
    what: `Runs work with snapshots that hold them: ${[...new Set(reasons)].join('; ')}.`,
    safe: 'Nothing was changed.',
    next: `Bring each run to its end (engage-migrate status tells what it waits for) or, where nobody wants it any more, remove its folder in ${join(data, 'runs')}. Then run the same command again.`,
    exit: EXIT.precondition,
  })
}
