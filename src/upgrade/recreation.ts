/**
 * Step 4: the schema comes back.
 * Guarantees: it returns only when the tenant shows the schema and it is, property by property, the one meant; what was
 * deleted and is shown for a while yet is not taken for one that is there; what an import had posted when others took the
 * schema away is looked for; a refusal says why, and what the way back is.
 */
import { EngageError } from '../engage/errors.ts'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { sameSchema } from '../schema/diff.ts'
import { freePlaces } from '../schema/rules.ts'
import { lookAnew } from './anew.ts'
import { OTHERS } from './history.ts'
import { BACK, type Lot, recreationOf } from './lot.ts'
import { createSchema, schemaInstead } from './schema-effects.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Creates a lot's schema after the deletion of the other one, or finds that it is there already. */
export async function recreate(context: WriteContext, lot: Lot): Promise<Json> {
  const found = await create(context, lot)
  await lookAnew(context, lot, isCreated(context, lot))
  return { schemaId: context.plan.schemaId, found }
}

/** @returns whether it was there already */
async function create(context: WriteContext, lot: Lot): Promise<boolean> {
  const { journal, plan } = context
  const schema = lot.schema(context)
  // Where that is there again, the deletion was not carried out, or undone.
  const gone = lot === BACK ? plan.after : plan.before
  try {
    const live = await schemaInstead(context, schema, gone)
    if (live !== undefined && !sameSchema(schema, live) && sameSchema(gone, live))
      throw backAgain(context, gone)
    if (live !== undefined) {
      if (!sameSchema(schema, live)) throw inTheWay(schema.id)
      return true
    }
    journal.events.append('intent', recreationOf(lot), { schemaId: schema.id })
    try {
      if (!(await createSchema(context, schema, gone)))
        journal.events.append('note', recreationOf(lot), TAKEN)
    } catch (error) {
      throw (await noRoom(context, schema.id, error)) ?? error
    }
    return false
  } catch (error) {
    if (error instanceof NoRoom || !(error instanceof OperatorError || error instanceof EngageError))
      throw error
    throw new OperatorError({
      what: `Schema ${schema.id} could not be recreated. ${error.message}`,
      safe: 'Its whole history is in the verified snapshot: nothing is lost. But the tenant may be without the schema now.',
      next: lot.amongOthers
        ? 'Run the same command again to try once more.'
        : 'Run the upgrade again to try once more, or take the way back to the old schema with the same history: ' +
          `engage-migrate upgrade --roll-back ${plan.run}`,
      exit: EXIT.failed,
      cause: error,
    })
  }
}

/** What is noted where somebody else was quicker. */
const TAKEN = { created: 'by others' }

/** @returns whether this run has created the schema since it was last taken away: it was not there, then */
function isCreated({ journal }: ReadContext, lot: Lot): boolean {
  return journal.events.latest(recreationOf(lot), 'intent', 'note', 'withdrawn')?.kind === 'intent'
}

/** The place of the deleted schema was taken. */
class NoRoom extends OperatorError {}

/** @returns what to say where all places are taken; it names the schemas that were not there at the deletion */
async function noRoom(
  { journal, reader, plan }: ReadContext,
  id: string,
  cause: unknown,
): Promise<NoRoom | undefined> {
  const there = (await reader.listSchemas()).map((each) => each.id)
  if (there.includes(id) || freePlaces(there.length) > 0) return undefined
  const intent = journal.events.latest('deletion', 'intent')?.detail as JsonObject | undefined
  const before = new Set((intent?.[OTHERS] as readonly string[] | undefined) ?? there)
  const since = there.filter((each) => !before.has(each))
  return new NoRoom({
    what:
      `There is no place for schema ${id} in ${plan.tenant}, where ${there.length} others are by now. ${messageOf(cause)}` +
      (since.length === 0 ? '' : ` Created since the deletion: ${since.join(', ')}.`),
    safe: 'Its whole history is in the verified snapshot: nothing is lost. Nothing was posted; the tenant is without the schema until there is room.',
    next: 'Find out who took its place. Delete a schema that may go, or ask Voyado for another place, then run the same command again: it goes on from here.',
    exit: EXIT.precondition,
    cause,
  })
}

/** Neither ours nor the one that was deleted. */
function inTheWay(id: string): OperatorError {
  return new OperatorError({
    what: `Somebody has created ${id} meanwhile, in a form that is neither the old nor the new one. See whether anything has arrived in it; if it may go, delete that schema in Engage first.`,
    exit: EXIT.failed,
  })
}

/** What took the schema away has to be done, and signed for, once more. The snapshot stays: it is the history. */
function backAgain({ journal, plan }: WriteContext, gone: InteractionSchema): OperatorError {
  const again = gone === plan.before ? ['delete-schema', 'deletion'] : ['roll-back-clearing']
  journal.events.withdraw(again, { reason: 'the deleted schema is there again' })
  return new OperatorError({
    what: 'The deleted schema is there again, as it was: somebody recreated it, or the deletion was not carried out.',
    exit: EXIT.failed,
  })
}
