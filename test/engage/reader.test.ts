import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createReader } from '../../src/engage/client.ts'
import { EngageError } from '../../src/engage/errors.ts'
import { stringifyJson } from '../../src/json.ts'
import { connected, type Handler, json, KEY, rejection, startServer } from './server.ts'

const CONTACT = 'cf6d21fa-6e2b-481c-ab38-afa1012233ff'

const item = (id: string, more: object = {}) => ({
  id,
  contactId: CONTACT.toUpperCase(),
  schemaId: 'S',
  createdDate: '2023-05-23T11:13:42.074Z',
  payload: {},
  ...more,
})

/** A listing whose pages are named by their continuations; "" is the first. */
async function listing(pages: Record<string, { ids: string[]; links?: object[] }>) {
  const server = await startServer((response, { url }) => {
    const page = pages[new URL(url, 'http://x').searchParams.get('continuation') ?? '']
    if (page === undefined) json(response, 400, { message: 'no such page' })
    else json(response, 200, { items: page.ids.map((id) => item(id)), links: page.links ?? [] })
  })
  return { server, reader: createReader(connected(server)) }
}

const answering = async (handler: Handler) => createReader(connected(await startServer(handler)))
const answer = (status: number, body: unknown) => answering((response) => json(response, status, body))

describe('every call', () => {
  it('has the three headers, on a GET too', async () => {
    const server = await startServer((response) => json(response, 200, []))
    await createReader(connected(server)).listSchemas()
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/api/v3/interactionschemas',
      headers: { apikey: KEY, 'user-agent': 'EngageMigrate/0.1.0', 'content-type': 'application/json' },
    })
  })

  it('goes to the version and below the prefix of the base URL', async () => {
    const server = await startServer((response) => json(response, 200, 1))
    const baseUrl = `${server.baseUrl}/engage/`
    await createReader(connected(server, { baseUrl, apiVersion: 'v2' })).countContacts('Mem ber/..')
    expect(server.requests[0]?.url).toBe('/engage/api/v2/contacts/Mem%20ber%2F../count')
  })

  it.each(['', '.', '..', '\ud800'])('sends nothing for the id %j', async (id) => {
    const server = await startServer((response) => json(response, 200, {}))
    const error = await rejection(createReader(connected(server)).getSchema(id))
    expect(error).toMatchObject({ name: 'EngageError', outcome: 'refused' })
    expect(server.requests).toHaveLength(0)
  })

  it('ends with the reason of an aborted signal', async () => {
    const abort = new AbortController()
    const reader = await answering(() => abort.abort('enough'))
    expect(await rejection(reader.listSchemas(abort.signal))).toBe('enough')
    expect(await rejection(reader.listSchemas(abort.signal))).toBe('enough')
  })

  it('leaves nothing on a signal that outlives it', async () => {
    const reader = await answer(200, 1)
    const { signal } = new AbortController()
    for (let at = 0; at < 5; at++) await reader.countContacts(undefined, signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('answers', () => {
  it('keep numbers as they came', async () => {
    const payload = '{"big":12345678901234567890,"one":1.0,"exp":1e2}'
    const text = JSON.stringify({ items: [item('a')] }).replace('"payload":{}', `"payload":${payload}`)
    const page = await (await answer(200, text)).interactionsPage(CONTACT, 'S')
    expect(stringifyJson(page.items[0]?.payload ?? null)).toBe(payload)
  })

  it('may have fields that nobody knows, and no payload', async () => {
    const body = { items: [item('a', { payload: null, extra: 1 })], links: [], extra: {} }
    expect(await (await answer(200, body)).interactionsPage(CONTACT, 'S')).toEqual({
      items: [{ ...item('a'), contactId: CONTACT }],
      continuation: undefined,
    })
  })

  it.each([
    {},
    { items: {} },
    { items: [1] },
    { items: [item('')] },
    { items: [item('a', { contactId: 7 })] },
    { items: [item('a', { schemaId: undefined })] },
    { items: [item('a', { createdDate: null })] },
    { items: [item('a', { payload: [] })] },
  ])('must have what we rely on: %j', async (body) => {
    const error = await rejection((await answer(200, body)).interactionsPage(CONTACT, 'S'))
    expect(error).toBeInstanceOf(EngageError)
    expect((error as EngageError).serverMessage).toMatch(/^not the answer expected: items/)
  })

  it.each([
    ['another contact', item('a', { contactId: 'c56a4180-65aa-42ec-a945-5fd21dec0538' })],
    ['another schema', item('a', { schemaId: 'T' })],
  ])('to a listing must not be of %s', async (what, stranger) => {
    const reader = await answer(200, { items: [item('b'), stranger] })
    for (const call of [reader.interactionsPage(CONTACT, 'S'), reader.interactionsOf(CONTACT, 'S')]) {
      expect(await rejection(call)).toMatchObject({
        name: 'EngageError',
        outcome: 'unknown',
        serverMessage: `not the answer expected: interaction a is of ${what}`,
      })
    }
  })

  it('may write the ids of contact and schema in other letter case: ours is kept', async () => {
    const reader = await answer(200, { items: [item('a', { schemaId: 'COMPLETEDRATING' })] })
    expect(await reader.interactionsOf(CONTACT.toUpperCase(), 'completedRating')).toMatchObject([
      { contactId: CONTACT, schemaId: 'completedRating' },
    ])
  })

  it('must be JSON', async () => {
    const html = '<!DOCTYPE html>\n<title>\u001b[31mSign in</title>'
    const error = await rejection((await answer(200, html)).listSchemas())
    expect(error).toMatchObject({ name: 'EngageError', status: 200, outcome: 'unknown' })
    expect((error as Error).message).toContain(
      `isn't JSON; is this the base URL of the API? It begins: "<!DOCTYPE html> <title> [31mSign in</title>"`,
    )
  })

  it('must be UTF-8', async () => {
    const reader = await answering((response) => response.end(Buffer.from('["\xff"]', 'latin1')))
    expect(await rejection(reader.contactChanges({ changeType: 'Created', from: 0 }))).toBeInstanceOf(
      EngageError,
    )
  })

  it('that redirect are not followed', async () => {
    const server = await startServer((response, { url }) => {
      response.writeHead(301, { location: `https://other.example${url}?apikey=${KEY}` }).end()
    })
    const error = (await rejection(createReader(connected(server)).listSchemas())) as EngageError
    expect(error.serverMessage).toBe(
      'redirects to https://other.example/api/v3/interactionschemas; set the base URL to https://other.example',
    )
    expect(server.requests).toHaveLength(1)
  })

  it.each([401, 403])('of %s say that the key was refused', async (status) => {
    const error = await rejection((await answer(status, { message: `no key ${KEY}` })).listSchemas())
    expect(error).toMatchObject({ status, outcome: 'refused' })
    expect((error as Error).message).toContain('key was refused')
    expect((error as Error).message).not.toContain(KEY)
  })

  it.each([
    [{ message: 'm' }, 'm'],
    [{ Message: 'M' }, 'M'],
    [{ error: 'e' }, 'e'],
    [{ error: { message: 'em' } }, 'em'],
    [{ errors: ['a', { message: 'b' }] }, 'a; b'],
    [{ errors: { name: ['is required'] } }, 'is required'],
    [{ title: 't', detail: 'd' }, 't; d'],
    ['"text"', 'text'],
    ['plain\r\ntext', 'plain text'],
    ['', '(an empty answer)'],
    ['x'.repeat(400), `${'x'.repeat(300)}…`],
  ])('hold a message: %j', async (body, expected) => {
    const error = await rejection((await answer(400, body)).listSchemas())
    expect(error).toMatchObject({ serverMessage: expected })
  })
})

describe('a listing', () => {
  const next = (token: string, rel = 'next') => ({
    rel,
    href: `https://evil.example/i?continuation=${token}`,
  })

  it('is read page by page, merged and sorted by id', async () => {
    const { server, reader } = await listing({
      '': { ids: ['b', 'B'], links: [{ rel: 'self', href: '?continuation=x' }, next('t%2B1%3D')] },
      't+1=': { ids: ['a', 'b'], links: [{ rel: 'more', href: '/i?a=1&Continuation=t2' }] },
      t2: { ids: [], links: [next('t3'), { rel: 'other', href: '?continuation=zzz' }] },
      t3: {
        ids: ['c'],
        links: [
          { rel: 'prev', href: '?continuation=t2' },
          { rel: 'x', href: '?continuation=t3' },
        ],
      },
    })
    expect((await reader.interactionsOf(CONTACT, 'S')).map(({ id }) => id)).toEqual(['B', 'a', 'b', 'c'])
    expect(server.requests[1]?.url).toBe(
      `/api/v3/interactions?contactId=${CONTACT}&schemaId=S&continuation=t%2B1%3D`,
    )
  })

  it.each([
    ['the token just used', { '': { ids: [], links: [next('t')] }, t: { ids: [], links: [next('t')] } }],
    [
      'an earlier token',
      {
        '': { ids: [], links: [next('t')] },
        t: { ids: [], links: [next('u')] },
        u: { ids: [], links: [next('t')] },
      },
    ],
  ])('that comes back to %s is an error', async (_name, pages) => {
    const { reader, server } = await listing(pages)
    const error = await rejection(reader.interactionsOf('c', 's'))
    expect(error).toMatchObject({ name: 'EngageError', serverMessage: expect.stringContaining('repeats') })
    // Each of three readings ends where it comes back.
    expect(server.requests.length).toBeLessThanOrEqual(9)
  })

  /** A listing of `turns`, each the answers of one reading: what the nth request of it is answered. */
  async function turning(...turns: ReadonlyArray<readonly { ids: string[]; links?: object[] }[]>) {
    const answers = turns.flat()
    const server = await startServer((response, _request, nth) => {
      const page = answers[nth - 1]
      if (page === undefined) json(response, 500, { message: 'no more requests were expected' })
      else json(response, 200, { items: page.ids.map((id) => item(id)), links: page.links ?? [] })
    })
    return { server, reader: createReader(connected(server)) }
  }
  const FIRST = { ids: ['a', 'b'], links: [next('t')] }
  const MIDDLE = { ids: ['c', 'd'], links: [next('u')] }
  const LAST = { ids: ['e'] }

  it.each([
    ['the first page again', [FIRST, FIRST]],
    ['the second page again', [FIRST, MIDDLE, MIDDLE]],
    ['the first page again, as the last one', [FIRST, { ids: ['a', 'b'] }]],
    ['what it had already, under a new token', [FIRST, MIDDLE, { ids: ['b', 'c'], links: [next('v')] }]],
  ])('that answers %s is read again from its start, so that nothing is lost', async (_name, spoilt) => {
    const { server, reader } = await turning(spoilt, spoilt, [FIRST, MIDDLE, LAST])
    const ids = (await reader.interactionsOf(CONTACT, 'S')).map(({ id }) => id)
    expect(ids).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(server.requests.filter(({ url }) => !url.includes('continuation'))).toHaveLength(3)
  })

  it('that answers a page twice each time is an error, never a shorter list', async () => {
    const spoilt = [FIRST, { ids: ['a', 'b'] }]
    const { server, reader } = await turning(spoilt, spoilt, spoilt)
    expect(await rejection(reader.interactionsOf(CONTACT, 'S'))).toMatchObject({
      name: 'EngageError',
      serverMessage: expect.stringContaining('nothing but what was on the pages before'),
    })
    expect(server.requests).toHaveLength(6)
  })

  it('holds no record of a reading that was given up', async () => {
    const { reader } = await turning([FIRST, FIRST], [{ ids: ['b', 'c'] }])
    expect((await reader.interactionsOf(CONTACT, 'S')).map(({ id }) => id)).toEqual(['b', 'c'])
  })

  it.each([
    ['pages that overlap, as when something arrives meanwhile', [FIRST, { ids: ['b', 'c'] }], 'abc'],
    ['an empty page', [FIRST, { ids: [], links: [next('u')] }, { ids: ['c'] }], 'abc'],
    ['an empty last page', [FIRST, { ids: [] }], 'ab'],
  ])('with %s is read once', async (_name, pages, expected) => {
    const { server, reader } = await turning(pages)
    expect((await reader.interactionsOf(CONTACT, 'S')).map(({ id }) => id).join('')).toBe(expected)
    expect(server.requests).toHaveLength(pages.length)
  })

  it('whose full page leads on to nowhere is an error, not an end', async () => {
    const ids = Array.from({ length: 50 }, (_, at) => String(at))
    const { reader } = await listing({ '': { ids, links: [{ rel: 'next', href: '/api/v3/interactions' }] } })
    expect(await rejection(reader.interactionsOf(CONTACT, 'S'))).toMatchObject({
      serverMessage: expect.stringContaining('the page is full'),
    })
  })

  it('of what is unknown is an error with status 404', async () => {
    const error = await rejection((await answer(404, `"Schema 's' not found"`)).interactionsOf('c', 's'))
    expect(error).toMatchObject({ status: 404, serverMessage: "Schema 's' not found", outcome: 'refused' })
  })
})

describe('the other endpoints', () => {
  it('list schemas, and read one', async () => {
    const schema = {
      id: 'S',
      displayName: 'D',
      jsonSchema: { type: 'object', properties: { a: { type: 'string' } } },
    }
    expect(await (await answer(200, [{ id: 'S', displayName: 'D', self: {} }])).listSchemas()).toEqual([
      { id: 'S', displayName: 'D' },
    ])
    expect(await (await answer(200, { ...schema, self: {} })).getSchema('S')).toEqual(schema)
    const broken = { ...schema, jsonSchema: { properties: { a: 'string' } } }
    expect(await rejection((await answer(200, broken)).getSchema('S'))).toBeInstanceOf(EngageError)
  })

  it('answer undefined for what is absent, but not for a web page', async () => {
    const absent = await answer(404, { message: 'not found' })
    expect(await absent.getSchema('s')).toBeUndefined()
    expect(await absent.getInteraction('i')).toBeUndefined()
    expect(await absent.getContact('c')).toBeUndefined()
    const elsewhere = await answer(404, '<html>Not here</html>')
    expect(await rejection(elsewhere.getSchema('s'))).toMatchObject({
      status: 404,
      serverMessage: expect.stringContaining('is this the base URL of the API?'),
    })
  })

  it('read an interaction and a contact', async () => {
    expect(await (await answer(200, item('a'))).getInteraction('a')).toMatchObject({ id: 'a', schemaId: 'S' })
    expect(await (await answer(200, { id: 'C', firstName: 'F' })).getContact('C')).toEqual({
      id: 'C',
      firstName: 'F',
    })
  })

  it.each([
    ['7', 7],
    ['"7"', 7],
    ['0', 0],
  ])('count: %s', async (body, expected) => {
    expect(await (await answer(200, body)).countContacts()).toBe(expected)
  })
  it.each(['-1', '1.5', '{}', '"many"', '12345678901234567890'])('no count: %s', async (body) => {
    expect(await rejection((await answer(200, body)).countContacts())).toBeInstanceOf(EngageError)
  })

  it('ask for changes in UTC', async () => {
    const server = await startServer((response) => json(response, 200, ['AB-C']))
    const from = Date.UTC(2023, 4, 4, 11, 5)
    const query = { changeType: 'Updated', from, to: from + 1 } as const
    expect(await createReader(connected(server)).contactChanges(query)).toEqual(['ab-c'])
    const { searchParams } = new URL(server.requests[0]?.url ?? '', 'http://x')
    expect(Object.fromEntries(searchParams)).toEqual({
      changeType: 'Updated',
      fromDate: '2023-05-04 11:05:00.000',
      toDate: '2023-05-04 11:05:00.001',
    })
  })
})
