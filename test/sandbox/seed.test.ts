import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/app.ts'
import { payloadProblem } from '../../src/sandbox/schema-rules.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { type SeedOptions, seedTenant } from '../../src/sandbox/seed.ts'
import { caller } from './caller.ts'

function digest(options: SeedOptions): string {
  const hash = createHash('sha256')
  for (const event of seedTenant(options)) hash.update(JSON.stringify(event))
  return hash.digest('hex')
}

test('the same seed gives the same tenant, another one another', () => {
  const options = { seed: 1, contacts: 300 }
  expect(digest(options)).toBe(digest(options))
  expect(digest({ ...options, seed: 2 })).not.toBe(digest(options))
})

test('what is seeded is valid, varied and skewed', () => {
  const { tenant, stats } = createSandbox({ tenant: () => seedTenant({ seed: 1, contacts: 1000 }) })
  expect(tenant.schemas().map(({ schema }) => schema.id)).toEqual(SCHEMAS.map(({ id }) => id))
  expect(stats().contacts).toBe(1000)
  let everything = ''
  for (const { schema } of tenant.schemas()) {
    const counts = new Map<string, number>()
    const seen = new Map<string, number>()
    for (const { contactId, createdDate, payload } of tenant.interactionsOfSchema(schema.id)) {
      expect(payloadProblem(schema, payload)).toBeUndefined()
      counts.set(contactId, (counts.get(contactId) ?? 0) + 1)
      const key = `${contactId} ${createdDate} ${JSON.stringify(payload)}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
      everything += JSON.stringify(payload)
    }
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    expect(total / 1000).toBeGreaterThan(1)
    expect(total / 1000).toBeLessThan(4)
    expect(Math.max(...counts.values())).toBeGreaterThan(100)
    expect(counts.size).toBeLessThan(600)
    expect([...seen.values()].some((count) => count > 1)).toBe(true)
  }
  for (const text of ['\u2028', '\u200d', 'e\u0301', '\\n', ':1.0,', ':0.10', '+05:45', 'ภ']) {
    expect(everything.includes(text), text).toBe(true)
  }
})

test('history sets no automation off; what is asked for comes in pages', async () => {
  const sandbox = createSandbox({
    tenant: () => seedTenant({ seed: 1, contacts: 200, schemas: ['completedProductRating'] }),
  })
  expect(sandbox.stats().automations).toEqual([
    expect.objectContaining({ name: 'Thank-you e-mail', active: true, sent: 0 }),
    expect.objectContaining({ name: 'Any interaction follow-up', active: true, sent: 0 }),
  ])
  const [contact] = sandbox.tenant.contacts()
  const page = await caller(sandbox.send)(
    'GET',
    `interactions?contactId=${contact?.id}&schemaId=completedProductRating`,
  )
  expect(page.fields['items']).toHaveLength(50)
  expect(page.fields['links']).toHaveLength(1)
  expect(() => [...seedTenant({ seed: 1, contacts: 1, schemas: ['none'] })]).toThrow(RangeError)
})

test('the average is kept, and 100,000 interactions take seconds at most', () => {
  const started = performance.now()
  let count = 0
  for (const event of seedTenant({ seed: 1, contacts: 10_000, interactions: 10, schemas: ['repair'] })) {
    if (event.type === 'interaction-created') count++
  }
  expect(count).toBeGreaterThan(85_000)
  expect(count).toBeLessThan(115_000)
  expect(performance.now() - started).toBeLessThan(10_000)
})
