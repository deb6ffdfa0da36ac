/**
 * Step 3: the deletion.
 * Guarantees: nothing is deleted unless all that the decision rested on was looked at once more at that instant (see
 * last-look.ts); what may have been deleted before is not taken for what others have made since.
 */
import { EngageError } from '../engage/errors.ts'
import { OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { schemaDigest } from '../schema/diff.ts'
import { readContact } from '../transfer/export.ts'
import { DELETION_REFUSED, mayHaveDeleted, OTHERS } from './history.ts'
import { assertSnapshots, lookOnceMore } from './last-look.ts'
import { passSnapshot } from './pass.ts'
import { deleteSchema } from './schema-effects.ts'
import { assertNoStrangers, madeAnew } from './strangers.ts'
import type { WriteContext } from './strategy.ts'

/** Deletes the schema and, with it, all its interactions. */
export async function deleteOldSchema(context: WriteContext): Promise<Json> {
  const { plan, journal, settings } = context
  const intended = mayHaveDeleted(journal)
  if (await isGone(context)) return noteGone(context, intended)
  let others: readonly string[]
  try {
    if (intended) await assertStillOurs(context)
    others = await lookOnceMore(context)
  } catch (error) {
    // What an earlier process deleted may have gone only now, while all of this was looked at.
    if (intended && (await isGone(context))) return noteGone(context, intended)
    throw error
  }
  const { driftSample, driftContacts } = settings
  journal.events.append('intent', 'deletion', {
    ...{ schemaId: plan.schemaId, [OTHERS]: others },
    ...{ driftSample, driftContacts },
  })
  try {
    await deleteSchema(context, plan.before, () => assertStillOurs(context))
  } catch (error) {
    // A clear refusal, with schema and history still there: this run has not deleted anything.
    const refusal =
      error instanceof EngageError ? error : error instanceof OperatorError ? error.cause : undefined
    const refused = refusal instanceof EngageError && refusal.outcome === 'refused'
    if (refused && !intended && (await isUntouched(context))) {
      journal.events.append('note', DELETION_REFUSED, { schemaId: plan.schemaId })
    }
    throw error
  }
  return { deletedBy: 'this run' }
}

/** The schema is not there any more: whoever took it away, from here on it is this run that holds the history. */
async function noteGone(context: WriteContext, intended: boolean): Promise<Json> {
  const { plan, journal } = context
  await assertSnapshots(context)
  if (!intended) {
    context.say(`Schema ${plan.schemaId} is gone already: somebody else deleted it. Its snapshot is whole.`)
    journal.events.append('intent', 'deletion', { schemaId: plan.schemaId, by: 'somebody else' })
  }
  return { deletedBy: intended ? 'this run' : 'somebody else' }
}

/** @returns whether the schema is there, and the first contact of the snapshot with history still has it */
async function isUntouched(context: WriteContext): Promise<boolean> {
  const { reader, clock, plan } = context
  if ((await reader.getSchema(plan.schemaId)) === undefined) return false
  for await (const { contactId, interactions } of (await passSnapshot(context, 'final-pass')).contacts()) {
    if (interactions.length === 0) continue
    const now = await readContact(reader, clock, contactId, plan.schemaId)
    return now.interactions.some(({ id }) => id === interactions[0]?.id)
  }
  return true
}

/**
 * An earlier deletion of this run may have been carried out, so what is there now may be somebody else's, made anew:
 * every contact is read before it may go.
 */
async function assertStillOurs(context: WriteContext): Promise<void> {
  const { plan, reader } = context
  const live = await reader.getSchema(plan.schemaId)
  if (live === undefined) return
  if (schemaDigest(live) !== plan.liveDigest) throw madeAnew(plan.before, live)
  // Whatever is to be imported: what may go is what was exported.
  await assertNoStrangers(context, await passSnapshot(context, 'final-pass'), (_, others) => others)
}

/** One 404 may be a passing fault: it is gone when it still is a while later. */
async function isGone({ reader, plan, clock, settings, stop }: WriteContext): Promise<boolean> {
  if ((await reader.getSchema(plan.schemaId)) !== undefined) return false
  await clock.sleep(settings.settleMs, stop)
  return (await reader.getSchema(plan.schemaId)) === undefined
}
