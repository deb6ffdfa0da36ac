/** A restore by the command line: killed, gone on with, and in the way of an upgrade. */
import { appendFileSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  clean,
  contactIds,
  openWorld,
  plan,
  requests,
  sign,
  stored,
  texts,
  until,
  upgradeJson,
  upgradeThrough,
  type World,
} from './harness.ts'

const ID = 'wishlist'
const LATEST = `${ID}@latest`

function open(contacts = 30, latency = 0): Promise<World> {
  return openWorld({
    latency,
    tenant: () => seedTenant({ seed: 7, contacts, interactions: 6, schemas: [ID] }),
  })
}

/** Takes a snapshot, and then half of what is in it away. @returns what was there, and how much of it is left */
async function halved(world: World) {
  const { plan: file } = await plan(world, ID, 'productSku')
  const exported = await world.cli('upgrade', file, '--dry-run')
  expect(exported, exported.stderr).toMatchObject({ code: 0 })
  const before = await stored(world, ID)
  const lost = [...before.keys()].filter((_, index) => index % 2 === 0)
  for (const id of lost) world.sandbox.tenant.apply({ type: 'interaction-deleted', id })
  return { file, before, lost: lost.length }
}

/** @returns the folders of what restores have taken out of snapshots */
async function restored(world: World): Promise<readonly string[]> {
  const list = (await world.cli('snapshots', 'list', ID)).json as {
    readonly snapshots: ReadonlyArray<{ readonly at: string; readonly pass: string | null }>
  }
  return list.snapshots.filter(({ pass }) => pass === 'restore').map(({ at }) => at)
}

function runOf({ json }: { readonly json: unknown }): string {
  return (json as { readonly run: string }).run
}

