/**
 * What a fault looks like to the caller when there is no socket: the same as fetch would show it.
 * Guarantees: a broken connection is a TypeError whose cause has the system's code; a request without an answer
 * stays pending until its signal aborts.
 */
import { answer, failure } from './answers.ts'
import type { FaultKind, FaultRule } from './faults.ts'

/** Kinds after which the server acts, but not yet. */
export type LateKind = Extract<FaultKind, `${string}-late`>

const TEXTS = new Map([
  ['429', 'Too many requests'],
  ['500', 'An error has occurred'],
  ['502', 'Bad gateway'],
  ['503', 'Service unavailable'],
  ['504', 'Gateway timeout'],
])

/** @returns what fetch throws where a connection fails, with `ECONNREFUSED` or `ECONNRESET` as its cause's code. */
export function brokenConnection(code: 'ECONNREFUSED' | 'ECONNRESET'): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}

export function isLate(kind: FaultKind): kind is LateKind {
  return kind === 'lands-late' || kind === 'acts-late'
}

/**
 * @returns the answer of a fault that strikes before the server acts; undefined where the server is to act.
 * Throws a TypeError where the connection breaks.
 */
export function mishapBefore(rule: FaultRule): Response | undefined {
  switch (rule.kind) {
    case 'refuse-connection':
      throw brokenConnection('ECONNREFUSED')
    case 'reset-before':
      throw brokenConnection('ECONNRESET')
    case 'html':
      return new Response('<!doctype html><title>Maintenance</title><p>We will be back soon.', {
        headers: { 'content-type': 'text/html; charset=utf-8' },
      })
    case 'refuse':
      return failure(400, rule.message ?? 'The request is invalid')
    case 'no-id':
      return answer(200, {})
    default: {
      const text = TEXTS.get(rule.kind)
      return text === undefined ? undefined : failure(Number(rule.kind), text, rule.retryAfter)
    }
  }
}

/** @returns nothing, ever: what the caller has of a request that the server acts on late. Rejects as the kind has it. */
export async function mishapMeanwhile(kind: LateKind, signal: AbortSignal): Promise<never> {
  if (kind === 'lands-late') throw brokenConnection('ECONNRESET')
  return aborted(signal)
}

/** @returns what becomes of the answer of a server that has acted. Rejects where there is none. */
export async function mishapAfter(
  rule: FaultRule,
  answered: Response,
  signal: AbortSignal,
): Promise<Response> {
  switch (rule.kind) {
    case 'reset-after':
      throw brokenConnection('ECONNRESET')
    case 'timeout-after':
      return aborted(signal)
    case 'status-500-after':
      return failure(500, 'An error has occurred')
    case 'truncated':
      return truncated(answered)
    default:
      return answered
  }
}

/** Signals of requests that are never answered: nothing else keeps them from being collected, and then from aborting. */
const waited = new Set<AbortSignal>()

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    waited.add(signal)
    const end = (): void => {
      waited.delete(signal)
      reject(signal.reason)
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

/** The length of the whole body is announced, half of it comes. An answer without a body breaks as a whole. */
async function truncated(answered: Response): Promise<Response> {
  const bytes = new Uint8Array(await answered.arrayBuffer())
  if (bytes.length === 0) throw brokenConnection('ECONNRESET')
  const half = bytes.subarray(0, Math.floor(bytes.length / 2))
  let sent = false
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) {
        const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
        controller.error(new TypeError('terminated', { cause }))
      } else if (half.length > 0) controller.enqueue(half)
      sent = true
    },
  })
  const headers = new Headers(answered.headers)
  headers.set('content-length', String(bytes.length))
  return new Response(body, { status: answered.status, headers })
}
