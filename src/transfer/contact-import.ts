/**
 * What goes to one contact, each interaction in the tenant exactly once: the heart of an import.
 * Guarantees: every item is journaled as sent, durably, before its POST leaves; an item whose outcome is in doubt
 * is asked about with one GET for all of the contact's before anything of it is sent again; while a contact is
 * being asked about, nothing else of it is in flight, so a twin's answer can't be mistaken for another's; where
 * several contacts of the snapshot go to one, what is claimed there by any of them is nobody else's.
 */
import type PQueue from 'p-queue'
import type { Clock } from '../clock.ts'
import type { EngageReader, EngageWriter } from '../engage/types.ts'
import type { Item, ItemJournal } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import type { Aside } from './crew.ts'
import { type Delivery, type Piece, recordsOf } from './deliveries.ts'
import { type ContactReader, readContact } from './export.ts'
import {
  countAttempt,
  givenUpReason,
  isGivenUp,
  isOver,
  NO_ATTEMPT,
  noClearAnswer,
  notReached,
  timesToWait,
} from './patience.ts'
import { classifyPostError, type PostOutcome } from './post.ts'
import { Interrupted } from './progress.ts'
import { reconcile } from './reconcile.ts'
import { goneReason } from './refusals.ts'

export type Decision = 'confirmed' | 'rejected' | 'gone'

/** What a contact came to: `gone` where items were refused because it is not there any more, `untouched` where nothing was left to do. */
export type ContactOutcome = 'decided' | 'gone' | 'untouched'