describe.concurrent('restore', () => {
  test('posts only the half that is missing, however it is killed; a second one posts nothing', async () => {
    await using world = await open(30, 5)
    const { before, lost } = await halved(world)
    const left = before.size - lost

    const tried = await world.cli('restore', LATEST, '--dry-run')
    expect(tried, tried.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', dryRun: true, restore: { selected: before.size, missing: lost, there: left } },
    })
    expect(await restored(world)).toEqual([])
    expect(tried.stderr).toContain(`Would be posted: ${lost}; are there already: ${left}`)
    const run = runOf(tried)

    const waiting = await world.cli('restore', LATEST)
    expect(waiting, waiting.stderr).toMatchObject({ code: 3, json: { run, gate: 'automations-paused' } })
    expect(requests(world, 'POST /interactions')).toBe(0)
    await sign(world, run, 'automations-paused', ID)

    const killed = world.start('restore', LATEST)
    await until(() => requests(world, 'POST /interactions') >= 15, killed)
    killed.process.kill('SIGKILL')
    expect((await killed.ended).code).toBe(null)
    const status = await world.cli('status', run)
    expect(status, status.stderr).toMatchObject({ json: { state: 'interrupted', direction: 'restore' } })
    // Whoever only looks is told how things stand now, and what the import rests on stays as it was.
    // What was under way at the kill may land while it looks.
    const least = (await stored(world, ID)).size
    const look = await world.cli('restore', run, '--dry-run')
    const { there, missing } = (look.json as { restore: { there: number; missing: number } }).restore
    expect(look, look.stderr).toMatchObject({ code: 0 })
    expect(there + missing).toBe(before.size)
    expect(there).toBeGreaterThanOrEqual(Math.max(least, left + 14))
    expect(there).toBeLessThanOrEqual((await stored(world, ID)).size)

    const ended = await world.cli('restore', LATEST)
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { run, state: 'done', verification: clean(before.size) },
    })
    expect(ended.stderr).toContain(`Goes on with run ${run}`)
    expect(texts(await stored(world, ID))).toEqual(texts(before))
    const live = await world.cli('verify', run, '--live')
    expect(live, live.stderr).toMatchObject({ code: 0, json: { live: { missing: 0, extra: 0 } } })
    const repaired = await world.cli('repair', run)
    expect(repaired, repaired.stderr).toMatchObject({ code: 0, json: { orphans: [] } })

    const posts = requests(world, 'POST /interactions')
    const second = await world.cli('restore', LATEST)
    expect(second, second.stderr).toMatchObject({ code: 0, json: { verification: clean(before.size) } })
    expect(runOf(second)).not.toBe(run)
    expect(second.stderr).toContain(`Posted: 0 interactions; were there already: ${before.size}`)
    expect(requests(world, 'POST /interactions')).toBe(posts)
  })

  test('has an upgrade that was about to delete read the contacts anew', async () => {
    await using world = await open(10)
    const { file, before } = await halved(world)
    const { run: upgrade } = upgradeJson(await upgradeThrough(world, file, ID, 'delete-schema'))
    // The newest snapshot is the upgrade's own, which lacks as much.
    const list = await world.cli('snapshots', 'list', ID)
    const [first] = (list.json as { snapshots: { snapshot: string }[] }).snapshots
    const run = runOf(await world.cli('restore', first?.snapshot ?? ''))
    await sign(world, run, 'automations-paused', ID)
    const restored = await world.cli('upgrade', run)
    expect(restored, restored.stderr).toMatchObject({ code: 0, json: { verification: clean(before.size) } })

    await sign(world, upgrade, 'delete-schema', ID)
    const voided = await world.cli('upgrade', upgrade)
    expect(voided, voided.stderr).toMatchObject({ code: 3, json: { gate: 'producers-stopped' } })
    expect(voided.stderr).toContain(`run ${run} has restored interactions`)
    expect(texts(await stored(world, ID))).toEqual(texts(before))
  })

  test('goes on only with the contact map that is given now, and says which', async () => {
    await using world = await open(10)
    await halved(world)
    const [from = '', to = ''] = contactIds(world.sandbox)
    const map = join(world.folder, 'map.csv')
    writeFileSync(map, `old,new\n${from},${to}\n`)
    const mapped = await world.cli('restore', LATEST, '--dry-run', '--contact-map', map)
    expect(mapped, mapped.stderr).toMatchObject({ code: 0 })

    const plain = await world.cli('restore', LATEST)
    expect(plain, plain.stderr).toMatchObject({ code: 3 })
    expect(runOf(plain)).not.toBe(runOf(mapped))
    expect(plain.stderr).toContain(`Run ${runOf(mapped)} has begun with the same but for the contact map`)
    expect(plain.stderr).not.toContain('go by the contact map')

    const again = await world.cli('restore', LATEST, '--contact-map', map)
    expect(again, again.stderr).toMatchObject({ code: 3, json: { run: runOf(mapped) } })
    expect(again.stderr).toContain(`with the contact map ${map}, and has not ended`)
    expect(again.stderr).toMatch(/go by the contact map contact-map-\w+\.csv \(1 contact\)/)
    const byRun = await world.cli('restore', runOf(mapped), '--dry-run')
    expect(byRun.stderr).toMatch(/goes on with the contact map contact-map-\w+\.csv/)
    const other = await world.cli('restore', LATEST)
    expect(other, other.stderr).toMatchObject({ code: 3, json: { run: runOf(plain) } })
  })

  test('passes over a run that could not go on: its source is damaged, or what it has posted of is gone', async () => {
    await using world = await open(10, 5)
    const { before } = await halved(world)
    const list = await world.cli('snapshots', 'list', ID)
    const at = (list.json as { snapshots: { at: string }[] }).snapshots.at(-1)?.at ?? ''
    const copy = join(world.folder, 'copy')
    cpSync(at, copy, { recursive: true })
    const [part = ''] = readdirSync(at).filter((name) => name.startsWith('interactions-'))
    appendFileSync(join(at, part), 'x')
    const damaged = await world.cli('restore', at)
    expect(damaged, damaged.stderr).toMatchObject({ code: 4 })

    const waiting = await world.cli('restore', copy)
    expect(waiting, waiting.stderr).toMatchObject({ code: 3 })
    const run = runOf(waiting)
    expect(run).not.toBe(runOf(damaged))
    const gone = async (): Promise<void> => {
      for (const folder of await restored(world)) rmSync(folder, { recursive: true })
    }
    await gone()
    const anew = await world.cli('restore', copy)
    expect(anew, anew.stderr).toMatchObject({ code: 3, json: { run } })
    await sign(world, run, 'automations-paused', ID)
    const posted = requests(world, 'POST /interactions')
    const killed = world.start('restore', run)
    await until(() => requests(world, 'POST /interactions') >= posted + 5, killed)
    killed.process.kill('SIGKILL')
    await killed.ended

    await gone()
    const stuck = await world.cli('restore', run)
    expect(stuck, stuck.stderr).toMatchObject({ code: 4 })
    expect(stuck.stderr).toContain(`engage-migrate restore ${copy}`)
    const other = runOf(await world.cli('restore', copy))
    expect(other).not.toBe(run)
    await sign(world, other, 'automations-paused', ID)
    const ended = await world.cli('restore', copy)
    expect(ended, ended.stderr).toMatchObject({ code: 0, json: { run: other } })
    expect(texts(await stored(world, ID))).toEqual(texts(before))
  })

  test('of an encrypted snapshot says where what it restored lies in the clear, and leaves nothing of a look', async () => {
    await using world = await open(10)
    const identity = await generateIdentity()
    const [key, recipients] = ['key.txt', 'recipients.txt'].map((name) => join(world.folder, name))
    writeFileSync(key ?? '', `${identity}\n`, { mode: 0o600 })
    writeFileSync(recipients ?? '', `${await identityToRecipient(identity)}\n`)
    const backup = await world.cli(
      ...[
        'backup',
        ID,
        '--contacts',
        world.contacts,
        '--second-look',
        '0',
        '--recipients-file',
        `${recipients}`,
      ],
    )
    expect(backup, backup.stderr).toMatchObject({ code: 0 })
    const look = await world.cli('restore', LATEST, '--dry-run', '--identity', `${key}`)
    expect(look, look.stderr).toMatchObject({ code: 0 })
    expect(look.stderr).toContain('What was selected was removed from this machine again')
    expect(await restored(world)).toEqual([])
    const [lost = ''] = (await stored(world, ID)).keys()
    world.sandbox.tenant.apply({ type: 'interaction-deleted', id: lost })
    const waiting = await world.cli('restore', LATEST, '--identity', `${key}`)
    expect(waiting, waiting.stderr).toMatchObject({ code: 3 })
    // Nobody has signed yet: what was selected may go, and is read from the encrypted one again.
    expect(await world.cli('snapshots', 'prune', ID, '--keep-last', '9')).toMatchObject({
      json: { removed: 1 },
    })
    const told = await world.cli('status', runOf(waiting))
    const command = `engage-migrate restore ${runOf(waiting)} --identity FILE`
    expect(told.json).toMatchObject({ command })
    for (const { stderr } of [waiting, told]) expect(stderr).toContain(`Then:\n  ${command}\n`)
    await sign(world, runOf(waiting), 'automations-paused', ID)
    const typed = command.replace('FILE', `${key}`).split(' ').slice(1)
    expect(await world.cli(...typed)).toMatchObject({ code: 3 })
    await sign(world, runOf(waiting), 'automations-paused', ID)
    const ended = await world.cli(...typed)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    const [folder] = await restored(world)
    expect(ended.stderr).toMatch(new RegExp(`still there unencrypted.*prune.*\\n.*${folder}`))
    const pruned = await world.cli('snapshots', 'prune', ID, '--keep-last', '9')
    expect(pruned, pruned.stderr).toMatchObject({ code: 0, json: { removed: 1 } })
    expect(await restored(world)).toEqual([])
    const over = await world.cli('restore', runOf(ended))
    expect(over, over.stderr).toMatchObject({ code: 0, json: { state: 'done' } })
    expect(over.stderr).not.toContain('unencrypted')
    const verified = await world.cli('verify', runOf(ended))
    expect(verified, verified.stderr).toMatchObject({ code: 4 })
    expect(verified.stderr).toContain('once a restore has ended')
  })

  test('refuses what is unclear, before there is a run', async () => {
    await using world = await open(5)
    await halved(world)
    const some = join(world.folder, 'some.csv')
    writeFileSync(some, `contactId\n${contactIds(world.sandbox)[0]}\n`)
    const refused: readonly (readonly [number, RegExp, readonly string[]])[] = [
      [2, /--since must be a date/, [LATEST, '--since', '2026-01-31T08:00']],
      [2, /--until must be a date/, [LATEST, '--until', '2026-02-30']],
      [2, /is not before/, [LATEST, '--since', '2026-02-01', '--until', '2026-02-01']],
      [2, /--column names a column/, [LATEST, '--column', 'id']],
      [4, /no schema other .*to restore into/, [LATEST, '--schema-id', 'other']],
    ]
    for (const [code, words, args] of refused) {
      const ended = await world.cli('restore', ...args)
      expect(ended, ended.stderr).toMatchObject({ code })
      expect(ended.stderr).toMatch(words)
    }
    const elsewhere = await world.cliWith({ ENGAGE_BASE_URL: `${world.url}/other` }, 'restore', LATEST)
    expect(elsewhere, elsewhere.stderr).toMatchObject({ code: 4 })
    expect(elsewhere.stderr).toContain('--other-tenant')
    const runs = (await world.cli('status')).json as { runs: object[] }
    expect(runs.runs).toHaveLength(1)

    const tried = await world.cli('restore', LATEST, '--dry-run', '--contacts', some, '--until', '2100-01-01')
    expect(tried, tried.stderr).toMatchObject({ code: 0 })
    const changed = await world.cli('restore', runOf(tried), '--contacts', some)
    expect(changed, changed.stderr).toMatchObject({ code: 2 })
    expect(changed.stderr).toContain("can't be changed: --contacts")
    const again = await world.cli('restore', LATEST, '--dry-run', '--contacts', some, '--until', '2100-01-01')
    expect(runOf(again)).toBe(runOf(tried))
    expect(requests(world, 'POST /interactions')).toBe(0)
  })
})
