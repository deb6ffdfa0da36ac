/**
 * Contacts → pages → snapshots: one pass over the contacts for several schemas, each beside its parent.
 * Guarantees: every contact of the list is dealt with exactly once, in the order of names; a checkpoint is made durable
 * when its parts are whole on disk, so a killed pass goes on after the last one; no contact is skipped: one that can't be
 * read is written down as that. What the tenant holds is counted from what was read, not from what was written.
 */
import type { Clock } from '../clock.ts'
import type { Names } from '../snapshot/digests.ts'
import type { State } from '../snapshot/facts.ts'
import type { Compression, PartProof } from '../snapshot/format.ts'
import type { ContactChange } from '../snapshot/record.ts'
import type { Seal } from '../snapshot/seal.ts'
import { addStates, EMPTY_STATE, StateTally } from '../snapshot/state.ts'
import { openPart, type PartWriter, removeUnfinished } from '../snapshot/writer.ts'
import type { ContactReader } from '../transfer/export.ts'
import { Interrupted } from '../transfer/progress.ts'
import { inOrder } from '../transfer/pump.ts'
import { changeOf, type Look } from './change.ts'
import { createFailureWatch, lookAt } from './look.ts'
import type { Before, KnownContact, ParentView } from './parent.ts'

/** One schema of a pass. */
export interface Lane {
  readonly schemaId: string
  /** The snapshot's folder; it has no manifest yet. */
  readonly folder: string
  readonly parent: ParentView | undefined
}

/** What a lane came to in a stretch of contacts. */
export interface LaneTally {
  /** Absent where nothing was to be written. */
  readonly proof?: PartProof
  readonly state: State
  /** Contacts that were not asked for. */
  readonly carried: number
  /** Contacts of the parent that are not in the list any more. */
  readonly dropped: number
}

export interface PassCheckpoint {
  /** Contacts of the list before this ordinal are dealt with. */
  readonly contacts: number
  /** Whether the parents' last contacts are, too. */
  readonly ended: boolean
  readonly lanes: { readonly [schemaId: string]: LaneTally }
}

export interface BackupPass {
  readonly reader: ContactReader
  readonly clock: Clock
  readonly lanes: readonly Lane[]
  /** Contacts of the list, sorted by name. */
  readonly contacts: { count(): number; slice(ordinal: number, limit: number): readonly string[] }
  readonly names: Names
  readonly compression: Compression
  readonly seal: Seal | undefined
  /** Whether index files are written. */
  readonly indexed: boolean
  /** Names of the contacts to read again; all are where absent. What a parent lacks is read in any case. */
  readonly hot: ReadonlySet<string> | undefined
  readonly concurrency: number
  /** Contacts in a part; where hardly anything is written, a checkpoint is made every so many times that. */
  readonly contactsPerPart: number
  readonly done: readonly PassCheckpoint[]
  checkpoint(checkpoint: PassCheckpoint): void
  /** Told what was found, in order. */
  onLook?(contactId: string, looks: ReadonlyMap<string, Look>): void
  onProgress?(contacts: number, here: number): void
  readonly stop: AbortSignal
}

/** An increment writes little: so many contacts are looked at for one that may be written, between two checkpoints. */
const SPARSE = 20
const BATCH = 1_000

interface Task {
  /** Undefined at the end of the list. */
  readonly contactId: string | undefined
  readonly before: ReadonlyMap<string, Before>
}

/**
 * Deals with the contacts that no durable checkpoint covers.
 * @returns all checkpoints of the pass
 * @throws Interrupted after a stop: no request is begun after it, and a checkpoint is made of what was read until then
 * @throws EngageError, OperatorError where the whole can't be read; OperatorError where the disk refuses or a parent is not
 *   what it should be
 */
export async function backupPass(pass: BackupPass): Promise<readonly PassCheckpoint[]> {
  const done = [...pass.done]
  const lanes = pass.lanes.map((lane) => createLane(pass, lane, done))
  for (const lane of lanes) await lane.begin()
  const watch = createFailureWatch()
  let contacts = done.at(-1)?.contacts ?? 0
  let here = 0
  let sinceLast = 0
  const checkpoint = async (ended: boolean): Promise<void> => {
    const tallies: Record<string, LaneTally> = {}
    for (const lane of lanes) tallies[lane.schemaId] = await lane.close()
    const made = { contacts, ended, lanes: tallies }
    pass.checkpoint(made)
    done.push(made)
    sinceLast = 0
  }
  if (done.at(-1)?.ended === true) return done
  const results = inOrder(
    tasksFrom(pass, contacts),
    async (task) => ({ task, looks: await look(pass, task) }),
    {
      concurrency: pass.concurrency,
      window: pass.concurrency * 4,
    },
  )
  try {
    for await (const { task, looks } of results) {
      // A stop keeps whoever was not asked yet from being asked.
      if (looks === undefined) break
      const found = [...looks.values()]
      // A stop cuts waits short: what was not answered then says nothing of the contact.
      if (pass.stop.aborted && found.some(({ state }) => state === 'failed')) break
      watch(found)
      for (const lane of lanes) await lane.add(task, looks)
      if (task.contactId === undefined) {
        await checkpoint(true)
        break
      }
      pass.onLook?.(task.contactId, looks)
      contacts += 1
      here += 1
      sinceLast += 1
      pass.onProgress?.(contacts, here)
      const full = lanes.some((lane) => lane.written() >= pass.contactsPerPart)
      if (full || sinceLast >= pass.contactsPerPart * SPARSE) await checkpoint(false)
    }
    if (done.at(-1)?.ended !== true && sinceLast > 0) await checkpoint(false)
  } finally {
    for (const lane of lanes) await lane.abandon()
  }
  if (done.at(-1)?.ended !== true) throw new Interrupted()
  return done
}

