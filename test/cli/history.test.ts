/** An upgrade with the history of the source system by the command line: told, accepted by number, killed, gone on with. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { first } from '../support/history.ts'
import {
  contactIds,
  guid,
  linesOf,
  openWorld,
  plan,
  sign,
  stored,
  until,
  upgradeThrough,
  type World,
} from './harness.ts'

const ID = 'wishlist'
const OLD = '2018-01-01T08:00:00.000Z'

function open(contacts: number): Promise<World> {
  return openWorld({ tenant: () => seedTenant({ seed: 7, contacts, interactions: 4, schemas: [ID] }) })
}

interface Keeping {
  /** How many of Engage's the source lacks. */
  readonly lacks: number
  /** How many it has besides. */
  readonly more: number
  /** Whether it knows the channel of each, which only the new schema names. */
  readonly channel?: boolean
}

/** Has the source keep what Engage holds, more or less. @returns the snapshot's folder */
async function kept(world: World, { lacks, more, channel = false }: Keeping): Promise<string> {
  const held = [...(await stored(world, ID)).values()].slice(lacks).map(({ record }) => record)
  const records = held.map((each) =>
    channel ? { ...each, payload: { ...each.payload, channel: 'web' } } : each,
  )
  const [contactId = ''] = contactIds(world.sandbox)
  const lines = [
    ...records.map(({ id: _, schemaId: __, ...each }) => each),
    ...Array.from({ length: more }, (_, at) => ({
      contactId,
      createdDate: OLD,
      payload: { productSku: `old-${at}` },
    })),
  ]
  writeFileSync(
    join(world.folder, 'history.ndjson'),
    lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
  )
  const { jsonSchema, ...schema } = first(SCHEMAS.filter(({ id }) => id === ID))
  const known = { channel: { type: 'string', displayName: 'Channel' } }
  const properties = { ...jsonSchema.properties, ...(channel && known) }
  writeFileSync(
    join(world.folder, 'schema.json'),
    JSON.stringify({ ...schema, jsonSchema: { ...jsonSchema, properties } }),
  )
  const made = await world.cli('snapshots', 'create', '--from', 'history.ndjson', '--schema', 'schema.json')
  expect(made, made.stderr).toMatchObject({ code: 0 })
  return (made.json as { snapshot: string }).snapshot
}

