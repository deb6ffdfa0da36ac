import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { checkBaseUrl } from '../../src/engage/base-url.ts'
import { createReader, createWriter } from '../../src/engage/client.ts'
import { connect } from '../../src/engage/connection.ts'
import type { Retry } from '../../src/engage/retry.ts'
import { excerpt, hideKey } from '../../src/engage/scrub.ts'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { connected, json, KEY, options, rejection, startServer } from './server.ts'

describe('checkBaseUrl', () => {
  it.each([
    'https://acme.voyado.com',
    'https://acme.staging.voyado.com/prefix/',
    'http://localhost:8080',
    'http://127.0.0.1:1',
    'http://127.9.9.9',
    'http://[::1]:8080',
  ])('takes %s', (text) => {
    expect(checkBaseUrl(text)).toBeInstanceOf(URL)
  })
  it.each([
    '',
    'acme.voyado.com',
    'localhost:8080',
    'ftp://acme.voyado.com',
    'http://acme.voyado.com',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://128.0.0.1',
    'https://user:hunter2@acme.voyado.com',
    'https://acme.voyado.com?apikey=hunter2',
    'https://acme.voyado.com#hunter2',
    'https://user:hunter2@acme voyado',
  ])('refuses %j', (text) => {
    expect(() => checkBaseUrl(text)).toThrow(OperatorError)
    expect(() => checkBaseUrl(text)).toThrow(expect.objectContaining({ exit: EXIT.usage }))
    expect(() => checkBaseUrl(text)).not.toThrow(/hunter2/)
  })
  it('is asked before anything is sent', () => {
    expect(() => connect(options('http://acme.voyado.com'))).toThrow(OperatorError)
  })
})

describe('the API key', () => {
  /** All that a logger could print of an error: message, stack, fields, causes. */
  const everything = (error: unknown): string => inspect(error, { depth: 20, showHidden: true })

  const echoes: Record<string, (key: string) => string> = {
    'as it is': (key) => `{"message":"bad key ${key}"}`,
    'in a URL': (key) => `see /x?apikey=${encodeURIComponent(key)}`,
    'in JSON that is cut short': (key) => `{"key":"${key}`,
    'in JSON with escapes': (key) => `{"message":"${key.replaceAll('/', '\\/')}"}`,
    'in JSON as .NET escapes it': (key) => `{"key":"${key.replaceAll('+', '\\u002B')}"}`,
    'in upper case': (key) => key.toUpperCase(),
    'across the end of an excerpt of 300': (key) => `${'x'.repeat(290)}${key}`,
    'across the end of an excerpt of 80': (key) => `${'x'.repeat(70)}${key}`,
    'as a property of a schema': (key) => JSON.stringify({ jsonSchema: { properties: { [key]: 1 } } }),
  }
  describe.each(Object.keys(echoes))('echoed %s', (name) => {
    it.each([200, 302, 400, 401, 404, 500])('is in no error on %s', async (status) => {
      const server = await startServer((response) => {
        response.writeHead(status, { location: `/?k=${encodeURIComponent(KEY)}`, 'x-key': KEY })
        response.end(echoes[name]?.(KEY))
      })
      const connection = connected(server)
      const errors = [
        await rejection(createReader(connection).listSchemas()),
        await rejection(createReader(connection).interactionsPage(KEY, KEY)),
        ...(status === 404 ? [] : [await rejection(createReader(connection).getSchema('s'))]),
        await rejection(
          createWriter(connection).createInteraction({ contactId: KEY, schemaId: 's', payload: {} }),
        ),
      ]
      for (const error of errors) {
        expect(error).toMatchObject({ name: 'EngageError' })
        expect(everything(error).toLowerCase()).not.toContain('secret')
      }
    })
  })

  it('is in no error of the network, nor in what is told about retries', async () => {
    const told: Retry[] = []
    const leaky = async (): Promise<Response> => {
      const cause = Object.assign(new Error(`header apikey: ${KEY}`), { code: 'ECONNRESET', data: KEY })
      throw Object.assign(new TypeError('fetch failed', { cause }), { request: { headers: { apikey: KEY } } })
    }
    const send = connect(
      options('http://localhost', { network: leaky, onRetry: (retry) => told.push(retry) }),
    )
    const error = await rejection(createReader(send).countContacts(KEY))
    expect(everything(error)).not.toContain('SECRET')
    expect(everything(error)).toContain('ECONNRESET')
    expect(told).toHaveLength(5)
    expect(JSON.stringify(told)).not.toContain('SECRET')
  })

  it.each(['', ' ', 'SECRET\nline', 'SECRET\u2028'])(
    'that a header cannot carry is refused: %j',
    (apiKey) => {
      const connection = { ...connect(options('http://localhost')), apiKey }
      const attempt = (): unknown => createReader(connection)
      expect(attempt).toThrow(OperatorError)
      expect(attempt).not.toThrow(/SECRET/)
    },
  )

  it.each(['5f0c6a7e-SECRET/key+1', '5f0c6a7e-SECRET\\/key\\u002b1', '5f0c6a7e-SECRET%2fkey&#43;1'])(
    'is hidden as %s',
    (text) => {
      expect(hideKey(KEY)(`a ${text} z`)).toBe('a [key] z')
    },
  )

  it('is hidden before a text is cut', () => {
    expect(excerpt(`ab${KEY}`, 10, hideKey(KEY))).toBe('ab[key]')
  })
})

describe('a connection', () => {
  it('has one limiter for everything', async () => {
    const server = await startServer((response) => json(response, 200, { id: 'i' }))
    const settings = options(server.baseUrl, { ratePerSecond: 1 })
    const connection = connect(settings)
    for (let at = 0; at < 3; at++) {
      await createReader(connection).getContact('c')
      await createWriter(connection).deleteInteraction('i')
    }
    expect(settings.clock.elapsed()).toBe(3000)
  })
})
