/**
 * Step 2: the final pass, when the producers stand still.
 * Guarantees: its snapshot is whole in itself (it leans on no other); what arrived since the base pass is in it; what an
 * earlier pass has seen is in it exactly once, or the tenant has it no more, whatever was merged, restored or shifted
 * meanwhile; arrivals dated after the producers' stop void that stop.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { ContactRead } from '../model.ts'
import { instantMs } from '../schema/canonical.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { addCreatedSince } from '../transfer/contact-source.ts'
import type { ContactTask } from '../transfer/export.ts'
import { amend, amendedSnapshot, amendedTasks, amendmentOf, sweep } from './amendment.ts'
import { createdWhenListed, unread } from './base-pass.ts'
import { mayHaveDeleted } from './history.ts'
import { madeOfFinalPass } from './imported.ts'
import { assertNoDrift, type PassResult, passSnapshot, runPass } from './pass.ts'
import { type PassTally, refusablesIn } from './pass-tally.ts'
import { assertSpace, bytesToMerge, volumeOf } from './space.ts'
import type { ReadContext } from './strategy.ts'
import { type Strays, straysOf } from './strays.ts'

/** How often contacts are asked again before the tenant counts as too restless. */
const ROUNDS = 5

/** Name of the note that a snapshot leaves in which nothing is found to be lacking. */
const SETTLED = 'final-pass-settled'

/** Reads the contacts again, and holds what it finds against the base pass and the new schema. */
export async function finalPass(context: ReadContext): Promise<Json> {
  await assertNoDrift(context)
  const base = await passSnapshot(context, 'base-pass')
  for (let round = 1; ; round += 1) {
    const result = await readOnce(context, base)
    const { contacts, sought } = await settle(context, base, result)
    if (contacts.length === 0) return result as unknown as Json
    if (round > ROUNDS) throw restless(context, contacts, sought)
    context.say(
      `${contacts.length} contacts were merged, restored or shifted while the final pass read them: they are read again.`,
    )
    await context.clock.sleep(context.settings.settleMs, context.stop)
  }
}

/**
 * Looks for what the snapshot lacks or has twice. Where there is any, the pass is void, and the next one amends it.
 * @returns the contacts to be asked again; none where the snapshot can be relied on
 */
async function settle(context: ReadContext, base: Snapshot, result: PassResult): Promise<Strays> {
  const { journal, snapshots } = context
  const { snapshot, manifestDigest } = result
  const noted = journal.events.latest(SETTLED, 'note')?.detail as JsonObject | undefined
  let strays: Strays = { contacts: [], sought: [] }
  if (noted?.['snapshot'] !== snapshot) {
    const amended = amendmentOf(journal)
    const earlier = amended === undefined ? [base] : [base, await amendedSnapshot(context, amended)]
    const final = await openSnapshot(join(snapshots, snapshot))
    strays = await straysOf(context, earlier, final, amended?.sought ?? [])
    if (strays.contacts.length === 0) journal.events.append('note', SETTLED, { snapshot })
    else amend(journal, { snapshot, manifestDigest, ...strays }, 'contacts have moved')
  }
  // Only now: until then it was needed to tell what has moved.
  await sweep(context, snapshot)
  return strays
}

/** One pass over the contacts: from the base pass on or, where one is to be amended, from that one on. */
async function readOnce(context: ReadContext, base: Snapshot): Promise<PassResult> {
  const { journal } = context
  const amended = amendmentOf(journal)
  if (journal.events.latest('final-pass', 'intent', 'withdrawn')?.kind !== 'intent') {
    // Where a merge has taken interactions to a contact that nobody has listed.
    journal.contacts.add(amended?.contacts ?? [])
    await addNewContacts(context)
    const volume = volumeOf(base)
    await assertSpace(context, volume, 1, bytesToMerge(volume, context.plan.history))
  }
  const hot = isHot(context)
  const count = counter(context, amended === undefined)
  const result = await runPass(context, {
    name: 'final-pass',
    tasksFrom: (ordinal) =>
      amended === undefined
        ? again(context, base, ordinal, hot)
        : amendedTasks(context, base, amended, ordinal),
    tally: count,
    createdSince: () => createdSince(context),
  })
  const { surprises, late, lateExample } = result.tally
  if (surprises > 0 && hot) {
    // The sample has refuted what a hot pass rests on: read everybody.
    context.say(`${surprises} contacts of the sample have new interactions: the final pass reads everybody.`)
    await forget(context, result.snapshot, REFUTED)
    return readOnce(context, base)
  }
  if (late > 0) {
    await forget(context, result.snapshot, {})
    withdrawStop(context, `interactions arrived after it, such as ${lateExample}`)
  }
  return result
}

