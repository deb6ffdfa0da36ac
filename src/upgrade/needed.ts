/**
 * Which snapshots a run can't do without, by what its journal knows.
 * Guarantees: pure reading; a run that has not ended, or holds history that is not back in its tenant, needs every
 * snapshot that it works on; one that has ended needs them while it can be taken up again for what it has told of.
 */
import type { JournalEvent } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { amendmentOf } from './amendment.ts'
import { historyOf } from './history.ts'
import { isDone } from './runner.ts'
import { mayDeleteLate } from './schema-effects.ts'
import { holdsHistory, strategyOf, verificationOf } from './status.ts'

type Events = Pick<Journal, 'events'>

/**
 * @returns why a run needs its snapshots, in words that go on after its name; undefined where it doesn't
 * @param schemaId the schema that the run is about
 */
export function whyNeeded(journal: Events, schemaId: string): string | undefined {
  if (holdsHistory(journal)) return 'has not brought all of its history back'
  if (!hasEnded(journal)) return 'has not ended'
  const { rejected = 0, extra = 0 } = verificationOf(journal) ?? {}
  if (rejected > 0) return 'can try once more what it was refused'
  if (extra > 0) return 'has posted something twice, which repair needs it for'
  // What it told the operator then: look again on another day, and keep the snapshot.
  if (mayDeleteLate(journal, schemaId)) return 'has deleted twice, and one deletion may come late'
  return undefined
}

function hasEnded(journal: Events): boolean {
  return strategyOf(journal).every(({ actions }) => actions.every((action) => isDone(journal, action)))
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
