/**
 * The sandbox behind a real socket.
 * Guarantees: a broken connection is a socket reset, a body cut short is one that ends before its announced
 * length; `close` ends every connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { codeOf, messageOf } from '../errors.ts'
import { failure } from './answers.ts'
import type { Sandbox } from './app.ts'

export interface Served {
  /** Without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

export interface ServeOptions {
  /** 0 or absent: any that is free. */
  readonly port?: number
  /** 127.0.0.1 where absent: the routes under /sandbox/ need no key. */
  readonly host?: string
}

/** Listens until closed. Rejects where the port is taken. Closing it doesn't close the sandbox. */
export async function serve(sandbox: Sandbox, options: ServeOptions = {}): Promise<Served> {
  const { port = 0, host = '127.0.0.1' } = options
  const server = createServer((incoming, outgoing) => void handle(sandbox, incoming, outgoing))
  // Longer than any client keeps an idle connection, so that the only resets are those that were asked for.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(sandbox: Sandbox, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController()
  // Also once the answer is out, where no one is left to hear it.
  outgoing.once('close', () => gone.abort())
  outgoing.on('error', () => {})
  let response: Response
  try {
    response = await sandbox.send(await requestOf(incoming, gone.signal))
  } catch (error) {
    if (gone.signal.aborted) return
    const code = codeOf(error)
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') {
      incoming.socket.resetAndDestroy()
      return
    }
    response = failure(500, messageOf(error))
  }
  await write(response, outgoing)
}

async function requestOf(incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  }
  const { method = 'GET', url = '/' } = incoming
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks)
  return new Request(new URL(url, 'http://sandbox'), { method, headers, body, signal })
}

async function write(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) {
    outgoing.end()
    return
  }
  try {
    for await (const chunk of response.body) {
      // What was written must have left before a socket is destroyed, or nothing of it arrives.
      await new Promise<void>((resolve) => outgoing.write(chunk, () => resolve()))
    }
    outgoing.end()
  } catch {
    outgoing.destroy()
  }
}
