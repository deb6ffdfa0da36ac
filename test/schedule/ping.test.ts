/** A cron monitor, as a real server of this machine, and what reaches it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { createPinger } from '../../src/schedule/ping.ts'
import { createManualClock } from '../support/clock.ts'

const SECRET = 'd5c1-secret-of-the-check'

interface Monitor {
  readonly url: string
  readonly host: string
  /** Method, path and body of each ping that came. */
  readonly heard: string[]
  /** Resolves once so many pings have come. */
  came(count: number): Promise<void>
  close(): Promise<void>
}

/** @param answer what becomes of ping number 1, 2, …; nothing is sent where it does nothing */
async function monitor(answer: (response: ServerResponse, number: number) => void): Promise<Monitor> {
  const heard: string[] = []
  const waiting = new Map<number, () => void>()
  const server = createServer(async (request: IncomingMessage, response) => {
    heard.push(`${request.method} ${request.url} ${await text(request)}`)
    waiting.get(heard.length)?.()
    answer(response, heard.length)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((done) => server.close(() => done()))
  }
  onTestFinished(close)
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/ping/${SECRET}`,
    host,
    heard,
    came: (count) =>
      heard.length >= count ? Promise.resolve() : new Promise((done) => waiting.set(count, done)),
    close,
  }
}

/** What is said, and a clock on which short waits need nobody. */
function bench() {
  const said: string[] = []
  const clock = createManualClock({ autoUpTo: 5_000 })
  return { said, clock, say: (line: string) => said.push(line) }
}

const ok = (response: ServerResponse): void => void response.end('OK')

describe('A ping', () => {
  test('goes to the check, its start or its failure, with a text, and is not spoken of', async () => {
    const { url, heard } = await monitor(ok)
    const { said, ...options } = bench()
    const pinger = createPinger(url, options)
    await pinger.start('wishlist')
    await pinger.success('wishlist: 12 contacts')
    await pinger.fail('exit 5')
    expect(heard).toEqual([
      `POST /ping/${SECRET}/start wishlist`,
      `POST /ping/${SECRET} wishlist: 12 contacts`,
      `POST /ping/${SECRET}/fail exit 5`,
    ])
    expect(said).toEqual([])
    expect(options.clock.sleeping()).toBe(0)
  })

  test('keeps the query behind the suffix, and makes no path with two slashes', async () => {
    const { url, heard } = await monitor(ok)
    const { said, ...options } = bench()
    await createPinger(`${url}/?rid=1&b=%20`, options).start('')
    await createPinger(`${url}?rid=1`, options).success('')
    expect(heard).toEqual([`POST /ping/${SECRET}/start?rid=1&b=%20 `, `POST /ping/${SECRET}?rid=1 `])
    expect(said).toEqual([])
  })

  test('sends a beginning of a long text', async () => {
    const { url, heard } = await monitor(ok)
    const { said, ...options } = bench()
    await createPinger(url, options).fail('x'.repeat(100_000))
    expect(heard[0]?.length).toBeLessThan(2_100)
    expect(said).toEqual([])
  })

  test('is tried again where the monitor stumbles', async () => {
    const { url, heard } = await monitor((response, number) => {
      if (number === 1) response.destroy()
      else response.writeHead(number === 2 ? 503 : 200).end()
    })
    const { said, ...options } = bench()
    await createPinger(url, options).success('done')
    expect(heard).toHaveLength(3)
    expect(options.clock.elapsed()).toBe(5_000)
    expect(said).toEqual([])
  })

  test.each([
    ['500', 3],
    ['404', 1],
    ['301', 1],
  ])(
    'that is answered %s is told in one line, with the host alone, after %i attempts',
    async (status, attempts) => {
      const { url, host, heard } = await monitor((response) =>
        response.writeHead(Number(status), { location: '/elsewhere' }).end('words of the monitor'),
      )
      const { said, ...options } = bench()
      await createPinger(url, options).start('begins')
      expect(heard).toHaveLength(attempts)
      expect(said).toEqual([
        `The monitor at ${host} could not be told of the start: it answered ${status}. The run is none the worse for it.`,
      ])
    },
  )

  test('to a monitor that is not there is told with the code of the network', async () => {
    const { url, close } = await monitor(ok)
    await close()
    const { said, ...options } = bench()
    await createPinger(url, options).fail('exit 1')
    expect(said).toEqual([expect.stringContaining('of the failure: no answer (ECONNREFUSED).')])
    expect(said.join()).not.toContain(SECRET)
  })

  test('waits ten seconds for an answer, three times, and then for nothing more', async () => {
    const { url, host, came } = await monitor(() => undefined)
    const { said, ...options } = bench()
    const ended = createPinger(url, options).success('done')
    for (const attempt of [1, 2, 3]) {
      await came(attempt)
      await options.clock.advance(10_000)
    }
    await ended
    expect(said).toEqual([
      `The monitor at ${host} could not be told of the success: no answer within 10 seconds. The run is none the worse for it.`,
    ])
    expect(options.clock.sleeping()).toBe(0)
  })

  test('ends in time over a network that takes no notice of being stopped', async () => {
    const { said, ...options } = bench()
    const ended = createPinger('https://hc.example/x', {
      ...options,
      network: () => new Promise(() => undefined),
    }).success('done')
    for (const _ of [1, 2, 3]) await options.clock.advance(12_500)
    await ended
    expect(said).toHaveLength(1)
  })
})

describe('An address', () => {
  test.each([
    ['no URL at all', `hc-ping.com/${SECRET}`],
    ['plain http to another machine', `http://hc-ping.com/${SECRET}`],
    ['a file', `file:///${SECRET}`],
    ['a password in it', `https://me:${SECRET}@hc-ping.com/x`],
  ])('that is %s is refused, without being repeated', (_, url) => {
    const { said, ...options } = bench()
    let thrown: unknown
    try {
      createPinger(url, options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(OperatorError)
    const { exit, message, next } = thrown as OperatorError
    expect(exit).toBe(EXIT.usage)
    expect(`${message} ${next}`).not.toContain(SECRET)
    expect(said).toEqual([])
  })

  test.each(['https://hc-ping.com/x', 'http://localhost:8000/ping/x', 'http://[::1]/x'])(
    '%s will do',
    (url) => {
      const { said, ...options } = bench()
      expect(() => createPinger(url, options)).not.toThrow()
      expect(said).toEqual([])
    },
  )
})
