/**
 * What stands in the way of removing contacts from snapshots.
 * Guarantees: changes nothing; where it can't be told whether something holds them, that is told, and nothing is begun.
 */
import type { Config } from '../config.ts'
import { concernedIn, type Family } from '../erasure/search.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { CatalogEntry, SchemaHome } from '../snapshot/catalog.ts'
import { unfinishedWork } from './backup-work.ts'
import type { Tools } from './command.ts'
import { needsOf, runsKnowing } from './needed.ts'

/** The snapshots of one schema, and those of them that hold the contacts. */
export interface Searched extends Pick<SchemaHome, 'tenant' | 'schemaId'> {
  readonly entries: readonly CatalogEntry[]
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
        ? 'Have what writes them finish (run that backup, restore or upgrade once more), or remove them: engage-migrate snapshots prune --keep-last 100000. Then run the same command again.'
        : 'Put their manifests back from a copy, or move their folders away. Then run the same command again.',
    exit: EXIT.precondition,
  })
}

/** @throws OperatorError (exit 4) where a backup or a compaction has begun that will write what it has read before */
export function assertNothingUnfinished(homes: readonly SchemaHome[], config: Config, spool: string): void {
  const tenants = [...new Set(homes.map(({ tenant }) => tenant))]
  const folders = tenants.flatMap((tenant) => unfinishedWork(config, tenant, spool))
  if (folders.length === 0) return
  throw new OperatorError({
    what: `A backup or a compaction was begun and has not ended; what it has read may hold them: ${folders.join(', ')}.`,
    safe: 'Nothing was changed.',
    next: 'Run it once more, so that it ends; or remove these folders. Then run the same command again.',
    exit: EXIT.precondition,
  })
}

/** @throws OperatorError (exit 4) where a run has not ended, and works on a snapshot that would be another one then */
export function assertNoRunNeeds(data: string, searched: readonly Searched[], { clock }: Tools): void {
  const reasons = searched.flatMap(({ tenant, schemaId, families }) => {
    const stamps = stampsIn(families)
    if (stamps.length === 0) return []
    const needs = needsOf({ data, tenant, schemaId }, clock)
    return stamps.flatMap((stamp) => needs.of(stamp).map((why) => `${stamp} of ${schemaId}: ${why}`))
  })
  if (reasons.length === 0) return
  throw new OperatorError({
    what: `A run works with snapshots that hold them: ${[...new Set(reasons)].join('; ')}.`,
    safe: 'Nothing was changed.',
    next: 'Bring the run to its end first: engage-migrate status   (tells what each one waits for)',
    exit: EXIT.precondition,
  })
}

/** @returns the runs that have any of the contacts in files of their own, which nobody writes anew */
export function knownToRuns(
  data: string,
  searched: readonly Searched[],
  contacts: ReadonlySet<string>,
  { clock }: Tools,
): readonly string[] {
  return searched.flatMap(({ tenant, schemaId, families }) => {
    const stamps = new Set(stampsIn(families))
    return runsKnowing({ data, tenant, schemaId }, contacts, stamps, clock)
  })
}

function stampsIn(families: readonly Family[]): readonly string[] {
  return families.flatMap(concernedIn).map(({ link }) => link.place.base)
}
