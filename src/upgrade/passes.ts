/**
 * Step 1 and 2: the base pass while the tenant lives, and the final pass when its producers stand still.
 * Guarantees: a pass ends with a snapshot that was proven on disk byte by byte; the final snapshot is whole in
 * itself (it leans on no other); arrivals after the producers' stop are found, and void that stop.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { ContactRead } from '../model.ts'
import { instantMs } from '../schema/canonical.ts'
import { schemaDigest } from '../schema/diff.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { finishSnapshot, writeSchema } from '../snapshot/writer.ts'
import { type Checkpoint, type ContactTask, exportPass } from '../transfer/export.ts'
import { addCreatedSince, countContacts, digestFile, loadContacts } from './contact-source.ts'
import { assessCoverage } from './coverage.ts'
import { stamp } from './names.ts'
import type { ReadContext } from './strategy.ts'

/** What a pass leaves in the journal. */
export interface PassResult {
  readonly folder: string
  readonly manifestDigest: string
  readonly contacts: number
  readonly gone: number
  readonly interactions: number
  readonly contactsWithHistory: number
  readonly createdSince: number | null
  readonly counted: number | null
  readonly coverage: { readonly sure: boolean; readonly statements: readonly string[] }
  readonly tally: PassTally
}

/** What the final pass found different from the base pass. */
export interface PassTally {
  readonly arrived: number
  /** In the base pass, but not any more: deleted in the tenant since. */
  readonly vanished: number
  /** Arrivals dated after the producers' stop. */
  readonly late: number
  readonly lateExample: string | null
  /** Of the contacts that a hot pass read only as a sample: how many had something all the same. */
  readonly surprises: number
}

const NOTHING: PassTally = { arrived: 0, vanished: 0, late: 0, lateExample: null, surprises: 0 }

/** @throws OperatorError (exit 4) where the live schema is not the plan's any more */
export async function assertNoDrift(context: ReadContext): Promise<void> {
  const { plan } = context
  const live = await context.reader.getSchema(plan.schemaId)
  if (live !== undefined && schemaDigest(live) === plan.liveDigest) return
  throw new OperatorError({
    what:
      live === undefined
        ? `Schema ${plan.schemaId} is not in ${plan.tenant} any more.`
        : `Schema ${plan.schemaId} has changed since the plan was made: somebody deleted and recreated it.`,
    safe: 'Nothing was changed.',
    next: `Find out who did, then make a new plan: engage-migrate plan ${plan.schemaId} …`,
    exit: EXIT.precondition,
  })
}

/** Step 1: freezes the contact list and reads every contact. */
export async function basePass(context: ReadContext): Promise<Json> {
  const { journal, plan } = context
  await assertNoDrift(context)
  if (journal.events.latest('contacts', 'finished') === undefined) {
    await assertSameList(context)
    const loaded = await loadContacts(plan.contacts.source, journal.contacts, context.reader)
    const createdSince = await addCreated(context, Date.parse(plan.contacts.source.asOf))
    journal.events.append('finished', 'contacts', { ...loaded, createdSince: createdSince ?? null })
  }
  const result = await runPass(context, 'base', (ordinal) => unread(context, ordinal))
  return result as unknown as Json
}

async function assertSameList({ plan }: ReadContext): Promise<void> {
  const { source } = plan.contacts
  if (source.kind !== 'file' || (await digestFile(source.file)) === source.sha256) return
  throw new OperatorError({
    what: `The contacts file ${source.file} has changed since the plan was made.`,
    safe: 'Nothing was changed.',
    next: `Put the file back as it was, or make a new plan: engage-migrate plan ${plan.schemaId} …`,
    exit: EXIT.precondition,
  })
}

async function addCreated(context: ReadContext, since: number): Promise<number | undefined> {
  return addCreatedSince(since, context.journal.contacts, context.reader, context.clock.now())
}

