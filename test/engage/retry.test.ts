import { describe, expect, it } from 'vitest'
import { createReader, createWriter } from '../../src/engage/client.ts'
import { EngageError, NoAnswer } from '../../src/engage/errors.ts'
import { networkSend } from '../../src/engage/http.ts'
import { type Attempt, RETRY_POLICY, type Retry, retryDecision, retrying } from '../../src/engage/retry.ts'
import { retryAfterMs } from '../../src/engage/retry-after.ts'
import { createManualClock } from '../support/clock.ts'
import { connected, json, rejection, startServer } from './server.ts'

const made = (more: Partial<Attempt>): Attempt => ({
  method: 'GET',
  attempt: 1,
  status: 503,
  retryAfterMs: undefined,
  ...more,
})
const get = () => new Request('http://localhost/')

describe('retryDecision', () => {
  it('grows up to a minute, then gives up', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => retryDecision(made({ attempt }), RETRY_POLICY, 0))
    expect(waits).toEqual([1000, 3000, 9000, 27_000, 60_000, 'give up'])
  })
  it('shortens by up to half', () => {
    expect(retryDecision(made({ attempt: 2 }), RETRY_POLICY, 0.5)).toBe(2250)
    expect(retryDecision(made({ attempt: 2 }), RETRY_POLICY, 1)).toBe(1500)
  })
  it('never waits less than asked, up to a cap, and never less than without', () => {
    expect(retryDecision(made({ retryAfterMs: 120_000 }), RETRY_POLICY, 1)).toBe(120_000)
    expect(retryDecision(made({ retryAfterMs: 3_600_000 }), RETRY_POLICY, 0)).toBe(300_000)
    expect(retryDecision(made({ retryAfterMs: 0 }), RETRY_POLICY, 0)).toBe(1000)
  })
  it.each([
    [undefined, true],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [400, false],
    [401, false],
    [404, false],
    [302, false],
    [200, false],
  ])('status %s: again is %s', (status, again) => {
    expect(retryDecision(made({ status }), RETRY_POLICY, 0) !== 'give up').toBe(again)
  })
  it.each(['POST', 'DELETE', 'PUT'])('never a %s', (method) => {
    expect(retryDecision(made({ method, status: 429 }), RETRY_POLICY, 0)).toBe('give up')
  })
})

describe('retryAfterMs', () => {
  const now = Date.UTC(2024, 0, 1)
  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': 'Mon, 01 Jan 2024 00:00:09 GMT' }, 9000],
    [{ 'retry-after': 'Mon, 01 Jan 2024 00:00:09 GMT', date: 'Mon, 01 Jan 2024 00:00:04 GMT' }, 5000],
    [{ 'retry-after': 'Sun, 31 Dec 2023 00:00:09 GMT' }, 0],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': '1.5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%o is %s', (headers, expected) => {
    expect(retryAfterMs(new Headers(headers as Record<string, string>), now)).toBe(expected)
  })
})

