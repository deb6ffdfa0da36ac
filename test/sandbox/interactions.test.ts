import { expect, test } from 'vitest'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { createSandbox } from '../../src/sandbox/app.ts'
import {
  FORMS,
  ILLEGAL_FORMS,
  type Keeps,
  keptDate,
  keptPayload,
  LEGAL_FORMS,
  readPayload,
} from '../../src/sandbox/forms.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import {
  type Answer,
  type Ask,
  CONTACT,
  caller,
  itemsOf,
  nextOf,
  prepare,
  smallSchema,
  VISITS,
  visit,
} from './caller.ts'
import { manualClock } from './manual-clock.ts'

async function payloadsOf(ask: Ask): Promise<readonly Json[]> {
  return itemsOf(await ask('GET', VISITS)).map((item) => item['payload'] ?? null)
}

async function pagesFrom(ask: Ask, first: Answer): Promise<readonly JsonObject[]> {
  const items = [...itemsOf(first)]
  for (let next = nextOf(first); next !== undefined; ) {
    const page = await ask('GET', next)
    items.push(...itemsOf(page))
    next = nextOf(page)
  }
  return items
}

test('an interaction is created, read by its id, listed and deleted', async () => {
  const clock = manualClock()
  const ask = caller(createSandbox({ clock }).send)
  await prepare(ask)
  const made = await ask('POST', 'interactions', visit({ note: 'hej', other: 'dropped' }))
  expect(made.status).toBe(201)
  const id = String(made.fields['id'])
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const stored = {
    id,
    contactId: CONTACT,
    schemaId: 'visit',
    createdDate: new Date(clock.now()).toISOString(),
    payload: { note: 'hej' },
  }
  expect((await ask('GET', `interactions/${id.toUpperCase()}`)).body).toEqual(stored)
  expect((await ask('GET', VISITS.replace(CONTACT, CONTACT.toUpperCase()))).body).toEqual({
    items: [stored],
    links: [],
  })
  expect((await ask('DELETE', `interactions/${id}`)).status).toBe(200)
  expect((await ask('DELETE', `interactions/${id}`)).status).toBe(404)
  expect((await ask('GET', VISITS)).body).toEqual({ items: [], links: [] })
})

test('numbers keep their text', async () => {
  const { send } = createSandbox()
  const ask = caller(send)
  await prepare(ask)
  const payload = parseJson('{"amount":1.0,"count":9007199254740993,"note":"\u2028"}') as JsonObject
  await ask('POST', 'interactions', visit(payload))
  expect(stringifyJson((await payloadsOf(ask))[0] ?? null)).toBe(stringifyJson(payload))
})

test('pages of 50, newest first, stable while new ones arrive and old ones go', async () => {
  const ask = caller(createSandbox().send)
  await prepare(ask)
  const days = (at: number): string => new Date(Date.UTC(2024, 0, 1 + at)).toISOString()
  for (let at = 0; at < 120; at++) await ask('POST', 'interactions', visit({ count: at }, days(at >> 1)))
  const first = await ask('GET', VISITS)
  expect(itemsOf(first)).toHaveLength(50)
  expect(nextOf(first)).toMatch(/^\/api\/v3\/interactions\?.*continuation=/)
  await ask('POST', 'interactions', visit({ count: 1000 }))
  await ask('DELETE', `interactions/${itemsOf(first).at(-1)?.['id']}`)
  const all = await pagesFrom(ask, first)
  expect(new Set(all.map((item) => item['id'])).size).toBe(120)
  const dates = all.map((item) => String(item['createdDate']))
  expect(dates).toEqual([...dates].sort().reverse())
  expect((await ask('GET', `${VISITS}&continuation=nonsense`)).status).toBe(400)
})

test.each([false, true])('a last page that is full, with emptyLastPage %s', async (emptyLastPage) => {
  const ask = caller(createSandbox({ emptyLastPage }).send)
  await prepare(ask)
  for (let at = 0; at < 50; at++) await ask('POST', 'interactions', visit())
  const first = await ask('GET', VISITS)
  expect(nextOf(first) !== undefined).toBe(emptyLastPage)
  expect(await pagesFrom(ask, first)).toHaveLength(50)
})