/**
 * In what voids a hot pass: what it rests on, that contacts without history have got none since, is refuted. Both are one
 * event, so that no pass which has left out anybody can be taken for one that has read everybody.
 */
export const REFUTED = { everybody: true } as const

/** @returns whether no final pass may be hot any more, whatever the plan says */
export function isRefuted({ journal }: Pick<ReadContext, 'journal'>): boolean {
  return journal.events
    .all()
    .some(
      ({ kind, name, detail }) =>
        kind === 'withdrawn' &&
        name === 'final-pass' &&
        (detail as JsonObject | null)?.['everybody'] === true,
    )
}

/** @returns whether the final pass that is under way, done or next leaves out contacts without history */
export function isHot({ plan, journal }: Pick<ReadContext, 'plan' | 'journal'>): boolean {
  return plan.finalPass.mode === 'hot' && !isRefuted({ journal })
}

/**
 * Voids the final pass, which may have left out a contact that has something, and what rests on it: the next one reads
 * everybody.
 * @param found what the snapshot lacks, for people
 * @throws OperatorError (exit 4), always
 */
export function withdrawHotPass(context: ReadContext, found: string): never {
  voidStop(context, { reason: found, ...REFUTED })
  throw new OperatorError({
    what: `A contact that a hot final pass leaves out, since it had no interactions of ${context.plan.schemaId}, has one now: ${found}. The signature of producers-stopped is void.`,
    safe: 'Nothing was deleted.',
    next: `Make sure that the producers have stopped, then go on: engage-migrate upgrade ${context.plan.run}   (asks for producers-stopped anew, and reads every contact)`,
    exit: EXIT.precondition,
  })
}

/** Voids the producers' stop and what rests on it, but not once anything has been deleted. @throws OperatorError (exit 4), always */
export function withdrawStop(context: ReadContext, reason: string): never {
  voidStop(context, { reason })
  throw new OperatorError({
    what: `Producers still write to ${context.plan.schemaId}: ${reason}. The signature of producers-stopped is void.`,
    safe: 'Nothing was deleted.',
    next: 'Stop the producer, then run the upgrade again; it will ask for producers-stopped anew.',
    exit: EXIT.precondition,
  })
}

/** One withdrawal: wherever the process dies, what the snapshot lacks is not forgotten while it still counts. */
function voidStop(context: ReadContext, detail: JsonObject & { readonly reason: string }): void {
  // Once a deletion may have happened, the tenant's history is in the snapshot alone: no pass may take its place.
  if (mayHaveDeleted(context.journal)) {
    const deleted = context.journal.events.latest('deletion', 'finished') !== undefined
    throw new OperatorError({
      what: `Somebody else writes to ${context.plan.schemaId} while its history is out of the tenant: ${detail.reason}.`,
      safe: 'Nothing was deleted by this command; the whole history is in the verified snapshot.',
      next: deleted
        ? `Stop the producers. The way back keeps what is there: engage-migrate upgrade --roll-back ${context.plan.run}`
        : 'Stop the producers. If what arrived may go, delete it one by one in Engage, then run the same command again.',
      exit: EXIT.precondition,
    })
  }
  const { journal } = context
  const resting = ['delete-schema', ...madeOfFinalPass(journal)]
  journal.events.withdraw([...resting, 'final-pass', 'producers-stopped'], detail)
}

/** Contacts that were created while the base pass ran, or since. */
async function addNewContacts({ journal, reader, clock }: ReadContext): Promise<void> {
  const since = journal.events.latest('contacts', 'finished')?.at ?? clock.now()
  const before = journal.contacts.count()
  const asked = (await addCreatedSince(since, journal.contacts, reader, clock.now())) !== undefined
  journal.events.append('note', 'created-since', { added: journal.contacts.count() - before, asked })
}

