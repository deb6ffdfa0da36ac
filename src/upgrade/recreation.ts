/**
 * Step 4: the schema comes back.
 * Guarantees: it returns only when the tenant shows the schema and it is, property by property, the one meant; a
 * refusal says why, and what the way back is.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { assertSame, createSchema } from './schema-effects.ts'
import type { WriteContext } from './strategy.ts'

/** Creates a schema after the deletion, or finds that it is there already. */
export async function recreate(context: WriteContext, schema: InteractionSchema): Promise<Json> {
  const { journal, reader, plan } = context
  const live = await reader.getSchema(schema.id)
  if (live !== undefined) {
    assertSame(schema, live)
    return { schemaId: schema.id, found: true }
  }
  journal.events.append('intent', 'recreation', { schemaId: schema.id })
  try {
    await createSchema(context, schema)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    throw new OperatorError({
      what: `Schema ${schema.id} could not be recreated. ${error.message}`,
      safe: 'Its whole history is in the verified snapshot; nothing is lost, but the tenant is without the schema now.',
      next:
        `Run the upgrade again to try once more, or take the way back to the old schema with the same history: ` +
        `engage-migrate upgrade --roll-back ${plan.run}`,
      exit: EXIT.failed,
      cause: error,
    })
  }
  return { schemaId: schema.id, found: false }
}
