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

/** How often a listing is read before pages that were answered twice are an error. */
const READINGS = 3

const REPEATS = `the ${CONTINUATION} repeats, so the listing would never end`

/**
 * A page that was answered twice (out of a cache, say) stands in the place of one that never came.
 *
 * Where pages are counted off from the start, what arrives meanwhile makes them overlap: that is no such page, and
 * nothing is skipped. What is deleted meanwhile moves the others up, and as many may slip through between two pages:
 * no answer tells, for the API gives no total, so this can't be seen here. Whoever can't do without a record asks for
 * it by its id: the final pass for what an earlier pass has seen and it has not, an import for what it has posted.
 * @param seen the continuations of this listing so far
 * @param known what its pages have held so far
 * @returns why the page counts as one that was answered before; undefined where it doesn't
 */
function answeredTwice(
  { items, continuation }: Page,
  seen: readonly string[],
  known: ReadonlyMap<string, Interaction>,
): string | undefined {
  if (continuation !== undefined && seen.includes(continuation)) return REPEATS
  if (seen.length === 0 || items.length === 0 || items.some(({ id }) => !known.has(id))) return undefined
  return 'a page holds nothing but what was on the pages before it'
}

/**
 * @returns what can look at a tenant, and change nothing.
 * @throws OperatorError (usage) where the key or the user agent can't be sent in a header.
 */
export function createReader(connection: Connection): EngageReader {
  const call = createCaller(connection)
  const get = (path: readonly string[], signal: AbortSignal | undefined, query: Call['query'] = {}) =>
    call({ method: 'GET', path, query, signal })

  /** @param judge what to make of the page; a Mismatch that it throws becomes an EngageError */
  async function readPage<T>(
    contactId: string,
    schemaId: string,
    used: string | undefined,
    signal: AbortSignal | undefined,
    judge: (found: Page) => T,
  ): Promise<T> {
    const answer = await get(['interactions'], signal, { contactId, schemaId, [CONTINUATION]: used })
    return answer.read((json) => judge(ownPage(page(json, used), contactId, schemaId)))
  }

  /**
   * Reads a listing from its start to its end.
   * @returns undefined where a page was answered twice, and so another one never, as long as it is not the last reading
   */
  async function readListing(
    contactId: string,
    schemaId: string,
    signal: AbortSignal | undefined,
    last: boolean,
  ): Promise<readonly Interaction[] | undefined> {
    const seen: string[] = []
    // By id, since what arrives while we read moves others to a page that is read later.
    const found = new Map<string, Interaction>()
    for (;;) {
      const next = await readPage(contactId, schemaId, seen.at(-1), signal, (each) => {
        const twice = answeredTwice(each, seen, found)
        if (twice !== undefined && last) throw new Mismatch(twice)
        return twice === undefined ? each : undefined
      })
      if (next === undefined) return undefined
      for (const each of next.items) found.set(each.id, each)
      if (next.continuation === undefined) return [...found.values()]
      seen.push(next.continuation)
    }
  }

  return {
    async listSchemas(signal) {
      return (await get(['interactionschemas'], signal)).read(schemaSummaries)
    },
    async getSchema(id, signal) {
      return ifPresent(await get(['interactionschemas', id], signal))?.read(interactionSchema)
    },
    interactionsPage(contactId, schemaId, continuation, signal) {
      return readPage(contactId, schemaId, continuation, signal, (found) => {
        if (continuation !== undefined && found.continuation === continuation) throw new Mismatch(REPEATS)
        return found
      })
    },
    async interactionsOf(contactId, schemaId, signal) {
      for (let reading = 1; ; reading++) {
        const found = await readListing(contactId, schemaId, signal, reading >= READINGS)
        if (found !== undefined) return [...found].sort((a, b) => (a.id < b.id ? -1 : 1))
      }
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
