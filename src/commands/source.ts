/**
 * Where what is restored comes from, or the source system's history.
 * Guarantees: a text names one snapshot, or is refused; what is encrypted is opened with an identity from a file.
 */
import type { Config } from '../config.ts'
import type { Place } from '../snapshot/place.ts'
import type { Plan } from '../upgrade/plan.ts'
import type { Source } from '../upgrade/strategy.ts'
import { type Args, textOf } from './command.ts'
import { openerOf } from './identity.ts'
import { rootPlace } from './places.ts'
import { snapshotNamed } from './which-snapshot.ts'

/**
 * @param text a snapshot as it is typed
 * @param args may hold `from`, where names are looked up
 * @param history whether the newest that is meant is of a source system's own history
 * @throws OperatorError (exit 2) where it names none, or could be several
 */
export function sourceNamed(text: string, args: Args, config: Config, history = false): Promise<Place> {
  return snapshotNamed(text, { from: textOf(args, 'from'), config, history })
}

/** @returns what a plan names, to restore or as the source's history @throws OperatorError (exit 2) where the identity can't be read */
export async function sourceOf(
  { run, restore, history }: Plan,
  config: Config,
  args: Args,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Source> {
  const named = restore ?? history
  if (named === undefined) throw new Error(`run ${run} names no snapshot`)
  return { place: await rootPlace(named.snapshot, config), opener: openerOf(args, env) }
}
