/**
 * Whether the tenant has stood still since the final pass: a sample of its contacts, right before the deletion.
 * Guarantees: nothing is deleted where a contact of the sample holds what the snapshot lacks, nor where most of those that had
 * history show none; changes nothing in the tenant.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Interaction } from '../model.ts'
import type { Snapshot, SnapshotContact } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { amend } from './amendment.ts'
import { isHot, withdrawHotPass, withdrawStop } from './final-pass.ts'
import { mayHaveDeleted } from './history.ts'
import { passResult, passSnapshot } from './pass.ts'
import { holdersOf } from './strangers.ts'
import type { ReadContext } from './strategy.ts'

/** So many of them may have been deleted since the final pass, however few there are. */
const FEW = 2

/** Contacts spread over the list are read once more: what they hold must be what the snapshot holds. */
export async function assertQuiet(context: ReadContext): Promise<void> {
  const { reader, clock, plan, settings } = context
  const snapshot = await passSnapshot(context, 'final-pass')
  const { listed } = snapshot.manifest.contacts
  const sample = await spread(snapshot.contacts(), listed, settings.driftSample)
  const looks = inOrder(
    sample,
    async (contact) => ({ contact, now: await readContact(reader, clock, contact.contactId, plan.schemaId) }),
    { concurrency: settings.concurrency, window: settings.concurrency * 2 },
  )
  const unknown: Unknown[] = []
  let lacking = 0
  for await (const { contact, now } of looks) {
    const known = new Set(contact.interactions.map(({ id }) => id))
    for (const record of now.interactions)
      if (!known.has(record.id)) unknown.push({ record, leftOut: known.size === 0 })
    if (now.interactions.length < known.size) lacking += 1
  }
  await assertMerged(context, snapshot, unknown)
  const withHistory = sample.filter(({ interactions }) => interactions.length > 0).length
  // A few may have been deleted one by one; where most are, this is not the tenant that was exported. But once this
  // run has deleted it, a schema that is there again may well be empty: its history is in the snapshot.
  const emptied = mayHaveDeleted(context.journal)
  if (!emptied && lacking > FEW && lacking * 2 >= withHistory)
    throw anotherTenant(plan.schemaId, lacking, withHistory)
}

/** A record that the snapshot does not have of the contact that shows it. */
interface Unknown {
  readonly record: Interaction
  /** Whether that contact had none. */
  readonly leftOut: boolean
}

/**
 * What a contact shows and did not has come with a merge, or it has arrived live. Where nothing can have been deleted yet,
 * contacts that were merged are read again: what they had goes back to the contact that has it now.
 * @throws OperatorError (exit 4)
 */
async function assertMerged(
  context: ReadContext,
  snapshot: Snapshot,
  unknown: readonly Unknown[],
): Promise<void> {
  const holders = await holdersOf(
    snapshot,
    unknown.map(({ record }) => record.id),
  )
  const late = unknown.find(({ record }) => !holders.has(record.id))
  if (late !== undefined) {
    const { id, createdDate, contactId } = late.record
    const found = `${id} of ${createdDate} at contact ${contactId} is not in the snapshot`
    // A pass that leaves this contact out again would come here again.
    if (late.leftOut && isHot(context)) withdrawHotPass(context, found)
    withdrawStop(context, found)
  }
  const [first] = unknown
  if (first === undefined || mayHaveDeleted(context.journal)) return
  const { id, contactId } = first.record
  const found = `interaction ${id} stands under contact ${contactId}, and in the snapshot under ${holders.get(id)}`
  const contacts = new Set([...holders.values(), ...unknown.map(({ record }) => record.contactId)])
  const { snapshot: name, manifestDigest } = passResult(context, 'final-pass')
  const amendment = { snapshot: name, manifestDigest, contacts: [...contacts], sought: [] }
  amend(context.journal, amendment, found, ['delete-schema'])
  throw new OperatorError({
    what: `Contacts were merged since the final pass: ${found}. The signature of delete-schema is void.`,
    safe: 'Nothing was deleted.',
    next: `engage-migrate upgrade ${context.plan.run}   (reads these contacts again, and asks for delete-schema anew)`,
    exit: EXIT.precondition,
  })
}

function anotherTenant(schemaId: string, lacking: number, of: number): OperatorError {
  return new OperatorError({
    what: `Of ${of} contacts with history that were read once more, ${lacking} do not show the interactions of ${schemaId} that the final pass saw.`,
    safe: 'Nothing was deleted.',
    next: 'Find out what has changed in the tenant since the final pass, or whether this is another tenant.',
    exit: EXIT.precondition,
  })
}

/** @returns contacts spread evenly, half of them with history as far as there are any */
async function spread(
  contacts: AsyncIterable<SnapshotContact>,
  listed: number,
  size: number,
): Promise<readonly SnapshotContact[]> {
  const every = Math.max(1, Math.floor((2 * listed) / size))
  const sample: SnapshotContact[] = []
  let due = 0
  for await (const contact of contacts) {
    const regular = contact.ordinal % every === 0
    if (regular) due += 1
    if (regular) sample.push(contact)
    else if (due > 0 && contact.interactions.length > 0) {
      due -= 1
      sample.push(contact)
    }
  }
  return sample
}