/** Step 2: reads the contacts again, and holds what it finds against the base pass. */
export async function finalPass(context: ReadContext): Promise<Json> {
  const { journal, plan } = context
  await assertNoDrift(context)
  if (journal.events.latest('final-pass', 'intent', 'withdrawn')?.kind !== 'intent') {
    const base = passResult(context, 'base-pass')
    const began = journal.events.latest('contacts', 'finished')?.at ?? context.clock.now()
    const added = await addCreated(context, began)
    const sofar = base.createdSince
    journal.events.append('note', 'created-since', {
      count: added === undefined || sofar === null ? null : sofar + added,
    })
  }
  const base = await openSnapshot(passResult(context, 'base-pass').folder)
  const full =
    plan.finalPass.mode === 'full' || journal.events.latest('final-pass-full', 'note') !== undefined
  const result = await runPass(context, 'final', (ordinal) => again(context, base, ordinal, full))
  if (result.tally.surprises > 0 && !full) {
    // The sample has refuted what a hot pass rests on: read everybody.
    context.say(
      `${result.tally.surprises} contacts of the sample have new interactions: the final pass reads everybody.`,
    )
    journal.events.append('note', 'final-pass-full', { surprises: result.tally.surprises })
    await forget(context, 'final', result.folder)
    return finalPass(context)
  }
  if (result.tally.late > 0) {
    await forget(context, 'final', result.folder)
    withdrawStop(context, `interactions arrived after it, such as ${result.tally.lateExample}`)
  }
  return result as unknown as Json
}

/** Voids the producers' stop and what rests on it. @throws OperatorError (exit 4), always */
export function withdrawStop(context: ReadContext, reason: string): never {
  for (const name of ['producers-stopped', 'final-pass', 'delete-schema']) {
    context.journal.events.append('withdrawn', name, { reason })
  }
  throw new OperatorError({
    what: `Producers still write to ${context.plan.schemaId}: ${reason}. The signature of producers-stopped is void.`,
    safe: 'Nothing was deleted.',
    next: `Stop the producer, then run the upgrade again; it will ask for producers-stopped anew.`,
    exit: EXIT.precondition,
  })
}

/** @returns what a pass that is done has left in the journal @throws Error where it isn't done */
export function passResult(
  context: Pick<ReadContext, 'journal'>,
  name: 'base-pass' | 'final-pass',
): PassResult {
  const event = context.journal.events.latest(name, 'finished')
  if (event === undefined) throw new Error(`${name} is not done`)
  return event.detail as unknown as PassResult
}

async function runPass(
  context: ReadContext,
  pass: 'base' | 'final',
  tasksFrom: (ordinal: number) => AsyncIterable<ContactTask>,
): Promise<PassResult> {
  const { journal, plan, settings, clock, tool } = context
  const name = `${pass}-pass`
  const folder = intendedFolder(context, name)
  const startedAt = journal.events.latest(name, 'intent')?.at ?? clock.now()
  const schema = await writeSchema(folder, plan.before)
  const stoppedAt = journal.events.latest('producers-stopped', 'signed')?.at
  const total = journal.contacts.count()
  const checkpoints = await exportPass<PassTally>({
    reader: context.reader,
    clock,
    schemaId: plan.schemaId,
    folder,
    compression: settings.compression,
    concurrency: settings.concurrency,
    contactsPerPart: settings.contactsPerPart,
    done: journal.parts(pass) as unknown as readonly Checkpoint<PassTally>[],
    tasksFrom,
    tally: (task, read, tally = NOTHING) => (pass === 'base' ? tally : count(task, read, tally, stoppedAt)),
    emptyTally: NOTHING,
    checkpoint: (each) => journal.addPart(pass, each.proof.number, each as unknown as Json),
    stop: context.stop,
    onRead: (contacts, records, here) =>
      context.progress({
        phase: `${pass} pass: contacts read`,
        done: contacts,
        total,
        doneHere: here,
        note: `${records} interactions`,
      }),
  })
  const counted = await countContacts(context.reader)
  const sum = (of: (each: Checkpoint<PassTally>) => number): number =>
    checkpoints.reduce((all, each) => all + of(each), 0)
  const gone = sum(({ proof }) => proof.gone)
  const empty = sum(({ proof }) => proof.empty)
  const createdSince = createdCount(context)
  const manifest = await finishSnapshot(
    folder,
    {
      tool,
      tenant: plan.tenant,
      schemaId: plan.schemaId,
      pass,
      createdAt: new Date(clock.now()).toISOString(),
      startedAt: new Date(startedAt).toISOString(),
      finishedAt: new Date(clock.now()).toISOString(),
      compression: settings.compression,
      contacts: {
        source: sourceText(plan.contacts.source),
        listed: total,
        failed: 0,
        ...(counted === undefined ? {} : { counted }),
      },
      schema,
    },
    checkpoints.map(({ proof }) => proof),
  )
  await assertProven(folder)
  const tally = checkpoints.map((each) => each.tally).reduce(addTallies, NOTHING)
  return {
    folder,
    manifestDigest: manifest.digest,
    contacts: total,
    gone,
    interactions: manifest.interactions.records,
    contactsWithHistory: total - gone - empty,
    createdSince,
    counted: counted ?? null,
    coverage: assessCoverage({ listed: total, gone, counted, createdSince: createdSince ?? undefined }),
    tally,
  }
}

