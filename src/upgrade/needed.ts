/**
 * Which snapshots a run can't do without, by what its journal knows.
 * Guarantees: pure reading; a run that has not ended, or holds history that is not back in its tenant, needs every
 * snapshot that it works on, but for a restore that has posted nothing and that nobody has signed for: what it has taken
 * out of its source it can take once more; one that has ended needs them while it can be taken up again for what it has
 * told of, and as long as it is there where its snapshot alone has what it did not bring back.
 */
import type { JournalEvent } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { amendmentOf } from './amendment.ts'
import { historyOf } from './history.ts'
import { isDone } from './runner.ts'
import { mayDeleteLate } from './schema-effects.ts'
import { canSelectAnew } from './selected.ts'
import type { Signature } from './signature.ts'
import { hasEnded, holdsHistory, verificationOf } from './status.ts'

type Events = Pick<Journal, 'events'>

/** How long (milliseconds) a restore that nobody goes on with is waited for. */
const WAITED_FOR = 7 * 24 * 60 * 60 * 1_000

/**
 * @returns why a run needs its snapshots, in words that go on after its name; undefined where it doesn't
 * @param schemaId the schema that the run is about
 */
export function whyNeeded(journal: Journal, schemaId: string): string | undefined {
  if (holdsHistory(journal)) return 'has not brought all of its history back'
  if (!hasEnded(journal)) return canSelectAnew(journal) ? undefined : 'has not ended'
  const { rejected = 0, extra = 0 } = verificationOf(journal) ?? {}
  if (rejected > 0) return 'can try once more what it was refused'
  if (extra > 0) return 'has posted something twice, which repair needs it for'
  // What it told the operator then: look again on another day, and keep the snapshot.
  if (mayDeleteLate(journal, schemaId)) return 'has deleted twice, and one deletion may come late'
  // Nobody but the operator knows whether it was restored since, and of what else it may be wanted for.
  if (acceptedLossOf(journal) > 0) return 'keeps what it has not brought back'
  return undefined
}

/** How many interactions whoever signed for the deletion has accepted to be in the snapshot alone. */
function acceptedLossOf({ events }: Events): number {
  const signature = events.latest('delete-schema', 'signed')?.detail as Partial<Signature> | undefined
  return signature?.acceptLoss ?? 0
}

/**
 * @param journal of a restore; undefined where it can't be read
 * @param began when its plan was made, and `now`: milliseconds since the epoch
 * @returns why it needs the snapshot that it was begun with: it has yet to take out of it what it restores, or may have to
 *   once more. A week after its last command nobody is waited for any more, or a mere look at a snapshot would keep it for ever
 */
export function whySourceNeeded(
  journal: Journal | undefined,
  began: number,
  now: number,
): string | undefined {
  if (journal !== undefined && (hasEnded(journal) || hasItsOwn(journal))) return undefined
  const until = new Date((journal?.events.all().at(-1)?.at ?? began) + WAITED_FOR)
  if (now >= until.getTime()) return undefined
  return `restores from it, and is waited for until ${until.toISOString().slice(0, 10)}, 7 days after its last command`
}

/** Whether a restore has taken out of its source what it needs, and keeps it. */
function hasItsOwn(journal: Journal): boolean {
  return isDone(journal, { name: 'final-pass' }) && !canSelectAnew(journal)
}

/** @returns the names of the snapshots that a run works on: written or being written, and not withdrawn */
export function snapshotsNamed(journal: Events): readonly string[] {
  const latest = new Map<string, JournalEvent>()
  for (const event of journal.events.all())
    if (['intent', 'finished', 'withdrawn'].includes(event.kind)) latest.set(event.name, event)
  const standing = [...latest.values()].filter(({ kind }) => kind !== 'withdrawn')
  const named = standing.map(({ detail }) => (detail as JsonObject | null)?.['snapshot'])
  // Wherever it is kept: where it is elsewhere, this names none of those here.
  const history = historyOf(journal)?.split(/[\\/]/).at(-1)
  return [...named, amendmentOf(journal)?.snapshot, history].filter((each) => typeof each === 'string')
}
