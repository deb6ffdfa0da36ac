/**
 * A tenant with a past: contacts, schemas and years of interactions, as the events that made them.
 * Guarantees: the same options give the same events, byte for byte; every payload is valid under its schema;
 * events are made one by one, so that a large tenant is never in memory twice.
 */
import type { Json } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { DEFAULT_AUTOMATIONS } from './automations.ts'
import type { TenantEvent } from './events.ts'
import { between, type Random, randomGuid, seededRandom } from './random.ts'
import { sampleValue } from './samples.ts'
import { SCHEMAS } from './schemas.ts'

export interface SeedOptions {
  readonly seed: number
  readonly contacts: number
  /** How many interactions of each schema a contact has, on average and roughly; 2 where absent. */
  readonly interactions?: number
  /** Ids of SCHEMAS; all of them where absent. */
  readonly schemas?: readonly string[]
  /** The end of the tenant's past, in milliseconds since the epoch; 1 June 2025 (UTC) where absent. */
  readonly until?: number
}

const YEAR = 365 * 24 * 60 * 60_000

/** How many of one contact: few have many. Chances are out of 1; the rest have none. The mean is 4.4. */
const BANDS = [
  { chance: 0.4, low: 1, high: 4 },
  { chance: 0.09, low: 5, high: 30 },
  { chance: 0.01, low: 60, high: 300 },
]
const BANDS_MEAN = 4.4

/** Counts around the size of a page, so that even a small tenant has them. */
const PAGE_EDGES = [51, 120, 50, 100]

const OPTIONAL_MISSING = 0.12
const TWIN = 0.02

/** @returns the events of the tenant, in order. Throws RangeError on a schema id that isn't in SCHEMAS. */
export function* seedTenant(options: SeedOptions): Generator<TenantEvent> {
  const { contacts, interactions = 2, until = Date.UTC(2025, 5, 1) } = options
  const random = seededRandom(`${options.seed}/tenant`)
  for (const automation of DEFAULT_AUTOMATIONS) yield { type: 'automation-set', automation }
  const schemas = (options.schemas ?? SCHEMAS.map(({ id }) => id)).map(schemaNamed)
  for (const schema of schemas) yield { type: 'schema-created', schema, visibleAt: 0 }

  const edges = pageEdges(contacts * interactions)
  const average = interactions - edges.reduce((sum, count) => sum + count, 0) / Math.max(contacts, 1)
  for (let index = 0; index < contacts; index++) {
    const id = randomGuid(random)
    const at = until - between(random, 0, 5 * YEAR)
    yield { type: 'contact-created', id, contactType: random() < 0.8 ? 'Member' : 'Contact', at }
    if (random() < 0.1) yield { type: 'contact-updated', id, at: between(random, at, until) }
    for (const schema of schemas) {
      const count = edges[index] ?? countOf(random, average)
      yield* interactionsOf(random, id, schema, count, until)
    }
  }
}

function schemaNamed(id: string): InteractionSchema {
  const schema = SCHEMAS.find((each) => each.id === id)
  if (schema === undefined) throw new RangeError(`There is no schema '${id}' to seed`)
  return schema
}

/** As many of the edges as make up 60 % of a schema's interactions, so that the average can be kept. */
function pageEdges(expected: number): readonly number[] {
  const edges: number[] = []
  let sum = 0
  for (const count of PAGE_EDGES) {
    if (sum + count > expected * 0.6) continue
    sum += count
    edges.push(count)
  }
  return edges
}

function countOf(random: Random, average: number): number {
  // Up to a point more contacts have some; from there on those have more.
  const share = Math.min(average / BANDS_MEAN, 1.6)
  const scale = Math.max(average / BANDS_MEAN / 1.6, 1)
  let at = random()
  for (const { chance, low, high } of BANDS) {
    at -= chance * share
    if (at < 0) return Math.round(between(random, low, high) * scale)
  }
  return 0
}

function* interactionsOf(
  random: Random,
  contactId: string,
  schema: InteractionSchema,
  count: number,
  until: number,
): Generator<TenantEvent> {
  let made: { readonly createdDate: string; readonly payload: { readonly [name: string]: Json } } | undefined
  for (let index = 0; index < count; index++) {
    // A twin is the one before it once more, equal in everything but its id.
    if (made === undefined || random() >= TWIN) {
      const ms = until - between(random, 1, 3 * YEAR)
      made = { createdDate: new Date(ms).toISOString(), payload: samplePayload(random, schema, ms) }
    }
    const interaction = { id: randomGuid(random), contactId, schemaId: schema.id, ...made }
    yield { type: 'interaction-created', origin: 'seed', interaction, at: until, visibleAt: 0 }
  }
}

function samplePayload(
  random: Random,
  schema: InteractionSchema,
  ms: number,
): { readonly [name: string]: Json } {
  const { properties, required } = schema.jsonSchema
  const payload: { [name: string]: Json } = {}
  for (const [name, property] of Object.entries(properties)) {
    const mayMiss = !(Array.isArray(required) && required.includes(name))
    if (mayMiss && random() < OPTIONAL_MISSING) continue
    payload[name] = sampleValue(random, name, property, ms)
  }
  return payload
}
