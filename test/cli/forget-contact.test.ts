/** `snapshots forget-contact` by the command line. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { acquireLock } from '../../src/journal/lock.ts'
import type { JsonObject } from '../../src/json.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { type Ended, openWorld, requests, until, type World } from './harness.ts'

const ID = 'wishlist'

function open(): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed: 7, contacts: 12, interactions: 4, schemas: [ID, 'repair'] }),
  })
}

/** A contact that has interactions of the schema. */
function contactOf({ sandbox }: World): string {
  const [first] = sandbox.tenant.interactionsOfSchema(ID)
  if (first === undefined) throw new Error('there is none')
  return first.contactId
}

const of = ({ json }: Ended): JsonObject => json as JsonObject

const tenantIn = ({ url }: World): string => new URL(url).host.replace(':', '_')

describe.concurrent('forget-contact', () => {
  test('removes a contact from all snapshots: of backups, in chains, and those that a restore took out', async () => {
    await using world = await open()
    const id = contactOf(world)
    const night = () => world.cli('backup', '--all', '--contacts', world.contacts, '--since', 'latest')
    await night()
    const [, second] = [await night(), await night()]
    expect(second, second.stderr).toMatchObject({ code: 0 })
    const restored = await world.cli('restore', `${ID}@latest`)
    expect(restored, restored.stderr).toMatchObject({ code: 0 })

    const dry = await world.cli('snapshots', 'forget-contact', id, '--dry-run')
    expect(dry, dry.stderr).toMatchObject({ code: 0, json: { dryRun: true, looked: 7, runs: [] } })
    const verified = await world.cli('verify', `${ID}@latest`)
    const done = await world.cli('snapshots', 'forget-contact', `{${id.toUpperCase()}}`)
    expect(done, done.stderr).toMatchObject({ code: 0, json: { ...of(dry), dryRun: false } })
    expect(done.stderr).not.toContain(id)

    const after = await world.cli('verify', `${ID}@latest`)
    expect(after, after.stderr).toMatchObject({ code: 0, json: { whole: true, links: 3, contacts: 11 } })
    expect(of(after)['records']).toBeLessThan(Number(of(verified)['records']))
    for (const schemaId of readdirSync(join(world.data, tenantIn(world)))) {
      const home = join(world.data, tenantIn(world), schemaId)
      for (const stamp of readdirSync(home).filter((name) => /Z$/.test(name))) {
        const { contacts } = await openSnapshot(localPlace(join(home, stamp)))
        for await (const { contactId } of contacts()) expect(contactId).not.toBe(id)
      }
    }
    // The restore knows what it has restored by its numbers in a snapshot that is another one now.
    const run = String(of(restored)['run'])
    const live = await world.cli('verify', run, '--live')
    expect(live, live.stderr).toMatchObject({ code: 4 })
    expect(live.stderr).toContain('contacts have been removed from it since')
    const again = await world.cli('snapshots', 'forget-contact', id)
    expect(again, again.stderr).toMatchObject({ code: 0, json: { snapshots: [] } })
    expect(again.stderr).toContain('None of 7 snapshots holds them')
  })

  test('takes an identity and the same keys for encrypted ones, and ids from a file', async () => {
    await using world = await open()
    const identity = await generateIdentity()
    const key = await identityToRecipient(identity)
    writeFileSync(join(world.folder, 'identity.txt'), `# mine\n${identity}\n`)
    writeFileSync(join(world.folder, 'who.csv'), `contactId\n${contactOf(world)}\n`)
    await world.cli('backup', ID, '--contacts', world.contacts, '--encrypt-to', key)
    const forget = (...more: readonly string[]) =>
      world.cli('snapshots', 'forget-contact', '--contacts', join(world.folder, 'who.csv'), ...more)
    expect(await forget()).toMatchObject({ code: 4 })
    const identified = ['--identity', join(world.folder, 'identity.txt')]
    expect(await forget(...identified)).toMatchObject({ code: 4 })
    const done = await forget(...identified, '--encrypt-to', key)
    expect(done, done.stderr).toMatchObject({ code: 0, json: { snapshots: [{ contacts: 1 }] } })
    const verified = await world.cli('verify', `${ID}@latest`, ...identified)
    expect(verified, verified.stderr).toMatchObject({ code: 0, json: { sealed: false, contacts: 11 } })
  })

  test('does not begin where something stands in its way, and changes nothing then', async () => {
    await using world = await open()
    const id = contactOf(world)
    await world.cli('backup', ID, '--contacts', world.contacts)
    const home = join(world.data, tenantIn(world), ID)
    const [stamp = ''] = readdirSync(home).filter((name) => /Z$/.test(name))
    const manifest = () => readFileSync(join(home, stamp, 'manifest.json'), 'utf8')
    const before = manifest()
    const refused = async (code: number, why: string) => {
      const end = await world.cli('snapshots', 'forget-contact', id)
      expect(end, end.stderr).toMatchObject({ code })
      expect(end.stderr).toContain(why)
      expect(manifest()).toBe(before)
    }
    expect(await world.cli('snapshots', 'forget-contact')).toMatchObject({ code: 2 })
    expect(await world.cli('snapshots', 'forget-contact', 'someone')).toMatchObject({ code: 2 })
    {
      using _held = acquireLock(join(home, 'lock'), 'schema', systemClock)
      await refused(6, 'Another process works on schema')
    }
    {
      using _held = acquireLock(join(world.data, 'backups', tenantIn(world), 'lock'), 'a backup', systemClock)
      await refused(6, 'a backup of')
    }
    // An upgrade that has not ended works on what it has read.
    const plan = await world.cli('plan', ID, '--segment', 'productSku', '--contacts', world.contacts)
    expect(plan, plan.stderr).toMatchObject({ code: 0 })
    const dry = await world.cli('upgrade', String(of(plan)['plan']), '--dry-run')
    expect(dry, dry.stderr).toMatchObject({ code: 0 })
    await refused(4, 'has not ended')
    // What it has in its own files is told.
    const told = await world.cli('snapshots', 'forget-contact', id, '--dry-run')
    expect(told, told.stderr).toMatchObject({ code: 0, json: { runs: [of(plan)['run']] } })
    expect(told.stderr).toContain(`Run ${String(of(plan)['run'])} has them in its own files`)
  })

  test('does not begin while a restore has yet to read one, and says how to get rid of that', async () => {
    await using world = await open()
    await world.cli('backup', ID, '--contacts', world.contacts)
    const drill = await world.cli('restore', `${ID}@latest`, '--dry-run')
    expect(drill, drill.stderr).toMatchObject({ code: 0 })
    const refused = await world.cli('snapshots', 'forget-contact', contactOf(world))
    expect(refused, refused.stderr).toMatchObject({ code: 4 })
    const { run } = of(drill)
    expect(refused.stderr).toContain(`run ${String(run)}`)
    rmSync(join(world.data, 'runs', String(run)), { recursive: true })
    const done = await world.cli('snapshots', 'forget-contact', contactOf(world))
    expect(done, done.stderr).toMatchObject({ code: 0, json: { snapshots: [{ contacts: 1 }] } })
  })

  test('tells of what is half-written or begun: it may hold them', async () => {
    await using world = await open()
    const id = contactOf(world)
    await world.cli('backup', ID, '--contacts', world.contacts)
    const home = join(world.data, tenantIn(world), ID)
    // It waits to ask again: it has its list, and has not ended.
    world.sandbox.setFaults([{ kind: '500', path: 'contactId=', times: 'always' }])
    const before = requests(world, 'GET /interactions')
    const running = world.start('backup', ID, '--contacts', world.contacts)
    await until(() => requests(world, 'GET /interactions') > before, running)
    running.process.kill('SIGKILL')
    await running.ended
    world.sandbox.setFaults([])
    const begun = await world.cli('snapshots', 'forget-contact', id)
    expect(begun, begun.stderr).toMatchObject({ code: 4 })
    expect(begun.stderr).toContain('was begun and has not ended')
    expect(await world.cli('backup', ID, '--contacts', world.contacts)).toMatchObject({ code: 0 })
    const [stamp = ''] = readdirSync(home).filter((name) => /Z$/.test(name))
    mkdirSync(join(home, stamp.replace(/\d{3}Z$/, '999Z')))
    const half = await world.cli('snapshots', 'forget-contact', id)
    expect(half, half.stderr).toMatchObject({ code: 4 })
    expect(half.stderr).toContain('Half-written snapshots may hold them')
  })
})
