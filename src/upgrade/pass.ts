/**
 * A pass over all contacts, into a snapshot.
 * Guarantees: it ends with a snapshot that was proven on disk byte by byte, of a schema that was there to the end; begun again after a kill, it goes on in
 * the folder, and in the compression, that it began with.
 */
import { join } from 'node:path'
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { ContactRead } from '../model.ts'
import { stamp } from '../names.ts'
import { schemaDifferences, schemaDigest } from '../schema/diff.ts'
import type { Compression } from '../snapshot/format.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import { finishSnapshot, writeSchema } from '../snapshot/writer.ts'
import { countContacts, sourceText } from '../transfer/contact-source.ts'
import { type Checkpoint, type ContactTask, exportPass } from '../transfer/export.ts'
import { countOf } from '../words.ts'
import { assessCoverage, type Coverage } from './coverage.ts'
import { addTallies, NOTHING, type PassTally } from './pass-tally.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

export type PassName = 'base-pass' | 'final-pass'

/** What a pass leaves in the journal. */
export interface PassResult {
  /** Name of the snapshot's folder under the schema's: the data folder may be moved. */
  readonly snapshot: string
  readonly manifestDigest: string
  readonly contacts: number
  readonly gone: number
  readonly interactions: number
  readonly contactsWithHistory: number
  /** Contacts that were added because they were created since the list was made; null where that can't be asked. */
  readonly createdSince: number | null
  readonly coverage: Coverage
  readonly tally: PassTally
}

export interface PassWork {
  readonly name: PassName
  /** The contacts from that ordinal on, in the list's order. */
  tasksFrom(ordinal: number): AsyncIterable<ContactTask>
  /** Counts one contact into a part's tally. */
  tally(task: ContactTask, read: ContactRead, tally: PassTally): PassTally
  /** See PassResult. */
  createdSince(): number | null
}

/** Where a pass writes: decided once, kept in the journal. */
export interface Intent {
  readonly snapshot: string
  readonly compression: Compression
}

/** @throws OperatorError (exit 4) where the live schema is not the plan's any more */
export async function assertNoDrift(context: ReadContext): Promise<void> {
  const { plan } = context
  const live = await context.reader.getSchema(plan.schemaId)
  if (live !== undefined && schemaDigest(live) === plan.liveDigest) return
  throw new OperatorError({
    what:
      live === undefined
        ? `Schema ${plan.schemaId} is not in ${plan.tenant} any more.`
        : [
            `Schema ${plan.schemaId} has changed since the plan was made: somebody deleted and recreated it.`,
            ...schemaDifferences(plan.before, live),
          ].join('\n  '),
    ...wayOut(context, live !== undefined),
    exit: EXIT.precondition,
  })
}

/** Whoever deleted the schema has deleted what it held: then what a pass has read of it is all that there is. */
function wayOut(context: ReadContext, there: boolean): { readonly safe: string; readonly next: string } {
  const { plan } = context
  const name = (['final-pass', 'base-pass'] as const).find((each) => isDone(context.journal, { name: each }))
  const anew = `engage-migrate plan ${plan.schemaId} …`
  if (name === undefined)
    return { safe: 'Nothing was changed.', next: `Find out who did, then make a new plan: ${anew}` }
  const folder = passFolder(context, name)
  const { interactions } = passResult(context, name)
  return {
    safe: `This run has changed nothing. Whoever deleted the schema has deleted all that it held; the ${countOf(interactions, 'interaction')} that the ${name.replace('-', ' ')} read are in ${folder}. Keep it.`,
    next: there
      ? `Find out who did. engage-migrate restore ${folder} --dry-run   (says what of it is missing in the tenant; without --dry-run it brings that in). A new plan comes after that: ${anew}`
      : name === 'final-pass'
        ? `Find out who did. engage-migrate upgrade ${plan.run}   (goes on: it asks for a signature, recreates the schema and imports its history)`
        : `Find out who did. engage-migrate restore ${folder} --create-schema   (recreates it with what it held). A new plan comes after that: ${anew}`,
  }
}

/** @returns what a pass that is done has left in the journal @throws Error where it isn't done */
export function passResult(context: Pick<ReadContext, 'journal'>, name: PassName): PassResult {
  const event = context.journal.events.latest(name, 'finished')
  if (event === undefined) throw new Error(`${name} is not done`)
  return event.detail as unknown as PassResult
}

/** @returns the folder of a pass's snapshot */
export function passFolder(context: Pick<ReadContext, 'journal' | 'snapshots'>, name: PassName): string {
  return join(context.snapshots, passResult(context, name).snapshot)
}

