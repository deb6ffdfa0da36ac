import { expect, test } from 'vitest'
import type { Json } from '../../src/json.ts'
import { createSandbox } from '../../src/sandbox/app.ts'
import { payloadProblem, schemaProblems } from '../../src/sandbox/schema-rules.ts'
import { SCHEMAS, SEGMENTABLE_PRODUCT_RATING } from '../../src/sandbox/schemas.ts'
import { caller, prepare, smallSchema, VISITS, visit } from './caller.ts'
import { manualClock } from './manual-clock.ts'

test('a schema is created, listed without its JSON schema, read and deleted', async () => {
  const ask = caller(createSandbox().send)
  const made = await ask('POST', 'interactionschemas', smallSchema())
  expect(made.status).toBe(200)
  expect(made.body).toEqual({
    id: 'visit',
    self: { href: '/api/v3/interactionschemas/visit', method: 'GET', rel: 'self' },
  })
  expect((await ask('GET', 'interactionschemas')).body).toEqual([{ id: 'visit', displayName: 'Visit' }])
  expect((await ask('GET', '/api/v2/interactionschemas/visit')).body).toEqual(smallSchema())
  expect((await ask('DELETE', 'interactionschemas/visit')).status).toBe(200)
  expect((await ask('GET', 'interactionschemas/visit')).status).toBe(404)
  expect((await ask('DELETE', 'interactionschemas/visit')).status).toBe(404)
})

test('deleting a schema deletes its interactions for good', async () => {
  const ask = caller(createSandbox().send)
  await prepare(ask)
  const made = await ask('POST', 'interactions', visit({ note: 'a' }))
  await ask('DELETE', 'interactionschemas/visit')
  const missing = await ask('GET', VISITS)
  expect(missing.fields['message']).toBe("Schema 'visit' not found")
  await ask('POST', 'interactionschemas', smallSchema())
  expect((await ask('GET', VISITS)).body).toEqual({ items: [], links: [] })
  expect((await ask('GET', `interactions/${made.fields['id']}`)).status).toBe(404)
})

const property = (fields: { readonly [name: string]: Json }): Json => ({
  ...smallSchema('x', { broken: { type: 'string', ...fields } }),
})
const withSchema = (fields: { readonly [name: string]: Json }): Json => {
  const schema = smallSchema()
  return { ...schema, jsonSchema: { ...(schema['jsonSchema'] as object), ...fields } }
}

test.each<[string, Json]>([
  ['no object', []],
  ['letters outside a-z', { ...smallSchema(), id: 'Höst-kampanj_2023' }],
  ['an empty id', { ...smallSchema(), id: '' }],
  ['no displayName', { id: 'x', jsonSchema: smallSchema()['jsonSchema'] ?? null }],
  ['no jsonSchema', { id: 'x', displayName: 'X' }],
  ['another draft', withSchema({ $schema: 'http://json-schema.org/draft-07/schema#' })],
  ['another type', withSchema({ type: 'array' })],
  ['no properties', withSchema({ properties: [] })],
  ['required that is no list', withSchema({ required: 'name' })],
  ['a property of type object', property({ type: 'object' })],
  ['a property of two types', property({ type: ['string', 'null'] })],
  ['a nested property', property({ properties: { deep: { type: 'string' } } })],
  ['a flag that is a boolean', property({ showInContactCard: true })],
  ['a flag of another text', property({ addToSegmentation: 'yes' })],
  ['a sortOrder that is a number', property({ sortOrder: 1 })],
  ['a sortOrder that is no integer', property({ sortOrder: '1.5' })],
])('a schema is refused: %s', async (_what, body) => {
  const ask = caller(createSandbox().send)
  const refused = await ask('POST', 'interactionschemas', body)
  expect(refused.status).toBe(400)
  expect(refused.fields['message']).toEqual(expect.any(String))
  expect((await ask('GET', 'interactionschemas')).body).toEqual([])
})

test('at most 6 segmentable properties, 15 schemas, one of an id', async () => {
  const ask = caller(createSandbox().send)
  const segmentable = (count: number): { readonly [name: string]: Json } =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`p${at}`, { type: 'string', addToSegmentation: 'true' }]),
    )
  expect((await ask('POST', 'interactionschemas', smallSchema('seven', segmentable(7)))).status).toBe(400)
  expect((await ask('POST', 'interactionschemas', smallSchema('six', segmentable(6)))).status).toBe(200)
  expect((await ask('POST', 'interactionschemas', smallSchema('six'))).status).toBe(409)
  for (let at = 2; at <= 15; at++) {
    expect((await ask('POST', 'interactionschemas', smallSchema(`s${at}`))).status).toBe(200)
  }
  expect((await ask('POST', 'interactionschemas', smallSchema('s16'))).status).toBe(400)
})

test('a new schema can be late', async () => {
  const clock = manualClock()
  const ask = caller(createSandbox({ clock, schemaLag: 1000 }).send)
  await prepare(ask)
  expect((await ask('GET', 'interactionschemas')).body).toEqual([])
  expect((await ask('POST', 'interactions', visit())).fields['message']).toBe("Schema 'visit' not found")
  expect((await ask('POST', 'interactionschemas', smallSchema())).status).toBe(409)
  clock.advance(1000)
  expect((await ask('GET', 'interactionschemas/visit')).status).toBe(200)
  expect((await ask('POST', 'interactions', visit())).status).toBe(201)
})

test('the published schemas break no rule', () => {
  for (const schema of [...SCHEMAS, SEGMENTABLE_PRODUCT_RATING]) {
    const { id, displayName, jsonSchema } = schema
    expect(schemaProblems({ id, displayName, jsonSchema })).toEqual([])
  }
  const [reuse] = SCHEMAS
  if (reuse === undefined) throw new Error('no schemas')
  expect(payloadProblem(reuse, { name: 'Jeans', price: 100 })).toBeUndefined()
  expect(payloadProblem(reuse, { price: 100 })).toContain('name')
})
