/** Orphans by the command line: found by a later look, named, and deleted only where that is asked for. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  effects,
  openWorld,
  plan,
  sign,
  stored,
  texts,
  upgradeJson,
  upgradeThrough,
  type World,
} from './harness.ts'

const ID = 'wishlist'
const LATE = 2

/** A run that has ended, some of whose POSTs have landed since then. */
async function doubled(world: World): Promise<string> {
  const { plan: file, run } = await plan(world, ID, 'productSku')
  const waiting = await upgradeThrough(world, file, ID, 'canary-seen')
  expect(waiting, waiting.stderr).toMatchObject({ code: 3 })
  await sign(world, run, 'canary-seen', ID)
  world.sandbox.setFaults([
    { kind: 'lands-late', delay: 3, method: 'POST', path: '/interactions', skip: 5, times: LATE },
  ])
  const ended = await world.cli('upgrade', run)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  while (world.sandbox.stats().pending > 0) await pause(20)
  return run
}

function open(): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed: 7, contacts: 20, interactions: 4, schemas: [ID] }),
  })
}

describe.concurrent('repair', () => {
  test('names what a later look has found, and with --apply deletes exactly that', async () => {
    await using world = await open()
    const before = await stored(world, ID)
    const run = await doubled(world)
    const after = await stored(world, ID)
    expect(after.size).toBe(before.size + LATE)

    const looked = await world.cli('verify', run, '--live')
    expect(looked, looked.stderr).toMatchObject({ code: 5 })
    expect(looked.stderr).toContain(`engage-migrate repair ${run}`)
    expect(looked.json).toMatchObject({ live: { extra: LATE, missing: 0 } })

    const untouched = effects(world)
    const named = await world.cli('repair', run)
    expect(named, named.stderr).toMatchObject({ code: 5 })
    const { orphans } = named.json as { orphans: { id: string; contactId: string; createdDate: string }[] }
    expect(orphans).toHaveLength(LATE)
    for (const { id, contactId, createdDate } of orphans) {
      expect(after.get(id)?.record).toMatchObject({ contactId, createdDate })
      expect(named.stderr).toContain(`${id} of contact ${contactId}, of ${createdDate}`)
    }
    expect(named.stderr).toContain(`engage-migrate repair ${run} --apply`)
    expect(effects(world)).toEqual(untouched)

    const repaired = await world.cli('repair', run, '--apply')
    expect(repaired, repaired.stderr).toMatchObject({ code: 0 })
    expect(repaired.json).toMatchObject({ run, applied: true, tally: { extra: 0, missing: 0 } })
    const left = await stored(world, ID)
    expect(texts(left)).toEqual(texts(before))
    expect([...after.keys()].filter((id) => !left.has(id)).sort()).toEqual(orphans.map(({ id }) => id).sort())

    const again = await world.cli('repair', run)
    expect(again, again.stderr).toMatchObject({ code: 0, json: { orphans: [], applied: false } })
    expect((await world.cli('verify', run, '--live')).code).toBe(0)
    const status = await world.cli('status', run)
    expect(status.json).toMatchObject({ state: 'done', verification: { extra: 0, found: before.size } })
  })

  test('needs a run that has ended, in the tenant that is named, and for itself', async () => {
    await using world = await open()
    expect((await world.cli('repair', 'nobody')).code).toBe(2)
    const { plan: file, run } = await plan(world, ID, 'productSku')
    expect((await world.cli('repair', file)).code).toBe(4)
    const waiting = await upgradeThrough(world, file, ID, 'delete-schema')
    expect(waiting, waiting.stderr).toMatchObject({ code: 3 })
    const early = await world.cli('repair', run, '--apply')
    expect(early, early.stderr).toMatchObject({ code: 4 })
    expect(early.stderr).toContain(`engage-migrate upgrade ${run}`)
    const elsewhere = await world.cliWith({ ENGAGE_BASE_URL: 'http://127.0.0.1:9' }, 'repair', run)
    expect(elsewhere, elsewhere.stderr).toMatchObject({ code: 4 })
    await sign(world, run, 'delete-schema', ID)
    const held = world.hold()
    const working = world.start('upgrade', run)
    while (held.waiting() === 0) await pause(5)
    expect((await world.cli('repair', run, '--apply')).code).toBe(6)
    held.release()
    expect(upgradeJson(await working.ended)).toMatchObject({ state: 'waiting' })
  })
})
