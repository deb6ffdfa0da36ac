/**
 * A sandbox tenant, a clock that moves by itself, and a connection between them, all in this process.
 * Guarantees: nothing waits in real time; a request that is never answered lets virtual time pass until its time-out.
 */
import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { createReader, createWriter } from '../../src/engage/client.ts'
import { connect } from '../../src/engage/connection.ts'
import type { EngageReader, EngageWriter, Send } from '../../src/engage/types.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Interaction, InteractionSchema } from '../../src/model.ts'
import { createSandbox, DEFAULT_API_KEY, type Sandbox } from '../../src/sandbox/app.ts'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import { createManualClock, type ManualClock } from './clock.ts'

export const RATING = 'completedProductRating'
export const BASE_URL = 'http://127.0.0.1:9'
export const TOOL = { name: 'engage-migrate', version: '0.0.0' }

/** Stands between the client and the sandbox. */
export type Between = (request: Request, sandbox: Send) => Promise<Response>

export interface Bench {
  readonly sandbox: Sandbox
  readonly clock: ManualClock
  readonly reader: EngageReader
  readonly writer: EngageWriter
  /** The contacts of the tenant as it was seeded. */
  readonly contacts: readonly string[]
  readonly schema: InteractionSchema
  /** Puts something between the client and the sandbox; undefined takes it away. */
  between(between: Between | undefined): void
  /** POSTs of interactions that reached the server, whatever became of them. */
  posts(): number
}

export interface BenchOptions extends Partial<Behaviour> {
  readonly contacts?: number
  readonly interactions?: number
  readonly schemaId?: string
  readonly apiKey?: string
}

/** Waits up to this long pass by themselves: the longest of an import. Time-outs are longer. */
const AUTO_MS = 400_000
const TIMEOUT_MS = 500_000
const START = Date.UTC(2026, 0, 1)

export function openBench({
  contacts = 30,
  interactions = 4,
  schemaId = RATING,
  apiKey = DEFAULT_API_KEY,
  ...behaviour
}: BenchOptions = {}): Bench {
  const clock = createManualClock({ start: START, autoUpTo: AUTO_MS })
  const sandbox = createSandbox({
    ...behaviour,
    clock,
    tenant: () => seedTenant({ seed: 5, contacts, interactions, schemas: [schemaId] }),
  })
  let standing: Between | undefined
  const client = openClient(sandbox, clock, apiKey, (request) =>
    standing === undefined ? sandbox.send(request) : standing(request, sandbox.send),
  )
  const schema = SCHEMAS.find(({ id }) => id === schemaId)
  if (schema === undefined) throw new Error(`no schema ${schemaId}`)
  return {
    sandbox,
    clock,
    ...client,
    contacts: Array.from(sandbox.tenant.contacts(), ({ id }) => id),
    schema,
    between(between) {
      standing = between
    },
    posts: () => sandbox.stats().byRoute['POST /interactions'] ?? 0,
  }
}

/** A process's own way to the tenant: its requests are its own, also those that are still in line. */
export function openClient(
  sandbox: Sandbox,
  clock: ManualClock,
  apiKey: string,
  network: Send = sandbox.send,
  stop?: AbortSignal,
): { readonly reader: EngageReader; readonly writer: EngageWriter } {
  const connection = connect({
    baseUrl: BASE_URL,
    apiKey,
    apiVersion: 'v3',
    userAgent: 'Test/1.0',
    timeoutMs: TIMEOUT_MS,
    ratePerSecond: 150,
    clock,
    ...(stop && { stop }),
    random: () => 0,
    network: (request) => {
      const answer = network(request)
      void passTime(answer, clock)
      return answer
    },
  })
  return { reader: createReader(connection), writer: createWriter(connection) }
}

/** An answer that doesn't come in a few turns of the event loop is waited for in virtual time. */
async function passTime(answer: Promise<Response>, clock: ManualClock): Promise<void> {
  let open = true
  const settled = (): void => {
    open = false
  }
  answer.then(settled, settled)
  for (let virtual = 0; virtual <= TIMEOUT_MS; virtual += 60_000) {
    for (let turns = 0; turns < 20; turns++) {
      await turn()
      if (!open) return
    }
    await clock.sleep(60_000)
  }
}

/** Puts a record there as it is, as if it had been there all along. */
export function plant({ sandbox }: Bench, interaction: Interaction): void {
  sandbox.tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at: 0, visibleAt: 0 })
}

/** Makes an interaction that was there before anybody looked. */
export function addHistory(
  bench: Bench,
  contactId: string,
  payload: JsonObject,
  createdDate: string,
): Interaction {
  const interaction = { id: randomUUID(), contactId, schemaId: bench.schema.id, createdDate, payload }
  plant(bench, interaction)
  return interaction
}

/** @returns what a producer posts now */
export function produce(bench: Bench, contactId: string, createdDate?: string): Interaction {
  const now = new Date(bench.clock.now()).toISOString()
  return addHistory(bench, contactId, { productSku: 'LIVE', rating: 1 }, createdDate ?? now)
}

/** @returns what the tenant holds of the schema, as a sorted multiset of contacts and canonical forms */
export function held({ sandbox, schema }: Bench): readonly string[] {
  return multiset(schema, sandbox.tenant.interactionsOfSchema(schema.id))
}

export function multiset(schema: InteractionSchema, records: Iterable<Interaction>): readonly string[] {
  const keyOf = canonicalForm(schema)
  return Array.from(records, (record) => `${record.contactId} ${keyOf(record)}`).sort()
}

/** @returns how many members of a sorted multiset are equal to the one before */
export function twinsIn(sorted: readonly string[]): number {
  return sorted.filter((each, index) => index > 0 && each === sorted[index - 1]).length
}
