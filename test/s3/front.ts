/**
 * What stands between a client and an object store on this machine, and makes trouble on demand.
 * Guarantees: what is not meddled with reaches the store as it was sent, signature and all, and comes back as it was
 * answered; a store that can't list its multipart uploads is given the list of those that have passed.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Passing {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Resolves when the connection that it came over is gone. */
  readonly closed: Promise<void>
}

/** `cut` destroys the connection, `cutAfter` once that many bytes of the answer have gone out. */
export type Meddling =
  | 'pass'
  | 'cut'
  | { readonly cutAfter: number }
  | { readonly status: number; readonly body: string }

export interface Front {
  readonly endpoint: string
  /** All that came, in order. */
  readonly seen: readonly Passing[]
  /** Decides about each request from now on; until then, and where it says so, they pass. */
  meddle(decide: (passing: Passing) => Meddling | Promise<Meddling>): void
  /** Lets everything pass again. */
  heal(): void
  close(): Promise<void>
}

export interface FrontOptions {
  /** Where the store listens: `http://127.0.0.1:7480`. */
  readonly store: string
  readonly listsUploads: boolean
}

export async function openFront({ store, listsUploads }: FrontOptions): Promise<Front> {
  const seen: Passing[] = []
  const open = new Map<string, string>()
  const closed = new WeakMap<Socket, Promise<void>>()
  let decide: (passing: Passing) => Meddling | Promise<Meddling> = () => 'pass'

  const server = createServer(async (incoming, response) => {
    const { method = '', url = '', headers } = incoming
    const passing = { method, url, headers, closed: closed.get(incoming.socket) ?? Promise.resolve() }
    seen.push(passing)
    const meddling = await decide(passing)
    if (meddling === 'cut') incoming.socket.destroy()
    else if (typeof meddling === 'object' && 'status' in meddling) answer(incoming, response, meddling)
    else if (!listsUploads && method === 'GET' && /[?&]uploads/.test(url))
      answer(incoming, response, { status: 200, body: listOf(open, new URL(url, store)) })
    else pass(incoming, response, store, meddling === 'pass' ? undefined : meddling.cutAfter, open)
  })
  server.on('connection', (socket) => {
    closed.set(socket, new Promise((resolve) => socket.once('close', () => resolve())))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    meddle(next) {
      decide = next
    },
    heal() {
      decide = () => 'pass'
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, body }: { readonly status: number; readonly body: string },
): void {
  incoming.resume()
  const type = body.startsWith('<?xml') ? 'application/xml' : 'text/html'
  response.writeHead(status, { 'content-type': type }).end(body)
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  store: string,
  cutAfter: number | undefined,
  open: Map<string, string>,
): void {
  const { method = '', url = '', headers } = incoming
  // The host stays the one that was signed.
  const onward = request(new URL(url, store), { method, headers }, (answered) => {
    const { pathname, searchParams } = new URL(url, store)
    const id = searchParams.get('uploadId')
    if (id !== null && method !== 'PUT' && answered.statusCode !== undefined && answered.statusCode < 300)
      open.delete(id)
    const begun = method === 'POST' && searchParams.has('uploads')
    let bytes = 0
    let text = ''
    response.writeHead(answered.statusCode ?? 502, answered.headers)
    answered.on('data', (chunk: Buffer) => {
      if (begun) text += chunk.toString()
      const room = (cutAfter ?? Number.POSITIVE_INFINITY) - bytes
      bytes += chunk.length
      if (chunk.length < room) response.write(chunk)
      else response.write(chunk.subarray(0, room), () => incoming.socket.destroy())
    })
    answered.on('end', () => {
      const upload = /<UploadId>(.+)<\/UploadId>/.exec(text)?.[1]
      if (upload !== undefined) open.set(upload, decodeURIComponent(pathname))
      if (bytes < (cutAfter ?? Number.POSITIVE_INFINITY)) response.end()
    })
  })
  onward.on('error', () => incoming.socket.destroy())
  incoming.on('error', () => onward.destroy())
  incoming.pipe(onward)
}

/** As S3 lists them: sorted by key, then by id, after the markers. */
function listOf(open: ReadonlyMap<string, string>, { pathname, searchParams }: URL): string {
  const bucket = `/${pathname.split('/')[1]}/`
  const after = `${searchParams.get('key-marker') ?? ''}\n${searchParams.get('upload-id-marker') ?? ''}`
  const most = Number(searchParams.get('max-uploads') ?? 1000)
  const rest = [...open]
    .filter(([, path]) => path.startsWith(bucket + (searchParams.get('prefix') ?? '')))
    .map(([id, path]) => ({ id, key: path.slice(bucket.length) }))
    .sort((a, b) => (`${a.key}\n${a.id}` < `${b.key}\n${b.id}` ? -1 : 1))
    .filter(({ id, key }) => after === '\n' || `${key}\n${id}` > after)
  const page = rest.slice(0, most)
  const last = page.at(-1)
  const next =
    rest.length > page.length
      ? `<NextKeyMarker>${last?.key}</NextKeyMarker><NextUploadIdMarker>${last?.id}</NextUploadIdMarker>`
      : ''
  const uploads = page.map(({ id, key }) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`)
  return (
    '<?xml version="1.0" encoding="UTF-8"?><ListMultipartUploadsResult>' +
    `<IsTruncated>${rest.length > page.length}</IsTruncated>${next}${uploads.join('')}</ListMultipartUploadsResult>`
  )
}