describe.concurrent('an upgrade with the history of the source', () => {
  test('instead of what Engage holds: told by the dry run, and signed for by number', async () => {
    await using world = await open(15)
    const count = (await stored(world, ID)).size
    const source = await kept(world, { lacks: 5, more: 2, channel: true })
    const history = ['--history', `${ID}@latest`, '--history-only']
    const planned = await world.cli(
      ...['plan', ID, '--to', 'schema.json', '--contacts', world.contacts, ...history],
    )
    expect(planned, planned.stderr).toMatchObject({ code: 0 })
    const { plan: file, run } = planned.json as { plan: string; run: string }
    const dry = await world.cli('upgrade', file, '--dry-run')
    expect(dry, dry.stderr).toMatchObject({
      code: 0,
      json: { history: { both: count - 5, onlyInEngage: 5, onlyInSource: 2, gone: 0 } },
    })
    expect(dry.stderr).toContain('will need --accept-loss')
    expect(linesOf(join(world.data, 'runs', run, 'only-in-engage.ndjson'))).toHaveLength(5)
    const pruned = await world.cli('snapshots', 'prune', ID, '--keep-last', '1', '--dry-run')
    const { snapshots } = pruned.json as {
      snapshots: readonly { snapshot: string; keep: boolean; reasons: unknown }[]
    }
    expect(snapshots.find(({ snapshot }) => snapshot === basename(source))).toMatchObject({
      keep: true,
      reasons: expect.arrayContaining([expect.stringContaining('has not ended')]),
    })

    expect(await upgradeThrough(world, run, ID, 'delete-schema')).toMatchObject({ code: 3 })
    const told = await world.cli('status', run)
    expect(told.json).toMatchObject({
      history: { onlyInEngage: 5 },
      request: { needs: ['confirm', 'accept-loss'] },
    })
    expect(told.stderr).toContain('--accept-loss "HOW MANY"')
    const by = ['sign', run, 'delete-schema', '--by', 'Ada', '--confirm', ID]
    expect(await world.cli(...by)).toMatchObject({ code: 4 })
    expect(await world.cli(...by, '--accept-loss', 'many')).toMatchObject({ code: 2 })
    expect(await world.cli(...by, '--accept-loss', '4')).toMatchObject({ code: 4 })
    expect(await world.cli(...by, '--accept-loss', '5')).toMatchObject({ code: 0 })
    const done = await upgradeThrough(world, run, ID)
    expect(done, done.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', verification: { expected: count - 3, found: count - 3, missing: 0, live: 0 } },
    })
    expect(done.stderr).toContain('Not brought back, as was accepted: 5 interactions')
    expect(await world.cli('verify', run, '--live')).toMatchObject({ code: 0, json: { records: count - 3 } })
    // What was merged is no backup: the newest that is one is what was exported.
    const latest = await world.cli('verify', `${ID}@latest`)
    expect(latest.json).toMatchObject({ records: count })

    // The way that the gate has named.
    const [restore = ''] = /engage-migrate (restore \S+)/.exec(done.stderr)?.slice(1) ?? []
    const [, export_ = ''] = restore.split(' ')
    // A later look at the tenant doesn't take the place of what was not brought back.
    const { plan: later } = await plan(world, ID, 'productSku')
    expect(await world.cli('upgrade', later, '--dry-run')).toMatchObject({ code: 0 })
    const again = await world.cli('snapshots', 'prune', ID, '--keep-last', '1')
    expect(again, again.stderr).toMatchObject({ code: 0 })
    expect(existsSync(export_)).toBe(true)
    expect(done.stderr).toContain(
      `Remove the folder once they are restored, or nobody wants them: ${world.data}`,
    )
    // What came richer out of the upgrade is there; the rest is not.
    const lacking = await world.cli('verify', export_, '--live')
    expect(lacking, lacking.stderr).toMatchObject({
      code: 5,
      json: { live: { missing: 5, found: count - 5 } },
    })
    const waiting = await world.cli(...restore.split(' '))
    expect(waiting, waiting.stderr).toMatchObject({ code: 3, json: { restore: { missing: 5 } } })
    await sign(world, (waiting.json as { run: string }).run, 'automations-paused', ID)
    expect(await world.cli(...restore.split(' '))).toMatchObject({ code: 0 })
    expect((await stored(world, ID)).size).toBe(count + 2)
    const restored = (waiting.json as { run: string }).run
    for (const name of [export_, restored]) {
      const live = await world.cli('verify', name, '--live')
      expect(live, live.stderr).toMatchObject({
        code: 0,
        json: { live: { missing: 0, foreign: 0, live: 2 } },
      })
    }
    rmSync(join(world.data, 'runs', run), { recursive: true })
    await world.cli('snapshots', 'prune', ID, '--keep-last', '1')
    expect(existsSync(export_)).toBe(false)
  })

  test('killed as it merges: the next process begins it anew, and nothing of the first is left', async () => {
    await using world = await open(50)
    const count = (await stored(world, ID)).size
    await kept(world, { lacks: 3, more: 10 })
    const checkpoint = ['--checkpoint', '1']
    const { run } = await plan(world, ID, 'productSku', '--history', `${ID}@latest`)
    expect(await upgradeThrough(world, run, ID, 'producers-stopped')).toMatchObject({ code: 3 })
    await sign(world, run, 'producers-stopped', ID)
    const sorting = join(world.data, 'runs', run, 'sorting')
    // As a process leaves it that dies while it sorts.
    mkdirSync(sorting, { recursive: true })
    writeFileSync(join(sorting, 'source-1.tmp'), 'half')
    const [tenant = ''] = readdirSync(world.data).filter((name) => name !== 'runs')
    const home = join(world.data, tenant, ID)
    const before = new Set(readdirSync(home))
    const parts = (): number =>
      readdirSync(home)
        .filter(
          (name) =>
            /^\d{8}T/.test(name) && !before.has(name) && !existsSync(join(home, name, 'manifest.json')),
        )
        .flatMap((name) => readdirSync(join(home, name)).filter((each) => each.startsWith('contacts-')))
        .length
    const merging = (): boolean => running.stderr().includes('merging the history')
    const running = world.start('upgrade', run, ...checkpoint)
    await until(() => merging() && parts() > 1, running)
    running.process.kill('SIGKILL')
    expect(await running.ended).toMatchObject({ code: null })
    const done = await upgradeThrough(world, run, ID)
    expect(done, done.stderr).toMatchObject({
      code: 0,
      json: { verification: { expected: count + 10, found: count + 10, missing: 0, extra: 0 } },
    })
    const listed = await world.cli('snapshots', 'list', ID)
    const { snapshots } = listed.json as { snapshots: readonly { condition: string }[] }
    expect(snapshots.map(({ condition }) => condition)).toEqual([
      'complete',
      'complete',
      'complete',
      'complete',
    ])
    expect(existsSync(sorting)).toBe(false)

    const { plan: later } = await plan(world, ID, 'date')
    expect(await world.cli('upgrade', later, '--dry-run')).toMatchObject({ code: 0 })
    const merged = ((await world.cli('verify', run)).json as { snapshot: string }).snapshot
    expect(await world.cli('snapshots', 'prune', ID, '--keep-last', '1')).toMatchObject({
      json: { removed: 2 },
    })
    expect(await world.cli('verify', run, '--live')).toMatchObject({ code: 0 })
    expect(await world.cli('repair', run)).toMatchObject({ code: 0, json: { orphans: [] } })
    rmSync(merged, { recursive: true })
    for (const command of ['verify', 'repair']) {
      const told = await world.cli(command, run)
      expect(told, told.stderr).toMatchObject({ code: 4 })
      expect(told.stderr).toContain(`The snapshot of run ${run} is not there any more: ${merged}`)
    }
  })

  test('is planned with a snapshot that is there, and --history-only with one', async () => {
    await using world = await open(5)
    const args = ['plan', ID, '--segment', 'productSku', '--contacts', world.contacts]
    expect(await world.cli(...args, '--history-only')).toMatchObject({ code: 2 })
    expect(await world.cli(...args, '--history', guid(1))).toMatchObject({ code: 2 })
  })
})
