/**
 * The two things that this project moves: interactions, and the schemas that they follow.
 * Guarantees: plain values, as the API shapes them; ids of contacts are lower-case GUIDs.
 */
import type { Json, JsonObject } from './json.ts'

/** A property of an interaction schema; its flags are the strings "true" and "false" ("Creating a schema"). */
export interface SchemaProperty extends JsonObject {
  readonly type: Json
}

export interface JsonSchema extends JsonObject {
  readonly properties: { readonly [name: string]: SchemaProperty }
}

export interface InteractionSchema {
  readonly id: string
  readonly displayName: string
  readonly jsonSchema: JsonSchema
}

/** One event of one contact, as the server keeps it. */
export interface Interaction {
  readonly id: string
  readonly contactId: string
  readonly schemaId: string
  /** As the server wrote it. */
  readonly createdDate: string
  readonly payload: JsonObject
}

/** What one look at one contact found: the unit of an export, a snapshot and an import. */
export interface ContactRead {
  readonly contactId: string
  /** `gone`: the server answered 404, so the contact was deleted. */
  readonly state: 'read' | 'gone'
  /** When it was read, in milliseconds since the epoch. */
  readonly readAt: number
  /** Sorted by id. */
  readonly interactions: readonly Interaction[]
}
