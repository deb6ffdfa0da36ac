/**
 * A stand-in for the Voyado Engage API, to rehearse and test on: the shape of the network, without a socket.
 * Guarantees: follows the product documentation and what is known of the API; what is guessed is in guesses.ts;
 * the same seed, clock and order of requests give the same answers. Handlers see the tenant one at a time.
 */
import { type Clock, systemClock } from '../clock.ts'
import { type Json, parseJson } from '../json.ts'
import { adminRoutes } from './admin-routes.ts'
import { answer, failure } from './answers.ts'
import { type AutomationCount, DEFAULT_AUTOMATIONS } from './automations.ts'
import { type Behaviour, changedBehaviour, DEFAULT_BEHAVIOUR } from './behaviour.ts'
import { CONTACT_ROUTES } from './contact-routes.ts'
import type { TenantEvent } from './events.ts'
import { DEFAULT_DELAY, type FaultRule, Faults } from './faults.ts'
import { DEFAULT_USER_AGENT, IGNORED_INTERACTION_STATUS } from './guesses.ts'
import { INTERACTION_ROUTES } from './interaction-routes.ts'
import { Landings } from './landings.ts'
import { isLate, mishapAfter, mishapBefore, mishapMeanwhile } from './mishaps.ts'
import { PageMemory } from './pages.ts'
import { countedGuid, drawn, seededRandom } from './random.ts'
import { type Desk, findRoute, type Match, type Route } from './router.ts'
import { SCHEMA_ROUTES } from './schema-routes.ts'
import { openState } from './state.ts'
import type { Tenant } from './tenant.ts'
import { Traffic, type TrafficCounts } from './traffic.ts'

export interface SandboxOptions extends Partial<Behaviour> {
  /** The machine's own where absent. */
  readonly clock?: Clock
  /** For ids, lags, latencies and faults; 1 where absent. */
  readonly seed?: number
  /** What the ids of new interactions are made of, where they are to be no other sandbox's; the seed where absent. */
  readonly idSeed?: string
  /** Keys that are let in; only `sandbox-key` where absent. */
  readonly apiKeys?: readonly string[]
  /** Where the tenant is kept across restarts; in memory only where absent. */
  readonly stateFile?: string
  /** How a new tenant begins (see seedTenant): not asked where the state file exists. Absent: two automations only. */
  readonly tenant?: () => Iterable<TenantEvent>
  readonly faults?: readonly FaultRule[]
}

export interface Stats extends TrafficCounts {
  readonly contacts: number
  /** Stored interactions by schema. */
  readonly interactions: { readonly [schemaId: string]: number }
  readonly automations: readonly AutomationCount[]
  /** How often each kind of fault has struck. */
  readonly faults: { readonly [kind: string]: number }
  /** Requests that the server is still to act on, after a fault of a kind that ends in '-late'. */
  readonly pending: number
}

export interface Sandbox {
  /** The API and the routes under /sandbox/, whatever the host of the URL. Needs no `this`. */
  readonly send: (request: Request) => Promise<Response>
  readonly tenant: Tenant
  stats(): Stats
  /** Changes how it behaves from now on. Throws RangeError and changes nothing where a value is out of place. */
  configure(changes: Partial<Behaviour>): void
  /** Takes the place of all rules. Throws RangeError or SyntaxError on a rule that makes no sense. */
  setFaults(rules: readonly FaultRule[]): void
  /** Lets go of the state file. What was still to land never does. */
  close(): void
}

export const DEFAULT_API_KEY = 'sandbox-key'

const API_ROUTES: readonly Route[] = [...SCHEMA_ROUTES, ...INTERACTION_ROUTES, ...CONTACT_ROUTES]

