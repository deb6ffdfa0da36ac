/**
 * Step 3: the proof of creation, and the deletion.
 * Guarantees: nothing is deleted unless, at that instant, the live schema is the plan's, the snapshot (and what was merged of
 * it and a history of the source, where that is imported in its place) has been read back from disk byte by byte, coverage is
 * complete or accepted by name, what does not come back is accepted by number, the new schema has room and passes the rules, no
 * sampled contact holds anything that the snapshot lacks, nor does any that it has as gone.
 */
import { EngageError } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'
import { schemaDigest } from '../schema/diff.ts'
import { freePlaces } from '../schema/rules.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { amend } from './amendment.ts'
import { isHot, withdrawHotPass, withdrawStop } from './final-pass.ts'
import { DELETION_REFUSED, mayHaveDeleted, OTHERS, usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf } from './imported.ts'
import { assertNoDrift, assertProven, passFolder, passResult, passSnapshot } from './pass.ts'
import { checkUpgrade } from './plan.ts'
import { assertStillGone } from './restored.ts'
import { createSchema, deleteSchema } from './schema-effects.ts'
import { assertNoStrangers, holdersOf, madeAnew } from './strangers.ts'
import type { ReadContext, WriteContext } from './strategy.ts'

/** Contacts that are looked at once more just before the deletion. */
const QUIET_SAMPLE = 200
/** So many of them may have been deleted since the final pass, however few there are. */
const FEW = 2

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

