/**
 * A final pass that is made again for some contacts only.
 * Guarantees: one durable event voids the pass before and says what the next one asks, so that a kill at any point leaves
 * the one or the other; everybody else is carried over, contact by contact, from a snapshot that is proven anew first;
 * that snapshot stays on disk until the next one has taken its place.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Journal } from '../journal/journal.ts'
import type { Json, JsonObject } from '../json.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import type { ContactTask } from '../transfer/export.ts'
import { unread } from './base-pass.ts'
import { madeOfFinalPass } from './imported.ts'
import { assertProven, type PassResult } from './pass.ts'
import { sideBySide } from './side-by-side.ts'
import type { ReadContext } from './strategy.ts'
import type { Strays } from './strays.ts'

/** Which snapshot is carried over, and who is asked again. */
export interface Amendment extends Strays, Pick<PassResult, 'snapshot' | 'manifestDigest'> {}

const PASS = 'final-pass'

/**
 * Voids the final pass that has left this snapshot: the next one asks these contacts, and carries the others over.
 * @param resting what goes with it, since it rests on it
 */
export function amend(
  journal: Pick<Journal, 'events'>,
  amendment: Amendment,
  reason: string,
  resting: readonly string[] = [],
): void {
  const { snapshot, manifestDigest, contacts, sought } = amendment
  const amends = { snapshot, manifestDigest, contacts, sought } as unknown as Json
  journal.events.withdraw([...resting, ...madeOfFinalPass(journal), PASS], { reason, amends })
}

/** @returns what the final pass under way, or the next one, amends; undefined where it reads from the base pass on */
export function amendmentOf({ events }: Pick<Journal, 'events'>): Amendment | undefined {
  return amendsOf(events.latest(PASS, 'withdrawn')?.detail)
}

function amendsOf(detail: Json | undefined): Amendment | undefined {
  return (detail as JsonObject | undefined)?.['amends'] as Amendment | undefined
}

/** @returns the snapshot that is carried over, in its place under the schema's folder */
export function amendedSnapshot({ snapshots }: ReadContext, { snapshot }: Amendment): Promise<Snapshot> {
  return openSnapshot(join(snapshots, snapshot))
}

/**
 * The contacts in their order: those to be asked again, the others as they were read; then those that joined the list.
 * @throws OperatorError (exit 4) where the snapshot to be carried over is damaged
 */
export async function* amendedTasks(
  context: ReadContext,
  base: Snapshot,
  amendment: Amendment,
  from: number,
): AsyncGenerator<ContactTask> {
  // Once all are read, what was carried over may be gone from the disk.
  if (from >= context.journal.contacts.count()) return
  const before = await amendedSnapshot(context, amendment)
  await assertProven(before.folder, amendment.manifestDigest)
  const asked = new Set(amendment.contacts)
  for await (const { earlier, now } of sideBySide(base, before, from)) {
    const { contactId } = now
    yield { contactId, earlier, carried: asked.has(contactId) ? undefined : now }
  }
  yield* unread(context, Math.max(from, before.manifest.contacts.listed))
}

/** Removes the snapshots that others have taken the place of. */
export async function sweep({ journal, snapshots }: ReadContext, kept: string): Promise<void> {
  for (const { name, detail } of journal.events.all()) {
    const amended = name === PASS ? amendsOf(detail)?.snapshot : undefined
    if (amended !== undefined && amended !== kept)
      await rm(join(snapshots, amended), { recursive: true, force: true })
  }
}