async function* tasksFrom(pass: BackupPass, from: number): AsyncGenerator<Task, void, undefined> {
  const { contacts, lanes, names, stop } = pass
  const [last] = from === 0 ? [] : contacts.slice(from - 1, 1)
  if (last !== undefined) for (const { parent } of lanes) await parent?.skip(names.contact(last))
  const beside = async (ask: (parent: ParentView) => Promise<Before>): Promise<Task['before']> => {
    const before = new Map<string, Before>()
    for (const { schemaId, parent } of lanes)
      if (parent !== undefined) before.set(schemaId, await ask(parent))
    return before
  }
  for (let at = from; at < contacts.count(); ) {
    const ids = contacts.slice(at, BATCH)
    for (const contactId of ids) {
      if (stop.aborted) return
      const name = names.contact(contactId)
      yield { contactId, before: await beside((parent) => parent.upTo(name)) }
    }
    at += ids.length
  }
  if (stop.aborted) return
  yield { contactId: undefined, before: await beside((parent) => parent.rest()) }
}

/** @returns undefined where a stop came before all that was to be asked of the contact */
async function look(
  pass: BackupPass,
  { contactId, before }: Task,
): Promise<ReadonlyMap<string, Look> | undefined> {
  if (contactId === undefined) return new Map()
  const cold = pass.hot !== undefined && !pass.hot.has(pass.names.contact(contactId))
  const wanted = pass.lanes
    .map(({ schemaId }) => schemaId)
    .filter((schemaId) => !(cold && isCarried(before.get(schemaId)?.known)))
  const looks = await lookAt(pass.reader, pass.clock, contactId, wanted, pass.stop)
  return looks.size < wanted.length ? undefined : looks
}

/** What could not be read the last time is asked for again. */
function isCarried(known: KnownContact | undefined): boolean {
  return known !== undefined && known.state !== 'failed'
}

/** A schema's part that is being written, and what is counted meanwhile. */
function createLane(pass: BackupPass, { schemaId, folder, parent }: Lane, done: readonly PassCheckpoint[]) {
  const proofs = done.flatMap((each) => each.lanes[schemaId]?.proof ?? [])
  let number = proofs.length
  let part: PartWriter | undefined
  let written = 0
  let tally = new StateTally()
  let carried = 0
  let dropped = 0
  const write = async (change: ContactChange): Promise<void> => {
    part ??= await openPart(folder, number + 1, {
      compression: pass.compression,
      schemaId,
      seal: pass.seal,
      index: pass.indexed ? pass.names : undefined,
    })
    await part.add(change)
    written += 1
  }
  return {
    schemaId,
    begin: () => removeUnfinished(folder, proofs),
    written: () => written,
    async add({ before }: Task, looks: ReadonlyMap<string, Look>): Promise<void> {
      const { dropped: left, known } = before.get(schemaId) ?? { dropped: [], known: undefined }
      for (const each of left) {
        const { name, contactId } = each
        const readAt = pass.clock.now()
        const gone = { state: 'dropped' as const, readAt, interactions: [] }
        await write(contactId === undefined ? { contactId: '', name, ...gone } : { contactId, ...gone })
      }
      dropped += left.length
      const found = looks.get(schemaId)
      if (found !== undefined) {
        const change = changeOf(parent === undefined ? undefined : known, found, pass.names)
        if (change !== undefined) await write(change)
      }
      if (found !== undefined && found.state !== 'failed') tally.add(found)
      else if (found !== undefined || known !== undefined) {
        if (found === undefined) carried += 1
        const state = found === undefined ? (known?.state ?? 'failed') : 'failed'
        if (known === undefined) tally.add({ state, interactions: [] })
        else if (known.interactions === undefined) tally.addSealed(state, known.held.size)
        else tally.add({ state, interactions: known.interactions })
      }
    },
    async close(): Promise<LaneTally> {
      const proof = await part?.close()
      const closed = { ...(proof && { proof }), state: tally.state(), carried, dropped }
      if (proof !== undefined) number += 1
      part = undefined
      written = 0
      tally = new StateTally()
      carried = 0
      dropped = 0
      return closed
    },
    async abandon(): Promise<void> {
      await part?.abandon()
      part = undefined
    },
  }
}

/** @returns what a lane came to in the whole pass */
export function sumOf(checkpoints: readonly PassCheckpoint[], schemaId: string) {
  const tallies = checkpoints.flatMap((each) => each.lanes[schemaId] ?? [])
  return {
    parts: tallies.flatMap(({ proof }) => proof ?? []),
    state: tallies.map(({ state }) => state).reduce(addStates, EMPTY_STATE),
    carried: tallies.reduce((sum, each) => sum + each.carried, 0),
    dropped: tallies.reduce((sum, each) => sum + each.dropped, 0),
  }
}
