/**
 * What became of a run after its report was approved.
 * Guarantees: pure reading of the journal; none of it is under the report's digest: what was signed for stays what it was.
 */
import type { Journal } from '../journal/journal.ts'
import { mayHaveDeleted } from '../upgrade/history.ts'
import { BACK, recreationOf, verificationNote } from '../upgrade/lot.ts'
import { isDone } from '../upgrade/runner.ts'
import { hasEnded, lotOf, verificationOf } from '../upgrade/status.ts'
import { grouped, several } from '../words.ts'

/** @returns in sentences, in the order in which it happened; none before the deletion was begun */
export function outcomeOf(journal: Pick<Journal, 'events'>): readonly string[] {
  const { events } = journal
  if (!mayHaveDeleted(journal)) return []
  const on = (name: string, kind: 'finished' | 'intent' | 'note'): string =>
    momentText(events.latest(name, kind)?.at)
  const lot = lotOf(journal)
  const back = lot === BACK
  const tally = verificationOf(journal)
  return [
    isDone(journal, { name: 'deletion' })
      ? `The schema was deleted on ${on('deletion', 'finished')}.`
      : `The deletion was sent on ${on('deletion', 'intent')}; what became of it is not known yet.`,
    ...(back ? ['Then the way back was taken.'] : []),
    ...(isDone(journal, { name: recreationOf(lot) })
      ? [`The ${back ? 'old' : 'new'} schema was created on ${on(recreationOf(lot), 'finished')}.`]
      : ['The schema is not there again yet.']),
    ...(tally === null
      ? ['The history is not read back yet.']
      : [
          `The history was read back on ${on(verificationNote(lot), 'note')}: ${several(tally.expected, 'interaction')} expected, ${grouped(tally.found)} found, ${grouped(tally.missing)} missing, ${grouped(tally.rejected)} refused.`,
        ]),
    ...(hasEnded(journal) ? ['The run has ended.'] : []),
  ]
}

function momentText(at: number | undefined): string {
  return at === undefined
    ? 'an unknown date'
    : `${new Date(at).toISOString().slice(0, 16).replace('T', ', ')} UTC`
}
