/**
 * What the data of a snapshot says, in one pass over it.
 * Guarantees: flat memory (one contact at a time, and a bounded summary of all before it); every interaction counts, none is a
 * sample; the same contacts in the same order, with the same schemas and the same instant, give the same profile.
 */
import type { Interaction, InteractionSchema } from '../model.ts'
import { member } from '../schema/json-value.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import type { SnapshotContact } from '../snapshot/reader.ts'
import { Busiest } from './busiest.ts'
import { Months } from './months.ts'
import { isPersonal } from './personal.ts'
import { PhonePlans } from './phone-plans.ts'
import type { Profile } from './profile.ts'
import { PropertyValues } from './property.ts'
import { Recent } from './recent.ts'
import { Refusals } from './refused.ts'
import { TwinCount } from './twins.ts'
import { UnnamedProperties } from './unnamed.ts'
import { roomFor } from './values.ts'

export interface Profiling {
  /** The schema that the data is in. */
  readonly before: InteractionSchema
  /** The one that it shall be in; the same where nothing is planned. */
  readonly after: InteractionSchema
  /** When the snapshot was read, in milliseconds since the epoch. */
  readonly asOf: number
  /** How many contacts have been looked at, after each. */
  onProgress?(contacts: number): void
  readonly stop?: AbortSignal | undefined
}

/**
 * @param contacts each once, as a snapshot gives them
 * @throws OperatorError (usage) where the new schema can't be used to check payloads; what reading the contacts throws; what
 *   `stop` was aborted with
 */
export async function profileOf(
  contacts: AsyncIterable<SnapshotContact>,
  profiling: Profiling,
): Promise<Profile> {
  const summary = new Summary(profiling, await PhonePlans.load())
  let looked = 0
  for await (const contact of contacts) {
    profiling.stop?.throwIfAborted()
    summary.addContact(contact)
    looked += 1
    profiling.onProgress?.(looked)
  }
  return summary.profile()
}

class Summary {
  readonly #contacts = { withHistory: 0, without: 0, gone: 0 }
  #interactions = 0
  readonly #months: Months
  readonly #recent: Recent
  readonly #busiest = new Busiest()
  readonly #twins: TwinCount
  readonly #refusals: Refusals
  readonly #unnamed: UnnamedProperties
  readonly #properties: ReadonlyMap<string, PropertyValues>

  constructor({ before, after, asOf }: Profiling, plans: PhonePlans) {
    const holdsPersonal = (name: string) => isPersonal(name, plans)
    this.#months = new Months(asOf)
    this.#recent = new Recent(asOf)
    this.#twins = new TwinCount(after)
    this.#refusals = new Refusals(createPayloadCheck(after), holdsPersonal)
    this.#unnamed = new UnnamedProperties(before, after, holdsPersonal)
    const properties = Object.entries(after.jsonSchema.properties)
    const room = roomFor(properties.length)
    this.#properties = new Map(
      properties.map(([name, property]) => {
        const place = { name, before: member(before.jsonSchema.properties, name), after: property }
        return [name, new PropertyValues(place, room, plans)]
      }),
    )
  }

  addContact(contact: SnapshotContact): void {
    const { contactId, state, interactions, ordinal } = contact
    const found = interactions.length > 0 ? 'withHistory' : 'without'
    this.#contacts[state === 'gone' ? 'gone' : found] += 1
    this.#busiest.add(contactId, interactions.length)
    const instants = interactions.map((each) => this.#addInteraction(each, ordinal))
    this.#twins.add(contact, instants)
  }

  profile(): Profile {
    return {
      interactions: this.#interactions,
      contacts: { ...this.#contacts },
      ...this.#months.facts(),
      recent: this.#recent.rate(),
      busiest: this.#busiest.contacts(),
      twins: this.#twins.twins(),
      refused: this.#refusals.refused(),
      unnamed: this.#unnamed.names(),
      properties: Array.from(this.#properties.values(), (each) => each.profile(this.#interactions)),
    }
  }

  /** @returns when it was created; undefined where that can't be told */
  #addInteraction(interaction: Interaction, contact: number): number | undefined {
    this.#interactions += 1
    const created = this.#months.add(interaction.createdDate)
    if (created !== undefined) this.#recent.add(created)
    this.#refusals.add(interaction)
    this.#unnamed.add(interaction.payload)
    for (const [name, values] of this.#properties) values.add(member(interaction.payload, name), contact)
    return created
  }
}
