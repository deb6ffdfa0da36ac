/** A real HTTP server on this machine for one test, which writes down what reached it. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type ConnectOptions, connect } from '../../src/engage/connection.ts'
import { createManualClock } from '../support/clock.ts'

export interface Recorded {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface TestServer {
  readonly baseUrl: string
  readonly requests: Recorded[]
  /** How many sockets were opened. */
  sockets(): number
  /** Afterwards nothing listens at its address. */
  stop(): Promise<void>
}

export type Handler = (response: ServerResponse, request: Recorded, nth: number) => void

export const KEY = '5f0c6a7e-SECRET/key+1'

export async function startServer(handler: Handler): Promise<TestServer> {
  const requests: Recorded[] = []
  let sockets = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const recorded = { method, url, headers, body: Buffer.concat(chunks).toString() }
      requests.push(recorded)
      handler(response, recorded, requests.length)
    })
  })
  server.on('connection', () => {
    sockets++
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(stop)
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    sockets: () => sockets,
    stop,
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Options for `connect` on a clock that waits for nobody; its time-outs never fire by themselves. */
export function options(baseUrl: string, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    baseUrl,
    apiKey: KEY,
    apiVersion: 'v3',
    userAgent: 'EngageMigrate/0.1.0',
    timeoutMs: 1e9,
    ratePerSecond: 50,
    clock: createManualClock({ autoUpTo: 600_000 }),
    random: () => 0,
    ...more,
  }
}

export function connected(server: TestServer, more: Partial<ConnectOptions> = {}) {
  return connect(options(server.baseUrl, more))
}

/** @returns what a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('was not rejected')
}
