/**
 * One tenant in memory: its schemas, contacts, interactions and automations.
 * Guarantees: `apply` is the only way to change it, and the same events give the same tenant; interactions of a
 * contact are kept newest first (then by id); ids of contacts and interactions are found whatever their case. What
 * is deleted counts nowhere, even while reads still show it: only methods named `shown…` know of it.
 */
import type { Interaction, InteractionSchema } from '../model.ts'
import { Automations } from './automations.ts'
import { parseDateTime } from './dates.ts'
import type { TenantEvent } from './events.ts'
import { INTERACTION_UPDATES_CONTACT } from './guesses.ts'
import { Interactions } from './interactions.ts'
import { inOrder, isShown, type StoredInteraction } from './timeline.ts'

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
  /** Only of one that is deleted: until when reads show it. */
  readonly shownUntil?: number
}

/** One tenant; what it holds is asked for by method, what happens to it comes in by `apply`. */
export class Tenant {
  readonly automations = new Automations()
  readonly #schemas = new Map<string, StoredSchema>()
  /** Names of all properties that a schema of this id ever had. */
  readonly #formerProperties = new Map<string, Set<string>>()
  readonly #contacts = new Map<string, Contact>()
  readonly #interactions = new Interactions()
  /** Deleted schemas and interactions that reads go on showing for a while; schemas in the order they went. */
  readonly #ghostSchemas: StoredSchema[] = []
  readonly #ghosts = new Interactions()
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

  /** @returns the schema as a read shows it at `now`: one that is deleted hides its successor. */
  shownSchema(id: string, now: number): InteractionSchema | undefined {
    const ghost = this.#ghostSchemas.find((each) => each.schema.id === id && isShown(each, now))
    if (ghost !== undefined) return ghost.schema
    const stored = this.#schemas.get(id)
    return stored !== undefined && isShown(stored, now) ? stored.schema : undefined
  }

  shownSchemas(now: number): readonly InteractionSchema[] {
    const ids = new Set([...this.#schemas.keys(), ...this.#ghostSchemas.map(({ schema }) => schema.id)])
    return [...ids].flatMap((id) => this.shownSchema(id, now) ?? [])
  }

  /** @returns the contact, deleted or not. */
  contact(id: string): Contact | undefined {
    return this.#contacts.get(id.toLowerCase())
  }

  contacts(): IterableIterator<Contact> {
    return this.#contacts.values()
  }

  interaction(id: string): StoredInteraction | undefined {
    return this.#interactions.get(id)
  }

  shownInteraction(id: string, now: number): StoredInteraction | undefined {
    return [this.#interactions.get(id), this.#ghosts.get(id)].find(
      (each) => each !== undefined && isShown(each, now),
    )
  }

  /** @returns a contact's interactions of a schema, newest first, visible or not. */
  *interactionsOf(schemaId: string, contactId: string): Generator<StoredInteraction> {
    yield* this.#interactions.of(schemaId, contactId).slice()
  }

  /** @returns a contact's interactions of a schema as reads show them at `now`, newest first. */
  shownInteractionsOf(schemaId: string, contactId: string, now: number): readonly StoredInteraction[] {
    const ghosts = this.#ghosts.of(schemaId, contactId)
    return inOrder(this.#interactions.of(schemaId, contactId), ghosts).filter((each) => isShown(each, now))
  }

  /** @returns all interactions of a schema, contact by contact, visible or not. */
  *interactionsOfSchema(schemaId: string): Generator<Interaction> {
    for (const { interaction } of this.#interactions.ofSchema(schemaId)) yield interaction
  }

  /** @returns how many interactions of a schema are stored. */
  countOf(schemaId: string): number {
    return this.#interactions.countOf(schemaId)
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
      case 'contact-merged':
        this.#deleteContact(event.id, event.at)
        this.#interactions.move(event.id, event.into.toLowerCase())
        this.#ghosts.move(event.id, event.into.toLowerCase())
        return
      case 'schema-created':
        this.#addSchema(event.schema, event.visibleAt)
        return
      case 'schema-deleted':
        this.#deleteSchema(event.id, event.shownUntil, event.interactionsShownUntil)
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
        this.#interactions.remove(event.id)
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
  #deleteSchema(id: string, shownUntil?: number, interactionsShownUntil?: number): void {
    const stored = this.#schemas.get(id)
    this.#schemas.delete(id)
    if (stored !== undefined && shownUntil !== undefined) this.#ghostSchemas.push({ ...stored, shownUntil })
    const removed = this.#interactions.removeSchema(id)
    if (interactionsShownUntil === undefined) return
    for (const each of removed) this.#ghosts.add({ ...each, shownUntil: interactionsShownUntil })
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
    this.#interactions.add({ interaction, ms, visibleAt })
  }
}
