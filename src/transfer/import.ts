/**
 * Snapshot → journal → posts.
 * Guarantees: when it returns, every record of the snapshot is confirmed or rejected in the journal, none twice;
 * a resumed import starts where everything before is decided, and asks about what is in doubt; what waits to be asked
 * about keeps nothing else from being worked on, however much it is; what is wrong with the whole stops it at once.
 */
import { type ContactMap, NO_MAP } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { type ContactOutcome, type ImportDesk, importContact } from './contact-import.ts'
import { createCrew } from './crew.ts'
import { type Delivery, deliveries } from './deliveries.ts'
import { tooManyRejected } from './post.ts'
import { Interrupted } from './progress.ts'

export interface ImportOptions {
  /** How many contacts are worked on at once. */
  readonly concurrency: number
  /** Contacts whose records go to another one. */
  readonly map?: ContactMap
  /** Refusals that are expected: what was refused before and is tried once more, what breaks the new schema's rules. */
  readonly tolerated?: number
  /** Contacts that may be found gone: they were found so before. */
  readonly toleratedGone?: number
  /** In percent; see tooManyRejected. */
  readonly refusedAtMost?: number
  /** @throws where the live schema is not the one that is imported into; asked at the beginning and now and then */
  assertSchema?(): Promise<void>
  /** @param inDoubt items whose outcome is not known yet */
  onProgress?(decided: number, total: number, decidedHere: number, inDoubt: number): void
}

/** Contacts between two durable watermarks. */
const WATERMARK_EVERY = 100

/** For each contact that is worked on, so many may be begun: most of them wait to be asked about. */
const BEGUN = 32
/** Records that are held in memory at once, but for those of a contact that has more. */
const HELD = 50_000

/** POSTs between two looks at the live schema: what is posted in vain at most, where somebody takes it away. */
export const LOOK_EVERY = 1_000

/**
 * @throws Interrupted after a stop, with everything that was in flight journaled
 * @throws OperatorError where too many interactions are refused or contacts gone, or where records and journal don't
 *   add up
 */
export async function importSnapshot(
  desk: ImportDesk,
  snapshot: Snapshot,
  options: ImportOptions,
): Promise<void> {
  const { concurrency, map = NO_MAP, tolerated = 0, toleratedGone = 0, refusedAtMost } = options
  const { assertSchema = async () => {}, onProgress } = options
  const total = snapshot.manifest.interactions.records
  const before = desk.items.counts()
  const count = { confirmed: 0, rejected: 0, gone: 0, contacts: 0, goneContacts: 0 }
  let inDoubt = before.sent
  // Contacts that came into doubt one after the other, nothing having been decided in between.
  let trouble = 0
  // A failure at one contact stops the others too: what is wrong with the whole is not tried out on each.
  const halt = new AbortController()
  const failures: unknown[] = []
  const fail = (error: unknown): void => {
    // Whoever was stopped by another's failure has that one to tell of.
    failures.push(error)
    halt.abort()
  }
  const crew = createCrew({
    places: concurrency,
    begun: concurrency * BEGUN,
    held: HELD,
    // A server that answers nobody clearly is not given more to answer.
    paused: () => trouble >= concurrency,
  })
  const report = (): void => {
    const here = count.confirmed + count.rejected + count.gone
    onProgress?.(before.confirmed + before.rejected + here, total, here, Math.max(0, inDoubt))
  }
  const look = lookingNowAndThen(assertSchema)
  const counting: ImportDesk = {
    ...desk,
    stop: AbortSignal.any([desk.stop, halt.signal]),
    async beforePosts(posts) {
      assertAccepted()
      await look(posts)
    },
    confirmedSoFar: () => count.confirmed,
    onDecided(outcome) {
      count[outcome] += 1
      trouble = 0
      crew.nudge()
      report()
    },
    onDoubt(change) {
      inDoubt += change
      if (change > 0) trouble += 1
      report()
    },
    onUnreached() {
      trouble += 1
    },
  }
  const assertAccepted = (): void => {
    const decided = before.confirmed + count.confirmed + count.rejected
    if (tooManyRejected(count.rejected - tolerated, decided, refusedAtMost)) throw tooMany(count.rejected)
  }
  const countContact = (outcome: ContactOutcome): void => {
    if (outcome !== 'untouched') count.contacts += 1
    if (outcome !== 'gone') return
    count.goneContacts += 1
    if (tooManyRejected(count.goneContacts - toleratedGone, count.contacts, refusedAtMost))
      throw tooManyGone(count.goneContacts, count.contacts)
  }
  // Where hardly any contact has history, another tenant's answers make no share that would stop it on the way.
  const assertSomeThere = async (): Promise<void> => {
    const { goneContacts, contacts } = count
    const allGone = goneContacts >= 2 && goneContacts === contacts && goneContacts > toleratedGone
    if (allGone && refusedAtMost !== 100 && !(await showsConfirmed(desk, snapshot, map)))
      throw tooManyGone(goneContacts, contacts)
  }
  const watermark = createWatermark(desk, desk.items.watermark())
  await assertSchema()
  try {
    for await (const delivery of deliveries(snapshot, map, desk.items.watermark(), counting.stop)) {
      await crew.begin(sizeOf(delivery), async (aside) => {
        if (halt.signal.aborted) return
        watermark.begun(delivery.ordinal)
        try {
          countContact(await importContact({ ...counting, aside }, delivery))
          await watermark.ended(delivery.ordinal)
        } catch (error) {
          fail(error)
        }
      })
    }
  } catch (error) {
    fail(error)
  }
  await crew.idle()
  if (failures.length > 0) throw failures[0]
  if (desk.stop.aborted) throw new Interrupted()
  assertAccepted()
  await assertSomeThere()
  assertAllDecided(desk, snapshot)
  await watermark.passed(snapshot.manifest.contacts.listed)
}

