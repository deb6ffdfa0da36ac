/** What `status` and `verify` say of a run, whatever has been asked of it meanwhile. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { FAILURE } from '../../src/upgrade/status.ts'
import { openWorld, plan, sign, upgradeThrough, type World } from './harness.ts'

const ID = 'wishlist'

function smallWorld(): Promise<World> {
  return openWorld({ tenant: () => seedTenant({ seed: 5, contacts: 12, interactions: 2, schemas: [ID] }) })
}

describe.concurrent('A command that is refused', () => {
  test('before it has changed anything is not the failure of the run, and closes no gate', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    await upgradeThrough(world, run, ID, 'delete-schema')
    expect(await world.cli('upgrade', run, '--roll-back')).toMatchObject({ code: 4 })
    const waiting = { state: 'waiting', gate: 'delete-schema', failure: null }
    expect(await world.cli('status', run)).toMatchObject({ code: 0, json: waiting })
    await sign(world, run, 'delete-schema', ID)

    expect(await upgradeThrough(world, run, ID)).toMatchObject({ code: 0 })
    expect(await world.cli('upgrade', run, '--roll-back')).toMatchObject({ code: 4 })
    const status = await world.cli('status', run)
    expect(status).toMatchObject({ code: 0, json: { state: 'done', failure: null } })
    expect(status.stderr).not.toContain('failed')
  })
})

test.concurrent('A failure is over once the same run has ended well, also where nothing was left to do', async () => {
  await using world = await smallWorld()
  const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
  expect(await upgradeThrough(world, run, ID)).toMatchObject({ code: 0 })
  {
    using journal = openJournal(join(world.data, 'runs', run, 'run.db'), systemClock)
    journal.events.append('note', FAILURE, { what: 'The network is down.', next: null, exit: 1 })
  }
  expect((await world.cli('status', run)).json).toMatchObject({ failure: { what: 'The network is down.' } })
  expect(await world.cli('upgrade', run)).toMatchObject({ code: 0 })
  expect((await world.cli('status', run)).json).toMatchObject({ state: 'done', failure: null })
})

test.concurrent('A snapshot is found by the path of the plan, too', async () => {
  await using world = await smallWorld()
  const { plan: file, run } = await plan(world, ID, 'productSku', '--out', join(world.folder, 'plan.json'))
  const unbegun = await world.cli('verify', file)
  expect(unbegun).toMatchObject({ code: 4, json: { error: { next: `engage-migrate upgrade ${run}` } } })
  await world.cli('upgrade', file, '--dry-run')
  const verified = await world.cli('verify', file)
  expect(verified, verified.stderr).toMatchObject({ code: 0, json: { whole: true, contacts: 12 } })
  expect((await world.cli('verify', run)).json).toEqual(verified.json)
  const other = await world.cli('verify', world.folder)
  expect(other).toMatchObject({ code: 2 })
  expect(other.stderr).toContain('nor a plan file')
})