describe('retrying', () => {
  it('tries a GET again until it is answered, waiting by the clock', async () => {
    const server = await startServer((response, _request, nth) => {
      if (nth === 1) response.writeHead(503, { 'retry-after': '100' }).end()
      else if (nth === 2) response.destroy()
      else if (nth === 3) json(response, 429, {})
      else json(response, 200, 42)
    })
    const clock = createManualClock({ autoUpTo: 600_000 })
    const retries: Retry[] = []
    const reader = createReader(connected(server, { clock, onRetry: (retry) => retries.push(retry) }))
    expect(await reader.countContacts()).toBe(42)
    expect(retries.map(({ attempt, status, waitMs }) => [attempt, status, waitMs])).toEqual([
      [1, 503, 100_000],
      [2, undefined, 3000],
      [3, 429, 9000],
    ])
  })

  it('takes a slot at the limiter for each attempt', async () => {
    const server = await startServer((response, _request, nth) => json(response, nth < 6 ? 500 : 200, 1))
    const clock = createManualClock({ autoUpTo: 600_000 })
    await createReader(connected(server, { clock, ratePerSecond: 0.01 })).countContacts()
    // Six attempts at one in 100 s, of which three may leave at once; the waits of the retries are shorter.
    expect(clock.elapsed()).toBe(300_000)
  })

  it('returns the last answer as it came, after as many attempts as set', async () => {
    const server = await startServer((response) => json(response, 500, { message: 'An error has occurred' }))
    const error = await rejection(createReader(connected(server)).listSchemas())
    expect(error).toBeInstanceOf(EngageError)
    expect(error).toMatchObject({ status: 500, serverMessage: 'An error has occurred', outcome: 'unknown' })
    expect(server.requests).toHaveLength(6)
  })

  it('does not repeat what would be answered the same way again', async () => {
    const server = await startServer((response) => json(response, 400, {}))
    await rejection(createReader(connected(server)).listSchemas())
    expect(server.requests).toHaveLength(1)
  })

  it('does not take a mistake of ours for the network', async () => {
    let calls = 0
    const send = retrying(
      async () => {
        calls++
        throw new RangeError('a mistake')
      },
      { clock: createManualClock({ autoUpTo: 1e9 }), random: () => 0 },
    )
    expect(await rejection(send(get()))).toBeInstanceOf(RangeError)
    expect(calls).toBe(1)
  })

  it('ends at once when aborted, in a wait too', async () => {
    const clock = createManualClock()
    let calls = 0
    const send = retrying(
      async () => {
        calls++
        throw new NoAnswer('none', false)
      },
      { clock, random: () => 0 },
    )
    const abort = new AbortController()
    const gone = rejection(send(new Request(get(), { signal: abort.signal })))
    await clock.advance(1500)
    expect([calls, clock.sleeping()]).toEqual([2, 1])
    const reason = new Error('interrupted')
    abort.abort(reason)
    expect(await gone).toBe(reason)
    expect([calls, clock.sleeping()]).toEqual([2, 0])
  })
})

describe('a POST or a DELETE', () => {
  const calls = {
    createInteraction: (writer: ReturnType<typeof createWriter>) =>
      writer.createInteraction({ contactId: 'c', schemaId: 's', payload: {} }),
    deleteSchema: (writer: ReturnType<typeof createWriter>) => writer.deleteSchema('s'),
    deleteInteraction: (writer: ReturnType<typeof createWriter>) => writer.deleteInteraction('i'),
    createSchema: (writer: ReturnType<typeof createWriter>) =>
      writer.createSchema({ id: 's', displayName: 'S', jsonSchema: { properties: {} } }),
  }
  const names = Object.keys(calls) as Array<keyof typeof calls>

  describe.each(names)('%s', (name) => {
    it.each([408, 421, 429, 500, 502, 503])('is sent once on %s', async (status) => {
      const server = await startServer((response) => {
        response.writeHead(status, { 'retry-after': '1' })
        response.end('{}')
      })
      const error = await rejection(calls[name](createWriter(connected(server))))
      const refused = status === 429 || status === 421
      expect(error).toMatchObject({ status, outcome: refused ? 'refused' : 'unknown', retryAfterMs: 1000 })
      expect(server.requests).toHaveLength(1)
    })

    it('is sent once when the connection is lost, on a connection used before too', async () => {
      const server = await startServer((response, request) => {
        if (request.method === 'GET') json(response, 200, 1)
        else response.destroy()
      })
      const connection = connected(server)
      await createReader(connection).countContacts()
      const error = await rejection(calls[name](createWriter(connection)))
      expect(error).toMatchObject({ name: 'EngageError', status: undefined, outcome: 'unknown' })
      expect(server.requests.map(({ method }) => method)).toHaveLength(2)
    })

    it('is sent once when time runs out', async () => {
      const clock = createManualClock()
      const arrived = Promise.withResolvers<void>()
      const server = await startServer(() => arrived.resolve())
      const gone = rejection(calls[name](createWriter(connected(server, { clock, timeoutMs: 30_000 }))))
      await arrived.promise
      await clock.advance(30_000)
      expect(await gone).toMatchObject({ name: 'EngageError', outcome: 'unknown' })
      await clock.advance(3_600_000)
      expect(server.requests).toHaveLength(1)
    })

    it('is tried once when nothing listens, and has not left', async () => {
      let attempts = 0
      const server = await startServer(() => {})
      await server.stop()
      const network = (request: Request) => {
        attempts++
        return networkSend(request)
      }
      const error = await rejection(calls[name](createWriter(connected(server, { network }))))
      expect(error).toMatchObject({ name: 'EngageError', outcome: 'unsent' })
      expect(attempts).toBe(1)
    })
  })
})