export interface ImportDesk {
  readonly reader: ContactReader & Pick<EngageReader, 'getInteraction'>
  readonly writer: Pick<EngageWriter, 'createInteraction'>
  readonly items: ItemJournal
  readonly clock: Clock
  /** The schema that the interactions are posted to. */
  readonly schemaId: string
  /**
   * Ids of records that the deletion took away and that a lagging read may still show: never to be taken for ours.
   */
  oldIds(read: Pick<Piece, 'interactions'>, firstSeq: number): ReadonlySet<string>
  /** Canonical form of an event under that schema. */
  keyOf(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** Where that goes by some of the properties only: by all of them. */
  fullKeyOf?(event: Pick<Interaction, 'createdDate' | 'payload'>): string
  /** How long a read may lag behind a write, in milliseconds: nothing in doubt is asked about sooner. */
  readonly settleMs: number
  /**
   * When this process began, by the clock's `elapsed`: what is in doubt from before was sent earlier than that, so that
   * one wait serves all of it.
   */
  readonly beganAt: number
  /** Shared by all contacts: how many POSTs may be under way. */
  readonly requests: PQueue
  readonly stop: AbortSignal
  /** `gone`: refused because the contact is not there any more. */
  onDecided?(outcome: Decision): void
  /** How many items came into doubt (above 0), or were asked about (below 0). */
  onDoubt?(change: number): void
  /** Told when POSTs of a contact did not leave, since no connection came about. */
  onUnreached?(): void
  /** Told before that many POSTs leave; what it throws ends the import before any of them is journaled. */
  beforePosts?(count: number): Promise<void>
  /** How many interactions the import has confirmed so far; none where absent. */
  confirmedSoFar?(): number
  /**
   * Whether the contact is asked what it has before anything at all is posted to it: where others may have posted the
   * same, in this schema, before or since. Absent: only about what may have left.
   */
  readonly asksFirst?: boolean
  /** False where nothing may be given up: what gets no clear answer ends the run. */
  readonly mayGiveUp?: boolean
  /** Runs a wait so that others can be worked on meanwhile; just waits where absent. */
  readonly aside?: Aside
}

/** A delivery under way. */
interface Work extends Pick<Delivery, 'contactId' | 'pieces'> {
  readonly desk: ImportDesk
  readonly records: ReadonlyMap<number, Interaction>
  /** What was answered last to each item in doubt. */
  readonly said: Map<number, string>
}

/** Intents of one commit; what a kill leaves in doubt of one contact at most. */
const CHUNK = 20

/**
 * Brings all that goes to one contact to a decision: confirmed or rejected. What never gets a clear answer is rejected,
 * too, once the server is known to work otherwise (see isGivenUp), and has been asked about a last time.
 * @param delivery the records, as the snapshot has them, and the contact that they go to
 * @param only the numbers to look after; all where absent
 * @throws Interrupted after a stop; whatever concerns the run as a whole; in both cases the journal says of each
 *   item whether it may have left
 */
export async function importContact(
  desk: ImportDesk,
  { contactId, pieces }: Pick<Delivery, 'contactId' | 'pieces'>,
  only?: ReadonlySet<number>,
): Promise<ContactOutcome> {
  const work: Work = { desk, contactId, pieces, records: recordsOf(pieces), said: new Map() }
  const wanted = [...work.records.keys()].filter((seq) => only?.has(seq) ?? true)
  let outcome: ContactOutcome = 'untouched'
  let attempts = NO_ATTEMPT
  let unreached = false
  // What an earlier process was told counts no more, either: others may have been here since.
  let asked = desk.asksFirst !== true
  let since = desk.beganAt
  for (;;) {
    const known = new Map(itemsOf(work).map((item) => [item.seq, item]))
    const sent = wanted.filter((seq) => known.get(seq)?.state === 'sent')
    const unsent = wanted.filter((seq) => (known.get(seq)?.state ?? 'unsent') === 'unsent')
    const doubtful = asked ? sent : [...sent, ...unsent]
    const open = asked ? unsent : []
    if (doubtful.length === 0 && open.length === 0) return outcome
    if (doubtful.length === 0 && !unreached) {
      const posted = await postAll(work, open)
      unreached = posted === 'unreached'
      outcome = posted === 'gone' ? 'gone' : 'decided'
      since = desk.clock.elapsed()
      continue
    }
    const confirmed = desk.confirmedSoFar?.() ?? 0
    attempts = countAttempt(attempts, doubtful.length + open.length, confirmed)
    const givenUp = sent
      .map((seq) => known.get(seq) as Item)
      .filter(({ posts }) => desk.mayGiveUp !== false && isGivenUp(attempts, posts, confirmed))
    if (isOver(attempts) && givenUp.length === 0)
      throw doubtful.length > 0 ? noClearAnswer(contactId) : notReached(contactId)
    await settle(desk, since, timesToWait(attempts))
    unreached = false
    if (doubtful.length === 0) continue
    outcome = 'decided'
    const now = await ask(work, doubtful)
    asked = true
    desk.onDoubt?.(-sent.length)
    if (now === 'gone') {
      await refuseAsGone(work, [...doubtful, ...open])
      return 'gone'
    }
    await giveUp(work, givenUp)
  }
}

function itemsOf({ desk, pieces }: Work): readonly Item[] {
  return pieces.flatMap(({ firstSeq, interactions }) =>
    desk.items.range(firstSeq, firstSeq + interactions.length),
  )
}

/** Waits before asking, or before posting what was not reached. @param since when the doubt arose */
async function settle(desk: ImportDesk, since: number, times: number): Promise<void> {
  const left = since + desk.settleMs * times - desk.clock.elapsed()
  if (left <= 0) return
  const wait = (): Promise<void> => pause(desk, left)
  await (desk.aside === undefined ? wait() : desk.aside(wait))
}

async function pause(desk: ImportDesk, ms: number): Promise<void> {
  try {
    await desk.clock.sleep(ms, desk.stop)
  } catch (error) {
    throw desk.stop.aborted ? new Interrupted() : error
  }
}

/** Asks the contact what it has: what is there is adopted, what is not may be posted. */
async function ask(work: Work, doubtful: readonly number[]): Promise<'there' | 'gone'> {
  const { desk, contactId, pieces, records } = work
  if (desk.stop.aborted) throw new Interrupted()
  const now = await readContact(desk.reader, desk.clock, contactId, desk.schemaId)
  if (now.state === 'gone') return 'gone'
  const old = new Set(pieces.flatMap((piece) => [...desk.oldIds(piece, piece.firstSeq)]))
  const claimed = new Set(itemsOf(work).flatMap(({ newId }) => newId ?? []))
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
  return 'there'
}

/** Refuses what got no clear answer and was not there when it was asked about just now: it may land yet, and be found. */
async function giveUp({ desk, said }: Work, items: readonly Item[]): Promise<void> {
  for (const { seq, posts } of items) {
    if (desk.items.range(seq, seq + 1)[0]?.state !== 'unsent') continue
    await desk.items.rejected(seq, givenUpReason(posts, said.get(seq) ?? 'none'))
    desk.onDecided?.('rejected')
  }
}

/** The contact is not there: none of its interactions is tried on the server, but for one that it has `turnedAway`. */
async function refuseAsGone(
  { desk, contactId, records }: Pick<Work, 'desk' | 'contactId' | 'records'>,
  seqs: readonly number[],
  turnedAway = false,
): Promise<void> {
  await Promise.all(
    seqs.map((seq) => {
      const [{ posts } = { posts: 0 }] = desk.items.range(seq, seq + 1)
      const reason = goneReason(records.get(seq) as Interaction, contactId, posts > Number(turnedAway))
      return desk.items.rejected(seq, reason, turnedAway)
    }),
  )
  for (const _ of seqs) desk.onDecided?.('gone')
}

async function postAll(work: Work, open: readonly number[]): Promise<'decided' | 'gone' | 'unreached'> {
  const { desk, contactId, records } = work
  const halt = new AbortController()
  let gone: Promise<boolean> | undefined
  for (let at = 0; at < open.length; at += CHUNK) {
    if (desk.stop.aborted) throw new Interrupted()
    const chunk = open.slice(at, at + CHUNK)
    await desk.beforePosts?.(chunk.length)
    await desk.items.sent(chunk)
    const settled = await Promise.allSettled(
      chunk.map(async (seq) => {
        try {
          const record = records.get(seq) as Interaction
          const outcome = await desk.requests.add(() => post(work, record, halt.signal))
          if (outcome.kind === 'fatal') halt.abort()
          if (outcome.kind === 'doubt') work.said.set(seq, outcome.said)
          // A 404 may be about the contact: it is asked for once, whatever the number of its interactions.
          const absent = outcome.kind === 'rejected' && outcome.absent
          if (absent) gone ??= isGone(desk, contactId)
          if (absent && (await gone)) await refuseAsGone(work, [seq], true)
          else await note(desk, seq, outcome)
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
    const doubtful = outcomes.filter(({ kind }) => kind === 'doubt').length
    if (doubtful > 0) desk.onDoubt?.(doubtful)
    const fatal = outcomes.find((outcome) => outcome.kind === 'fatal')
    if (fatal !== undefined) throw fatal.error
    if (await gone) {
      await refuseAsGone(work, open.slice(at + CHUNK))
      return 'gone'
    }
    if (desk.stop.aborted) throw new Interrupted()
    const unreached = outcomes.some(({ kind }) => kind === 'unreached')
    if (unreached) desk.onUnreached?.()
    const waits = outcomes.flatMap((outcome) => (outcome.kind === 'unsent' ? outcome.waitMs : []))
    if (waits.length > 0) await pause(desk, Math.max(...waits))
    if (unreached) return 'unreached'
    // What is in doubt is asked about before more of this contact leaves.
    if (waits.length > 0 || doubtful > 0) return 'decided'
  }
  return 'decided'
}

async function isGone(desk: ImportDesk, contactId: string): Promise<boolean> {
  return (await desk.reader.getContact(contactId)) === undefined
}

async function post({ desk, contactId }: Work, record: Interaction, halt: AbortSignal): Promise<PostOutcome> {
  // Journaled as sent, but it has not left and shall not: that is known for certain.
  if (desk.stop.aborted || halt.aborted) return { kind: 'unsent', waitMs: 0 }
  try {
    const newId = await desk.writer.createInteraction({
      contactId,
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
  else if (outcome.kind === 'rejected') await desk.items.rejected(seq, outcome.reason, true)
  else if (outcome.kind === 'unsent' || outcome.kind === 'unreached') await desk.items.unsent([seq], true)
  if (outcome.kind === 'confirmed' || outcome.kind === 'rejected') desk.onDecided?.(outcome.kind)
}
