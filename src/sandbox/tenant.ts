/**
 * One tenant in memory: its schemas, contacts, interactions and automations.
 * Guarantees: `apply` is the only way to change it, and the same events give the same tenant; interactions of a
 * contact are kept newest first (then by id); ids of contacts and interactions are found whatever their case.
 */
import type { Interaction, InteractionSchema } from '../model.ts'
import { Automations } from './automations.ts'
import { parseDateTime } from './dates.ts'
import type { TenantEvent } from './events.ts'
import { INTERACTION_UPDATES_CONTACT } from './guesses.ts'
import { type Position, placeIn, type StoredInteraction } from './timeline.ts'

export interface Contact {
  readonly id: string
  readonly contactType: string
  /** Milliseconds since the epoch, as the two below. */
  readonly createdAt: number
  readonly updatedAt?: number
  readonly deletedAt?: number
}

export interface StoredSchema {
  readonly schema: InteractionSchema
  readonly visibleAt: number
}

/** One tenant; what it holds is asked for by method, what happens to it comes in by `apply`. */
export class Tenant {
  readonly automations = new Automations()
  readonly #schemas = new Map<string, StoredSchema>()
  /** Names of all properties that a schema of this id ever had. */
  readonly #formerProperties = new Map<string, Set<string>>()
  readonly #contacts = new Map<string, Contact>()
  readonly #byId = new Map<string, StoredInteraction>()
  readonly #bySchema = new Map<string, Map<string, StoredInteraction[]>>()
  #issued = 0

  /** How many ids of interactions this tenant has given out, ever. */
  get issued(): number {
    return this.#issued
  }

  schema(id: string): StoredSchema | undefined {
    return this.#schemas.get(id)
  }

  schemas(): readonly StoredSchema[] {
    return [...this.#schemas.values()]
  }

  /** @returns the contact, deleted or not. */
  contact(id: string): Contact | undefined {
    return this.#contacts.get(id.toLowerCase())
  }

  contacts(): IterableIterator<Contact> {
    return this.#contacts.values()
  }

  interaction(id: string): StoredInteraction | undefined {
    return this.#byId.get(id.toLowerCase())
  }

  /** @returns a contact's interactions of a schema, newest first: those behind `after`, where it is given. */
  *interactionsOf(schemaId: string, contactId: string, after?: Position): Generator<StoredInteraction> {
    const list = this.#bySchema.get(schemaId)?.get(contactId.toLowerCase()) ?? []
    const start = after === undefined ? 0 : placeIn(list, after, 1)
    yield* list.slice(start)
  }

  /** @returns all interactions of a schema, contact by contact, visible or not. */
  *interactionsOfSchema(schemaId: string): Generator<Interaction> {
    for (const list of this.#bySchema.get(schemaId)?.values() ?? []) {
      for (const stored of list) yield stored.interaction
    }
  }

  /** @returns how many interactions of a schema are stored. */
  countOf(schemaId: string): number {
    let count = 0
    for (const list of this.#bySchema.get(schemaId)?.values() ?? []) count += list.length
    return count
  }

  /** Makes one event true. The rules were checked before: an event is a fact. */
  apply(event: TenantEvent): void {
    switch (event.type) {
      case 'contact-created':
        this.#contacts.set(event.id.toLowerCase(), {
          id: event.id.toLowerCase(),
          contactType: event.contactType,
          createdAt: event.at,
        })
        return
      case 'contact-updated':
        this.#updateContact(event.id, event.at)
        return
      case 'contact-deleted':
        this.#deleteContact(event.id, event.at)
        return
      case 'schema-created':
        this.#addSchema(event.schema, event.visibleAt)
        return
      case 'schema-deleted':
        this.#deleteSchema(event.id)
        return
      case 'interaction-created':
        this.#addInteraction(event.interaction, event.visibleAt)
        if (event.origin === 'seed') return
        this.#issued++
        this.automations.received(
          event.interaction.schemaId,
          event.interaction.payload,
          this.#lostProperty(event.interaction.schemaId),
        )
        if (INTERACTION_UPDATES_CONTACT) this.#updateContact(event.interaction.contactId, event.at)
        return
      case 'interaction-ignored':
        this.#issued++
        return
      case 'interaction-deleted':
        this.#deleteInteraction(event.id)
        return
      case 'interaction-missed':
        this.automations.missed(event.schemaId)
        return
      case 'automation-set':
        this.automations.set(event.automation)
        return
    }
  }

  #updateContact(id: string, at: number): void {
    const contact = this.contact(id)
    if (contact === undefined) return
    const { deletedAt: _restored, ...rest } = contact
    this.#contacts.set(contact.id, { ...rest, updatedAt: at })
  }

  #deleteContact(id: string, at: number): void {
    const contact = this.contact(id)
    if (contact !== undefined) this.#contacts.set(contact.id, { ...contact, deletedAt: at })
  }

  #addSchema(schema: InteractionSchema, visibleAt: number): void {
    this.#schemas.set(schema.id, { schema, visibleAt })
    const former = this.#formerProperties.get(schema.id) ?? new Set()
    for (const name of Object.keys(schema.jsonSchema.properties)) former.add(name)
    this.#formerProperties.set(schema.id, former)
  }

  /** Takes all its interactions with it, for good ("Deletion of an interaction schema …"). */
  #deleteSchema(id: string): void {
    this.#schemas.delete(id)
    for (const { id: interactionId } of this.interactionsOfSchema(id)) {
      this.#byId.delete(interactionId.toLowerCase())
    }
    this.#bySchema.delete(id)
  }

  /** Automations work as before only where no property of the deleted schema is missing from the new one. */
  #lostProperty(schemaId: string): boolean {
    const properties = this.#schemas.get(schemaId)?.schema.jsonSchema.properties ?? {}
    for (const name of this.#formerProperties.get(schemaId) ?? []) {
      if (!Object.hasOwn(properties, name)) return true
    }
    return false
  }

  #addInteraction(interaction: Interaction, visibleAt: number): void {
    const ms = parseDateTime(interaction.createdDate)?.ms ?? Number.NaN
    const stored: StoredInteraction = { interaction, ms, visibleAt }
    this.#byId.set(interaction.id.toLowerCase(), stored)
    const ofSchema = this.#bySchema.get(interaction.schemaId) ?? new Map<string, StoredInteraction[]>()
    this.#bySchema.set(interaction.schemaId, ofSchema)
    const list = ofSchema.get(interaction.contactId.toLowerCase())
    if (list === undefined) ofSchema.set(interaction.contactId.toLowerCase(), [stored])
    else list.splice(placeIn(list, { ms, id: interaction.id }, 0), 0, stored)
  }

  #deleteInteraction(id: string): void {
    const stored = this.interaction(id)
    if (stored === undefined) return
    this.#byId.delete(id.toLowerCase())
    const { schemaId, contactId } = stored.interaction
    const list = this.#bySchema.get(schemaId)?.get(contactId.toLowerCase())
    list?.splice(list.indexOf(stored), 1)
  }
}