/** @returns the snapshot that a pass has left @throws OperatorError where it can't be read, or is another one by now */
export async function passSnapshot(
  context: Pick<ReadContext, 'journal' | 'snapshots' | 'plan'>,
  name: PassName,
): Promise<Snapshot> {
  const snapshot = await openSnapshot(passFolder(context, name))
  assertOwn(snapshot, passResult(context, name), context.plan.run)
  return snapshot
}

/**
 * A run knows records by their number in its snapshot: in another one they are others.
 * @param result what the pass has left in the run's journal
 * @throws OperatorError (exit 4) where the snapshot is not the one that the run wrote
 */
export function assertOwn(
  { folder, manifest, manifestDigest }: Snapshot,
  result: Pick<PassResult, 'manifestDigest'>,
  run: string,
): void {
  if (manifestDigest === result.manifestDigest) return
  const why =
    manifest.forgotten === undefined ? 'it was replaced' : 'contacts have been removed from it since'
  throw new OperatorError({
    what: `${folder} is not the snapshot that run ${run} wrote: ${why}.`,
    safe: 'Nothing was changed.',
    next: `By itself it can be proven, compared and restored: engage-migrate verify ${folder} --live`,
    exit: EXIT.precondition,
  })
}

/** @returns the name under which the journal keeps a pass's checkpoints: one for each folder that it ever wrote to */
export function checkpointsOf(name: PassName, snapshot: string): string {
  return `${name}:${snapshot}`
}

/** Reads all contacts into a snapshot, from where an earlier process was. */
export async function runPass(context: ReadContext, work: PassWork): Promise<PassResult> {
  const { journal, plan, settings, clock, tool } = context
  const { snapshot, compression, at } = intentOf(context, work.name)
  const folder = join(context.snapshots, snapshot)
  const checkpointName = checkpointsOf(work.name, snapshot)
  const schema = await writeSchema(folder, plan.before)
  const total = journal.contacts.count()
  const label = work.name.replace('-pass', '')
  const checkpoints = await exportPass<PassTally>({
    reader: context.reader,
    clock,
    schemaId: plan.schemaId,
    folder,
    compression,
    concurrency: settings.concurrency,
    contactsPerPart: settings.contactsPerPart,
    done: journal.parts(checkpointName) as unknown as readonly Checkpoint<PassTally>[],
    tasksFrom: work.tasksFrom,
    tally: work.tally,
    emptyTally: NOTHING,
    checkpoint: (each) => journal.addPart(checkpointName, each.proof.number, each as unknown as Json),
    stop: context.stop,
    onRead: (contacts, records, here) =>
      context.progress({
        phase: `${label} pass: contacts read`,
        done: contacts,
        total,
        doneHere: here,
        note: `${records} interactions`,
      }),
  }).catch(async (error: unknown) => {
    if (error instanceof EngageError && saysSchemaNotFound(error)) await assertNoDrift(context)
    throw error
  })
  // Where somebody took the schema away meanwhile, what was read last was not its history: no manifest, no snapshot.
  await assertNoDrift(context)
  const counted = await countContacts(context.reader)
  const proofs = checkpoints.map(({ proof }) => proof)
  const manifest = await finishSnapshot(
    folder,
    {
      tool,
      tenant: plan.tenant,
      schemaId: plan.schemaId,
      pass: label,
      createdAt: new Date(clock.now()).toISOString(),
      startedAt: new Date(at).toISOString(),
      finishedAt: new Date(clock.now()).toISOString(),
      compression,
      contacts: {
        source: sourceText(plan.contacts.source),
        listed: total,
        ...(counted === undefined ? {} : { counted }),
      },
      schema,
    },
    proofs,
  )
  await assertProven(folder)
  const { gone, empty } = manifest.contacts
  const createdSince = work.createdSince()
  return {
    snapshot,
    manifestDigest: manifest.digest,
    contacts: total,
    gone,
    interactions: manifest.interactions.records,
    contactsWithHistory: total - gone - empty,
    createdSince,
    coverage: assessCoverage({
      ...{ listed: total, gone, counted, createdSince: createdSince ?? undefined },
      sample: plan.coverageSample,
    }),
    tally: checkpoints.map((each) => each.tally).reduce(addTallies, NOTHING),
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
    next: 'Put the damaged files back from a copy, or make a new plan and export again: engage-migrate plan SCHEMA …',
    exit: EXIT.precondition,
  })
}

/** @returns where the pass writes, and when it was first begun (milliseconds since the epoch) */
function intentOf(context: ReadContext, name: PassName): Intent & { readonly at: number } {
  const { events } = context.journal
  const known = events.latest(name, 'intent', 'withdrawn')
  const { at, detail } =
    known?.kind === 'intent'
      ? known
      : events.append('intent', name, {
          snapshot: stamp(context.clock.now()),
          compression: context.settings.compression,
        })
  return { ...(detail as JsonObject as unknown as Intent), at }
}
