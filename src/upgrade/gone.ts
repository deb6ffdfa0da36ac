/**
 * What the base pass saw of contacts that were gone when the final pass came by: it can't be imported, for there is
 * nobody to import it to, and must not be dropped unsaid.
 * Guarantees: pure reading; what a merge took to another contact, whose history the final pass has, is not among it.
 */
import type { Interaction } from '../model.ts'
import type { Refused } from '../transfer/evidence.ts'
import { passResult, passSnapshot } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/** @returns records that are in the base pass's snapshot only, since their contacts were deleted in between */
export async function* goneWithContacts(context: ReadContext): AsyncGenerator<Refused> {
  if (passResult(context, 'final-pass').tally.goneWithHistory === 0) return
  const final = await passSnapshot(context, 'final-pass')
  const gone = new Set<string>()
  for await (const { contactId, state } of final.contacts()) if (state === 'gone') gone.add(contactId)
  const lost = new Map<string, Interaction>()
  for await (const { contactId, interactions } of (await passSnapshot(context, 'base-pass')).contacts()) {
    if (gone.has(contactId)) for (const record of interactions) lost.set(record.id, record)
  }
  for await (const { interactions } of final.contacts()) for (const { id } of interactions) lost.delete(id)
  for (const record of lost.values())
    yield { reason: 'the contact was gone when it was read for the last time, before the deletion', record }
}