/** @returns contacts added since the list was made, by all passes; null where the tenant can't say */
function createdSince(context: ReadContext): number | null {
  const first = createdWhenListed(context)
  const notes = context.journal.events
    .all()
    .filter(({ name }) => name === 'created-since')
    .map(({ detail }) => detail as JsonObject)
  if (first === null || notes.at(-1)?.['asked'] !== true) return null
  return notes.reduce((sum, each) => sum + Number(each['added']), first)
}

function restless(
  { plan }: ReadContext,
  contacts: readonly string[],
  sought: Strays['sought'],
): OperatorError {
  const [first] = sought
  const example =
    first === undefined
      ? `contact ${contacts[0]} shows what another one shows, too`
      : `${first[0]} is there, and contact ${first[1]} does not list it`
  return new OperatorError({
    what: `The final pass has asked contacts again ${ROUNDS} times, and ${contacts.length} still do not show what they must: ${example}.`,
    safe: 'Nothing was deleted. What was read is kept, and only these contacts are asked again.',
    next: `Wait until nobody merges or restores contacts any more, then go on: engage-migrate upgrade ${plan.run}`,
    exit: EXIT.failed,
  })
}

/** A pass that is read again from its start gets a new folder; what the old one held is worth nothing. */
async function forget(context: ReadContext, snapshot: string, why: JsonObject): Promise<void> {
  context.journal.events.append('withdrawn', 'final-pass', { snapshot, ...why })
  await rm(join(context.snapshots, snapshot), { recursive: true, force: true })
}

/** The base pass's contacts in their order, each with what was seen then; then those that joined the list since. */
async function* again(
  context: ReadContext,
  base: Snapshot,
  from: number,
  hot: boolean,
): AsyncGenerator<ContactTask> {
  const { empty, listed } = base.manifest.contacts
  const share = context.plan.finalPass.sample / Math.max(1, empty)
  for await (const earlier of base.contacts(base.partOf(from))) {
    if (earlier.ordinal < from) continue
    const ask =
      !hot || earlier.interactions.length > 0 || inSample(context.plan.run, earlier.contactId, share)
    yield { contactId: earlier.contactId, earlier, carried: ask ? undefined : earlier }
  }
  yield* unread(context, Math.max(from, listed))
}

/** A sample that nobody chose: the same for a run however often it is asked, another for each run. */
function inSample(run: string, contactId: string, share: number): boolean {
  const draw = createHash('sha256').update(`${run}/${contactId}`).digest().readUInt32BE(0) / 2 ** 32
  return draw < share
}

/** @param sampling whether contacts that had nothing are read as a sample; those of an amendment are named */
function counter({ journal, plan }: ReadContext, sampling: boolean) {
  const stoppedAt = journal.events.latest('producers-stopped', 'signed')?.at ?? Number.POSITIVE_INFINITY
  const check = createPayloadCheck(plan.after)
  const checkBefore = createPayloadCheck(plan.before)
  return (task: ContactTask, read: ContactRead, tally: PassTally): PassTally => {
    const before = new Set(task.earlier?.interactions.map(({ id }) => id))
    const now = new Set(read.interactions.map(({ id }) => id))
    const arrived = read.interactions.filter(({ id }) => !before.has(id))
    // One dated in the future says nothing of when it arrived: events may be about what is to come.
    const late = arrived.filter(({ createdDate }) => {
      const created = instantMs(createdDate) ?? 0
      return created > stoppedAt && created <= read.readAt
    })
    const forth = refusablesIn(read.interactions, check)
    const back = refusablesIn(read.interactions, checkBefore)
    return {
      arrived: tally.arrived + arrived.length,
      vanished: tally.vanished + [...before].filter((id) => !now.has(id)).length,
      goneWithHistory: tally.goneWithHistory + Number(read.state === 'gone' && before.size > 0),
      late: tally.late + late.length,
      lateExample:
        tally.lateExample ??
        (late[0] === undefined ? null : `one of ${late[0].createdDate} at contact ${late[0].contactId}`),
      surprises:
        tally.surprises + Number(sampling && task.earlier?.interactions.length === 0 && arrived.length > 0),
      refusable: tally.refusable + forth.count,
      refusableExample: tally.refusableExample ?? forth.example,
      refusableBack: (tally.refusableBack ?? 0) + back.count,
      refusableBackExample: tally.refusableBackExample ?? back.example,
    }
  }
}
