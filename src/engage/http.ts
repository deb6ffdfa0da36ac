/**
 * One request over the network, and its whole answer.
 * Guarantees: a redirect is handed back, never followed; an answer has come completely, headers and body, or
 * there is an error; nothing is left running after either (no timer, no half-read body).
 */
import type { Clock } from '../clock.ts'
import { codeOf, messageOf } from '../errors.ts'
import { NeverSent, NoAnswer } from './errors.ts'
import type { Send } from './types.ts'

export interface WholeOptions {
  /** Milliseconds for one attempt, from sending to the last byte of the answer. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The machine's network. Connections are kept open between requests. Sends once, whatever the answer. */
export const networkSend: Send = async (request) => {
  if (request.method === 'GET') return fetch(request, { redirect: 'manual' })
  // fetch itself sends a request again when it is answered 421 (Fetch standard, "HTTP-network-or-cache fetch"),
  // unless its body is a stream, which it can't read twice. The length keeps the stream from going out chunked.
  const body = await request.blob()
  const headers = new Headers(request.headers)
  headers.set('content-length', String(body.size))
  return fetch(request.url, {
    method: request.method,
    headers,
    body: body.stream(),
    duplex: 'half',
    redirect: 'manual',
    signal: request.signal,
  })
}

/** One for all: a reason of its own would be an error with a stack for every request. */
const OVER = new Error('the request is over')

/**
 * @returns a Send whose answers are complete and in memory.
 * @throws (the Send) NoAnswer where the network failed, the body was cut short or time ran out; NeverSent where fetch
 * sends nothing to that address; the request's own reason where its signal was aborted.
 */
export function whole(send: Send, { timeoutMs, clock }: WholeOptions): Send {
  return async (request) => {
    request.signal.throwIfAborted()
    const outOfTime = new AbortController()
    const over = new AbortController()
    // The request's signal ends this wait too, for a Send that takes no notice of it.
    const late = clock.sleep(timeoutMs, AbortSignal.any([request.signal, over.signal])).then(() => {
      const error = new NoAnswer(`no complete answer within ${timeoutMs} ms`, true)
      outOfTime.abort(error)
      throw error
    })
    const signal = AbortSignal.any([request.signal, outOfTime.signal])
    try {
      return await Promise.race([receive(send, new Request(request, { signal })), late])
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason
      throw error instanceof NoAnswer ? error : failureOf(error)
    } finally {
      over.abort(OVER)
    }
  }
}

async function receive(send: Send, request: Request): Promise<Response> {
  const answer = await send(request)
  const body = await answer.arrayBuffer()
  const headers = new Headers(answer.headers)
  // They told of the body as it travelled; this one is decoded already.
  headers.delete('content-encoding')
  headers.delete('content-length')
  return new Response(mayHaveBody(answer.status) ? body : null, {
    status: answer.status,
    statusText: answer.statusText,
    headers,
  })
}

/** Statuses for which `new Response` takes no body ("null body status" of the Fetch standard). */
function mayHaveBody(status: number): boolean {
  return ![204, 205, 304].includes(status)
}

/** Ports that fetch keeps away from, and schemes that it doesn't know, have no code: only these words. */
function failureOf(error: unknown): NeverSent | NoAnswer {
  const words = wordsOf(error)
  return /^(bad port|unknown scheme)$/.test(words)
    ? new NeverSent(words, error)
    : new NoAnswer(words, false, error)
}

/** fetch says only "fetch failed" or "terminated"; what happened is in the last of the causes. */
function wordsOf(error: unknown): string {
  let last = error
  while (last instanceof Error && last.cause instanceof Error) last = last.cause
  const code = codeOf(error)
  const words = messageOf(last)
  return code === undefined || words.includes(code) ? words : `${words} (${code})`
}
