/** Backups by the command line: what a schedule goes by. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { acquireLock } from '../../src/journal/lock.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { contactIds, openWorld, type World } from './harness.ts'

const ID = 'wishlist'

function open(): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed: 7, contacts: 12, interactions: 4, schemas: [ID, 'repair'] }),
  })
}

function list(world: World, ...more: readonly string[]): string {
  const file = join(world.folder, 'all.csv')
  writeFileSync(file, `contactId\n${[...contactIds(world.sandbox), ...more].join('\n')}\n`)
  return file
}

describe.concurrent('backup', () => {
  test('says how far it reaches, to people, scripts and metrics, and the next night follows it', async () => {
    await using world = await open()
    const metrics = join(world.folder, 'backup.prom')
    const night = () =>
      world.cli('backup', '--all', '--contacts', list(world), '--since', 'latest', '--metrics-file', metrics)
    const first = await night()
    expect(first, first.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', leftOut: [], unreadable: 0 },
    })
    expect(first.stderr).toContain('12 read')
    const next = await night()
    expect(next, next.stderr).toMatchObject({
      code: 0,
      json: { snapshots: [{ links: 2, complete: true }, { links: 2 }] },
    })
    expect(readFileSync(metrics, 'utf8')).toContain('engage_migrate_backup_last_run_exit_code')
    const verified = await world.cli('verify', `${ID}@latest`)
    expect(verified, verified.stderr).toMatchObject({ code: 0, json: { whole: true, links: 2 } })
  })

  test('ends with 5 where a line of the list has no contact id, or a schema is left out', async () => {
    await using world = await open()
    const bad = await world.cli('backup', ID, '--contacts', list(world, 'no-guid'))
    expect(bad, bad.stderr).toMatchObject({ code: 5, json: { state: 'incomplete', unreadable: 1 } })
    expect(bad.stderr).toContain('line 14')
    using _upgrade = acquireLock(join(world.data, tenantIn(bad), ID, 'lock'), 'schema', systemClock)
    const left = await world.cli('backup', '--all', '--contacts', list(world))
    expect(left, left.stderr).toMatchObject({
      code: 5,
      json: { snapshots: [{ schemaId: 'repair' }], leftOut: [{ schemaId: ID }] },
    })
    expect(await world.cli('backup', ID, '--contacts', list(world))).toMatchObject({ code: 6 })
  })

  test('a second one ends at once, before it waits for anything, and what is wrong with it is told first', async () => {
    await using world = await open()
    const done = await world.cli('backup', ID, '--contacts', list(world))
    expect(done, done.stderr).toMatchObject({ code: 0 })
    using _first = acquireLock(join(world.data, 'backups', tenantIn(done), 'lock'), 'a backup', systemClock)
    const second = await world.cli('backup', ID, '--contacts', list(world), '--jitter', '10h')
    expect(second, second.stderr).toMatchObject({ code: 6 })
    const wrong = await world.cli('backup', ID, '--all', '--contacts', list(world))
    expect(wrong, wrong.stderr).toMatchObject({ code: 2 })
  })

  test('that can not begin is told to monitor and metrics like one that failed', async () => {
    await using world = await open()
    const heard: string[] = []
    const server = createServer((request, response) => {
      heard.push(`${request.url}`)
      response.end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    const metrics = join(world.folder, 'backup.prom')
    const told = ['--ping-url', `http://127.0.0.1:${port}/check`, '--metrics-file', metrics]
    const none = join(world.folder, 'not-delivered.csv')
    const failed = await world.cli('backup', ID, '--contacts', none, ...told)
    expect(failed, failed.stderr).toMatchObject({ code: 2 })
    expect(heard).toEqual(['/check/fail'])
    expect(readFileSync(metrics, 'utf8')).toMatch(/last_run_exit_code\{[^}]*\} 2$/m)
    await new Promise((done) => server.close(done))
  })

  test('that a precondition has ended stands in the way of nobody', async () => {
    await using world = await open()
    expect(await world.cli('backup', 'none', '--contacts', list(world))).toMatchObject({ code: 4 })
    const done = await world.cli('backup', ID, '--contacts', list(world))
    expect(done, done.stderr).toMatchObject({ code: 0 })
    const [id = ''] = contactIds(world.sandbox)
    const forgotten = await world.cli('snapshots', 'forget-contact', id)
    expect(forgotten, forgotten.stderr).toMatchObject({ code: 0 })
  })
})

function tenantIn({ json }: { readonly json: unknown }): string {
  const [{ at = '' } = {}] = (json as { snapshots: readonly { at?: string }[] }).snapshots
  return at.split('/').at(-3) ?? ''
}