/** Opens a tenant and answers for it. Throws where the state file can't be read or an option is out of place. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const {
    clock = systemClock,
    seed = 1,
    idSeed = String(seed),
    apiKeys = [DEFAULT_API_KEY],
    stateFile,
    tenant,
    faults: rules = [],
    ...rest
  } = options
  let behaviour = changedBehaviour(DEFAULT_BEHAVIOUR, rest)
  const faults = new Faults(seededRandom(`${seed}/faults`))
  faults.replace(rules)
  const random = seededRandom(`${seed}/latency`)
  const traffic = new Traffic()
  const landings = new Landings(clock)
  const pages = new PageMemory()
  const state = openState(stateFile, tenant ?? bareTenant)
  const admin = adminRoutes({ stats, setFaults: (each) => faults.replace(each), configure })

  function desk(again = false): Desk {
    return { state, behaviour, now: clock.now(), seed: String(seed), idSeed, pages, again }
  }

  function configure(changes: object): void {
    behaviour = changedBehaviour(behaviour, changes)
  }

  function stats(): Stats {
    let contacts = 0
    for (const contact of state.tenant.contacts()) if (contact.deletedAt === undefined) contacts++
    return {
      ...traffic.counts(),
      contacts,
      interactions: Object.fromEntries(
        state.tenant.schemas().map(({ schema }) => [schema.id, state.tenant.countOf(schema.id)]),
      ),
      automations: state.tenant.automations.list(),
      faults: faults.counts(),
      pending: landings.pending,
    }
  }

  /** @returns why the request isn't let in, or undefined. Counts it. */
  function refusal(request: Request, found: Match | 'method' | undefined): Response | undefined {
    const template = typeof found === 'object' ? found.route.template : '?'
    const key = request.headers.get('apikey')
    const within = traffic.admit(key ?? '', `${request.method} ${template}`, clock.elapsed(), behaviour.limit)
    if (key === null || !apiKeys.includes(key))
      return failure(401, 'Access denied: apikey is missing or not valid')
    const agent = request.headers.get('user-agent') ?? ''
    if (agent === '' || agent === DEFAULT_USER_AGENT) return failure(400, 'User-Agent is required')
    if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
      return failure(500, 'An error has occurred')
    }
    return within ? undefined : failure(429, 'Too many requests', behaviour.retryAfter ?? undefined)
  }

  async function answerApi(request: Request, url: URL, base: string): Promise<Response> {
    const found = findRoute(API_ROUTES, request.method, url.pathname.slice(base.length))
    const refused = refusal(request, found)
    if (refused !== undefined) return counted(refused)
    const text = await request.text()
    const fault = faults.strike(request.method, url, text)
    if (fault !== undefined && isLate(fault.kind)) {
      void landings.later(fault.delay ?? DEFAULT_DELAY, () => void act(found, url, text, base, desk()))
      return mishapMeanwhile(fault.kind, request.signal)
    }
    const before =
      fault === undefined ? undefined : fault.kind === 'not-kept' ? notKept() : mishapBefore(fault)
    const answered = before ?? act(found, url, text, base, desk(fault?.kind === 'page-again'))
    await pause(request.signal)
    return counted(fault === undefined ? answered : await mishapAfter(fault, answered, request.signal))
  }

  /** What is answered in the place of an interaction that is not made. */
  function notKept(): Response {
    const id = countedGuid(idSeed, state.tenant.issued)
    state.record({ type: 'interaction-ignored' })
    return answer(IGNORED_INTERACTION_STATUS, { id })
  }

  /** A request that is given up while it waits has been acted on all the same. */
  async function pause(signal: AbortSignal): Promise<void> {
    const ms = drawn(behaviour.latency, random)
    if (ms > 0) await clock.sleep(ms, signal)
  }

  function counted(response: Response): Response {
    traffic.answered(response.status)
    return response
  }

  async function send(request: Request): Promise<Response> {
    request.signal.throwIfAborted()
    const url = new URL(request.url)
    const base = /^\/(?:api\/v[23]|sandbox)(?=\/)/.exec(url.pathname)?.[0]
    if (base === undefined) return failure(404, 'Not found')
    if (base !== '/sandbox') return answerApi(request, url, base)
    const found = findRoute(admin, request.method, url.pathname.slice(base.length))
    return act(found, url, await request.text(), base, desk())
  }

  return {
    send,
    tenant: state.tenant,
    stats,
    configure,
    setFaults: (each) => faults.replace(each),
    close() {
      landings.close()
      state.close()
    },
  }
}

function act(
  found: Match | 'method' | undefined,
  url: URL,
  text: string,
  base: string,
  desk: Desk,
): Response {
  if (found === undefined) return failure(404, 'Not found')
  if (found === 'method') return failure(405, 'Method not allowed')
  let body: Json | undefined
  try {
    body = text === '' ? undefined : parseJson(text)
  } catch {
    return failure(400, 'The body is not valid JSON')
  }
  return found.route.handle({ base, params: found.params, query: url.searchParams, body }, desk)
}

function* bareTenant(): Generator<TenantEvent> {
  for (const automation of DEFAULT_AUTOMATIONS) yield { type: 'automation-set', automation }
}
