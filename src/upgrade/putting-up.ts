/**
 * Puts the deletion up for approval.
 * Guarantees: what is signed for is known by digest, and lies there, before anybody is asked; asked again while nothing of it has
 * changed, it stays what it was, so that a first signature is not made void by a second look. What stood against it is looked
 * at anew each time. Changes nothing in the tenant.
 */
import { isDeepStrictEqual } from 'node:util'
import { EXIT, OperatorError } from '../errors.ts'
import { freePlaces } from '../schema/rules.ts'
import { APPROVAL, approvalNow, approvalOf, BASIS, type Basis, basesOf, basisOf } from './approval.ts'
import { coverageNow, forbiddenFor, isProven } from './deletion-basis.ts'
import { mayHaveDeleted } from './history.ts'
import { lackingIn, type Standing, standingNow } from './joined.ts'
import { assertNoDrift } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/** Looks how the tenant stands and has the report written, unless both were done for the very same before, and all was well. */
export async function putUp(context: ReadContext): Promise<void> {
  const { journal, report, plan, reader } = context
  const live = await reader.getSchema(plan.schemaId)
  // Of another schema nobody is to approve anything.
  if (live !== undefined && !mayHaveDeleted(journal)) await assertNoDrift(context)
  const known = approvalOf(journal)
  const same = known !== undefined && isDeepStrictEqual(known, await approvalNow(context))
  if (same && live !== undefined && isSettled(context)) return
  const basis = await look(context)
  if (live !== undefined && !isProven(journal) && (await hasBecomeFree(context, basis))) {
    journal.events.withdraw(['preflight'], {
      reason: 'a place has become free for the trial of the new schema',
    })
    return
  }
  if (same && isDeepStrictEqual(basis, basisOf(journal))) return
  journal.events.append('note', BASIS, basis)
  await report?.write()
  const approval = await approvalNow(context)
  if (report !== undefined && approval.report === null) throw unread(context)
  journal.events.append('note', APPROVAL, approval)
}

/** How often the new schema is tried out once more: places that come and go are nobody's. */
const TRIALS = 3

/** One answer may be of a moment ago: a place is free where it still is a while later. */
async function hasBecomeFree(context: ReadContext, basis: Basis): Promise<boolean> {
  const { journal, reader, clock, settings, stop } = context
  const again = journal.events.all().filter(({ name, kind }) => name === 'preflight' && kind === 'withdrawn')
  if (mayHaveDeleted(journal) || again.length >= TRIALS || freePlaces(basis.schemas.length) === 0)
    return false
  await clock.sleep(settings.settleMs, stop)
  return freePlaces((await reader.listSchemas()).length) > 0
}

function unread({ plan, folder }: ReadContext): OperatorError {
  return new OperatorError({
    what: `The report in ${folder} was written, and is not what was written: something else changes these files.`,
    safe: 'Nothing was deleted, and nothing is asked to be signed.',
    next: `See what touches them (a synchroniser, a virus scanner), then run the same command again: engage-migrate upgrade ${plan.run}`,
    exit: EXIT.failed,
  })
}

/** Nothing of it has to be accepted, nor forbids it: a second look could only make it worse, and the last one will tell. */
function isSettled(context: ReadContext): boolean {
  return coverageNow(context).sure && isProven(context.journal) && forbiddenFor(context).length === 0
}

async function look(context: ReadContext): Promise<Basis> {
  const schemas = (await context.reader.listSchemas()).map(({ id }) => id)
  const standing = await standingNow(context)
  return { schemas, ...standing, least: leastLacking(context, standing) }
}

/** Whoever has gone since makes room, by number, for one who has joined and is not known: the fewest that were lacking count. */
function leastLacking(context: ReadContext, standing: Standing): number | null {
  const before = basesOf(context.journal).flatMap(({ least }) => least ?? [])
  const now = lackingIn(context, standing)
  return now === null ? null : Math.min(now, ...before)
}
