/**
 * What an upgrade has read before its deletion, where others have posted old interactions since: a restore does.
 * Guarantees: what was read before counts no more; the next final pass reads everybody, since the restored may belong to a
 * contact that had nothing. Once a deletion may have happened, nothing is voided.
 */
import type { Json } from '../json.ts'
import { isHot, REFUTED } from './final-pass.ts'
import { mayHaveDeleted } from './history.ts'
import { madeOfFinalPass } from './imported.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

/**
 * @returns since when (milliseconds since the epoch) nobody may have posted what the upgrade has not seen; undefined where
 *   it rests on nothing that was read, or has deleted already
 */
export function restsOnSince({ plan, journal }: Pick<ReadContext, 'plan' | 'journal'>): number | undefined {
  if (mayHaveDeleted(journal)) return undefined
  if (isHot({ plan, journal })) return journal.events.latest('base-pass', 'intent')?.at
  const all = journal.events.all()
  const voided = all.findLastIndex(
    ({ kind, name, detail }) => kind === 'withdrawn' && name === 'final-pass' && isVoid(detail),
  )
  return all.slice(voided + 1).find(({ kind, name }) => kind === 'intent' && name === 'final-pass')?.at
}

/** Has everybody read again, and what rests on the reading signed anew. */
export function readAnew(journal: ReadContext['journal'], reason: string): void {
  const signed = ['delete-schema', 'producers-stopped'].filter((name) => isDone(journal, { name }))
  journal.events.withdraw([...signed, ...madeOfFinalPass(journal), 'final-pass'], { reason, ...REFUTED })
}

function isVoid(detail: Json): boolean {
  return (detail as { readonly everybody?: Json } | null)?.everybody === true
}