/** Contacts that are asked for, where all that were worked on are gone: any of those may be gone, too. */
const WITNESSES = 20

/** @returns whether the tenant shows any of what the import has confirmed: then it is the same tenant still */
async function showsConfirmed(desk: ImportDesk, snapshot: Snapshot, map: ContactMap): Promise<boolean> {
  let asked = 0
  for await (const { pieces } of deliveries(snapshot, map, 0, desk.stop)) {
    const known = pieces.flatMap(({ firstSeq, interactions }) =>
      desk.items.range(firstSeq, firstSeq + interactions.length),
    )
    const newId = known.find(({ state }) => state === 'confirmed')?.newId
    if (newId === undefined) continue
    if ((await desk.reader.getInteraction(newId)) !== undefined) return true
    asked += 1
    if (asked >= WITNESSES) return false
  }
  return false
}

function sizeOf({ pieces }: Delivery): number {
  return pieces.reduce((sum, { interactions }) => sum + interactions.length, 0)
}

/** @returns what looks at the live schema each time that so many POSTs are about to have left */
function lookingNowAndThen(look: () => Promise<void>): (count: number) => Promise<void> {
  let posts = 0
  return async (count) => {
    const due = Math.floor((posts + count) / LOOK_EVERY) > Math.floor(posts / LOOK_EVERY)
    posts += count
    if (due) await look()
  }
}

/** Where a later process starts: before the first delivery that has not ended. */
function createWatermark({ items }: ImportDesk, start: number) {
  const open = new Set<number>()
  let next = start
  let ended = 0
  return {
    begun(ordinal: number): void {
      open.add(ordinal)
      next = ordinal + 1
    },
    async ended(ordinal: number): Promise<void> {
      open.delete(ordinal)
      ended += 1
      // Deliveries are begun in their order, and a set keeps the order in which it was filled.
      const [first = next] = open
      if (ended % WATERMARK_EVERY === 0) await items.setWatermark(first)
    },
    async passed(ordinal: number): Promise<void> {
      await items.setWatermark(Math.max(next, ordinal))
    },
  }
}

function assertAllDecided({ items }: ImportDesk, { folder, manifest }: Snapshot): void {
  const { confirmed, rejected } = items.counts()
  const { records } = manifest.interactions
  if (confirmed + rejected === records) return
  throw new OperatorError({
    what: `The snapshot ${folder} has ${records} interactions, but the journal has decided ${confirmed + rejected}.`,
    safe: 'Nothing was posted twice; snapshot and journal are kept as they are.',
    next: 'Keep the run folder and report this: it is a fault of engage-migrate.',
    exit: EXIT.failed,
  })
}

function tooMany(rejected: number): OperatorError {
  return new OperatorError({
    what: `Engage refused ${rejected} of the interactions posted, too many to go on.`,
    safe: 'What was accepted is in the journal with its new id, what was refused with the reason; nothing is posted twice.',
    next: 'Read rejected.ndjson in the run folder, mend what is wrong, and run the same command again. Where that many are right to be refused, raise --refused-at-most.',
    exit: EXIT.failed,
  })
}

/** @param worked contacts worked on, those found gone among them */
export function tooManyGone(gone: number, worked: number): OperatorError {
  return new OperatorError({
    what: `${gone} of ${worked} contacts worked on are not in the tenant any more, though they were when they were read: too many to go on. Another tenant may be answering.`,
    safe: 'Their interactions are in the snapshot, and are tried again when the run goes on; nothing is posted twice.',
    next: 'Look whether the base URL leads to the right tenant, then run the same command again: the contacts found gone are put up with from then on. Where many were really deleted, raise --refused-at-most.',
    exit: EXIT.failed,
  })
}
