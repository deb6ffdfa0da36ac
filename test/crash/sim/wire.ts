/**
 * The network of a simulation: between a process that may die and a server that doesn't.
 * Guarantees: what has left is carried out even if the process dies meanwhile; each fault strikes the request that the
 * scenario names, by its kind and its number, and no other.
 */
import type { Send } from '../../../src/engage/types.ts'
import { failure } from '../../../src/sandbox/answers.ts'
import type { FaultKind } from '../../../src/sandbox/faults.ts'
import { brokenConnection, mishapAfter, mishapBefore } from '../../../src/sandbox/mishaps.ts'
import { between, type Random } from '../../../src/sandbox/random.ts'
import { currentLife, type Life, never, within } from './life.ts'
import type { SimTime } from './time.ts'

/** What a request is about, as far as faults are concerned. */
export type RequestKind =
  | 'list'
  | 'post'
  | 'read-one'
  | 'remove-one'
  | 'schema'
  | 'create-schema'
  | 'delete-schema'
  | 'other'

export type WireFaultKind =
  | Exclude<FaultKind, 'refuse' | 'html' | 'lands-late' | 'acts-late' | 'page-again'>
  /** The connection breaks at once; the server acts long after. */
  | 'lands-late'
  /** No answer within the client's time-out; the server acts after that. */
  | 'acts-late'
  /** The key has been revoked. */
  | '401'
  /** A listing's page is answered with the page before it. */
  | 'page-again'

/** The server has not acted, and won't. */
export const FAULTS_BEFORE: readonly WireFaultKind[] = [
  'refuse-connection',
  'reset-before',
  '429',
  '500',
  '502',
  '503',
  '504',
]
/** The server has acted, and nobody hears of it. */
export const FAULTS_AFTER: readonly WireFaultKind[] = [
  'reset-after',
  'timeout-after',
  'status-500-after',
  'truncated',
]

export interface WireFault {
  readonly of: RequestKind
  /** Which of its kind, from 1; it strikes `times` in a row. */
  readonly at: number
  readonly times: number
  readonly kind: WireFaultKind
  /** Seconds: of a Retry-After, or until a late one lands. */
  readonly delay?: number
}

export interface WireOptions {
  readonly server: Send
  readonly time: SimTime
  readonly random: Random
  /** Milliseconds, there and back. */
  readonly latency: { readonly min: number; readonly max: number }
  readonly faults: readonly WireFault[]
  trace(text: string): void
  /** Told before the server acts, and after. */
  serving(kind: RequestKind, request: Request): void
  served(kind: RequestKind, request: Request, response: Response, late: boolean): void
  /** Told of each fault that strikes. */
  struck(kind: RequestKind, body: string | null): void
  /** @returns whether the server still acts on a request that nobody waits for any more */
  mayLand(kind: RequestKind, request: Request): boolean
  /** Told when a request will be acted on late, and when it has been. */
  lateOne(kind: RequestKind, body: string | null): void
  landedLate(kind: RequestKind): void
}

export function kindOf(request: Request): RequestKind {
  const { pathname } = new URL(request.url)
  const rest = pathname.replace(/^\/api\/v\d/, '')
  if (rest === '/interactions') return request.method === 'POST' ? 'post' : 'list'
  if (rest.startsWith('/interactions/')) return request.method === 'DELETE' ? 'remove-one' : 'read-one'
  if (rest === '/interactionschemas' && request.method === 'POST') return 'create-schema'
  if (rest.startsWith('/interactionschemas')) return request.method === 'DELETE' ? 'delete-schema' : 'schema'
  return 'other'
}

export class Wire {
  readonly #options: WireOptions
  readonly #counts = new Map<RequestKind, number>()
  readonly #pages = new Map<string, { status: number; body: string }>()
  /** Signals that are waited for: nothing else keeps them from being collected. */
  readonly #waiting = new Set<AbortSignal>()
  /** Late ones that have not landed yet. */
  pending = 0
  /** How often each kind of fault has struck. */
  readonly struck = new Map<WireFaultKind, number>()

  constructor(options: WireOptions) {
    this.#options = options
  }

  count(kind: RequestKind): number {
    return this.#counts.get(kind) ?? 0
  }

