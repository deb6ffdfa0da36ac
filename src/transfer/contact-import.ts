/**
 * One contact's interactions, each in the tenant exactly once: the heart of an import.
 * Guarantees: every item is journaled as sent, durably, before its POST leaves; an item whose outcome is in doubt
 * is asked about with one GET for all of the contact's before anything of it is sent again; while a contact is
 * being asked about, nothing else of it is in flight, so a twin's answer can't be mistaken for another's.
 */
import type PQueue from 'p-queue'
import type { Clock } from '../clock.ts'
import type { EngageWriter } from '../engage/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { ItemJournal } from '../journal/items.ts'
import type { ContactRead, Interaction } from '../model.ts'
import { type ContactReader, readContact } from './export.ts'
import { classifyPostError, type PostOutcome } from './post.ts'
import { Interrupted } from './progress.ts'
import { reconcile } from './reconcile.ts'

export type Decision = 'confirmed' | 'rejected' | 'gone'

/** Why items of a contact that is gone are refused. */
const GONE = { kind: 'rejected', reason: 'the contact is gone', absent: true } as const

export interface ImportDesk {
  readonly reader: ContactReader
  readonly writer: Pick<EngageWriter, 'createInteraction'>
  readonly items: ItemJournal
  readonly clock: Clock
  /** The schema that the interactions are posted to. */
  readonly schemaId: string
  /**
   * Ids of records that the deletion took away and that a lagging read may still show: never to be taken for ours.
   */
  oldIds(read: ContactRead, firstSeq: number): ReadonlySet<string>
  /** Canonical form of an event under that schema. */
  keyOf(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** How long a read may lag behind a write, in milliseconds: nothing in doubt is asked about sooner. */
  readonly settleMs: number
  /** Shared by all contacts: how many POSTs may be under way. */
  readonly requests: PQueue
  readonly stop: AbortSignal
  /** `gone`: refused because the contact is not there any more. */
  onDecided?(outcome: Decision): void
}

/** Intents of one commit; what a kill leaves in doubt of one contact at most. */
const CHUNK = 20

/** The vendor's retry policy, as multiples of its first wait: 10 s, 30 s, 60 s, 300 s. */
const WAITS = [1, 3, 6, 30]

/**
 * Brings one contact's items to a decision: confirmed or rejected.
 * @param read the contact's records, as the snapshot has them
 * @param firstSeq number of the first of them in the snapshot
 * @param only the numbers to look after; all where absent
 * @throws Interrupted after a stop; whatever concerns the run as a whole; in both cases the journal says of each
 *   item whether it may have left
 */
export async function importContact(
  desk: ImportDesk,
  read: ContactRead,
  firstSeq: number,
  only?: ReadonlySet<number>,
): Promise<void> {
  const records = new Map(read.interactions.map((record, index) => [firstSeq + index, record]))
  const wanted = [...records.keys()].filter((seq) => only?.has(seq) ?? true)
  let doubts = 0
  let undecided = Number.POSITIVE_INFINITY
  for (;;) {
    const known = new Map(desk.items.range(firstSeq, firstSeq + records.size).map((item) => [item.seq, item]))
    const doubtful = wanted.filter((seq) => known.get(seq)?.state === 'sent')
    const open = wanted.filter((seq) => (known.get(seq)?.state ?? 'unsent') === 'unsent')
    if (doubtful.length === 0 && open.length === 0) return
    if (doubtful.length > 0) {
      // Only attempts that got nothing decided add up: else a contact of many would give up on a server that works.
      if (doubtful.length + open.length < undecided) doubts = 0
      undecided = doubtful.length + open.length
      await settle(desk, read.contactId, doubts)
      doubts += 1
      await ask(desk, read, firstSeq, records, doubtful, known)
    } else {
      await postAll(desk, open, records)
    }
  }
}

/** Waits before asking; each further time without progress longer. */
async function settle(desk: ImportDesk, contactId: string, doubts: number): Promise<void> {
  const times = WAITS[doubts]
  if (times === undefined) {
    throw new OperatorError({
      what: `Engage gave no clear answer to ${WAITS.length} attempts to post interactions of contact ${contactId}.`,
      safe: 'Everything that was sent is in the journal; what is in doubt will be asked about, not sent again.',
      next: 'Look whether Engage is in trouble, then run the same command again.',
      exit: EXIT.failed,
    })
  }
  await pause(desk, desk.settleMs * times)
}

async function pause(desk: ImportDesk, ms: number): Promise<void> {
  try {
    await desk.clock.sleep(ms, desk.stop)
  } catch (error) {
    throw desk.stop.aborted ? new Interrupted() : error
  }
}

async function ask(
  desk: ImportDesk,
  contact: ContactRead,
  firstSeq: number,
  records: ReadonlyMap<number, Interaction>,
  doubtful: readonly number[],
  known: ReadonlyMap<number, { readonly newId: string | undefined }>,
): Promise<void> {
  const now = await readContact(desk.reader, desk.clock, contact.contactId, desk.schemaId)
  if (now.state === 'gone') {
    await Promise.all(doubtful.map((seq) => note(desk, seq, GONE)))
    return
  }
  const old = desk.oldIds(contact, firstSeq)
  const claimed = new Set([...known.values()].flatMap(({ newId }) => newId ?? []))
  const { there, missing } = reconcile(
    doubtful.map((seq) => ({ seq, key: desk.keyOf(records.get(seq) as Interaction) })),
    now.interactions
      .filter(({ id }) => !old.has(id))
      .map((record) => ({ id: record.id, key: desk.keyOf(record) })),
    claimed,
  )
  await Promise.all([
    ...there.map(({ seq, newId }) => desk.items.confirmed(seq, newId)),
    desk.items.unsent(missing),
  ])
  for (const _ of there) desk.onDecided?.('confirmed')
}

async function postAll(
  desk: ImportDesk,
  open: readonly number[],
  records: ReadonlyMap<number, Interaction>,
): Promise<void> {
  const halt = new AbortController()
  let gone: Promise<boolean> | undefined
  for (let at = 0; at < open.length; at += CHUNK) {
    if (desk.stop.aborted) throw new Interrupted()
    const chunk = open.slice(at, at + CHUNK)
    await desk.items.sent(chunk)
    const settled = await Promise.allSettled(
      chunk.map(async (seq) => {
        try {
          const record = records.get(seq) as Interaction
          const outcome = await desk.requests.add(() => post(desk, record, halt.signal))
          if (outcome.kind === 'fatal') halt.abort()
          // A 404 may be about the contact: it is asked for once, whatever the number of its interactions.
          if (outcome.kind === 'rejected' && outcome.absent) gone ??= isGone(desk, record.contactId)
          await note(
            desk,
            seq,
            outcome.kind === 'rejected' && outcome.absent && (await gone) ? GONE : outcome,
          )
          return outcome
        } catch (error) {
          // The journal can't be written: whatever has not left yet must not.
          halt.abort()
          throw error
        }
      }),
    )
    // Nothing of this contact is under way any more: only now may a failure end the run.
    const outcomes = settled.map(
      (each): PostOutcome =>
        each.status === 'fulfilled' ? each.value : { kind: 'fatal', error: each.reason },
    )
    const fatal = outcomes.find((outcome) => outcome.kind === 'fatal')
    if (fatal !== undefined) throw fatal.error
    if (await gone) {
      await Promise.all(open.slice(at + CHUNK).map((seq) => note(desk, seq, GONE)))
      return
    }
    if (desk.stop.aborted) throw new Interrupted()
    const waits = outcomes.flatMap((outcome) => (outcome.kind === 'unsent' ? outcome.waitMs : []))
    if (waits.length > 0) await pause(desk, Math.max(...waits))
    // What is in doubt is asked about before more of this contact leaves.
    if (waits.length > 0 || outcomes.some((outcome) => outcome.kind === 'doubt')) return
  }
}

async function isGone(desk: ImportDesk, contactId: string): Promise<boolean> {
  return (await desk.reader.getContact(contactId)) === undefined
}

async function post(desk: ImportDesk, record: Interaction, halt: AbortSignal): Promise<PostOutcome> {
  // Journaled as sent, but it has not left and shall not: that is known for certain.
  if (desk.stop.aborted || halt.aborted) return { kind: 'unsent', waitMs: 0 }
  try {
    const newId = await desk.writer.createInteraction({
      contactId: record.contactId,
      schemaId: desk.schemaId,
      createdDate: record.createdDate,
      payload: record.payload,
    })
    return { kind: 'confirmed', newId }
  } catch (error) {
    return classifyPostError(error)
  }
}

/** Makes the outcome durable. What met a fatal answer stays `sent`: it will be asked about, which is always safe. */
async function note(desk: ImportDesk, seq: number, outcome: PostOutcome): Promise<void> {
  if (outcome.kind === 'confirmed') await desk.items.confirmed(seq, outcome.newId)
  else if (outcome.kind === 'rejected') await desk.items.rejected(seq, outcome.reason)
  else if (outcome.kind === 'unsent') await desk.items.unsent([seq])
  if (outcome === GONE) desk.onDecided?.('gone')
  else if (outcome.kind === 'confirmed' || outcome.kind === 'rejected') desk.onDecided?.(outcome.kind)
}