test.each<[string, number, JsonObject]>([
  ['no contactId', 400, { schemaId: 'visit', payload: {} }],
  ['a contactId that is no GUID', 400, { contactId: 'me', schemaId: 'visit', payload: {} }],
  ['no schemaId', 400, { contactId: CONTACT, payload: {} }],
  ['no payload', 400, { contactId: CONTACT, schemaId: 'visit' }],
  ['an unknown schema', 400, { contactId: CONTACT, schemaId: 'nope', payload: {} }],
  ['an unknown contact', 404, { contactId: CONTACT.replace('c', 'd'), schemaId: 'visit', payload: {} }],
  ['a date that is none', 400, visit({}, '2023-05-23711:13:42.074Z')],
  ['a day that is none', 400, visit({}, '2023-02-30T11:13:42Z')],
  ['a type that is not the schema’s', 400, visit({ count: 'one' })],
  ['a fraction for an integer', 400, visit({ count: 1.5 })],
  ['a format that is not the schema’s', 400, visit({ at: 'yesterday' })],
  ['a null', 400, visit({ note: null })],
])('an interaction is refused: %s', async (_what, status, body) => {
  const sandbox = createSandbox()
  const ask = caller(sandbox.send)
  await prepare(ask)
  expect((await ask('POST', 'interactions', body)).status).toBe(status)
  expect(sandbox.stats().interactions).toEqual({ visit: 0 })
})

test('a list needs both ids, a known schema and a contact that is there', async () => {
  const ask = caller(createSandbox().send)
  await prepare(ask)
  expect((await ask('GET', `interactions?contactId=${CONTACT}`)).status).toBe(400)
  expect((await ask('GET', 'interactions?schemaId=visit')).status).toBe(400)
  expect((await ask('GET', `interactions?contactId=${CONTACT}&schemaId=no`)).status).toBe(400)
  await ask('POST', 'interactions', visit())
  expect((await ask('DELETE', `/sandbox/contacts/${CONTACT}`)).status).toBe(200)
  expect((await ask('GET', VISITS)).status).toBe(404)
  expect((await ask('POST', 'interactions', visit())).status).toBe(404)
  await ask('POST', '/sandbox/contacts', { id: CONTACT })
  expect(itemsOf(await ask('GET', VISITS))).toHaveLength(1)
})

test('an invalid interaction can be ignored without a word', async () => {
  const sandbox = createSandbox({ invalid: 'ignore' })
  const ask = caller(sandbox.send)
  await prepare(ask)
  const ignored = await ask('POST', 'interactions', visit({ count: 'one' }))
  expect(ignored.status).toBe(200)
  expect((await ask('GET', `interactions/${ignored.fields['id']}`)).status).toBe(404)
  const kept = await ask('POST', 'interactions', visit({ count: 1 }))
  expect(kept.fields['id']).not.toBe(ignored.fields['id'])
  expect(sandbox.stats().interactions).toEqual({ visit: 1 })
})

test('a new interaction can be late', async () => {
  const clock = manualClock()
  const ask = caller(createSandbox({ clock, lag: 500 }).send)
  await prepare(ask)
  const made = await ask('POST', 'interactions', visit())
  expect((await ask('GET', `interactions/${made.fields['id']}`)).status).toBe(404)
  expect(itemsOf(await ask('GET', VISITS))).toHaveLength(0)
  expect((await ask('GET', '/sandbox/stats')).fields['interactions']).toEqual({ visit: 1 })
  clock.advance(500)
  expect(itemsOf(await ask('GET', VISITS))).toHaveLength(1)
})

