/**
 * The endpoints of Engage that this project uses.
 * Guarantees: a reader sends GETs only; each call of a writer is one `send`, and its error says whether the server
 * may have acted; answers are checked for what we rely on.
 */
import type { JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'
import { type Answer, Mismatch } from './answer.ts'
import { type Call, createCaller } from './call.ts'
import type { Connection } from './connection.ts'
import { CONTINUATION, changesDate, isDeleted, isInteractionCreated } from './guesses.ts'
import type { EngageReader, EngageWriter, Page } from './types.ts'
import {
  contactIds,
  count,
  createdId,
  interaction,
  interactionSchema,
  object,
  page,
  schemaSummaries,
} from './wire.ts'

/**
 * What is answered must be of what was asked for: a tenant that mixes contacts up can't be exported from. A schema id
 * in other letters is the same schema, and is written our way.
 */
function ownPage(found: Page, contactId: string, schemaId: string): Page {
  const items = found.items.map((item) => {
    if (item.contactId !== contactId.toLowerCase())
      throw new Mismatch(`interaction ${item.id} is of another contact`)
    if (item.schemaId === schemaId) return item
    if (item.schemaId.toLowerCase() === schemaId.toLowerCase()) return { ...item, schemaId }
    throw new Mismatch(`interaction ${item.id} is of another schema`)
  })
  return { ...found, items }
}

/**
 * @returns what can look at a tenant, and change nothing.
 * @throws OperatorError (usage) where the key or the user agent can't be sent in a header.
 */
export function createReader(connection: Connection): EngageReader {
  const call = createCaller(connection)
  const get = (path: readonly string[], signal: AbortSignal | undefined, query: Call['query'] = {}) =>
    call({ method: 'GET', path, query, signal })

  /** @param seen the continuations of this listing so far; one that comes again would never end. */
  async function nextPage(
    contactId: string,
    schemaId: string,
    seen: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Page> {
    const used = seen.at(-1)
    const answer = await get(['interactions'], signal, { contactId, schemaId, [CONTINUATION]: used })
    return answer.read((json) => {
      const found = ownPage(page(json, used), contactId, schemaId)
      if (found.continuation === undefined || !seen.includes(found.continuation)) return found
      throw new Mismatch(`the ${CONTINUATION} repeats, so the listing would never end`)
    })
  }

  return {
    async listSchemas(signal) {
      return (await get(['interactionschemas'], signal)).read(schemaSummaries)
    },
    async getSchema(id, signal) {
      return ifPresent(await get(['interactionschemas', id], signal))?.read(interactionSchema)
    },
    interactionsPage(contactId, schemaId, continuation, signal) {
      return nextPage(contactId, schemaId, continuation === undefined ? [] : [continuation], signal)
    },
    async interactionsOf(contactId, schemaId, signal) {
      const seen: string[] = []
      // By id, since what arrives while we read moves others to a page that is read later.
      const found = new Map<string, Interaction>()
      for (;;) {
        const { items, continuation } = await nextPage(contactId, schemaId, seen, signal)
        for (const each of items) found.set(each.id, each)
        if (continuation === undefined) break
        seen.push(continuation)
      }
      return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    async getInteraction(id, signal) {
      return ifPresent(await get(['interactions', id], signal))?.read((json) => interaction(json))
    },
    async countContacts(contactType, signal) {
      const path = contactType === undefined ? ['contacts', 'count'] : ['contacts', contactType, 'count']
      return (await get(path, signal)).read(count)
    },
    async contactChanges({ changeType, from, to }, signal) {
      const query = {
        changeType,
        fromDate: changesDate(from),
        toDate: to === undefined ? undefined : changesDate(to),
      }
      return (await get(['contacts', 'changes'], signal, query)).read(contactIds)
    },
    async getContact(id, signal) {
      return ifPresent(await get(['contacts', id], signal))?.read((json) => object(json, 'the answer'))
    },
  }
}

/**
 * @returns what can change a tenant.
 * @throws OperatorError (usage) where the key or the user agent can't be sent in a header.
 */
export function createWriter(connection: Connection): EngageWriter {
  const call = createCaller(connection)

  async function remove(path: readonly string[]): Promise<boolean> {
    const answer = await call({ method: 'DELETE', path })
    if (answer.absent) return false
    if (!isDeleted(answer.status)) throw answer.problem()
    return true
  }

  return {
    async createSchema({ id, displayName, jsonSchema }) {
      const body: JsonObject = { id, displayName, jsonSchema }
      const answer = await call({ method: 'POST', path: ['interactionschemas'], body })
      if (!answer.ok) throw answer.problem()
    },
    deleteSchema: (id) => remove(['interactionschemas', id]),
    async createInteraction({ contactId, schemaId, createdDate, payload }) {
      const body: JsonObject = {
        contactId,
        schemaId,
        ...(createdDate === undefined ? {} : { createdDate }),
        payload,
      }
      const answer = await call({ method: 'POST', path: ['interactions'], body })
      if (answer.ok && !isInteractionCreated(answer.status)) throw answer.problem()
      return answer.read(createdId)
    },
    deleteInteraction: (id) => remove(['interactions', id]),
  }
}

function ifPresent(answer: Answer): Answer | undefined {
  return answer.absent ? undefined : answer
}
