/**
 * Creating and deleting a schema, so that a lost answer does no harm.
 * Guarantees: each returns only when the tenant itself, asked with GETs, shows the effect; an answer that was not
 * clear is asked about before anything is sent again.
 */
import type { EngageError } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { sameSchema, schemaDifferences } from '../schema/diff.ts'
import { attemptTo } from './attempt.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Name of the note that a deletion leaves which is sent once more. */
const SENT_AGAIN = 'deletion-sent-again'

/** @returns whether an earlier attempt to delete a schema may be carried out after the one that was seen to be */
export function mayDeleteLate({ events }: Pick<Journal, 'events'>, schemaId: string): boolean {
  const note = events.latest(SENT_AGAIN)?.detail as JsonObject | undefined
  return note?.['schemaId'] === schemaId
}

/** How often an unclear effect is tried in all. */
const TRIES = 4

/**
 * Creates a schema (or finds that an earlier try of ours did), reads it back and compares it.
 * @param deleted what had this id before: a read may lag and show it for a while
 * @returns false where it was there before anything of ours could have made it
 * @throws OperatorError where the server refuses it, or keeps something else; the server's words are in it
 */
export async function createSchema(
  context: WriteContext,
  schema: InteractionSchema,
  deleted?: InteractionSchema,
): Promise<boolean> {
  const isNew = (found: InteractionSchema | undefined): found is InteractionSchema =>
    found !== undefined && !isStill(deleted, found, schema)
  for (let attempt = 1; ; attempt++) {
    const trouble = await attemptTo(context, () => context.writer.createSchema(schema))
    // A clear refusal needs no waiting, but for one: the id is taken, perhaps by an earlier try of ours.
    const patient = trouble?.outcome !== 'refused' || trouble.status === 409
    const live = await waitFor(context, schema.id, isNew, patient)
    if (isNew(live)) {
      assertSame(schema, live)
      return !(attempt === 1 && trouble?.status === 409)
    }
    if (trouble?.outcome === 'refused') throw refused(schema.id, trouble)
    if (attempt >= TRIES) throw unclear(`create schema ${schema.id}`, trouble)
  }
}

/** @returns what is shown under a schema's id once that is no longer what was deleted, or after long enough anyway */
export async function schemaInstead(
  context: ReadContext,
  schema: InteractionSchema,
  deleted: InteractionSchema,
): Promise<InteractionSchema | undefined> {
  return waitFor(context, schema.id, (found) => !isStill(deleted, found, schema), true)
}

/** @returns whether a schema is still the one that was deleted, which the new one may be equal to */
function isStill(
  deleted: InteractionSchema | undefined,
  found: InteractionSchema | undefined,
  schema: InteractionSchema,
): boolean {
  return (
    deleted !== undefined && found !== undefined && sameSchema(deleted, found) && !sameSchema(schema, found)
  )
}

/**
 * Deletes a schema and waits until the tenant answers 404 for it, or shows another one that was created since.
 * @param deleted what is deleted: only that is sent a second time, never what others have made in its place
 * @param assertOurs throws where what is shown after a first attempt may be made anew, equal to what was deleted
 * @throws OperatorError where the server refuses, or goes on showing it; what `assertOurs` throws
 */
export async function deleteSchema(
  context: WriteContext,
  deleted: InteractionSchema,
  assertOurs: () => Promise<void>,
): Promise<void> {
  const { id } = deleted
  const isGone = (found: InteractionSchema | undefined): boolean =>
    found === undefined || !sameSchema(deleted, found)
  for (let attempt = 1; ; attempt++) {
    const trouble = await attemptTo(context, () => context.writer.deleteSchema(id))
    if (isGone(await waitFor(context, id, isGone, trouble?.outcome !== 'refused'))) return
    if (trouble?.outcome === 'refused') throw refused(id, trouble)
    if (attempt >= TRIES) throw unclear(`delete schema ${id}`, trouble)
    await assertOurs()
    // Whatever became of this attempt may come yet, when the next one has long been carried out.
    context.journal.events.append('note', SENT_AGAIN, { schemaId: id })
  }
}

/** @throws OperatorError where a schema read back is not the one that was meant */
function assertSame(expected: InteractionSchema, found: InteractionSchema): void {
  const differences = schemaDifferences(expected, found)
  if (differences.length === 0) return
  throw new OperatorError({
    what: `Engage keeps schema ${expected.id} in another form than it was given: ${differences.join('; ')}.`,
    safe: 'No interaction was posted into it.',
    next: `Compare it with the plan; plan again with a schema that Engage keeps as it is: engage-migrate plan ${expected.id} --to FILE …`,
    exit: EXIT.precondition,
  })
}

/** GETs the schema until it is as hoped, or long enough. @returns what was seen last */
async function waitFor(
  context: ReadContext,
  id: string,
  hoped: (found: InteractionSchema | undefined) => boolean,
  patient: boolean,
): Promise<InteractionSchema | undefined> {
  const began = context.clock.elapsed()
  for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
    const found = await context.reader.getSchema(id, context.stop)
    if (hoped(found) || !patient || context.clock.elapsed() - began > context.settings.visibleWithinMs)
      return found
    await context.clock.sleep(wait, context.stop)
  }
}

function refused(id: string, error: EngageError): OperatorError {
  return new OperatorError({
    what: `Engage refuses it (schema ${id}): ${error.message}.`,
    exit: EXIT.failed,
    cause: error,
  })
}

function unclear(what: string, trouble: EngageError | undefined): OperatorError {
  const words =
    trouble === undefined ? 'it said yes, but does not show it' : `the last answer: ${trouble.message}`
  return new OperatorError({
    what: `Engage did not carry out ${TRIES} attempts to ${what}; ${words}.`,
    safe: 'The journal knows what was tried; it will be asked about first when the run goes on.',
    next: 'Look whether Engage is in trouble, then run the same command again.',
    exit: EXIT.failed,
  })
}
