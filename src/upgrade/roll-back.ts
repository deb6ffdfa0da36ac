/**
 * The way back to the old schema.
 * Guarantees: it can only be begun once the old schema has been deleted by this run; what it would take away from
 * the tenant is looked at first, and only what this run itself has posted may go.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Interaction } from '../model.ts'
import { sameSchema } from '../schema/diff.ts'
import type { Found } from '../transfer/reconcile.ts'
import { importedSnapshot } from './imported.ts'
import { FORTH, reconcileUnaccounted, wasPosted } from './lot.ts'
import { deleteSchema } from './schema-effects.ts'
import { assertNoStrangers, type Known, madeAnew } from './strangers.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** @throws OperatorError (exit 4) where there is nothing to undo, or no way back any more */
export function assertRollBack({ journal, plan }: Pick<ReadContext, 'journal' | 'plan'>): void {
  if (journal.events.latest('roll-back', 'signed') !== undefined) return
  if (journal.events.latest('deletion', 'finished') === undefined) {
    throw new OperatorError({
      what: `Run ${plan.run} has not deleted ${plan.schemaId}: there is nothing to roll back.`,
      safe: 'The schema and its interactions are untouched.',
      next: `Leave the run as it is, or make a new plan: engage-migrate plan ${plan.schemaId} …`,
      exit: EXIT.precondition,
    })
  }
  // Also where it was taken up again since for what had been refused: the tenant has lived with it from then on.
  if (journal.events.latest('verification', 'finished') !== undefined) {
    throw new OperatorError({
      what: `Run ${plan.run} is done: the new schema holds the whole history.`,
      safe: 'Nothing was changed.',
      next: `To go back to the old definition, plan an upgrade to it: engage-migrate plan ${plan.schemaId} --to FILE …`,
      exit: EXIT.precondition,
    })
  }
}

/**
 * Takes the new schema away where it is there already. Every contact of the list, and those created since, is read
 * first: what is in the new schema must be what this run has posted.
 * @throws OperatorError (exit 4) where it is another schema, or where something has arrived live
 */
export async function clearNewSchema(context: WriteContext): Promise<Json> {
  const { plan, reader, journal } = context
  const live = await reader.getSchema(plan.schemaId)
  if (live === undefined || sameSchema(live, plan.before)) return { removed: false }
  // "Plan again", which a difference is answered with elsewhere, would be no way out here.
  if (!sameSchema(live, plan.after)) throw madeAnew(plan.after, live)
  const snapshot = await importedSnapshot(context)
  const assertOurs = (): Promise<void> =>
    assertNoStrangers(context, snapshot, (known, others) => strangers(context, known, others))
  await assertOurs()
  journal.events.append('intent', 'roll-back-clearing', { schemaId: plan.schemaId })
  await deleteSchema(context, plan.after, assertOurs)
  return { removed: true }
}

/**
 * @returns records of a contact that are more than this run's POSTs can have made: one whose answer was lost counts; what
 * it has posted to a contact that was merged into this one is known by its id
 */
function strangers(
  context: ReadContext,
  { pieces }: Known,
  others: readonly Interaction[],
): readonly Found[] {
  const { unclaimed } = reconcileUnaccounted(context, FORTH, pieces, others)
  return unclaimed.filter(({ id }) => !wasPosted(context.journal, FORTH, id))
}
