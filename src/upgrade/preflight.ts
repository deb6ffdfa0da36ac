/**
 * The proof that the new schema can be created, before the old one is deleted.
 * Guarantees: the tenant has taken the very JSON, and shows it as it was given; the trial is taken away again, whatever became
 * of it; where no place is free for it, nothing counts as proven.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { freePlaces } from '../schema/rules.ts'
import { createSchema, deleteSchema } from './schema-effects.ts'
import type { WriteContext } from './strategy.ts'

/**
 * Has the tenant accept the very JSON under a throwaway id, and takes that away again.
 * @throws OperatorError (exit 4) where it refuses it: nothing has been deleted then
 */
export async function proveCreation(context: WriteContext): Promise<Json> {
  const { plan, reader, journal } = context
  const id = `${plan.schemaId}-preflight-${plan.run.slice(plan.schemaId.length + 1)}`
  // A trial that a crash left behind: its name is this run's own, so it can't be anybody else's.
  await removeTrial(context, id)
  const inTenant = (await reader.listSchemas()).length
  if (freePlaces(inTenant) < 1) return unproven(inTenant)
  journal.events.append('intent', 'preflight', { id })
  const trial = { ...plan.after, id }
  try {
    await createSchema(context, trial)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    // What the tenant keeps in another form must not keep its place.
    await removeTrial(context, id)
    // Somebody may have taken the last place meanwhile: that says nothing of the schema.
    const there = (await reader.listSchemas()).length
    if (freePlaces(there) < 1) return unproven(there)
    const unclear = error.exit === EXIT.failed && error.cause === undefined
    throw new OperatorError({
      what: `The new schema does not pass its trial under the id ${id}. ${error.message}`,
      safe: `Nothing was deleted: ${plan.schemaId} and its interactions are untouched.`,
      next: unclear
        ? (error.next ?? 'Run the same command again.')
        : `Mend the schema and make a new plan with it: engage-migrate plan ${plan.schemaId} --to FILE …`,
      exit: unclear ? EXIT.failed : EXIT.precondition,
      cause: error,
    })
  }
  await deleteSchema(context, trial, nothingElse)
  return { proven: true, id }
}

/** Takes away what is shown under a trial's id, in whatever form. */
async function removeTrial(context: WriteContext, id: string): Promise<void> {
  const trial = await context.reader.getSchema(id)
  if (trial !== undefined) await deleteSchema(context, trial, nothingElse)
}

/** A trial's name is nobody else's. */
async function nothingElse(): Promise<void> {}

function unproven(schemas: number): Json {
  return { proven: false, reason: `all places are taken: ${schemas} schemas` }
}
