/**
 * The snapshot that a run was planned with, and that others keep: what is restored, or the source system's history.
 * Guarantees: it is read only once it has been proven in full, with all that it follows, and is the very one that was planned
 * with; what is encrypted is not taken for proven without an identity.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { assertReadableAt } from '../snapshot/readable.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { locked } from '../snapshot/seal.ts'
import type { ReadContext, Source } from './strategy.ts'

/**
 * @returns what is wrong with a source; nothing where it is whole, and the one that is meant
 * @throws OperatorError (exit 4) where it is encrypted, and there is no identity that can read it
 */
export async function problemsOf(
  { progress }: Pick<ReadContext, 'progress'>,
  { place, opener }: Source,
  manifestDigest: string,
): Promise<readonly string[]> {
  await assertReadableAt(place, opener)
  const proof = await proveSnapshot(place, {
    opener,
    onProgress: ({ part, parts, records }) =>
      progress({
        ...{ phase: 'proving the snapshot: parts', done: part, total: parts, doneHere: part },
        note: `${records} interactions`,
      }),
  })
  if (!proof.ok) return proof.problems
  if (proof.sealed) throw locked(place.name)
  return proof.manifestDigest === manifestDigest ? [] : ['it is another one than the run was planned with']
}

/**
 * @returns the source's history, proven anew
 * @throws OperatorError (exit 4) where it is damaged, another one by now, or can't be read without an identity
 */
export async function openHistory(context: ReadContext): Promise<Snapshot> {
  const { plan, source } = context
  if (plan.history === undefined || source === undefined) throw new Error(`run ${plan.run} has no history`)
  const at = await source()
  const problems = await problemsOf(context, at, plan.history.manifestDigest)
  if (problems.length === 0) return openSnapshot(at.place, at.opener)
  throw new OperatorError({
    what: `The history in ${at.place.name} can't be used: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? '; …' : ''}.`,
    safe: 'Nothing was deleted, and nothing sent.',
    next: `Put an undamaged copy of it back, then go on: engage-migrate upgrade ${plan.run}. Or make a new plan: engage-migrate plan ${plan.schemaId} --history SNAPSHOT …`,
    exit: EXIT.precondition,
  })
}
