/**
 * What Engage held and is not imported again, while its deletion may lag.
 * Guarantees: nothing is posted while a contact shows one that could be taken for a record of the import: it is equal to one,
 * and goes yet. Changes nothing; memory is bounded.
 */
import type { SnapshotContact } from '../snapshot/reader.ts'
import { awaitWithout, notCleared, shownOf } from './clearing.ts'
import { importedSnapshot, lossOf } from './imported.ts'
import { type Lot, measureOf } from './lot.ts'
import { passSnapshot } from './pass.ts'
import { sideBySide } from './side-by-side.ts'
import type { ReadContext } from './strategy.ts'

/** Contacts that are asked at once. */
const BATCH = 1_000

interface LeftOut extends Pick<SnapshotContact, 'contactId'> {
  /** Ids of its records that are left out, and equal to one that is imported. */
  readonly ids: ReadonlySet<string>
}

/**
 * What is imported is told from what a deletion took away by the ids in the imported snapshot; these are not in it.
 * @throws OperatorError (exit 1) where one is still shown when a change must long be visible
 */
export async function awaitWithoutLeftOut(context: ReadContext, lot: Lot): Promise<void> {
  if (lossOf(context) === 0) return
  let batch: LeftOut[] = []
  for await (const contact of leftOut(context, lot)) {
    batch.push(contact)
    if (batch.length < BATCH) continue
    await cleared(context, batch)
    batch = []
  }
  if (batch.length > 0) await cleared(context, batch)
}

async function cleared(context: ReadContext, batch: readonly LeftOut[]): Promise<void> {
  const { left } = await awaitWithout(context, batch, ({ ids }, now) => shownOf(ids, now))
  const [first] = left
  if (first !== undefined) throw notCleared(context, first)
}

async function* leftOut(context: ReadContext, lot: Lot): AsyncGenerator<LeftOut> {
  const { keyOf } = measureOf(context, lot)
  const exported = await passSnapshot(context, 'final-pass')
  for await (const { earlier, now } of sideBySide(exported, await importedSnapshot(context))) {
    context.stop.throwIfAborted()
    const kept = new Set(now.interactions.map(({ id }) => id))
    const keys = new Set(now.interactions.map(keyOf))
    const ids = (earlier?.interactions ?? [])
      .filter((record) => !kept.has(record.id) && keys.has(keyOf(record)))
      .map(({ id }) => id)
    if (ids.length > 0) yield { contactId: now.contactId, ids: new Set(ids) }
  }
}