/** Deletes the schema and, with it, all its interactions. */
export async function deleteOldSchema(context: WriteContext): Promise<Json> {
  const { plan, journal } = context
  const intended = mayHaveDeleted(journal)
  if (await isGone(context)) return noteGone(context, intended)
  let others: readonly string[]
  try {
    if (intended) await assertStillOurs(context)
    others = await assertPreconditions(context)
  } catch (error) {
    // What an earlier process deleted may have gone only now, while all of this was looked at.
    if (intended && (await isGone(context))) return noteGone(context, intended)
    throw error
  }
  journal.events.append('intent', 'deletion', { schemaId: plan.schemaId, [OTHERS]: others })
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
  await assertSnapshot(context)
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

/**
 * Everything that the decision rested on, looked at again.
 * @returns the ids of all other schemas @throws OperatorError (exit 4)
 */
async function assertPreconditions(context: ReadContext): Promise<readonly string[]> {
  const { plan, planDigest, reader, journal } = context
  const signature = journal.events.latest('delete-schema', 'signed')?.detail as JsonObject | undefined
  const final = passResult(context, 'final-pass')
  if (signature?.['confirm'] !== plan.schemaId || signature['planDigest'] !== planDigest)
    throw unsigned(plan.schemaId)
  if (!final.coverage.sure && signature['acceptCoverage'] !== true) throw unsigned(plan.schemaId)
  const loss = lossOf(context)
  if (loss > 0 && signature['acceptLoss'] !== loss) throw unsigned(plan.schemaId)
  await assertNoDrift(context)
  const schemas = (await reader.listSchemas()).map(({ id }) => id)
  const others = schemas.filter((id) => id !== plan.schemaId)
  checkUpgrade(plan.before, plan.after, others)
  await assertSnapshot(context)
  await assertStillGone(context)
  await assertQuiet(context)
  // Proving takes a while: once more, with nothing between this and the deletion.
  await assertNoDrift(context)
  return others
}

async function assertSnapshot(context: ReadContext): Promise<void> {
  const folder = passFolder(context, 'final-pass')
  context.say('proving the snapshot byte by byte')
  await assertProven(folder, passResult(context, 'final-pass').manifestDigest)
  if (usesHistory(context.journal))
    await assertProven(importedFolder(context), importedResult(context).manifestDigest)
}

/** Contacts spread over the list are read once more: what they hold must be what the snapshot holds. */
async function assertQuiet(context: ReadContext): Promise<void> {
  const { reader, clock, plan, settings } = context
  const snapshot = await passSnapshot(context, 'final-pass')
  const sample = await spread(snapshot.contacts(), snapshot.manifest.contacts.listed)
  const looks = inOrder(
    sample,
    async (contact) => ({ contact, now: await readContact(reader, clock, contact.contactId, plan.schemaId) }),
    { concurrency: settings.concurrency, window: settings.concurrency * 2 },
  )
  const unknown: Unknown[] = []
  let lacking = 0
  for await (const { contact, now } of looks) {
    const known = new Set(contact.interactions.map(({ id }) => id))
    for (const record of now.interactions)
      if (!known.has(record.id)) unknown.push({ record, leftOut: known.size === 0 })
    if (now.interactions.length < known.size) lacking += 1
  }
  await assertMerged(context, snapshot, unknown)
  const withHistory = sample.filter(({ interactions }) => interactions.length > 0).length
  // A few may have been deleted one by one; where most are, this is not the tenant that was exported. But once this
  // run has deleted it, a schema that is there again may well be empty: its history is in the snapshot.
  const emptied = mayHaveDeleted(context.journal)
  if (!emptied && lacking > FEW && lacking * 2 >= withHistory)
    throw anotherTenant(plan.schemaId, lacking, withHistory)
}

/** A record that the snapshot does not have of the contact that shows it. */
interface Unknown {
  readonly record: Interaction
  /** Whether that contact had none. */
  readonly leftOut: boolean
}

/**
 * What a contact shows and did not has come with a merge, or it has arrived live. Where nothing can have been deleted yet,
 * contacts that were merged are read again: what they had goes back to the contact that has it now.
 * @throws OperatorError (exit 4)
 */
async function assertMerged(
  context: ReadContext,
  snapshot: Snapshot,
  unknown: readonly Unknown[],
): Promise<void> {
  const holders = await holdersOf(
    snapshot,
    unknown.map(({ record }) => record.id),
  )
  const late = unknown.find(({ record }) => !holders.has(record.id))
  if (late !== undefined) {
    const { id, createdDate, contactId } = late.record
    const found = `${id} of ${createdDate} at contact ${contactId} is not in the snapshot`
    // A pass that leaves this contact out again would come here again.
    if (late.leftOut && isHot(context)) withdrawHotPass(context, found)
    withdrawStop(context, found)
  }
  const [first] = unknown
  if (first === undefined || mayHaveDeleted(context.journal)) return
  const { id, contactId } = first.record
  const found = `interaction ${id} stands under contact ${contactId}, and in the snapshot under ${holders.get(id)}`
  const contacts = new Set([...holders.values(), ...unknown.map(({ record }) => record.contactId)])
  const { snapshot: name, manifestDigest } = passResult(context, 'final-pass')
  const amendment = { snapshot: name, manifestDigest, contacts: [...contacts], sought: [] }
  amend(context.journal, amendment, found, ['delete-schema'])
  throw new OperatorError({
    what: `Contacts were merged since the final pass: ${found}. The signature of delete-schema is void.`,
    safe: 'Nothing was deleted.',
    next: `engage-migrate upgrade ${context.plan.run}   (reads these contacts again, and asks for delete-schema anew)`,
    exit: EXIT.precondition,
  })
}

function anotherTenant(schemaId: string, lacking: number, of: number): OperatorError {
  return new OperatorError({
    what: `Of ${of} contacts with history that were read once more, ${lacking} do not show the interactions of ${schemaId} that the final pass saw.`,
    safe: 'Nothing was deleted.',
    next: 'Find out what has changed in the tenant since the final pass, or whether this is another tenant.',
    exit: EXIT.precondition,
  })
}

/** @returns contacts spread evenly, half of them with history as far as there are any */
async function spread(
  contacts: AsyncIterable<SnapshotContact>,
  listed: number,
): Promise<readonly SnapshotContact[]> {
  const every = Math.max(1, Math.floor(listed / (QUIET_SAMPLE / 2)))
  const sample: SnapshotContact[] = []
  let due = 0
  for await (const contact of contacts) {
    const regular = contact.ordinal % every === 0
    if (regular) due += 1
    if (regular) sample.push(contact)
    else if (due > 0 && contact.interactions.length > 0) {
      due -= 1
      sample.push(contact)
    }
  }
  return sample
}

function unsigned(id: string): OperatorError {
  return new OperatorError({
    what: `The deletion of ${id} is not signed for as it must be.`,
    safe: 'Nothing was deleted.',
    next: 'Sign the gate delete-schema again.',
    exit: EXIT.precondition,
  })
}
