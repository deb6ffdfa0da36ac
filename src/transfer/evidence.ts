/**
 * Files that a run leaves for people and other systems: which id became which, and what was refused.
 * Guarantees: each file is whole or not there (temp, sync, rename); one line a record, in the snapshot's order.
 */
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'ndjson'
import { type ContactMap, NO_MAP } from '../contacts/map.ts'
import { codeOf } from '../errors.ts'
import type { ItemJournal } from '../journal/items.ts'
import type { Interaction } from '../model.ts'
import { cannotWrite, openTemporary, seal, syncFolder } from '../snapshot/durable.ts'
import type { Snapshot } from '../snapshot/reader.ts'

export interface Evidence {
  readonly mapped: number
  /** How many of those mapped were posted; the others were found there when they were asked about. */
  readonly posted: number
  readonly rejected: number
  /** Records that never came to an import. */
  readonly left: number
}

/** A line of `rejected.ndjson`. */
export interface Refused {
  readonly reason: string
  readonly record: Interaction
}

/**
 * Writes `id-map.ndjson` ({oldId, newId, contactId}, and oldContactId where it is under another contact now) for systems
 * that stored ids, and `rejected.ndjson` (the whole record with the reason).
 * @param left what never came to an import, behind what was refused
 */
export async function writeEvidence(
  folder: string,
  snapshot: Snapshot,
  items: ItemJournal,
  map: ContactMap = NO_MAP,
  left: AsyncIterable<Refused> = nothing(),
): Promise<Evidence> {
  const counts = { mapped: 0, posted: 0, rejected: 0, left: 0 }
  await writeLines(join(folder, 'id-map.ndjson'), async function* () {
    for await (const { record, item } of decided(snapshot, items)) {
      if (item.state !== 'confirmed') continue
      counts.mapped += 1
      if (item.posts > 0) counts.posted += 1
      const { id: oldId, contactId: oldContactId } = record
      const contactId = map.get(oldContactId) ?? oldContactId
      yield { oldId, newId: item.newId, contactId, ...(contactId === oldContactId ? {} : { oldContactId }) }
    }
  })
  await writeLines(join(folder, 'rejected.ndjson'), async function* () {
    for await (const { record, item } of decided(snapshot, items)) {
      if (item.state !== 'rejected') continue
      counts.rejected += 1
      yield { reason: item.reason, record }
    }
    for await (const each of left) {
      counts.left += 1
      yield each
    }
  })
  return counts
}

async function* nothing(): AsyncGenerator<Refused> {}

async function* decided(snapshot: Snapshot, items: ItemJournal) {
  for await (const contact of snapshot.contacts()) {
    const known = new Map(
      items
        .range(contact.firstSeq, contact.firstSeq + contact.interactions.length)
        .map((item) => [item.seq, item]),
    )
    for (const [index, record] of contact.interactions.entries()) {
      const item = known.get(contact.firstSeq + index)
      if (item !== undefined) yield { record, item }
    }
  }
}

/** Characters that are written at once. */
const WRITE_SIZE = 65_536

/** Writes a file of JSON lines as a whole. @throws OperatorError where the disk refuses */
export async function writeLines(file: string, lines: () => AsyncIterable<unknown>): Promise<void> {
  const folder = dirname(file)
  const name = basename(file)
  try {
    const handle = await openTemporary(folder, name)
    await pipeline(Readable.from(lines()), stringify(), async (text: AsyncIterable<string>) => {
      let pending = ''
      for await (const line of text) {
        pending += line
        if (pending.length < WRITE_SIZE) continue
        await handle.appendFile(pending)
        pending = ''
      }
      await handle.appendFile(pending)
    })
    await seal(folder, name, handle)
    await syncFolder(folder)
  } catch (error) {
    throw codeOf(error) === undefined ? error : cannotWrite(file, error)
  }
}
