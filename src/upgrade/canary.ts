/**
 * The canary: one interaction is imported before all others.
 * Guarantees: where the tenant refuses it, hides it or keeps it in another form, nothing else is posted.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { type Json, stringifyJson } from '../json.ts'
import type { ContactRead, Interaction, InteractionSchema } from '../model.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { type CanaryResult, canaryAt, chooseCanary, flyCanary } from '../transfer/canary.ts'
import { readContact } from '../transfer/export.ts'
import { tooManyGone } from '../transfer/import.ts'
import { tooManyRejected } from '../transfer/post.ts'
import { awaitCleared, sampleOf } from './clearing.ts'
import { contactMapOf } from './contact-map.ts'
import { assertLotSchema, toldOfDrift } from './drift.ts'
import { importedResult, importedSnapshot } from './imported.ts'
import { awaitWithoutLeftOut } from './left-out.ts'
import { deskOf, isUntouched, type Lot } from './lot.ts'
import type { WriteContext } from './strategy.ts'

/**
 * Posts one interaction and looks at what became of it.
 * @param first number of the record to be taken, if its contact is still there; where absent, the one that tells most
 * @throws OperatorError (exit 4) where that is not what was sent, or where the schema is not the lot's any more
 */
export async function canary(context: WriteContext, lot: Lot, first?: number): Promise<Json> {
  await assertLotSchema(context, lot)
  return toldOfDrift(context, lot, () => fly(context, lot, first))
}

async function fly(context: WriteContext, lot: Lot, first: number | undefined): Promise<Json> {
  const { journal, settings } = context
  const snapshot = await importedSnapshot(context)
  const desk = deskOf(context, lot)
  // A contact that goes together with others says nothing of the ordinary way.
  const map = contactMapOf(context)
  const gone = new Set<string>([...map.keys(), ...map.values()])
  let passedOver = 0
  const weigh = weigher(lot.schema(context))
  // Once something of a lot has been sent, the deletion was seen to be carried through.
  if (isUntouched(desk.items)) {
    const { contactsWithHistory } = importedResult(context)
    await awaitCleared(context, lot, await sampleOf({ snapshot, contactsWithHistory }, context.stop))
    await awaitWithoutLeftOut(context, lot)
  }
  for (;;) {
    const named = first === undefined ? undefined : await canaryAt(snapshot, first, gone, context.stop)
    const choice = named ?? (await chooseCanary(snapshot, gone, weigh))
    if (choice === undefined) return { skipped: 'the snapshot has no interaction that could come first' }
    const [earlier] = desk.items.range(choice.seq, choice.seq + 1)
    // Refused by an earlier run of this command: what was wrong may have been mended since.
    if (earlier?.state === 'rejected') await desk.items.reopenRejected([choice.seq])
    const { contactId } = choice.contact
    if (!(await awaitCleared(context, lot, [choice.contact])).has(contactId)) {
      const result = await flyCanary(desk, choice, settings.visibleWithinMs)
      if (result.equal) {
        context.say(
          `the canary (${result.newId}, contact ${result.contactId}) was visible after ${result.lagMs} ms`,
        )
        return { contactId: result.contactId, newId: result.newId, lagMs: result.lagMs }
      }
      if (result.refused === undefined || (await isThere(context, choice.contact))) {
        await assertLotSchema(context, lot)
        throw canaryFailed(result, snapshot.folder, wayBack(context, lot))
      }
    }
    gone.add(contactId)
    journal.events.append('note', 'canary-passed-over', { contactId, reason: 'gone' })
    context.say(`contact ${contactId} is gone: another one is taken for the canary`)
    passedOver += 1
    if (tooManyRejected(passedOver, passedOver, settings.refusedAtMost))
      throw tooManyGone(passedOver, passedOver)
  }
}

/**
 * A record that breaks the schema's rules says nothing of the others. Of the rest, that one says most which has the
 * most properties, and values that a server might write in a way of its own.
 */
export function weigher(schema: InteractionSchema): (record: Interaction) => number {
  const check = createPayloadCheck(schema)
  const named = schema.jsonSchema.properties
  return ({ createdDate, payload }) => {
    if (check(payload).length > 0) return 0
    const kept = Object.entries(payload).filter(([name]) => Object.hasOwn(named, name))
    const awkward = kept.filter(([name, value]) => isAwkward(value, named[name]?.['format'])).length
    return 1 + kept.length + (awkward + Number(hasFraction(createdDate))) * AWKWARD
  }
}

/** An awkward value is worth more than any number of plain ones. */
const AWKWARD = 100

function isAwkward(value: Json, format: Json | undefined): boolean {
  if (JSON.isRawJSON(value)) return true
  if (typeof value !== 'string') return false
  const written = format === 'date-time' && (hasFraction(value) || !value.endsWith('Z'))
  return written || value.normalize('NFC').trim() !== value
}

/** Finer than a second. */
function hasFraction(dateTime: string): boolean {
  return /\.\d*[1-9]/.test(dateTime)
}

async function isThere(context: WriteContext, { contactId }: ContactRead): Promise<boolean> {
  return (await readContact(context.reader, context.clock, contactId, context.plan.schemaId)).state === 'read'
}

function wayBack({ plan }: WriteContext, lot: Lot): string {
  return lot.amongOthers ? '' : `, or take the way back: engage-migrate upgrade --roll-back ${plan.run}`
}

function canaryFailed(
  { sent, kept, refused, newId, contactId, differing }: CanaryResult,
  folder: string,
  otherwise: string,
): OperatorError {
  const shown = ({ createdDate, payload }: Interaction): string => stringifyJson({ createdDate, payload })
  return new OperatorError({
    what:
      refused !== undefined
        ? `Engage refuses the first interaction (contact ${contactId}): ${refused}. It was sent as ${shown(sent)}.`
        : kept === undefined
          ? `Engage accepted the first interaction as ${newId} (contact ${contactId}) but does not show it.`
          : `Engage keeps the first interaction (${newId}, contact ${contactId}) in another form: ${differing.join(', ')}.\n  Sent: ${shown(sent)}\n  Kept: ${shown(kept)}`,
    safe: `${refused === undefined ? 'Only this one was posted' : 'None was accepted'}. All history is in ${folder}.`,
    next: `Find out what Engage makes of it before anything else is posted; then run the same command again${otherwise}.`,
    exit: EXIT.precondition,
  })
}
