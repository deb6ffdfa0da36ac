import nock from 'nock'
import { afterEach, describe, expect, it } from 'vitest'
import { NoAnswer } from '../../src/engage/errors.ts'
import { networkSend, whole } from '../../src/engage/http.ts'
import { createManualClock } from '../support/clock.ts'
import { rejection, startServer } from './server.ts'

const patient = () => ({ timeoutMs: 1e9, clock: createManualClock() })

// Loading nock takes hold of the network; it is wanted in one test only.
nock.restore()
afterEach(() => nock.restore())

describe('networkSend', () => {
  it('hands a redirect back', async () => {
    const server = await startServer((response) => response.writeHead(302, { location: '/elsewhere' }).end())
    const answer = await networkSend(new Request(`${server.baseUrl}/`))
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/elsewhere'])
    expect(server.requests).toHaveLength(1)
  })

  it('uses a connection again', async () => {
    const server = await startServer((response) => response.end('hello'))
    const send = whole(networkSend, patient())
    for (let at = 0; at < 20; at++) await send(new Request(`${server.baseUrl}/${at}`))
    expect(server.requests).toHaveLength(20)
    // fetch may open a second one while the first has only just become free.
    expect(server.sockets()).toBeLessThanOrEqual(2)
  })

  it.each(['POST', 'DELETE'])('sends a %s once, where fetch would again: on 421', async (method) => {
    const server = await startServer((response) => response.writeHead(421).end())
    const body = method === 'POST' ? { body: '{"å":1}' } : {}
    const answer = await networkSend(new Request(`${server.baseUrl}/`, { method, ...body }))
    expect(answer.status).toBe(421)
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]?.body).toBe(body.body ?? '')
    expect(server.requests[0]?.headers['content-length']).toBe(method === 'POST' ? '8' : undefined)
    expect(server.requests[0]?.headers['transfer-encoding']).toBeUndefined()
  })
})

describe('whole', () => {
  it('answers with everything, and leaves no timer', async () => {
    const clock = createManualClock()
    const server = await startServer((response) => response.writeHead(404, { 'x-mark': 'm' }).end('whole'))
    const answer = await whole(networkSend, { timeoutMs: 1000, clock })(new Request(`${server.baseUrl}/`))
    expect([answer.status, answer.headers.get('x-mark'), await answer.text()]).toEqual([404, 'm', 'whole'])
    expect(clock.sleeping()).toBe(0)
  })

  it('passes an answer without a body', async () => {
    const server = await startServer((response) => response.writeHead(204).end())
    expect((await whole(networkSend, patient())(new Request(`${server.baseUrl}/`))).status).toBe(204)
  })

  it.each([
    ['counted', { 'content-length': '1000' }],
    ['chunked', {}],
  ])('takes a body cut short for no answer: %s', async (_name, headers) => {
    const server = await startServer((response) => {
      response.writeHead(200, headers)
      response.write('{"items":[', () => response.destroy())
    })
    const clock = createManualClock()
    const send = whole(networkSend, { timeoutMs: 1000, clock })
    expect(await rejection(send(new Request(`${server.baseUrl}/`)))).toBeInstanceOf(NoAnswer)
    expect(clock.sleeping()).toBe(0)
  })

  it('says why the network failed', async () => {
    nock.activate()
    nock('http://127.0.0.1:12345')
      .get('/')
      .replyWithError(Object.assign(new Error('broken'), { code: 'ECONNRESET' }))
    const error = await rejection(whole(networkSend, patient())(new Request('http://127.0.0.1:12345/')))
    expect(error).toBeInstanceOf(NoAnswer)
    expect(error).toMatchObject({ timedOut: false, message: 'broken (ECONNRESET)' })
  })

  const coded = (code: string): Error => Object.assign(new Error(code), { code })
  const several = (...codes: readonly string[]): Error =>
    Object.assign(new AggregateError(codes.map(coded)), { code: codes[0] })

  it.each([
    ['ECONNREFUSED', coded('ECONNREFUSED'), true],
    ['ENOTFOUND', coded('ENOTFOUND'), true],
    ['EAI_AGAIN', coded('EAI_AGAIN'), true],
    ['ECONNRESET', coded('ECONNRESET'), false],
    [
      'ECONNREFUSED with another cause',
      Object.assign(coded('ECONNREFUSED'), { cause: coded('EPIPE') }),
      false,
    ],
    ['every address refused', several('ECONNREFUSED', 'ECONNREFUSED'), true],
    ['one address refused, one out of time', several('ECONNREFUSED', 'ETIMEDOUT'), false],
    ['no address', several(), false],
    ['no cause', undefined, false],
  ])('says whether the request can have left: %s', async (_how, cause, unsent) => {
    const broken = () => Promise.reject(new TypeError('fetch failed', { cause }))
    const error = await rejection(whole(broken, patient())(new Request('http://127.0.0.1:12345/')))
    expect(error).toMatchObject({ name: 'NoAnswer', unsent })
  })

  it.each(['headers', 'body'])('runs out of time while waiting for the %s', async (part) => {
    const arrived = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const server = await startServer((response) => {
      response.on('close', closed.resolve)
      if (part === 'body') response.writeHead(200).write('{"it')
      arrived.resolve()
    })
    const clock = createManualClock()
    const gone = rejection(
      whole(networkSend, { timeoutMs: 30_000, clock })(new Request(`${server.baseUrl}/`, { method: 'POST' })),
    )
    await arrived.promise
    await clock.advance(29_999)
    expect(clock.sleeping()).toBe(1)
    await clock.advance(1)
    expect(await gone).toMatchObject({ name: 'NoAnswer', timedOut: true })
    await closed.promise
    expect(server.requests).toHaveLength(1)
  })

  it.each(['heeds', 'ignores'])(
    'ends with the reason of the request, if the Send %s its signal',
    async (how) => {
      const clock = createManualClock()
      const silent = (request: Request): Promise<Response> =>
        new Promise((_resolve, reject) => {
          if (how === 'heeds')
            request.signal.addEventListener('abort', () => reject(new Error('other words')))
        })
      const abort = new AbortController()
      const request = new Request('http://localhost/', { signal: abort.signal })
      const gone = rejection(whole(silent, { timeoutMs: 1000, clock })(request))
      abort.abort('enough')
      expect(await gone).toBe('enough')
      expect(clock.sleeping()).toBe(0)
      expect(await rejection(whole(silent, { timeoutMs: 1000, clock })(request))).toBe('enough')
    },
  )
})
