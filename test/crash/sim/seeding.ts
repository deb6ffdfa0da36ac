/**
 * The tenant that an upgrade begins with.
 * Guarantees: the same seed gives the same history, and it is never empty: of an empty one nothing can be lost.
 */
import type { Interaction } from '../../../src/model.ts'
import type { TenantEvent as StoredEvent } from '../../../src/sandbox/events.ts'
import { countedGuid, seededRandom } from '../../../src/sandbox/random.ts'
import { SCHEMAS } from '../../../src/sandbox/schemas.ts'
import { seedTenant } from '../../../src/sandbox/seed.ts'
import type { Scenario } from './scenario.ts'

/** What a tenant begins with. */
export type History = Pick<Scenario, 'seed' | 'contacts' | 'interactions' | 'schemaId' | 'many' | 'misfits'>

/** The tenant as it begins: history, some of it twice or three times, one contact with several pages. */
export function* seedEvents({
  seed,
  contacts,
  interactions,
  schemaId,
  many,
  misfits,
}: History): Generator<StoredEvent> {
  const made: Interaction[] = []
  const ids: string[] = []
  for (const event of withHistory({ contacts, interactions, schemas: [schemaId] }, seed)) {
    if (event.type === 'contact-created') ids.push(event.id)
    if (event.type === 'interaction-created') made.push(event.interaction)
    yield event
  }
  const random = seededRandom(`twins ${seed}`)
  let count = 0
  const again = (of: Interaction, changes: Partial<Interaction> = {}): StoredEvent => ({
    type: 'interaction-created',
    origin: 'seed',
    interaction: { ...of, ...changes, id: countedGuid(`twins ${seed}`, count++) },
    at: 0,
    visibleAt: 0,
  })
  for (const each of made) {
    while (random() < 0.15) yield again(each)
  }
  const [first] = made
  for (let n = 0; n < many && first !== undefined; n++) {
    const createdDate = new Date(Date.UTC(2024, 0, 1) + (n % 80) * 61_001).toISOString()
    yield again(first, { contactId: ids[0] ?? first.contactId, createdDate })
  }
  const [name = '', { type = '' } = {}] =
    Object.entries(SCHEMAS.find(({ id }) => id === schemaId)?.jsonSchema.properties ?? {})[0] ?? []
  for (let n = 0; n < misfits && first !== undefined; n++) {
    const payload = { ...first.payload, [name]: type === 'string' ? n : 'of another type' }
    yield again(first, { payload, contactId: ids[n % ids.length] ?? first.contactId })
  }
}

/** @returns events of the first tenant, from a seed on, that has any history: nothing can be lost of the others */
function withHistory(options: Omit<Parameters<typeof seedTenant>[0], 'seed'>, seed: number): StoredEvent[] {
  for (let n = 0; ; n++) {
    const events = [...seedTenant({ ...options, seed: seed + n * 1_000_000 })]
    if (events.some(({ type }) => type === 'interaction-created')) return events
  }
}
