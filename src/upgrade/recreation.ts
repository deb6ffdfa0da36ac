/**
 * Step 4: the schema comes back.
 * Guarantees: it returns only when the tenant shows the schema and it is, property by property, the one meant; a
 * refusal says why, and what the way back is.
 */
import { EngageError } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { sameSchema } from '../schema/diff.ts'
import { createSchema } from './schema-effects.ts'
import type { WriteContext } from './strategy.ts'

/**
 * Creates a schema after the deletion, or finds that it is there already.
 * @param gone the schema that was deleted: where it is there again, the deletion was not carried out, or undone
 */
export async function recreate(
  context: WriteContext,
  schema: InteractionSchema,
  gone: InteractionSchema,
): Promise<Json> {
  const { journal, reader, plan } = context
  try {
    const live = await reader.getSchema(schema.id)
    if (live !== undefined && !sameSchema(schema, live) && sameSchema(gone, live))
      throw backAgain(context, gone)
    if (live !== undefined) {
      if (!sameSchema(schema, live)) throw inTheWay(schema.id)
      return { schemaId: schema.id, found: true }
    }
    journal.events.append('intent', 'recreation', { schemaId: schema.id })
    await createSchema(context, schema)
    return { schemaId: schema.id, found: false }
  } catch (error) {
    if (!(error instanceof OperatorError || error instanceof EngageError)) throw error
    throw new OperatorError({
      what: `Schema ${schema.id} could not be recreated. ${error.message}`,
      safe: 'Its whole history is in the verified snapshot: nothing is lost. But the tenant may be without the schema now.',
      next:
        'Run the upgrade again to try once more, or take the way back to the old schema with the same history: ' +
        `engage-migrate upgrade --roll-back ${plan.run}`,
      exit: EXIT.failed,
      cause: error,
    })
  }
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
  for (const name of again) {
    journal.events.append('withdrawn', name, { reason: 'the deleted schema is there again' })
  }
  return new OperatorError({
    what: 'The deleted schema is there again, as it was: somebody recreated it, or the deletion was not carried out.',
    exit: EXIT.failed,
  })
}
