/**
 * Snapshot → journal → posts.
 * Guarantees: when it returns, every record of the snapshot is confirmed or rejected in the journal, none twice;
 * a resumed import starts where everything before is decided, and asks about what is in doubt.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { type ImportDesk, importContact } from './contact-import.ts'
import { withHistory } from './history.ts'
import { tooManyRejected } from './post.ts'
import { Interrupted } from './progress.ts'
import { inOrder } from './pump.ts'

export interface ImportOptions {
  /** How many contacts are worked on at once. */
  readonly concurrency: number
  /** Refusals that are expected: what was refused before and is tried once more, what breaks the new schema's rules. */
  readonly tolerated?: number
  onProgress?(decided: number, total: number, decidedHere: number): void
}

/** Contacts between two durable watermarks: what a resumed import looks through again at most. */
const WATERMARK_EVERY = 100

/**
 * @throws Interrupted after a stop, with everything that was in flight journaled
 * @throws OperatorError where too many interactions are refused, or where records and journal don't add up
 */
export async function importSnapshot(
  desk: ImportDesk,
  snapshot: Snapshot,
  { concurrency, tolerated = 0, onProgress }: ImportOptions,
): Promise<void> {
  const total = snapshot.manifest.interactions.records
  const before = desk.items.counts()
  let confirmed = 0
  let rejected = 0
  let gone = 0
  // A failure at one contact stops the others too: what is wrong with the whole is not tried out on each.
  const halt = new AbortController()
  let failure: unknown
  const counting: ImportDesk = {
    ...desk,
    stop: AbortSignal.any([desk.stop, halt.signal]),
    onDecided(outcome) {
      if (outcome === 'confirmed') confirmed += 1
      else if (outcome === 'rejected') rejected += 1
      else gone += 1
      const here = confirmed + rejected + gone
      onProgress?.(before.confirmed + before.rejected + here, total, here)
    },
  }
  const start = desk.items.watermark()
  let undurable = 0
  const done = inOrder(
    withHistory(snapshot, start, desk.stop),
    async (contact) => {
      try {
        const decided = before.confirmed + confirmed + rejected
        if (tooManyRejected(rejected - tolerated, decided)) throw tooMany(rejected)
        await importContact(counting, contact, contact.firstSeq)
        return contact.ordinal
      } catch (error) {
        // Whoever was stopped by another's failure has that one to tell of.
        failure ??= error
        halt.abort()
        throw failure
      }
    },
    { concurrency, window: concurrency * 4 },
  )
  for await (const ordinal of done) {
    undurable += 1
    if (undurable % WATERMARK_EVERY === 0) await desk.items.setWatermark(ordinal + 1)
  }
  if (desk.stop.aborted) throw new Interrupted()
  const counts = desk.items.counts()
  if (counts.confirmed + counts.rejected !== total) {
    throw new OperatorError({
      what: `The snapshot ${snapshot.folder} has ${total} interactions, but the journal has decided ${counts.confirmed + counts.rejected}.`,
      safe: 'Nothing was posted twice; snapshot and journal are kept as they are.',
      next: 'Keep the run folder and report this: it is a fault of engage-migrate.',
      exit: EXIT.failed,
    })
  }
  await desk.items.setWatermark(snapshot.manifest.contacts.listed)
}

function tooMany(rejected: number): OperatorError {
  return new OperatorError({
    what: `Engage refused ${rejected} of the interactions posted, too many to go on.`,
    safe: 'What was accepted is in the journal with its new id, what was refused with the reason; nothing is posted twice.',
    next: 'Read rejected.ndjson in the run folder, mend what is wrong, and run the same command again.',
    exit: EXIT.failed,
  })
}
