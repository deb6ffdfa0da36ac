/** The new schema is refused once the old one is gone: what an operator is told, and the way back. */
import { expect, test } from 'vitest'
import {
  awkwardTenant,
  clean,
  openWorld,
  plan,
  sign,
  stored,
  texts,
  upgradeJson,
  upgradeThrough,
} from './harness.ts'

const ID = 'recycled'

test('A creation that is refused after the deletion leaves the history safe, and the way back brings the old schema back with all of it', async () => {
  await using world = await openWorld({
    tenant: () => awkwardTenant({ seed: 21, contacts: 20, interactions: 8, schemas: [ID] }),
  })
  const before = await stored(world, ID)
  const schema = world.sandbox.tenant.schema(ID)?.schema
  const { run } = await plan(world, ID, 'quantity')
  expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
  await sign(world, run, 'delete-schema', ID)
  world.sandbox.setFaults([
    {
      kind: 'refuse',
      method: 'POST',
      path: '/interactionschemas',
      times: 'always',
      message: 'Segmentation is full today',
    },
  ])

  const refused = await world.cli('upgrade', run)
  expect(refused, refused.stderr).toMatchObject({ code: 1 })
  expect(upgradeJson(refused)).toMatchObject({
    run,
    state: 'failed',
    gate: null,
    error: {
      what: expect.stringMatching(/recycled could not be recreated.*Segmentation is full today/),
      safe: expect.stringMatching(/whole history is in the verified snapshot.*without the schema now/),
      next: expect.stringContaining(`engage-migrate upgrade --roll-back ${run}`),
    },
  })
  expect(world.sandbox.tenant.schema(ID)).toBeUndefined()
  const held = await world.cli('verify', run)
  expect(held, held.stderr).toMatchObject({ code: 0, json: { whole: true, records: before.size } })
  const missing = await world.cli('verify', run, '--live')
  expect(missing).toMatchObject({ code: 5 })
  expect(missing.stderr).toContain('Schema recycled is not in')
  // Trying once more changes nothing for the worse.
  expect(await world.cli('upgrade', run)).toMatchObject({ code: 1 })

  world.sandbox.setFaults([])
  const gate = await world.start('upgrade', '--roll-back', run).ended
  expect(gate, gate.stderr).toMatchObject({ code: 3, json: { run, state: 'waiting', gate: 'roll-back' } })
  expect(world.sandbox.tenant.schema(ID)).toBeUndefined()
  const unconfirmed = await world.cli('sign', run, 'roll-back', '--by', 'Ada')
  expect(unconfirmed).toMatchObject({
    code: 4,
    json: { error: { next: expect.stringContaining('--confirm "SCHEMA ID"') } },
  })
  expect(await world.cli('status', run)).toMatchObject({
    code: 0,
    json: { state: 'waiting', gate: 'roll-back' },
  })
  await sign(world, run, 'roll-back', ID)
  expect(await world.cli('status', run)).toMatchObject({ code: 0, json: { direction: 'roll-back' } })
  const ended = await upgradeThrough(world, run, ID)
  expect(ended, ended.stderr).toMatchObject({ code: 0, gates: [] })
  expect(upgradeJson(ended)).toMatchObject({ state: 'done', verification: clean(before.size) })
  expect(world.sandbox.tenant.schema(ID)?.schema).toEqual(schema)
  expect(texts(await stored(world, ID))).toEqual(texts(before))
  expect(await world.cli('status', run)).toMatchObject({
    code: 0,
    json: { state: 'done', gate: null, direction: 'roll-back', remaining: { calls: 0, seconds: 0 } },
  })
})
