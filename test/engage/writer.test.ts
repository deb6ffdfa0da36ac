import { describe, expect, it } from 'vitest'
import { createWriter } from '../../src/engage/client.ts'
import type { JsonObject } from '../../src/json.ts'
import { parseJson } from '../../src/json.ts'
import { connected, json, rejection, startServer } from './server.ts'

const schema = { id: 'S', displayName: 'D', jsonSchema: { properties: {} } }
const event = { contactId: 'c', schemaId: 's', payload: {} }

async function answer(status: number, body: unknown) {
  const server = await startServer((response) => json(response, status, body))
  return { server, writer: createWriter(connected(server)) }
}

describe('createInteraction', () => {
  it('sends numbers as they are, and the date only where there is one', async () => {
    const { server, writer } = await answer(201, { id: 'new', self: {} })
    const text = '{"big":12345678901234567890,"one":1.0}'
    expect(await writer.createInteraction({ ...event, payload: parseJson(text) as JsonObject })).toBe('new')
    await writer.createInteraction({ ...event, createdDate: '2023-05-23T11:13:42.074Z' })
    expect(server.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/api/v3/interactions', `{"contactId":"c","schemaId":"s","payload":${text}}`],
      [
        'POST',
        '/api/v3/interactions',
        '{"contactId":"c","schemaId":"s","createdDate":"2023-05-23T11:13:42.074Z","payload":{}}',
      ],
    ])
    expect(server.requests[0]?.headers['content-type']).toBe('application/json')
  })

  it.each([
    [200, '', 'unknown'],
    [200, '{"id":', 'unknown'],
    [200, '{}', 'unknown'],
    [201, { id: 7 }, 'unknown'],
    [202, { id: 'i' }, 'unknown'],
    [204, '', 'unknown'],
    [302, '', 'refused'],
    [400, {}, 'refused'],
    [404, {}, 'refused'],
    [408, {}, 'unknown'],
    [409, {}, 'refused'],
    [429, {}, 'refused'],
    [500, {}, 'unknown'],
  ])('answered %s %j: %s', async (status, body, outcome) => {
    const { server, writer } = await answer(status, body)
    expect(await rejection(writer.createInteraction(event))).toMatchObject({
      name: 'EngageError',
      method: 'POST',
      path: '/api/v3/interactions',
      status,
      outcome,
    })
    expect(server.requests).toHaveLength(1)
  })

  it('does not know what became of it when the answer is cut short', async () => {
    const server = await startServer((response) => {
      response.writeHead(201, { 'content-length': '1000' })
      response.write('{"id":"new"}', () => response.destroy())
    })
    const error = await rejection(createWriter(connected(server)).createInteraction(event))
    expect(error).toMatchObject({ name: 'EngageError', outcome: 'unknown' })
    expect(server.requests).toHaveLength(1)
  })
})

describe('createSchema', () => {
  it.each([
    [200, { id: 'S', self: {} }],
    [201, 'not JSON'],
    [204, ''],
  ])('is done on %s %j', async (status, body) => {
    const { server, writer } = await answer(status, body)
    await writer.createSchema({ ...schema, extra: 1 } as typeof schema)
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/api/v3/interactionschemas',
      body: JSON.stringify(schema),
    })
  })
  it.each([
    [400, 'refused'],
    [500, 'unknown'],
  ])('is not on %s', async (status, outcome) => {
    const { writer } = await answer(status, { message: 'At most 15' })
    const error = await rejection(writer.createSchema(schema))
    expect(error).toMatchObject({ status, outcome, serverMessage: 'At most 15' })
  })
})

describe('delete', () => {
  it.each([
    [200, true],
    [204, true],
    [404, false],
  ])('answered %s: %s', async (status, expected) => {
    const { server, writer } = await answer(status, '')
    expect(await writer.deleteSchema('a/b')).toBe(expected)
    expect(await writer.deleteInteraction('i d')).toBe(expected)
    expect(server.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['DELETE', '/api/v3/interactionschemas/a%2Fb', ''],
      ['DELETE', '/api/v3/interactions/i%20d', ''],
    ])
  })
  it.each([
    [202, '', 'unknown'],
    [301, '', 'refused'],
    [403, '', 'refused'],
    [404, '<html>', 'refused'],
    [503, '', 'unknown'],
  ])('answered %s %j is an error: %s', async (status, body, outcome) => {
    const { writer } = await answer(status, body)
    expect(await rejection(writer.deleteSchema('s'))).toMatchObject({ status, outcome })
  })
  it('never reaches the collection', async () => {
    const { server, writer } = await answer(200, '')
    for (const id of ['', '.', '..']) await rejection(writer.deleteSchema(id))
    expect(server.requests).toHaveLength(0)
  })
})
