/**
 * The shapes on the wire, and the two capabilities of the remote.
 * Guarantees: what is given only an EngageReader cannot change anything in the tenant; ids of contacts are
 * lower-case GUIDs on our side of these interfaces.
 */
import type { JsonObject } from '../json.ts'
import type { Interaction, InteractionSchema } from '../model.ts'

/** The network, the rate limiter, the retry wrapper and the sandbox all have this one shape. */
export type Send = (request: Request) => Promise<Response>

export interface SchemaSummary {
  readonly id: string
  readonly displayName: string
}

/** One event to post; `createdDate` absent means now. */
export interface NewInteraction {
  readonly contactId: string
  readonly schemaId: string
  readonly createdDate?: string
  readonly payload: JsonObject
}

export interface Page {
  readonly items: readonly Interaction[]
  /** The token of the next page; undefined on the last. */
  readonly continuation: string | undefined
}

export type ChangeType = 'Created' | 'Updated' | 'Deleted'

export interface ChangesQuery {
  readonly changeType: ChangeType
  /** Milliseconds since the epoch, both ends; `to` absent means now. */
  readonly from: number
  readonly to?: number
}

/** GETs only. All of them throw an EngageError. */
export interface EngageReader {
  listSchemas(signal?: AbortSignal): Promise<readonly SchemaSummary[]>
  /** @returns undefined where the tenant has no schema of this id (404). */
  getSchema(id: string, signal?: AbortSignal): Promise<InteractionSchema | undefined>
  /** One page of a contact's interactions of a schema: 50 at most. */
  interactionsPage(
    contactId: string,
    schemaId: string,
    continuation?: string,
    signal?: AbortSignal,
  ): Promise<Page>
  /** All of a contact's interactions of a schema, page after page; a token that repeats is an error. */
  interactionsOf(contactId: string, schemaId: string, signal?: AbortSignal): Promise<readonly Interaction[]>
  getInteraction(id: string, signal?: AbortSignal): Promise<Interaction | undefined>
  countContacts(contactType?: string, signal?: AbortSignal): Promise<number>
  /** Ids of contacts that changed; over 250,000 the server answers 400 (an EngageError with status 400). */
  contactChanges(query: ChangesQuery, signal?: AbortSignal): Promise<readonly string[]>
  /** @returns undefined where the contact is gone (404). */
  getContact(id: string, signal?: AbortSignal): Promise<JsonObject | undefined>
}

/** POST and DELETE: each call sends exactly one request, never a second one. */
export interface EngageWriter {
  createSchema(schema: InteractionSchema): Promise<void>
  /** @returns false where there was nothing to delete (404). */
  deleteSchema(id: string): Promise<boolean>
  /** @returns the id that the server gave. */
  createInteraction(interaction: NewInteraction): Promise<string>
  deleteInteraction(id: string): Promise<boolean>
}
