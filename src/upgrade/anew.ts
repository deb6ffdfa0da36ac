/**
 * The schema is there again, which others took away in the midst of an import.
 * Guarantees: what was posted before counts as gone only when a sample of the contacts that had it shows none of it any
 * more; from then on all of it is posted again, and no read-back from before goes on. Where it is all still there, nobody
 * has taken it away, and nothing is posted twice. What was sent and never answered is not taken for what is sent next.
 */
import type { SnapshotContact } from '../snapshot/reader.ts'
import { type Delivery, deliveries } from '../transfer/deliveries.ts'
import { withHistory } from '../transfer/history.ts'
import { awaitWithout, notCleared, SAMPLE, shownOf } from './clearing.ts'
import { contactMapOf } from './contact-map.ts'
import { OLDER_JOURNAL } from './history.ts'
import { importedResult, importedSnapshot } from './imported.ts'
import {
  beginAnew,
  comparisonOf,
  hasSent,
  isUntouched,
  itemsAt,
  itemsOf,
  type Lot,
  reconcileUnaccounted,
  recreationOf,
  startRoundsAnew,
  unaccounted,
} from './lot.ts'
import type { ReadContext } from './strategy.ts'

/** Contacts to which something was sent of unknown outcome, that are read before anything is posted anew, at most. */
const UNACCOUNTED = 1_000

/**
 * Looks what became of a lot's interactions, once its schema has been recreated; does nothing where none was posted yet.
 * @param created whether it was created by this run just now: then the one before is gone for certain
 * @throws OperatorError (exit 1) where the deletion has not been carried through when it must long be visible
 */
export async function lookAnew(context: ReadContext, lot: Lot, created: boolean): Promise<void> {
  const { journal, say } = context
  const items = itemsOf(journal, lot)
  if (!isUntouched(items)) {
    const { confirmed } = items.counts()
    startRoundsAnew(journal, lot)
    const sample = await postedTo(context, lot, confirmed)
    const { gone, left } = await awaitWithout(context, sample, (contact, now) =>
      shownOf(newIdsOf(context, lot, contact), now),
    )
    const [first] = left
    const telling = sample.length - gone.size
    if (first !== undefined && (created || left.length < telling)) throw notCleared(context, first)
    if (created || left.length < telling) {
      const { interactions } = importedResult(context)
      beginAnew(journal, lot, isOlder(context, lot) ? interactions : 0)
      say(`${confirmed} interactions that had been posted went with the schema: all are posted again`)
    } else {
      say('nothing shows that what was posted before is gone: the import goes on with it')
      if (telling > 0) return
    }
  }
  await awaitUnaccountedGone(context, lot)
}

/** @returns whether the journal may lack what was done, and posted, since the schema last came back */
function isOlder({ journal }: ReadContext, lot: Lot): boolean {
  const last = journal.events
    .all()
    .findLast(
      ({ kind, name }) =>
        name === OLDER_JOURNAL || (name === recreationOf(lot) && ['intent', 'note'].includes(kind)),
    )
  return last?.name === OLDER_JOURNAL
}

/**
 * What was sent to a schema that is gone, and never answered, has no id to be passed over by: while the deletion lags, it
 * would be taken for what is sent next. Waits until no contact shows any of it. What stays there has landed in the schema
 * that is there now, or is somebody else's: it is counted like any other POST of unknown outcome.
 */
async function awaitUnaccountedGone(context: ReadContext, lot: Lot): Promise<void> {
  if (!hasSent(context.journal, lot)) return
  const contacts = await unaccountedAt(context, lot)
  if (contacts.length === 0) return
  const { oldIds, settleMs } = comparisonOf(context, lot)
  // It may be on its way to be seen yet.
  await context.clock.sleep(settleMs, context.stop)
  await awaitWithout(context, contacts, ({ pieces }, { interactions }) => {
    const old = new Set(pieces.flatMap((piece) => [...oldIds(piece, piece.firstSeq)]))
    const found = interactions.filter(({ id }) => !old.has(id))
    return reconcileUnaccounted(context, lot, pieces, found).there[0]?.newId
  })
}

/** @returns contacts to which POSTs of unknown outcome have gone: all of them or, where they are many, one in so many */
async function unaccountedAt(context: ReadContext, lot: Lot): Promise<readonly Delivery[]> {
  const snapshot = await importedSnapshot(context)
  let found: Delivery[] = []
  let number = 0
  let every = 1
  for await (const delivery of deliveries(snapshot, contactMapOf(context), 0, context.stop)) {
    const items = itemsAt(context.journal, lot, delivery.pieces)
    if (!items.some((item) => unaccounted(item) > 0)) continue
    if (number++ % every === 0) found.push(delivery)
    if (found.length <= UNACCOUNTED) continue
    found = found.filter((_, index) => index % 2 === 0)
    every *= 2
  }
  context.stop.throwIfAborted()
  return found
}

/** @returns contacts that interactions were posted to, spread over the whole snapshot */
async function postedTo(context: ReadContext, lot: Lot, confirmed: number): Promise<SnapshotContact[]> {
  const snapshot = await importedSnapshot(context)
  const { contactsWithHistory } = importedResult(context)
  const share = confirmed / Math.max(1, snapshot.manifest.interactions.records)
  const every = Math.max(1, Math.floor((contactsWithHistory * share) / SAMPLE))
  const sample: SnapshotContact[] = []
  let number = 0
  for await (const contact of withHistory(snapshot, 0, context.stop)) {
    if (newIdsOf(context, lot, contact).size === 0) continue
    if (number % every === 0) sample.push(contact)
    number += 1
  }
  context.stop.throwIfAborted()
  return sample
}

function newIdsOf(
  { journal }: ReadContext,
  lot: Lot,
  { firstSeq, interactions }: SnapshotContact,
): ReadonlySet<string> {
  const items = itemsOf(journal, lot).range(firstSeq, firstSeq + interactions.length)
  return new Set(items.flatMap(({ state, newId }) => (state === 'confirmed' ? (newId ?? []) : [])))
}
