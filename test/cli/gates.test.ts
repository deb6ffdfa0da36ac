/** A run that must not go on: signatures that may not be given, and what must be as it was before the deletion. */
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  clean,
  contactIds,
  type Ended,
  effects,
  KEY,
  openWorld,
  plan,
  requests,
  sign,
  tenantNow,
  until,
  upgradeJson,
  upgradeThrough,
  type World,
} from './harness.ts'

const ID = 'wishlist'

function smallWorld(seed = 5): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed, contacts: 20, interactions: 2, schemas: [ID, 'recycled'] }),
  })
}

function expectStopped(ended: Ended, code: number, words: RegExp): void {
  expect(ended, ended.stderr).toMatchObject({ code, json: { error: { exit: code } } })
  expect(ended.stderr).toMatch(words)
}

/** Goes on to the end, which a damaged run could not. */
async function expectWholeRun(world: World, run: string): Promise<void> {
  const count = world.sandbox.stats().interactions[ID] ?? 0
  const ended = await upgradeThrough(world, run, ID)
  expect(ended, ended.stderr).toMatchObject({ code: 0, json: { state: 'done', verification: clean(count) } })
}

describe.concurrent('A run does not go on', () => {
  test('past a gate that was not reached, was misnamed, or lacks what it needs', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    const before = tenantNow(world)
    expectStopped(await world.cli('sign', run, 'producers-stopped', '--by', 'Ada'), 4, /has not been begun/)
    expectStopped(await world.cli('status', run), 4, /has not been begun/)

    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'automations-paused' } })
    expectStopped(
      await world.cli('sign', run, 'delete-schema', '--by', 'Ada', '--confirm', ID),
      4,
      /the gate delete-schema: what would be signed is not known yet/,
    )
    expectStopped(
      await world.cli('sign', run, 'everything', '--by', 'Ada'),
      2,
      /no gate everything; there are: automations-paused, producers-stopped, delete-schema/,
    )
    expectStopped(await world.cli('sign', run, 'automations-paused', '--by', ' '), 2, /needs a name/)
    // A gate stays closed however often the upgrade is run.
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'automations-paused' } })

    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    expectStopped(
      await world.cli('sign', run, 'delete-schema', '--by', 'Ada'),
      4,
      /delete-schema needs --confirm "SCHEMA ID"/,
    )
    expectStopped(
      await world.cli('sign', run, 'delete-schema', '--by', 'Ada', '--confirm', 'SCHEMA ID'),
      4,
      /--confirm names SCHEMA ID, but this run is about wishlist/,
    )
    expectStopped(
      await world.cli('sign', run, 'delete-schema', '--by', 'Ada', '--confirm', 'recycled'),
      4,
      /--confirm names recycled, but this run is about wishlist/,
    )
    expectStopped(await world.cli('upgrade', run, '--roll-back'), 4, /has not deleted wishlist/)
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'delete-schema' } })
    expect(tenantNow(world)).toEqual(before)
    await expectWholeRun(world, run)
    expectStopped(await world.cli('upgrade', run, '--roll-back'), 4, /is done/)
  })

  test('to the deletion on a list that lacks a tenth of the contacts, unless that is accepted by name', async () => {
    await using world = await smallWorld()
    const ids = contactIds(world.sandbox)
    writeFileSync(world.contacts, `contactId\n${ids.slice(0, -2).join('\n')}\n`)
    // Else those that are missing would be added from the tenant's changes: the list is as old as the contacts.
    world.sandbox.configure({ changesActivated: false })
    const planned = await world.cli('plan', ID, '--segment', 'productSku', '--contacts', world.contacts)
    expect(planned, planned.stderr).toMatchObject({
      code: 0,
      json: {
        coverage: {
          sure: false,
          statements: expect.arrayContaining([expect.stringContaining('2 (10 %) are not in it')]),
        },
      },
    })
    expect(planned.stderr).toContain('The deletion will need --accept-coverage.')
    const { run } = planned.json as { run: string }
    const there = await upgradeThrough(world, run, ID, 'delete-schema')
    expect(there.stderr).toContain('--confirm "SCHEMA ID" --accept-coverage')
    expect(there.stderr).toContain('sign with --confirm and the id of the schema and --accept-coverage.')
    const signing = ['sign', run, 'delete-schema', '--by', 'Ada', '--confirm', ID]
    expectStopped(
      await world.cli(...signing),
      4,
      /needs --accept-coverage besides a name.*2 \(10 %\) are not in it/s,
    )
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'delete-schema' } })
    expect(world.sandbox.tenant.schema(ID)).toBeDefined()

    expect(await world.cli(...signing, '--accept-coverage')).toMatchObject({
      code: 0,
      json: { signed: true },
    })
    const ended = await upgradeThrough(world, run, ID)
    expect(ended, ended.stderr).toMatchObject({ code: 0, json: { state: 'done' } })
  })

  test('to the deletion once its snapshot is damaged in any way', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    await sign(world, run, 'delete-schema', ID)
    const before = tenantNow(world)
    const whole = await world.cli('verify', run)
    expect(whole, whole.stderr).toMatchObject({ code: 0, json: { whole: true, problems: [], live: null } })
    const { snapshot } = whole.json as { snapshot: string }
    const names = readdirSync(snapshot)
    const part = names.find((name) => name.startsWith('interactions-')) ?? ''
    const contacts = names.find((name) => name.startsWith('contacts-')) ?? ''
    const deletions = requests(world, 'DELETE /interactionschemas/{id}')

    const damages: ReadonlyArray<readonly [string, (file: string) => void]> = [
      [part, (file) => flip(file)],
      [part, (file) => shorten(file)],
      [part, (file) => rmSync(file)],
      [contacts, (file) => shorten(file)],
      ['schema.json', (file) => flip(file)],
      ['manifest.json', (file) => rmSync(file)],
    ]
    for (const [name, damage] of damages) {
      const file = join(snapshot, name)
      const copy = join(world.folder, basename(file))
      copyFileSync(file, copy)
      damage(file)
      const [seen, tried] = [await world.cli('verify', run), await world.cli('upgrade', run)]
      expectStopped(seen, 5, new RegExp(`Damaged: .*${name}`))
      expect(seen.json).toMatchObject({ whole: false, live: null })
      expectStopped(tried, 4, new RegExp(`snapshot .* is damaged: .*${name}`))
      expect(upgradeJson(tried)).toMatchObject({ run, state: 'failed', gate: null, verification: null })
      copyFileSync(copy, file)
    }
    expect(tenantNow(world)).toEqual(before)
    expect(requests(world, 'DELETE /interactionschemas/{id}')).toBe(deletions)
    await expectWholeRun(world, run)
  })

  test('with a plan whose live schema has changed since', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    await recreate(world)
    const before = tenantNow(world)
    expectStopped(await world.cli('upgrade', run), 4, /wishlist has changed since the plan was made/)
    expect(tenantNow(world)).toEqual(before)
  })

  test('to the deletion where the live schema has changed after the export', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    await sign(world, run, 'delete-schema', ID)
    await recreate(world)
    const before = tenantNow(world)
    expectStopped(await world.cli('upgrade', run), 4, /wishlist has changed since the plan was made/)
    expect(tenantNow(world)).toEqual(before)
  })

  test('with a plan that was edited by hand', async () => {
    await using world = await smallWorld()
    const { plan: file, run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    const text = readFileSync(file, 'utf8')
    const before = tenantNow(world)
    const edited = (change: (value: { [name: string]: never }) => void): string => {
      const value = JSON.parse(text)
      change(value)
      const path = join(world.folder, 'edited.json')
      writeFileSync(path, JSON.stringify(value))
      return path
    }
    const removed = edited((value) => delete value['after']?.['jsonSchema']['properties']['date'])
    expectStopped(await world.cli('upgrade', removed), 4, /can't be upgraded so: Property "date" is removed/)
    const elsewhere = edited((value) => Object.assign(value, { run: '../../elsewhere' }))
    expectStopped(await world.cli('upgrade', elsewhere), 2, /lacks run/)
    const other = edited((value) =>
      Object.assign(value, { before: { ...JSON.parse(text).before, displayName: 'Other' } }),
    )
    expectStopped(await world.cli('upgrade', other), 2, /not the one that its digest was taken of/)
    const renamed = edited((value) =>
      Object.assign(value, { after: { ...JSON.parse(text).after, id: 'recycled' } }),
    )
    expectStopped(await world.cli('upgrade', renamed), 2, /another id/)

    expect((await world.cli('upgrade', run)).code).toBe(3)
    // Valid in itself, but not what the run was begun with.
    const milder = edited((value) => Object.assign(value, { canaryGate: false }))
    expectStopped(await world.cli('upgrade', milder), 4, /not the plan that run .* was begun with/)
    expect(tenantNow(world)).toEqual(before)
    expect(effects(world)).toEqual({})
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'automations-paused' } })
  })

  test('with a contacts file that has changed since the plan', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    writeFileSync(world.contacts, `contactId\n${contactIds(world.sandbox).slice(1).join('\n')}\n`)
    expectStopped(await world.cli('upgrade', run), 4, /contacts file .*contacts\.csv has changed/)
    expect(effects(world)).toEqual({})
  })

  test('in another tenant than the plan is for', async () => {
    await using world = await smallWorld()
    await using other = await smallWorld(6)
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    const ended = await world.cliWith({ ENGAGE_BASE_URL: other.url }, 'upgrade', run)
    expectStopped(ended, 4, /plan is for 127\.0\.0\.1_\d+, but the base URL leads to 127\.0\.0\.1_\d+/)
    expect(other.sandbox.stats().requests).toBe(0)
    expect((await world.cli('upgrade', run)).code).toBe(3)
    const live = await world.cliWith({ ENGAGE_BASE_URL: other.url }, 'verify', run, '--live')
    expectStopped(live, 4, /snapshot is of 127\.0\.0\.1_\d+/)
    expect(other.sandbox.stats().requests).toBe(0)
  })

  test('in a second process at the same time, which ends at once and leaves the first alone', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    const again = await plan(world, ID, 'date')
    const { waiting, release } = world.hold()
    const first = world.start('upgrade', run)
    await until(() => waiting() > 0, first)
    // Where it is the run itself, it is named in the command that shows how far it is.
    const held = new RegExp(
      `Another process works on run ${run}: process \\d+ on .*engage-migrate status ${run}\``,
      's',
    )
    expectStopped(await world.cli('upgrade', run), 6, held)
    expectStopped(await world.cli('sign', run, 'automations-paused', '--by', 'Ada'), 6, held)
    expectStopped(
      await world.cli('upgrade', again.run),
      6,
      /Another process works on schema wishlist.*engage-migrate status`/s,
    )
    const status = await world.cli('status', run)
    expect(status, status.stderr).toMatchObject({ code: 0, json: { run, state: 'running' } })
    expect(first.process.exitCode).toBe(null)
    release()
    expect(await first.ended).toMatchObject({ code: 3, json: { gate: 'automations-paused' } })
    expect(await world.cli('sign', run, 'automations-paused', '--by', 'Ada')).toMatchObject({ code: 0 })
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3, json: { gate: 'producers-stopped' } })
  })
})

function flip(file: string): void {
  const bytes = readFileSync(file)
  const at = Math.floor(statSync(file).size / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

/** The last line away, and the file a well-formed one all the same. */
function shorten(file: string): void {
  const text = zstdDecompressSync(readFileSync(file)).toString()
  writeFileSync(file, zstdCompressSync(text.slice(0, text.trimEnd().lastIndexOf('\n') + 1)))
}

/** Somebody else upgrades the schema by hand meanwhile. */
async function recreate(world: World): Promise<void> {
  const schema = world.sandbox.tenant.schema(ID)?.schema
  const headers = { apikey: KEY, 'user-agent': 'Hand/1', 'content-type': 'application/json' }
  const url = `${world.url}/api/v3/interactionschemas`
  await fetch(`${url}/${ID}`, { method: 'DELETE', headers })
  const body = JSON.stringify({ ...schema, displayName: 'By hand' })
  expect((await fetch(url, { method: 'POST', headers, body })).ok).toBe(true)
}