test('how late a new interaction is may be drawn for each, the same for the same seed', async () => {
  const lags = async (seed: number): Promise<readonly number[]> => {
    const clock = manualClock()
    const sandbox = createSandbox({ clock, seed, lag: { min: 100, max: 1000 } })
    const ask = caller(sandbox.send)
    await prepare(ask)
    for (let at = 0; at < 20; at++) await ask('POST', 'interactions', visit({ count: at }))
    const shown: number[] = []
    for (const at of [99, 550, 1000]) {
      clock.advance(at - clock.elapsed())
      shown.push(itemsOf(await ask('GET', VISITS)).length)
    }
    expect([shown[0], shown[2]]).toEqual([0, 20])
    expect(shown[1]).toBeGreaterThan(0)
    expect(shown[1]).toBeLessThan(20)
    return [...sandbox.tenant.interactionsOf('visit', CONTACT)].map(({ visibleAt }) => visibleAt)
  }
  const drawn = await lags(1)
  expect(await lags(1)).toEqual(drawn)
  expect(await lags(2)).not.toEqual(drawn)
  expect(new Set(drawn).size).toBe(20)
})

const GIVEN =
  '{"note":" e\u0301 ","at":"2023-05-23T13:13:42.074+02:00","amount":1.0,"count":9007199254740993}'
const LONG_DATE = '2023-05-23T11:13:42.0740000+00:00'

/** @returns createdDate and payload as a server that keeps them so gives them back. */
async function kept(keeps: Keeps, text: string): Promise<string> {
  const ask = caller(createSandbox({ keeps }).send)
  await prepare(ask)
  const body = visit(parseJson(text) as JsonObject, '2023-05-23T13:13:42.0749+02:00')
  expect((await ask('POST', 'interactions', body)).status).toBe(201)
  const [item] = itemsOf(await ask('GET', VISITS))
  return `${item?.['createdDate']} ${stringifyJson(item?.['payload'] ?? null)}`
}

const Z = '2023-05-23T11:13:42.074Z'
const OFFSET = '2023-05-23T11:13:42.074+00:00'

test.each<[Keeps, string, string]>([
  ['as-is', Z, GIVEN],
  ['numbers', Z, GIVEN.replace('1.0', '1')],
  ['dates', OFFSET, GIVEN.replace('2023-05-23T13:13:42.074+02:00', LONG_DATE)],
  ['nulls', Z, GIVEN],
  [
    'keys',
    Z,
    '{"amount":1.0,"at":"2023-05-23T13:13:42.074+02:00","count":9007199254740993,"note":" e\u0301 "}',
  ],
  ['dotnet', OFFSET, `{"amount":1,"at":"${LONG_DATE}","count":9007199254740993,"note":" e\u0301 "}`],
  ['nfc', Z, GIVEN.replace('e\u0301', '\u00e9')],
  ['trimmed', Z, GIVEN.replace(' e\u0301 ', 'e\u0301')],
  ['seconds', '2023-05-23T11:13:42Z', GIVEN],
])('the forms in which a server may keep a record: %s', async (keeps, date, payload) => {
  expect(await kept(keeps, GIVEN)).toBe(`${date} ${payload}`)
})

test('every form is either legal, which says the same, or not', () => {
  const schema = smallSchema() as unknown as InteractionSchema
  const payload = parseJson(GIVEN) as JsonObject
  const form = canonicalForm(schema)
  const before = form({ createdDate: keptDate(1_700_000_000_074, 'as-is'), payload })
  const says = (keeps: Keeps): boolean =>
    form({
      createdDate: keptDate(1_700_000_000_074, keeps),
      payload: keptPayload(schema, readPayload(payload, keeps), keeps),
    }) === before
  expect(FORMS.filter(says)).toEqual(LEGAL_FORMS)
  expect(FORMS.filter((keeps) => !says(keeps))).toEqual(ILLEGAL_FORMS)
})

test.each(['nulls', 'dotnet'] as const)('nulls are dropped before the rules are asked: %s', async (keeps) => {
  expect(await kept(keeps, '{"note":null,"count":1}')).toContain('{"count":1}')
})

test.each(['numbers', 'dotnet'] as const)('numbers are kept as plain decimals: %s', async (keeps) => {
  const decimals = ['0.10', '1e2', '12.5e-1', '-0.0', '-100.00', '0.0000001', '5e-3', '1.5E+3']
  const plain = ['0.1', '100', '1.25', '0', '-100', '0.0000001', '0.005', '1500']
  for (const [at, text] of decimals.entries()) {
    expect(await kept(keeps, `{"amount":${text}}`)).toContain(`{"amount":${plain[at]}}`)
  }
})