/** @throws OperatorError (exit 4) naming every damage, where a snapshot on disk is not whole */
export async function assertProven(folder: string, digest?: string): Promise<void> {
  const proof = await proveSnapshot(folder)
  const problems = [...proof.problems]
  if (digest !== undefined && proof.ok && proof.manifestDigest !== digest) {
    problems.push('its manifest is not the one that the run wrote')
  }
  if (problems.length === 0) return
  throw new OperatorError({
    what: `The snapshot ${folder} is damaged: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? '; …' : ''}.`,
    safe: 'Nothing was deleted.',
    next: 'Put the damaged files back from a copy, or make a new plan and export again.',
    exit: EXIT.precondition,
  })
}

function intendedFolder(context: ReadContext, name: string): string {
  const { events } = context.journal
  const intent = events.latest(name, 'intent', 'withdrawn')
  if (intent?.kind === 'intent') return (intent.detail as JsonObject)['folder'] as string
  const folder = join(context.snapshots, stamp(context.clock.now()))
  events.append('intent', name, { folder })
  return folder
}

async function forget(context: ReadContext, pass: string, folder: string): Promise<void> {
  context.journal.events.append('withdrawn', `${pass}-pass`, { folder })
  context.journal.dropParts(pass)
  await rm(folder, { recursive: true, force: true })
}

function createdCount(context: ReadContext): number | null {
  const later = context.journal.events.latest('created-since', 'note')?.detail as JsonObject | undefined
  const first = context.journal.events.latest('contacts', 'finished')?.detail as JsonObject | undefined
  return ((later?.['count'] ?? first?.['createdSince']) as number | null | undefined) ?? null
}

function sourceText(source: ReadContext['plan']['contacts']['source']): string {
  return source.kind === 'file' ? source.file : `contacts/changes since ${source.since}`
}

async function* unread(context: ReadContext, from: number): AsyncGenerator<ContactTask> {
  const { contacts } = context.journal
  for (let at = from; at < contacts.count(); ) {
    const ids = contacts.slice(at, 1_000)
    for (const contactId of ids) yield { contactId, earlier: undefined, ask: true }
    at += ids.length
  }
}

/** The base pass's contacts in their order, each with what was seen then; then those that joined the list since. */
async function* again(
  context: ReadContext,
  base: Snapshot,
  from: number,
  full: boolean,
): AsyncGenerator<ContactTask> {
  const known = base.manifest.contacts.listed
  const share = context.plan.finalPass.sample / Math.max(1, base.manifest.contacts.empty)
  for await (const earlier of base.contacts(base.partOf(from))) {
    if (earlier.ordinal < from) continue
    const ask =
      full || earlier.interactions.length > 0 || inSample(context.plan.run, earlier.contactId, share)
    yield { contactId: earlier.contactId, earlier, ask }
  }
  yield* unread(context, Math.max(from, known))
}

/** A sample that nobody chose: the same for a run however often it is asked, another for each run. */
function inSample(run: string, contactId: string, share: number): boolean {
  const draw = createHash('sha256').update(`${run}/${contactId}`).digest().readUInt32BE(0) / 2 ** 32
  return draw < share
}

function count(
  task: ContactTask,
  read: ContactRead,
  tally: PassTally,
  stoppedAt: number | undefined,
): PassTally {
  if (!task.ask) return tally
  const before = new Set(task.earlier?.interactions.map(({ id }) => id))
  const now = new Set(read.interactions.map(({ id }) => id))
  const arrived = read.interactions.filter(({ id }) => !before.has(id))
  const late = arrived.filter(({ createdDate }) => (instantMs(createdDate) ?? 0) > (stoppedAt ?? Infinity))
  const [example] = late
  return {
    arrived: tally.arrived + arrived.length,
    vanished: tally.vanished + [...before].filter((id) => !now.has(id)).length,
    late: tally.late + late.length,
    lateExample:
      tally.lateExample ??
      (example === undefined ? null : `one of ${example.createdDate} at contact ${example.contactId}`),
    surprises: tally.surprises + Number(task.earlier?.interactions.length === 0 && arrived.length > 0),
  }
}

function addTallies(a: PassTally, b: PassTally): PassTally {
  return {
    arrived: a.arrived + b.arrived,
    vanished: a.vanished + b.vanished,
    late: a.late + b.late,
    lateExample: a.lateExample ?? b.lateExample,
    surprises: a.surprises + b.surprises,
  }
}
