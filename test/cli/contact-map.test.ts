/** Contacts that moved, by the command line: refused as a whole where the file makes no sense, followed where it does. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  contactIds,
  effects,
  linesOf,
  openWorld,
  plan,
  requests,
  sign,
  stored,
  tenantNow,
  upgradeJson,
  upgradeThrough,
  type World,
} from './harness.ts'

const ID = 'wishlist'

function open(): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed: 7, contacts: 20, interactions: 4, schemas: [ID] }),
  })
}

function mapFile(world: World, text: string): string {
  const file = join(world.folder, 'map.csv')
  writeFileSync(file, text)
  return file
}

describe.concurrent('--contact-map', () => {
  test('with a file that makes no sense is wrong use, and nothing is changed or begun', async () => {
    await using world = await open()
    const { plan: file, run } = await plan(world, ID, 'productSku')
    const before = tenantNow(world)
    const [a = '', b = ''] = contactIds(world.sandbox)
    const map = mapFile(world, `old;new\n${a};${b}\nx;${b}\n${b};${b}\n`)
    const ended = await world.cli('upgrade', file, '--contact-map', map)
    expect(ended, ended.stderr).toMatchObject({ code: 2 })
    expect(ended.stderr).toMatch(/line 3: the old contact id is not a GUID; line 4: .*mapped to itself/)
    expect(tenantNow(world)).toEqual(before)
    expect(effects(world)).toEqual({})
    expect(existsSync(join(world.data, 'runs', run, 'run.db'))).toBe(false)
    const dry = await world.cli('upgrade', file, '--dry-run', '--retry-refused')
    expect(dry, dry.stderr).toMatchObject({ code: 2 })
  })

  test('takes up a run that is done, and `verify --live` looks where the records are now', async () => {
    await using world = await open()
    const { plan: file, run } = await plan(world, ID, 'productSku')
    const before = await stored(world, ID)
    const counts = Map.groupBy(before.values(), ({ record }) => record.contactId)
    const [lost = '', target = ''] = [...counts.keys()].filter((id) => (counts.get(id)?.length ?? 0) < 40)
    const approved = await upgradeThrough(world, file, ID, 'delete-schema')
    expect(approved, approved.stderr).toMatchObject({ code: 3 })
    await sign(world, run, 'delete-schema', ID)
    await fetch(`${world.url}/sandbox/contacts/${lost}`, { method: 'DELETE' })
    const done = await upgradeThrough(world, run, ID)
    expect(done, done.stderr).toMatchObject({ code: 5 })
    expect(done.stderr).toContain('--contact-map')
    expect(upgradeJson(done).verification).toMatchObject({ rejected: counts.get(lost)?.length })
    const map = mapFile(world, `${lost.toUpperCase()},{${target}}\n`)
    // The automations were resumed at its end: before it posts anything more, somebody signs that they are paused.
    const posts = requests(world, 'POST /interactions')
    const waiting = await world.cli('upgrade', run, '--contact-map', map)
    expect(waiting, waiting.stderr).toMatchObject({ code: 3, json: { gate: 'automations-paused' } })
    expect(waiting.stderr).toContain(
      'The last signature is void: a contact map was given, and the run had ended',
    )
    expect(requests(world, 'POST /interactions')).toBe(posts)
    await sign(world, run, 'automations-paused', ID)
    const again = await world.cli('upgrade', run, '--contact-map', map)
    expect(again, again.stderr).toMatchObject({ code: 0 })
    expect(upgradeJson(again).verification).toMatchObject({
      found: before.size,
      rejected: 0,
      missing: 0,
      live: 0,
    })
    const after = await stored(world, ID)
    expect(after.size).toBe(before.size)
    const moved = linesOf(join(world.data, 'runs', run, 'id-map.ndjson')).filter(
      ({ oldContactId }) => oldContactId === lost,
    )
    expect(moved).toHaveLength(counts.get(lost)?.length ?? 0)
    for (const { oldId, newId } of moved) {
      const { payload } = before.get(String(oldId))?.record ?? {}
      expect(after.get(String(newId))?.record).toMatchObject({ contactId: target, payload })
    }
    const verified = await world.cli('verify', run, '--live')
    expect(verified, verified.stderr).toMatchObject({ code: 0 })
  })
})

describe.concurrent('what went with a contact before the deletion', () => {
  test('is written down, and the exit code of this and every later command says so', async () => {
    await using world = await open()
    const { plan: file, run } = await plan(world, ID, 'productSku')
    const before = await stored(world, ID)
    const counts = Map.groupBy(before.values(), ({ record }) => record.contactId)
    const [lost = ''] = counts.keys()
    const left = counts.get(lost)?.length ?? 0
    await upgradeThrough(world, file, ID, 'producers-stopped')
    await fetch(`${world.url}/sandbox/contacts/${lost}`, { method: 'DELETE' })
    const done = await upgradeThrough(world, run, ID)
    expect(done, done.stderr).toMatchObject({ code: 5 })
    expect(upgradeJson(done)).toMatchObject({
      state: 'done',
      verification: { expected: before.size - left, missing: 0, rejected: 0 },
    })
    expect(done.stderr).toContain(
      `Left behind, since their contacts were deleted before the schema was: ${left} inter`,
    )
    const rejected = linesOf(join(world.data, 'runs', run, 'rejected.ndjson'))
    expect(rejected).toHaveLength(left)
    const again = await world.cli('upgrade', run)
    expect(again, again.stderr).toMatchObject({ code: 5 })
  })
})
