/**
 * A run taken up once more for what it could not bring back: contacts that are known under another id now, or are there
 * again.
 * Guarantees: nothing is sent from here; what is confirmed stays as it is, and is never looked for under another contact
 * while the one that it was posted to is there; a map that makes no sense changes nothing. At the end of a run automations
 * are resumed: before it posts anything more, somebody signs once more that they are paused. What a restore was signed for
 * was told with the map of then: another one is signed for anew.
 */
import { type ContactMap, readContactMap } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { withHistory } from '../transfer/history.ts'
import { saysGone } from '../transfer/refusals.ts'
import { voidComparison } from './comparison.ts'
import { contactMapOf, keepContactMap, sameMap } from './contact-map.ts'
import { assertStillThere } from './drift.ts'
import { mayHaveDeleted } from './history.ts'
import { importedSnapshot, isImportMade, madeOfFinalPass } from './imported.ts'
import { ONLY_IN_SOURCE } from './ledger.ts'
import { itemsOf, type Lot, prefixOf, RESTORE, startRoundsAnew } from './lot.ts'
import { isDone } from './runner.ts'
import { hasEnded } from './status.ts'
import type { ReadContext } from './strategy.ts'

/**
 * Works with a map from now on. A run whose import has ended is taken up again.
 * @param file CSV: old contact id, new contact id
 * @throws OperatorError (exit 2) where it makes no sense; (exit 4) where it would part what is confirmed from its contact
 */
export async function giveContactMap(context: ReadContext, lot: Lot, file: string): Promise<void> {
  const { contacts } = context.journal
  const map = await readContactMap(file)
  const listed = [...map.keys()].filter((id) => contacts.has(id)).length
  if (contacts.count() > 0 && listed === 0) throw ofOthers(file, map.size)
  const before = contactMapOf(context)
  const refused = itemsOf(context.journal, lot).counts().rejected
  if (sameMap(before, map) && refused === 0) {
    const left = hasEnded(context.journal) ? '; nothing is left to be tried with it' : ''
    context.say(`This contact map is the one in use${left}.`)
    return
  }
  await assertNotParted(context, lot, before, map)
  await assertOpenable(context, lot)
  if (!sameMap(before, map)) mergeAnew(context, map)
  await reopen(context, lot, 'a contact map was given')
  if (!sameMap(before, map)) {
    if (lot === RESTORE) voidComparison(context.journal, 'another contact map was given')
    await keepContactMap(context, map)
  }
  context.say(
    `Contacts that are mapped to others: ${map.size}${contacts.count() > 0 ? `, ${listed} of them in the list of this run` : ''}`,
  )
}

/** Tries once more what was refused, in a run whose import has ended. Anything else goes on as it would anyway. */
export async function retryRefused(context: ReadContext, lot: Lot): Promise<void> {
  const { rejected } = itemsOf(context.journal, lot).counts()
  if (rejected === 0) context.say('No interaction was refused: there is nothing to try once more.')
  else {
    await assertOpenable(context, lot)
    await reopen(context, lot, 'what was refused is tried once more')
  }
}

async function assertOpenable(context: ReadContext, lot: Lot): Promise<void> {
  if (isDone(context.journal, { name: lot.name })) await assertStillThere(context, lot)
}

/** Takes back that the import is done, and what rests on it. */
async function reopen({ journal }: ReadContext, lot: Lot, reason: string): Promise<void> {
  // Places in the old order mean nothing in another one.
  await itemsOf(journal, lot).setWatermark(0)
  startRoundsAnew(journal, lot)
  const prefix = prefixOf(lot)
  const ended = hasEnded(journal)
  const names = [`${prefix}evidence`, `${prefix}verification`, lot.name]
  if (ended) names.push('automations-paused')
  journal.events.withdraw(
    names.filter((name) => isDone(journal, { name })),
    { reason: ended ? `${reason}, and the run had ended` : reason },
  )
}

