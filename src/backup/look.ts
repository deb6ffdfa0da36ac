/**
 * One look at one contact, for several schemas.
 * Guarantees: a contact that can't be read, after all retries, is told as that and keeps the others from nothing; what is
 * wrong with the whole (the key, the schema, a tenant that answers nobody) ends the pass.
 */
import type { Clock } from '../clock.ts'
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { ContactRead } from '../model.ts'
import { type ContactReader, readContact } from '../transfer/export.ts'
import type { Look } from './change.ts'

/** So many contacts in a row that can't be read say that it is the tenant. */
const IN_A_ROW = 10

/**
 * @param wanted ids of the schemas to ask for
 * @param stop once aborted, no further schema is asked for
 * @returns what was found for each of them, of fewer after a stop; one that is gone is asked for once
 * @throws EngageError where it is not about this contact
 */
export async function lookAt(
  reader: ContactReader,
  clock: Clock,
  contactId: string,
  wanted: readonly string[],
  stop: AbortSignal,
): Promise<ReadonlyMap<string, Look>> {
  const looks = new Map<string, Look>()
  let gone: ContactRead | undefined
  for (const schemaId of wanted) {
    if (gone !== undefined) {
      looks.set(schemaId, gone)
      continue
    }
    if (stop.aborted) break
    const look = await readOrFail(reader, clock, contactId, schemaId)
    if (look.state === 'gone') gone = look
    looks.set(schemaId, look)
  }
  return looks
}

async function readOrFail(
  reader: ContactReader,
  clock: Clock,
  contactId: string,
  schemaId: string,
): Promise<Look> {
  try {
    return await readContact(reader, clock, contactId, schemaId)
  } catch (error) {
    if (!isOfTheContact(error)) throw error
    return { contactId, state: 'failed', readAt: clock.now(), why: error.message }
  }
}

function isOfTheContact(error: unknown): error is EngageError {
  if (!(error instanceof EngageError) || saysSchemaNotFound(error)) return false
  if (error.kind === 'not-the-api' && error.status !== undefined && error.status < 500) return false
  return ![401, 403, 429].includes(error.status ?? 0)
}

/**
 * @returns what is told the looks at each contact, in order
 * @throws OperatorError where the tenant answers nobody any more: a contact that can't be read for several schemas is one
 */
export function createFailureWatch(): (looks: readonly Look[]) => void {
  let row = 0
  return (looks) => {
    const [first] = looks
    // Nobody was asked: that says nothing.
    if (first === undefined) return
    row = looks.every(({ state }) => state === 'failed') ? row + 1 : 0
    if (first.state !== 'failed' || row < IN_A_ROW) return
    throw new OperatorError({
      what: `${row} contacts in a row could not be read, so that it is not a matter of single ones; the last: ${first.why}`,
      safe: 'The tenant was only read. What was read before is kept.',
      next: 'Look whether Engage is in trouble, then run the same command again: it goes on from the last checkpoint.',
      exit: EXIT.failed,
    })
  }
}
