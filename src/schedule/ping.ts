/**
 * Tells a cron monitor that a run has begun, succeeded or failed (`URL/start`, `URL`, `URL/fail`: the convention of
 * Healthchecks and others).
 * Guarantees: a ping that does not arrive is told in one line and changes nothing else, and takes 40 seconds at most;
 * the address is a secret of whoever set the monitor up: no more of it than the host is ever shown.
 */
import type { Clock } from '../clock.ts'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { isLoopback } from '../loopback.ts'

export type Network = (request: Request) => Promise<Response>

export interface Pinger {
  /** The run begins: the monitor measures from here, and alarms where nothing follows. */
  start(text: string): Promise<void>
  success(text: string): Promise<void>
  fail(text: string): Promise<void>
}

export interface PingOptions {
  /** The machine's own where absent. */
  readonly network?: Network | undefined
  readonly clock: Clock
  /** Where a line for people goes. */
  readonly say: (text: string) => void
}

/** Milliseconds for one attempt. */
const TIMEOUT = 10_000
/** Milliseconds before the second and the third attempt. */
const WAITS = [1_000, 4_000]
/** Characters of a text that are sent: monitors keep little more. */
const LONGEST = 2_000

/** A redirect would take the secret elsewhere. */
const machineNetwork: Network = (request) => fetch(request, { redirect: 'manual' })

/**
 * @param url address of the monitor's check, as its pages show it; a query is kept
 * @returns what pings it, with texts that hold counts and names of schemas: no personal data, no secrets
 * @throws OperatorError (exit 2) where it is no such address
 */
export function createPinger(url: string, { network = machineNetwork, clock, say }: PingOptions): Pinger {
  const base = checkPingUrl(url)
  const ping = async (name: string, suffix: string, text: string): Promise<void> => {
    let problem = ''
    for (const wait of [...WAITS, undefined]) {
      const attempt = await pingOnce(addressOf(base, suffix), text, network, clock)
      if (attempt === undefined) return
      problem = attempt.problem
      if (!attempt.again || wait === undefined) break
      await clock.sleep(wait)
    }
    say(
      `The monitor at ${base.host} could not be told of ${name}: ${problem}. The run is none the worse for it.`,
    )
  }
  return {
    start: (text) => ping('the start', '/start', text),
    success: (text) => ping('the success', '', text),
    fail: (text) => ping('the failure', '/fail', text),
  }
}

/**
 * @returns the address, parsed
 * @throws OperatorError (exit 2) where it is none that a ping can go to; the address isn't repeated in it
 */
export function checkPingUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw refusal('is not a URL')
  if (url.username !== '' || url.password !== '') throw refusal('has a name or a password in it')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw refusal('is neither https nor http on this machine')
  url.hash = ''
  return url
}

/** @returns the address with a suffix to its path, before the query */
function addressOf(base: URL, suffix: string): URL {
  const url = new URL(base)
  if (suffix !== '') url.pathname = `${url.pathname.replace(/\/+$/, '')}${suffix}`
  return url
}

interface Failure {
  /** Without any word of the other side's. */
  readonly problem: string
  /** Whether it may be otherwise the next time. */
  readonly again: boolean
}

const LATE: Failure = { problem: `no answer within ${TIMEOUT / 1_000} seconds`, again: true }

/** @returns undefined where it has arrived */
async function pingOnce(
  url: URL,
  text: string,
  network: Network,
  clock: Clock,
): Promise<Failure | undefined> {
  const late = new AbortController()
  const over = new AbortController()
  const request = new Request(url, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'engage-migrate' },
    body: text.slice(0, LONGEST),
    signal: late.signal,
  })
  // In the race, since a network may take no notice of the signal.
  const inTime = clock.sleep(TIMEOUT, over.signal).then(() => {
    late.abort()
    return LATE
  })
  try {
    return await Promise.race([answerTo(request, network), inTime])
  } catch (error) {
    if (late.signal.aborted) return LATE
    // Only the code: an error's words may have the address in them.
    return { problem: `no answer (${codeOf(error) ?? 'the connection failed'})`, again: true }
  } finally {
    over.abort()
  }
}

async function answerTo(request: Request, network: Network): Promise<Failure | undefined> {
  const answer = await network(request)
  await answer.body?.cancel()
  if (answer.ok) return undefined
  const { status } = answer
  return { problem: `it answered ${status}`, again: status >= 500 || status === 408 || status === 429 }
}

function refusal(what: string): OperatorError {
  return new OperatorError({
    what: `The address of --ping-url ${what}.`,
    safe: 'Nothing was sent or changed.',
    next: 'Copy it from the monitor: https://… , the check alone, without /start or /fail.',
    exit: EXIT.usage,
  })
}
