/**
 * What of a snapshot is restored, as a snapshot of its own.
 * Guarantees: the source is proven first, and is the very one that was planned with; what is selected is written whole and
 * proven on disk before anything rests on it, plain and in one piece whatever the source was; begun again after a kill, it
 * starts anew. Nothing is read from the tenant.
 */
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { ContactRead, Interaction } from '../model.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { type PartProof, RESTORED } from '../snapshot/format.ts'
import { openParts } from '../snapshot/parts.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { finishSnapshot, writeSchema } from '../snapshot/writer.ts'
import { Interrupted } from '../transfer/progress.ts'
import { beginDerived } from './derived.ts'
import { assertProven, type Intent } from './pass.ts'
import { NOTHING, type PassTally, refusablesIn } from './pass-tally.ts'
import type { Selection } from './selected.ts'
import { problemsOf } from './source.ts'
import { assertSpace, volumeOf } from './space.ts'
import type { ReadContext, Source } from './strategy.ts'
import { isPartial, type RestoreTerms } from './terms.ts'
import { spanOf, type Wanted, wantedContacts } from './wanted.ts'

/** The name under which it is kept in the journal: whatever imports a final pass imports this. */
const PASS = 'final-pass'

/**
 * Writes the selection beside the schema's snapshots.
 * @returns a Selection
 * @throws OperatorError (exit 4) where the source is damaged, is another one by now, or holds nothing that is selected;
 *   Interrupted after a stop
 */
export async function select(context: ReadContext): Promise<Json> {
  const { plan, clock } = context
  const terms = termsOf(context)
  const { place, opener } = await sourceOf(context)
  await assertWhole(context, { place, opener }, terms)
  const source = await openSnapshot(place, opener)
  await assertSpace(context, volumeOf(source), 1)
  using wanted = await wantedContacts(context, terms)
  const { snapshot, compression } = await beginDerived(context, PASS)
  const folder = join(context.snapshots, snapshot)
  const startedAt = new Date(clock.now()).toISOString()
  const schema = await writeSchema(folder, { ...source.schema, id: plan.schemaId })
  const { parts, tally, undated } = await write(context, source, { folder, compression, wanted, terms })
  const listed = parts.reduce((sum, { contactCount }) => sum + contactCount, 0)
  const at = new Date(clock.now()).toISOString()
  const manifest = await finishSnapshot(
    folder,
    {
      ...{ tool: context.tool, tenant: plan.tenant, schemaId: plan.schemaId, pass: RESTORED },
      ...{ createdAt: at, startedAt, finishedAt: at, compression, schema },
      contacts: { source: place.name, listed },
    },
    parts,
  )
  await assertProven(folder)
  const { records } = manifest.interactions
  if (records === 0 && isPartial(terms) && source.manifest.interactions.records > 0) throw nothing(context)
  const lacking = wanted?.lacking()
  if (lacking !== undefined) context.say(lacking)
  if (undated > 0)
    context.say(`left out, since their createdDate is no date that can be compared: ${undated}`)
  const encrypted = source.manifest.encryption !== undefined
  if (encrypted) context.say(`what is restored is kept unencrypted in ${folder} until it is removed`)
  const result: Selection = {
    ...{ snapshot, manifestDigest: manifest.digest, contacts: listed, gone: 0, interactions: records },
    ...{ contactsWithHistory: listed, createdSince: null, tally, encrypted },
    coverage: { sure: true, statements: [] },
  }
  return result as unknown as Json
}

/** @throws Error where the run is no restore */
export function termsOf({ plan }: Pick<ReadContext, 'plan'>): RestoreTerms {
  if (plan.restore === undefined) throw new Error(`run ${plan.run} restores nothing`)
  return plan.restore
}

async function sourceOf({ plan, source }: ReadContext): Promise<Source> {
  if (source !== undefined) return source()
  throw new OperatorError({
    what: `What run ${plan.run} restores has not been read yet.`,
    safe: 'Nothing was changed.',
    next: `engage-migrate restore ${plan.run}`,
    exit: EXIT.precondition,
  })
}

async function assertWhole(
  context: ReadContext,
  source: Source,
  { manifestDigest }: RestoreTerms,
): Promise<void> {
  const problems = await problemsOf(context, source, manifestDigest)
  if (problems.length === 0) return
  const { place } = source
  throw new OperatorError({
    what: `The snapshot ${place.name} can't be restored from: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? '; …' : ''}.`,
    safe: 'Nothing was changed, and nothing sent.',
    next: 'Put an undamaged copy back, or restore from another snapshot: engage-migrate snapshots list',
    exit: EXIT.precondition,
  })
}

interface Selecting extends Pick<Intent, 'compression'> {
  readonly folder: string
  readonly wanted: Wanted | undefined
  readonly terms: RestoreTerms
}

interface Selected {
  readonly parts: readonly PartProof[]
  readonly tally: PassTally
  /** Records left out of a selection by date, since theirs can't be read. */
  readonly undated: number
}

async function write(context: ReadContext, source: Snapshot, selecting: Selecting): Promise<Selected> {
  const { plan, settings, stop } = context
  const { folder, compression, wanted, terms } = selecting
  const check = createPayloadCheck(plan.after)
  const within = spanOf(terms)
  const written = openParts(folder, settings.contactsPerPart, { compression, schemaId: plan.schemaId })
  let contacts = 0
  let undated = 0
  let tally = NOTHING
  try {
    for await (const contact of source.contacts()) {
      if (stop.aborted) throw new Interrupted()
      contacts += 1
      context.progress({
        ...{ phase: 'selecting: contacts looked at', done: contacts, doneHere: contacts },
        total: source.manifest.contacts.listed,
      })
      if (wanted?.meet(contact.contactId) === false) continue
      const dated = contact.interactions.filter(({ createdDate }) => within(createdDate) !== undefined)
      undated += contact.interactions.length - dated.length
      const interactions = dated
        .filter(({ createdDate }) => within(createdDate) === true)
        .map((record): Interaction => ({ ...record, schemaId: plan.schemaId }))
      if (interactions.length === 0) continue
      const { contactId, readAt } = contact
      const read: ContactRead = { contactId, state: 'read', readAt, interactions }
      await written.add(read)
      tally = judged(read, check, tally)
    }
    return { parts: await written.close(), tally, undated }
  } finally {
    await written.abandon()
  }
}

/** What the schema that is restored into will refuse is expected to be refused. */
function judged(
  { interactions }: ContactRead,
  check: ReturnType<typeof createPayloadCheck>,
  tally: PassTally,
): PassTally {
  const { count, example } = refusablesIn(interactions, check)
  return {
    ...tally,
    refusable: tally.refusable + count,
    refusableExample: tally.refusableExample ?? example,
  }
}

function nothing({ plan }: ReadContext): OperatorError {
  return new OperatorError({
    what: `Nothing in the snapshot ${plan.restore?.snapshot} is of these contacts and dates.`,
    safe: 'Nothing was changed, and nothing sent.',
    next: 'Look at --contacts, --since and --until, and at what the snapshot holds: engage-migrate snapshots list',
    exit: EXIT.precondition,
  })
}
