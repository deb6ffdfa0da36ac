/**
 * Puts the deletion up for approval.
 * Guarantees: what is signed for is known by digest, and lies there, before anybody is asked; asked again while nothing of it has
 * changed, it stays what it was, so that a first signature is not made void by a second look. What stood against it is looked
 * at anew each time. Changes nothing in the tenant.
 */
import { isDeepStrictEqual } from 'node:util'
import { freePlaces } from '../schema/rules.ts'
import { countContacts } from '../transfer/contact-source.ts'
import { APPROVAL, approvalNow, approvalOf, BASIS, type Basis, basisOf } from './approval.ts'
import { coverageNow, forbiddenFor, isProven } from './deletion-basis.ts'
import { mayHaveDeleted } from './history.ts'
import { readJoined } from './joined.ts'
import type { ReadContext } from './strategy.ts'

/** Looks how the tenant stands and has the report written, unless both were done for the very same before, and all was well. */
export async function putUp(context: ReadContext): Promise<void> {
  const { journal, report } = context
  const known = approvalOf(journal)
  const same = known !== undefined && isDeepStrictEqual(known, await approvalNow(context))
  if (same && isSettled(context)) return
  const basis = await look(context)
  if (!isProven(journal) && freePlaces(basis.schemas.length) > 0 && !mayHaveDeleted(journal)) {
    journal.events.withdraw(['preflight'], {
      reason: 'a place has become free for the trial of the new schema',
    })
    return
  }
  if (same && isDeepStrictEqual(basis, basisOf(journal))) return
  journal.events.append('note', BASIS, basis)
  await report?.write()
  journal.events.append('note', APPROVAL, await approvalNow(context))
}

/** Nothing of it has to be accepted, nor forbids it: a second look could only make it worse, and the last one will tell. */
function isSettled(context: ReadContext): boolean {
  return coverageNow(context).sure && isProven(context.journal) && forbiddenFor(context).length === 0
}

async function look(context: ReadContext): Promise<Basis> {
  const schemas = (await context.reader.listSchemas()).map(({ id }) => id)
  const joined = await readJoined(context)
  return { schemas, joined, counted: (await countContacts(context.reader)) ?? null }
}
