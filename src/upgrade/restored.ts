/**
 * Contacts that were gone when the final pass read them, right before the deletion.
 * Guarantees: nothing is deleted while one of them is there again with a history that the snapshot lacks, unless a deletion
 * may have happened before; changes nothing in the tenant.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { amend } from './amendment.ts'
import { mayHaveDeleted } from './history.ts'
import { passResult, passSnapshot } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/**
 * Reads every contact that the snapshot has as gone. Where some are back, the approval and the final pass are void, and
 * the next one reads just these.
 * @returns how many are there again without any interaction
 * @throws OperatorError (exit 4) where any of them has interactions
 */
export async function assertStillGone(context: ReadContext): Promise<number> {
  const { reader, clock, plan, settings, journal, stop } = context
  // By now what they had may be nowhere any more, and the final pass must stay as it is.
  if (mayHaveDeleted(journal)) return 0
  const snapshot = await passSnapshot(context, 'final-pass')
  const { gone } = snapshot.manifest.contacts
  const looks = inOrder(
    goneIn(snapshot),
    async (contactId) => {
      stop.throwIfAborted()
      return readContact(reader, clock, contactId, plan.schemaId)
    },
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  const back: string[] = []
  let [done, empty] = [0, 0]
  for await (const { contactId, state, interactions } of looks) {
    if (interactions.length > 0) back.push(contactId)
    else empty += Number(state === 'read')
    done += 1
    const phase = 'last checks: contacts that were gone, read again'
    context.progress({ phase, done, total: gone, doneHere: done })
  }
  if (back.length === 0) return empty
  const reason = `contacts were restored, such as ${back[0]}`
  const { snapshot: name, manifestDigest } = passResult(context, 'final-pass')
  amend(journal, { snapshot: name, manifestDigest, contacts: back, sought: [] }, reason, ['delete-schema'])
  throw new OperatorError({
    what: `Of the contacts that were gone when the final pass read them, ${back.length} are there again with interactions that the snapshot lacks, such as ${back[0]}. The signature of delete-schema is void.`,
    safe: 'Nothing was deleted.',
    next: `engage-migrate upgrade ${plan.run}   (reads these contacts, and asks for delete-schema anew)`,
    exit: EXIT.precondition,
  })
}

async function* goneIn(snapshot: Snapshot): AsyncGenerator<string> {
  for await (const { contactId, state } of snapshot.contacts()) if (state === 'gone') yield contactId
}
