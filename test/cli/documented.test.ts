/** Each schema of the product documentation, upgraded from end to end by the command line. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalForm } from '../../src/schema/canonical.ts'
import { segmentableProperties } from '../../src/schema/segmentable.ts'
import {
  ALL_GATES,
  awkwardTenant,
  clean,
  effects,
  linesOf,
  openWorld,
  plan,
  requests,
  stored,
  texts,
  upgradeJson,
  upgradeThrough,
} from './harness.ts'

const UPGRADES = [
  ['Reuse-Spring-2023', 'price,purchase-timestamp,name'],
  ['wishlist', 'productSku'],
  ['repair', 'isFreeRepair,brand,storeId,storeName,productId,productModel'],
  ['preownedProduct', 'reimbursement,condition'],
] as const

describe.concurrent('An upgrade through the command line', () => {
  test.each(UPGRADES)('brings the whole history of %s back, record for record', async (id, segment) => {
    await using world = await openWorld({
      tenant: () => awkwardTenant({ seed: 11, contacts: 30, interactions: 8, schemas: [id] }),
    })
    const before = await stored(world, id)
    const schema = world.sandbox.tenant.schema(id)?.schema
    if (schema === undefined) throw new Error('not seeded')
    const form = canonicalForm(schema)
    const formsOf = (all: typeof before) =>
      [...all.values()].map(({ record }) => `${record.contactId} ${form(record)}`).sort()
    // More than the three pages of one contact, and at least the sixteen pairs of twins that the tenant was given.
    expect(before.size).toBeGreaterThan(150)
    expect(before.size - new Set(texts(before)).size).toBeGreaterThanOrEqual(16)

    const { plan: file, run } = await plan(world, id, segment)
    const ended = await upgradeThrough(world, file, id)

    expect(ended, ended.stderr).toMatchObject({ code: 0, gates: ALL_GATES })
    expect(upgradeJson(ended)).toEqual({
      run,
      state: 'done',
      gate: null,
      verification: clean(before.size),
    })
    const after = await stored(world, id)
    expect(formsOf(after)).toEqual(formsOf(before))
    expect(texts(after)).toEqual(texts(before))
    expect([...after.keys()].filter((each) => before.has(each))).toEqual([])

    const map = linesOf(join(world.data, 'runs', run, 'id-map.ndjson'))
    expect(map.map(({ oldId }) => oldId).sort()).toEqual([...before.keys()].sort())
    expect(map.map(({ newId }) => newId).sort()).toEqual([...after.keys()].sort())
    for (const { oldId, newId, contactId } of map) {
      expect(after.get(String(newId))?.text).toBe(before.get(String(oldId))?.text)
      expect(after.get(String(newId))?.record.contactId).toBe(contactId)
    }

    const now = world.sandbox.tenant.schema(id)?.schema
    expect(now && [...segmentableProperties(now)].sort()).toEqual(segment.split(',').sort())
    expect(Object.keys(now?.jsonSchema.properties ?? {})).toEqual(Object.keys(schema.jsonSchema.properties))
    expect(requests(world, 'POST /interactions')).toBe(before.size)
    // The trial and the schema itself: each once.
    expect(effects(world)).toMatchObject({
      'POST /interactionschemas': 2,
      'DELETE /interactionschemas/{id}': 2,
    })
  })
})
