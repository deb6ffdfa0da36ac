/**
 * Has a schema lost most of its history since it was last exported, as one does that somebody deletes and recreates?
 * Guarantees: looks at snapshots in the data folder only, and changes nothing; says nothing where there is nothing to compare
 * with.
 */
import type { Config } from '../config.ts'
import { type CatalogEntry, catalogOf } from '../snapshot/catalog.ts'
import { HISTORY, MERGED, RESTORED } from '../snapshot/format.ts'
import type { Plan } from '../upgrade/plan.ts'
import { countOf } from '../words.ts'
import { rootPlace } from './places.ts'

/** A tenant that seems to hold less than this share of what it held, by a sample, has lost some. */
const SHARE = 0.5
/** A sample of little says little. */
const LEAST = 20

/** @returns what to say to whoever plans, line by line; none where all is well */
export async function dwindledLines(
  { tenant, schemaId, estimate }: Plan,
  config: Config,
): Promise<readonly string[]> {
  const found = await catalogOf(await rootPlace(undefined, config), { tenant, schemaId })
  const ofEngage = found.filter(
    ({ condition, manifest }) =>
      condition === 'complete' && ![HISTORY, MERGED, RESTORED].some((each) => each === manifest?.pass),
  )
  // The newest may be of after that already: whoever backs up each night has one.
  const heldBy = ({ manifest }: CatalogEntry): number => manifest?.interactions.records ?? 0
  const [most] = ofEngage.toSorted((a, b) => heldBy(b) - heldBy(a))
  if (most === undefined || heldBy(most) < LEAST || estimate.interactions >= heldBy(most) * SHARE) return []
  return [
    `Warning: the tenant seems to hold some ${countOf(estimate.interactions, 'interaction')} of ${schemaId}; the fullest snapshot of it here holds ${heldBy(most)}, as of ${most.manifest?.finishedAt}:`,
    `  ${most.place.name}`,
    'Where somebody has deleted the schema since, and made it anew, that is where its history is. Keep it, and bring it in before you upgrade:',
    `  engage-migrate restore ${most.place.name} --dry-run`,
  ]
}
