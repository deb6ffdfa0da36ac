/**
 * What Engage holds, as the base pass has read it, held against the history that the source system has kept.
 * Guarantees: nothing is read from the tenant, and nothing decided; what each side lacks is counted and listed while
 * everything can still be changed.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { figuresDetail, type HistoryFigures, historyLine, keepLedger } from './ledger.ts'
import { passSnapshot } from './pass.ts'
import { openHistory } from './source.ts'
import type { ReadContext } from './strategy.ts'

/**
 * @returns the figures
 * @throws OperatorError (exit 4) where the history can't be relied on, or Engage knows none of its contacts
 */
export async function compareHistory(context: ReadContext): Promise<Json> {
  const source = await openHistory(context)
  const figures = await keepLedger(context, await passSnapshot(context, 'base-pass'), source)
  context.say(historyLine(figures))
  const { goneContacts, sourceContacts } = figures
  if (goneContacts >= 2 && goneContacts === sourceContacts && context.settings.refusedAtMost !== 100)
    throw elsewhere(context, figures)
  return figuresDetail(figures)
}

function elsewhere({ plan, settings }: ReadContext, { goneContacts }: HistoryFigures): OperatorError {
  return new OperatorError({
    what: `None of the ${goneContacts} contacts that the source has history of is in ${plan.tenant}: they may have other ids there.`,
    safe: 'Nothing was changed.',
    next: `Look whether the contact ids in ${plan.history?.snapshot} are those of Engage. Where they have others there by now: engage-migrate upgrade ${plan.run} --contact-map FILE. Where these contacts were really deleted, go on with --refused-at-most 100 (it is ${settings.refusedAtMost}).`,
    exit: EXIT.precondition,
  })
}