  readonly send: Send = async (request) => {
    const life = currentLife()
    const kind = kindOf(request)
    if (life !== undefined && !life.effect(`${kind} leaves`)) return never()
    const number = this.count(kind) + 1
    this.#counts.set(kind, number)
    const fault = this.#options.faults.find(
      (each) => each.of === kind && number >= each.at && number < each.at + each.times,
    )
    // Read now: a dead process's body could not be.
    const copy = await copied(request)
    return this.#deliver(
      life,
      kind,
      () => within(undefined, () => this.#travel(copy, kind, fault)),
      request.signal,
    )
  }

  async #deliver(
    life: Life | undefined,
    kind: RequestKind,
    travel: () => Promise<Response>,
    signal: AbortSignal,
  ): Promise<Response> {
    try {
      const response = await travel()
      if (life?.dead === true || (life !== undefined && !life.effect(`${kind} is answered`))) return never()
      return response
    } catch (error) {
      if (error === UNANSWERED) return this.#abandoned(signal)
      if (life?.dead === true || (life !== undefined && !life.effect(`${kind} fails`))) return never()
      throw error
    }
  }

  async #travel(request: Copy, kind: RequestKind, fault: WireFault | undefined): Promise<Response> {
    const { time, random, latency, trace } = this.#options
    const way = (): number => between(random, latency.min, latency.max) / 2
    await time.sleep(way())
    if (fault === undefined) {
      const response = await this.#serve(request.make, kind)
      await time.sleep(way())
      return response
    }
    trace(`fault ${fault.kind}`)
    this.struck.set(fault.kind, (this.struck.get(fault.kind) ?? 0) + 1)
    this.#options.struck(kind, request.body)
    switch (fault.kind) {
      case 'lands-late':
        this.#later(request, kind, (fault.delay ?? 180) * 1_000)
        throw brokenConnection('ECONNRESET')
      case 'acts-late':
        this.#later(request, kind, (fault.delay ?? 180) * 1_000)
        throw UNANSWERED
      case 'page-again': {
        const asked = request.make()
        const before = this.#pages.get(listingOf(asked))
        if (before === undefined || !asked.url.includes('continuation='))
          return this.#serve(request.make, kind)
        return new Response(before.body, {
          status: before.status,
          headers: { 'content-type': 'application/json' },
        })
      }
      case 'timeout-after':
        await this.#serve(request.make, kind)
        throw UNANSWERED
      case '401':
        return failure(401, 'The API key is not valid')
      default: {
        const rule = { kind: fault.kind, ...(fault.delay !== undefined && { retryAfter: fault.delay }) }
        const before = mishapBefore(rule)
        if (before !== undefined) return before
        const response = await this.#serve(request.make, kind)
        return mishapAfter(rule, response, new AbortController().signal)
      }
    }
  }

  /** A request that nobody answers ends with its signal. */
  #abandoned(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      this.#waiting.add(signal)
      signal.addEventListener('abort', () => {
        this.#waiting.delete(signal)
        reject(signal.reason)
      })
    })
  }

  #later(request: Copy, kind: RequestKind, ms: number): void {
    this.pending += 1
    this.#options.lateOne(kind, request.body)
    void this.#options.time.sleep(ms).then(async () => {
      if (this.#options.mayLand(kind, request.make())) {
        await this.#serve(request.make, kind, true)
        this.#options.landedLate(kind)
      }
      this.pending -= 1
    })
  }

  async #serve(request: () => Request, kind: RequestKind, late = false): Promise<Response> {
    const { time, server, serving, served } = this.#options
    time.busy += 1
    try {
      const asked = request()
      serving(kind, asked)
      const response = await server(asked)
      const body = await response.text()
      if (kind === 'list') this.#pages.set(listingOf(asked), { status: response.status, body })
      const whole = (): Response =>
        new Response([204, 205, 304].includes(response.status) ? null : body, {
          status: response.status,
          headers: response.headers,
        })
      served(kind, asked, whole(), late)
      return whole()
    } finally {
      time.busy -= 1
    }
  }
}

const UNANSWERED = new Error('there will be no answer')

/** A request that can be made as often as wanted. */
interface Copy {
  readonly body: string | null
  make(): Request
}

async function copied(request: Request): Promise<Copy> {
  const { url, method } = request
  const headers = new Headers(request.headers)
  const body = method === 'GET' || method === 'DELETE' ? null : await request.text()
  return { body, make: () => new Request(url, { method, headers, body }) }
}

function listingOf(request: Request): string {
  const { searchParams } = new URL(request.url)
  return `${searchParams.get('contactId')} ${searchParams.get('schemaId')}`
}
