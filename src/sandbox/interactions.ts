/**
 * A tenant's interactions in their places: by id, and by schema and contact.
 * Guarantees: those of a contact are newest first (then by id); ids are found whatever their case.
 */
import { placeIn, type StoredInteraction } from './timeline.ts'

export class Interactions {
  readonly #byId = new Map<string, StoredInteraction>()
  readonly #bySchema = new Map<string, Map<string, StoredInteraction[]>>()

  get(id: string): StoredInteraction | undefined {
    return this.#byId.get(id.toLowerCase())
  }

  /** @returns a contact's interactions of a schema, newest first. */
  of(schemaId: string, contactId: string): readonly StoredInteraction[] {
    return this.#bySchema.get(schemaId)?.get(contactId.toLowerCase()) ?? []
  }

  /** @returns all interactions of a schema, contact by contact. */
  *ofSchema(schemaId: string): Generator<StoredInteraction> {
    for (const list of this.#bySchema.get(schemaId)?.values() ?? []) yield* list
  }

  countOf(schemaId: string): number {
    let count = 0
    for (const list of this.#bySchema.get(schemaId)?.values() ?? []) count += list.length
    return count
  }

  add(stored: StoredInteraction): void {
    const { id, schemaId, contactId } = stored.interaction
    this.#byId.set(id.toLowerCase(), stored)
    const ofSchema = this.#bySchema.get(schemaId) ?? new Map<string, StoredInteraction[]>()
    this.#bySchema.set(schemaId, ofSchema)
    const list = ofSchema.get(contactId.toLowerCase())
    if (list === undefined) ofSchema.set(contactId.toLowerCase(), [stored])
    else list.splice(placeIn(list, { ms: stored.ms, id }, 0), 0, stored)
  }

  remove(id: string): void {
    const stored = this.get(id)
    if (stored === undefined) return
    this.#byId.delete(id.toLowerCase())
    const { schemaId, contactId } = stored.interaction
    const list = this.#bySchema.get(schemaId)?.get(contactId.toLowerCase())
    list?.splice(list.indexOf(stored), 1)
  }

  /** Takes all interactions of a schema away. @returns them */
  removeSchema(schemaId: string): readonly StoredInteraction[] {
    const removed = [...this.ofSchema(schemaId)]
    for (const { interaction } of removed) this.#byId.delete(interaction.id.toLowerCase())
    this.#bySchema.delete(schemaId)
    return removed
  }

  /** Puts all interactions of a contact, of whatever schema, under another's id. */
  move(contactId: string, into: string): void {
    for (const ofSchema of this.#bySchema.values()) {
      const list = ofSchema.get(contactId.toLowerCase()) ?? []
      ofSchema.delete(contactId.toLowerCase())
      for (const stored of list) {
        this.add({ ...stored, interaction: { ...stored.interaction, contactId: into } })
      }
    }
  }
}
