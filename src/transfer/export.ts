/**
 * Contacts → pages → snapshot, with a checkpoint at each part.
 * Guarantees: every contact of the list is in the snapshot exactly once, in the list's order, as read or as gone;
 * a contact that can't be read fails the pass (nothing is skipped); a killed pass goes on after its last durable
 * part; the manifest is written last, when every contact is accounted for.
 */

import type { Clock } from '../clock.ts'
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import type { EngageReader } from '../engage/types.ts'
import type { ContactRead } from '../model.ts'
import type { Compression, PartProof } from '../snapshot/format.ts'
import { openPart, removeUnfinished } from '../snapshot/writer.ts'
import { Interrupted } from './progress.ts'
import { inOrder } from './pump.ts'

/** What is known of a contact before it is looked at. */
export interface ContactTask {
  readonly contactId: string
  /** What the base pass saw, to be counted against; undefined for a contact that it has not read. */
  readonly earlier: ContactRead | undefined
  /** What is carried over without asking; undefined: ask. */
  readonly carried: ContactRead | undefined
}

/** A checkpoint: the part's proof, and what the caller counted in it. */
export interface Checkpoint<Tally> {
  readonly proof: PartProof
  readonly tally: Tally
}

export interface ExportPass<Tally> {
  readonly reader: ContactReader
  readonly clock: Clock
  readonly schemaId: string
  /** The snapshot's folder; it has no manifest yet. */
  readonly folder: string
  readonly compression: Compression
  readonly concurrency: number
  /** Contacts in a part: what a kill costs at most. */
  readonly contactsPerPart: number
  /** Checkpoints that earlier processes made durable, in order. */
  readonly done: readonly Checkpoint<Tally>[]
  /** The contacts from that ordinal on, in the list's order. */
  tasksFrom(ordinal: number): AsyncIterable<ContactTask> | Iterable<ContactTask>
  /** Counts one contact into a part's tally. */
  tally(task: ContactTask, read: ContactRead, tally: Tally): Tally
  readonly emptyTally: Tally
  /** Makes a checkpoint durable; called after the part is whole on disk. */
  checkpoint(checkpoint: Checkpoint<Tally>): void
  readonly stop: AbortSignal
  onRead?(contactsDone: number, recordsDone: number, contactsHere: number): void
}

/**
 * Reads the contacts that are not in a durable part yet, and writes them.
 * @returns all checkpoints of the pass
 * @throws Interrupted after a stop, with a checkpoint made of what was read until then
 * @throws EngageError where a contact could not be read after all retries
 */
export async function exportPass<Tally>(pass: ExportPass<Tally>): Promise<readonly Checkpoint<Tally>[]> {
  const done = [...pass.done]
  await removeUnfinished(
    pass.folder,
    done.map(({ proof }) => proof),
  )
  let contacts = done.reduce((sum, { proof }) => sum + proof.contactCount, 0)
  let records = done.reduce((sum, { proof }) => sum + proof.records, 0)
  let here = 0
  const reads = inOrder(
    until(pass.stop, pass.tasksFrom(contacts)),
    async (task) => ({ task, read: await look(pass, task) }),
    {
      concurrency: pass.concurrency,
      window: pass.concurrency * 4,
    },
  )
  let part: Awaited<ReturnType<typeof openPart>> | undefined
  let inPart = 0
  let tally = pass.emptyTally
  const finishPart = async (): Promise<void> => {
    if (part === undefined) return
    const checkpoint = { proof: await part.close(), tally }
    part = undefined
    inPart = 0
    tally = pass.emptyTally
    pass.checkpoint(checkpoint)
    done.push(checkpoint)
  }
  try {
    for await (const { task, read } of reads) {
      part ??= await openPart(pass.folder, done.length + 1, {
        compression: pass.compression,
        schemaId: pass.schemaId,
      })
      await part.add(read)
      tally = pass.tally(task, read, tally)
      inPart += 1
      contacts += 1
      here += 1
      records += read.interactions.length
      pass.onRead?.(contacts, records, here)
      if (inPart >= pass.contactsPerPart) await finishPart()
    }
    await finishPart()
  } finally {
    await part?.abandon()
  }
  if (pass.stop.aborted) throw new Interrupted()
  return done
}

async function look<Tally>(pass: ExportPass<Tally>, task: ContactTask): Promise<ContactRead> {
  return task.carried ?? readContact(pass.reader, pass.clock, task.contactId, pass.schemaId)
}

/** What it takes to look at a contact. */
export type ContactReader = Pick<EngageReader, 'interactionsOf' | 'getContact'>

/**
 * One look at one contact.
 * @returns what it has of the schema, sorted by id; `gone` where the API says that it is not there, and says so again
 *   when asked for the contact itself: a history must not be given up on one odd answer
 * @throws EngageError for every other failure
 */
export async function readContact(
  reader: ContactReader,
  clock: Clock,
  contactId: string,
  schemaId: string,
): Promise<ContactRead> {
  try {
    const interactions = await reader.interactionsOf(contactId, schemaId)
    return { contactId, state: 'read', readAt: clock.now(), interactions }
  } catch (error) {
    if (!(error instanceof EngageError) || error.kind !== 'absent' || saysSchemaNotFound(error)) throw error
    if ((await reader.getContact(contactId)) !== undefined) throw error
    return { contactId, state: 'gone', readAt: clock.now(), interactions: [] }
  }
}

async function* until<T>(
  stop: AbortSignal,
  source: AsyncIterable<T> | Iterable<T>,
): AsyncGenerator<T, void, undefined> {
  for await (const each of source) {
    if (stop.aborted) return
    yield each
  }
}
