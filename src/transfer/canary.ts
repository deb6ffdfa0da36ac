/**
 * One interaction first: what does this tenant make of it?
 * Guarantees: at most one interaction is posted before its answer has been read back and compared; how long a read
 * lagged behind the write is learned from it.
 */
import type { Interaction } from '../model.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { type ImportDesk, importContact } from './contact-import.ts'
import { alone } from './deliveries.ts'
import { withHistory } from './history.ts'

export interface CanaryChoice {
  readonly contact: SnapshotContact
  readonly seq: number
  readonly record: Interaction
}

export interface CanaryResult {
  readonly seq: number
  readonly contactId: string
  readonly newId: string
  /** How long the new record was invisible to reads, in milliseconds. */
  readonly lagMs: number
  readonly sent: Interaction
  /** As the server keeps it; undefined where it never became visible. */
  readonly kept: Interaction | undefined
  readonly equal: boolean
  /** Where it is kept in another form: the names of the properties that it is about, or `createdDate`. */
  readonly differing: readonly string[]
  /** The server's words, where it refused it. */
  readonly refused: string | undefined
}

/** Contacts looked through for a telling record. */
const LOOKED_THROUGH = 5_000

/**
 * @param passedOver contacts that won't do: deleted since the snapshot was made
 * @param weigh how much of the schema a record exercises; 0 for one that the schema refuses, which is no canary
 * @returns the record that exercises most properties among the first contacts; undefined where there is none
 */
export async function chooseCanary(
  snapshot: Snapshot,
  passedOver: ReadonlySet<string>,
  weigh: (record: Interaction) => number,
): Promise<CanaryChoice | undefined> {
  let best: CanaryChoice | undefined
  let looked = 0
  let most = 0
  for await (const contact of snapshot.contacts()) {
    if (passedOver.has(contact.contactId)) continue
    for (const [index, record] of contact.interactions.entries()) {
      const weight = weigh(record)
      if (weight > most) {
        most = weight
        best = { contact, seq: contact.firstSeq + index, record }
      }
    }
    if (contact.interactions.length > 0) looked += 1
    if (looked >= LOOKED_THROUGH && best !== undefined) break
  }
  return best
}

/** @returns the record of that number as the canary; undefined where its contact won't do, or there is none */
export async function canaryAt(
  snapshot: Snapshot,
  seq: number,
  passedOver: ReadonlySet<string>,
  stop: AbortSignal,
): Promise<CanaryChoice | undefined> {
  for await (const contact of withHistory(snapshot, 0, stop)) {
    const record = contact.interactions[seq - contact.firstSeq]
    if (record !== undefined) return passedOver.has(contact.contactId) ? undefined : { contact, seq, record }
  }
  return undefined
}

/**
 * Posts the chosen record (unless the journal says that it is there), reads it back until it is visible.
 * @param visibleWithinMs how long to go on reading before it counts as not kept
 */
export async function flyCanary(
  desk: ImportDesk,
  choice: CanaryChoice,
  visibleWithinMs: number,
): Promise<CanaryResult> {
  const answered = new Set<string>()
  const writer: ImportDesk['writer'] = {
    createInteraction: async (sent) => {
      const id = await desk.writer.createInteraction(sent)
      answered.add(id)
      return id
    },
  }
  // A server that answers nothing clearly has not refused it.
  await importContact({ ...desk, writer, mayGiveUp: false }, alone(choice.contact), new Set([choice.seq]))
  const began = desk.clock.elapsed()
  const [item] = desk.items.range(choice.seq, choice.seq + 1)
  const base = { seq: choice.seq, contactId: choice.record.contactId, sent: choice.record }
  if (item?.state !== 'confirmed' || item.newId === undefined) {
    return {
      ...base,
      newId: '',
      lagMs: 0,
      kept: undefined,
      equal: false,
      differing: [],
      refused: item?.reason ?? 'no answer',
    }
  }
  const newId = item.newId
  for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
    const found = await desk.reader.interactionsOf(choice.record.contactId, desk.schemaId)
    const lagMs = Math.round(desk.clock.elapsed() - began)
    const kept = found.find(({ id }) => id === newId)
    if (kept !== undefined) {
      // What was there already may have more than what is sent; what was made of that may not.
      const keyOf = answered.has(newId) ? (desk.fullKeyOf ?? desk.keyOf) : desk.keyOf
      const equal = keyOf(kept) === keyOf(choice.record)
      const differing = differingIn(keyOf, choice.record, kept)
      return { ...base, newId, lagMs, kept, equal, differing, refused: undefined }
    }
    if (lagMs > visibleWithinMs) {
      return { ...base, newId, lagMs, kept: undefined, equal: false, differing: [], refused: undefined }
    }
    await desk.clock.sleep(wait, desk.stop)
  }
}

function differingIn(keyOf: ImportDesk['keyOf'], sent: Interaction, kept: Interaction): readonly string[] {
  const { createdDate } = sent
  const names = new Set([...Object.keys(sent.payload), ...Object.keys(kept.payload)])
  const only = ({ payload }: Interaction, name: string): string => {
    const value = payload[name]
    return keyOf({ createdDate, payload: value === undefined ? {} : { [name]: value } })
  }
  return [
    ...(keyOf({ createdDate, payload: {} }) === keyOf({ createdDate: kept.createdDate, payload: {} })
      ? []
      : ['createdDate']),
    ...[...names].filter((name) => only(sent, name) !== only(kept, name)),
  ]
}
