import { expect, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/app.ts'
import { CONTACT, caller, HEADERS, prepare, smallSchema, VISITS, visit } from './caller.ts'
import { manualClock } from './manual-clock.ts'

function without(name: keyof typeof HEADERS): Record<string, string> {
  return Object.fromEntries(Object.entries(HEADERS).filter(([each]) => each !== name))
}

test.each<[string, Record<string, string>, number]>([
  ['all three', HEADERS, 200],
  ['no apikey', without('apikey'), 401],
  ['a wrong apikey', { ...HEADERS, apikey: 'x' }, 401],
  ['no User-Agent', without('user-agent'), 400],
  ['no Content-Type', without('content-type'), 500],
  ['another Content-Type', { ...HEADERS, 'content-type': 'text/plain' }, 500],
])('headers: %s', async (_what, headers, status) => {
  const { send } = createSandbox()
  const response = await send(new Request('http://sandbox/api/v3/contacts/count', { headers }))
  expect(response.status).toBe(status)
  if (status !== 200) expect(await response.json()).toEqual({ message: expect.any(String) })
})

test('unknown paths, methods and bodies', async () => {
  const { send } = createSandbox()
  const ask = caller(send)
  expect((await ask('GET', 'nothing')).status).toBe(404)
  expect((await ask('GET', '/api/v1/interactionschemas')).status).toBe(404)
  expect((await ask('PUT', 'interactionschemas')).status).toBe(405)
  const torn = new Request('http://sandbox/api/v3/interactions', {
    method: 'POST',
    headers: HEADERS,
    body: '{',
  })
  expect((await send(torn)).status).toBe(400)
})

test('429 beyond 200 requests in any second, for each key on its own', async () => {
  const clock = manualClock()
  const sandbox = createSandbox({ clock, apiKeys: ['sandbox-key', 'other'] })
  const ask = caller(sandbox.send)
  const status = async (): Promise<number> => (await ask('GET', 'contacts/count')).status
  for (let at = 0; at < 200; at++) {
    expect(await status()).toBe(200)
    clock.advance(4)
  }
  const refused = await ask('GET', 'contacts/count')
  expect(refused.status).toBe(429)
  expect(refused.headers.has('retry-after')).toBe(false)
  const other = new Request('http://sandbox/api/v3/contacts/count', {
    headers: { ...HEADERS, apikey: 'other' },
  })
  expect((await sandbox.send(other)).status).toBe(200)
  // 800 ms have passed: the first request leaves the window at 1,000.
  clock.advance(199)
  expect(await status()).toBe(429)
  clock.advance(1)
  expect(await status()).toBe(200)
  expect(await status()).toBe(429)
  sandbox.configure({ retryAfter: 7 })
  expect((await ask('GET', 'contacts/count')).headers.get('retry-after')).toBe('7')
  const { requests, worstSecond, byRoute, byStatus } = sandbox.stats()
  expect({ requests, byRoute, byStatus }).toEqual({
    requests: 206,
    byRoute: { 'GET /contacts/count': 206 },
    byStatus: { 200: 202, 429: 4 },
  })
  expect(worstSecond).toBe(204)
})

test('contacts: counts, one by its id, changes within a window', async () => {
  const clock = manualClock(Date.UTC(2025, 6, 1))
  const sandbox = createSandbox({ clock })
  const ask = caller(sandbox.send)
  const other = CONTACT.replace('c', 'd')
  await ask('POST', '/sandbox/contacts', { id: CONTACT.toUpperCase() })
  clock.advance(60_000)
  await ask('POST', '/sandbox/contacts', { id: other, contactType: 'Contact' })
  expect((await ask('GET', 'contacts/count')).body).toBe(2)
  expect((await ask('GET', 'contacts/member/count')).body).toBe(1)
  expect((await ask('GET', `contacts/${CONTACT.toUpperCase()}`)).fields['id']).toBe(CONTACT)

  const changes = async (type: string, from: string, to?: string) => {
    const query = new URLSearchParams({ changeType: type, fromDate: from })
    if (to !== undefined) query.set('toDate', to)
    return ask('GET', `contacts/changes?${query}`)
  }
  expect((await changes('Created', '2025-07-01 00:00:00.000')).body).toEqual([CONTACT, other])
  expect((await changes('Created', '2025-07-01 00:00:00.001')).body).toEqual([other])
  expect((await changes('Created', '2025-07-01 00:00:00.000', '2025-07-01 00:00:59.999')).body).toEqual([
    CONTACT,
  ])
  await ask('POST', '/sandbox/contacts', { id: CONTACT })
  expect((await changes('Updated', '2025-07-01 00:00:00.000')).body).toEqual([CONTACT])
  await ask('DELETE', `/sandbox/contacts/${CONTACT}`)
  expect((await changes('Deleted', '2025-07-01 00:00:00.000')).body).toEqual([CONTACT])
  expect((await ask('GET', `contacts/${CONTACT}`)).status).toBe(404)
  expect((await ask('GET', 'contacts/count')).body).toBe(1)

  expect((await changes('Created', '2025-07-01T00:00:00.000Z')).status).toBe(400)
  expect((await changes('constructor', '2025-07-01 00:00:00.000')).status).toBe(400)
  sandbox.configure({ changesCap: 0 })
  expect((await changes('Created', '2025-07-01 00:00:00.000')).status).toBe(400)
  sandbox.configure({ changesActivated: false })
  expect((await changes('Created', '2025-07-01 00:00:00.000')).status).toBe(403)
})

test('automations: what active ones would have sent, and dead letters', async () => {
  const sandbox = createSandbox({
    *tenant() {
      const specific = { kind: 'new-specific-interaction', schemaId: 'visit' } as const
      yield {
        type: 'automation-set',
        automation: { name: 'any', trigger: { kind: 'new-interaction' }, active: true },
      }
      yield { type: 'automation-set', automation: { name: 'visit', trigger: specific, active: true } }
      const trigger = { ...specific, property: 'count', value: 5 }
      yield { type: 'automation-set', automation: { name: 'five', trigger, active: true } }
    },
  })
  const ask = caller(sandbox.send)
  const counts = (): object =>
    Object.fromEntries(sandbox.stats().automations.map((each) => [each.name, [each.sent, each.deadLetters]]))
  await prepare(ask)
  await ask('POST', 'interactions', visit({ count: 5 }))
  await ask('POST', 'interactions', visit({ count: 4 }))
  await ask('POST', 'interactions', visit({ count: 'refused' }))
  expect(counts()).toEqual({ any: [2, 0], visit: [2, 0], five: [1, 0] })

  expect((await ask('POST', '/sandbox/automations', { name: 'any', active: false })).status).toBe(200)
  expect((await ask('POST', '/sandbox/automations', { name: 'none', active: false })).status).toBe(404)
  await ask('POST', 'interactions', visit({ count: 5 }))
  expect(counts()).toEqual({ any: [2, 0], visit: [3, 0], five: [2, 0] })

  await ask('DELETE', 'interactionschemas/visit')
  expect((await ask('POST', 'interactions', visit())).status).toBe(400)
  expect(counts()).toEqual({ any: [2, 0], visit: [3, 1], five: [2, 1] })
  await ask('POST', 'interactionschemas', smallSchema())
  await ask('POST', 'interactions', visit())
  expect(counts()).toEqual({ any: [2, 0], visit: [4, 1], five: [2, 1] })

  // A schema that lost a property leaves the triggers on it broken.
  await ask('DELETE', 'interactionschemas/visit')
  const { jsonSchema, ...rest } = smallSchema()
  await ask('POST', 'interactionschemas', {
    ...rest,
    jsonSchema: { ...(jsonSchema as object), properties: { count: { type: 'integer' } } },
  })
  await ask('POST', 'interactions', visit({ count: 5 }))
  expect(counts()).toEqual({ any: [2, 0], visit: [4, 2], five: [2, 2] })
})

test('admin: all interactions as NDJSON, options, nonsense refused', async () => {
  const { send } = createSandbox()
  const ask = caller(send)
  await prepare(ask)
  expect((await ask('POST', '/sandbox/options', { limit: 100_000 })).status).toBe(200)
  for (let at = 0; at < 1001; at++) await ask('POST', 'interactions', visit({ count: at }))
  const lines = await (await send(new Request('http://sandbox/sandbox/interactions?schemaId=visit'))).text()
  expect(lines.endsWith('}\n')).toBe(true)
  expect(new Set(lines.trimEnd().split('\n')).size).toBe(1001)
  expect((await ask('GET', '/sandbox/stats')).fields['interactions']).toEqual({ visit: 1001 })
  expect((await ask('POST', '/sandbox/options', { limits: 1 })).status).toBe(400)
  expect((await ask('POST', '/sandbox/options', { lag: 5, keeps: 'new' })).status).toBe(400)
  expect((await ask('POST', '/sandbox/options', { lag: { min: 2, max: 1 } })).status).toBe(400)
  expect((await ask('POST', '/sandbox/options', { deletionLag: { min: 1, max: 2 } })).status).toBe(400)
  expect((await ask('POST', '/sandbox/options', { schemaGoneLag: -1 })).status).toBe(400)
  expect((await ask('POST', '/sandbox/options', { pages: 'none' })).status).toBe(400)
  expect((await ask('POST', '/sandbox/faults', [{ kind: 'lands-late', delay: '5' }])).status).toBe(400)
  expect((await ask('POST', '/sandbox/faults', [{ kind: 'flood' }])).status).toBe(400)
  expect((await ask('POST', '/sandbox/faults', [{ kind: '500', path: '(' }])).status).toBe(400)
  expect((await ask('POST', '/sandbox/faults', [{ kind: '500', route: 'x' }])).status).toBe(400)
  expect((await ask('POST', '/sandbox/contacts', { id: 'x' })).status).toBe(400)
  expect((await ask('GET', VISITS)).status).toBe(200)
})

test('latency waits after acting, within its range', async () => {
  const clock = manualClock(0)
  const ask = caller(createSandbox({ clock, latency: { min: 10, max: 20 } }).send)
  await ask('GET', 'contacts/count')
  expect(clock.elapsed()).toBeGreaterThanOrEqual(10)
  expect(clock.elapsed()).toBeLessThanOrEqual(20)
})