/**
 * The history of the source is held against what Engage has by the map: until the deletion by another one, too.
 * @throws OperatorError (exit 4) where the map leads to a contact that no pass has read
 */
function mergeAnew({ journal, plan, say }: ReadContext, map: ContactMap): void {
  if (plan.history === undefined) return
  if (mayHaveDeleted(journal)) {
    say(
      `The history of the source was merged before the deletion, without this map: what it has of contacts that were gone then is marked in ${ONLY_IN_SOURCE}, and not imported by this run.`,
    )
    return
  }
  const unread = [...map.values()].filter((id) => !journal.contacts.has(id))
  if (isDone(journal, { name: 'base-pass' }) && unread[0] !== undefined)
    throw notRead(plan.schemaId, unread[0])
  // What is not begun yet reads them anyway.
  if (journal.events.latest('base-pass', 'intent') !== undefined) journal.contacts.add(unread)
  journal.events.withdraw(
    ['delete-schema', ...madeOfFinalPass(journal)].filter((name) => isDone(journal, { name })),
    { reason: 'another contact map was given' },
  )
}

/**
 * What is confirmed stands under the contact that it was posted to. That contact may have been merged, its interactions
 * with it; but while it is there they are where they were, and a map that leads elsewhere is a mistake.
 */
async function assertNotParted(
  context: ReadContext,
  lot: Lot,
  before: ContactMap,
  after: ContactMap,
): Promise<void> {
  if (!isImportMade(context.journal)) return
  const items = itemsOf(context.journal, lot)
  const from = (id: string): string => before.get(id) ?? id
  const to = (id: string): string => after.get(id) ?? id
  const checked = new Set<string>()
  for await (const contact of withHistory(await importedSnapshot(context), 0, context.stop)) {
    const { contactId, firstSeq, interactions } = contact
    const was = from(contactId)
    const step = `${was} ${to(contactId)}`
    if (was === to(contactId) || checked.has(step)) continue
    const known = items.range(firstSeq, firstSeq + interactions.length)
    const landed = known.filter(({ state }) => state === 'confirmed' || state === 'sent').length
    // What was refused because the contact was gone may have landed before it went.
    const mayHaveLanded = landed > 0 || known.some(({ reason }) => saysGone(reason))
    // Where the contact itself was merged on, all that it held went along.
    if (landed > 0 && to(was) !== to(contactId)) throw parts(contactId, was, to(contactId))
    if (!mayHaveLanded) continue
    if ((await context.reader.getContact(was)) !== undefined) throw parts(contactId, was, to(contactId))
    checked.add(step)
  }
  context.stop.throwIfAborted()
}

function ofOthers(file: string, size: number): OperatorError {
  return new OperatorError({
    what: `No contact that ${file} maps (${size} in all) is in the list of this run.`,
    safe: 'Nothing was changed.',
    next: 'Look whether the old contact ids are in its first column, and the new ones in the second.',
    exit: EXIT.usage,
  })
}

function notRead(schemaId: string, contactId: string): OperatorError {
  return new OperatorError({
    what: `The contact map leads to ${contactId}, which is not in the contact list: what Engage has of it was not read.`,
    safe: 'Nothing was changed: the run goes on with the map that it had, if any.',
    next: `Make a new plan with a list that has it, and give the map with its first upgrade: engage-migrate plan ${schemaId} …`,
    exit: EXIT.precondition,
  })
}

function parts(contactId: string, was: string, to: string): OperatorError {
  return new OperatorError({
    what: `The contact map leads from ${contactId} to ${to}, but interactions of it were posted to ${was}, which is still there or has become another one.`,
    safe: 'Nothing was changed: the run goes on with the map that it had, if any.',
    next: `Leave contact ${contactId} as it was in the map. Only a contact that is not there any more can be mapped to another one.`,
    exit: EXIT.precondition,
  })
}
