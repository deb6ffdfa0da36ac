/** Processes that are told to stop. Those that are killed are in test/crash. */
import { describe, expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { clean, openWorld, plan, requests, sign, stored, texts, until, upgradeThrough } from './harness.ts'

const ID = 'wholeSalePurchase'

describe.concurrent('An upgrade that is told to stop', () => {
  test('lets what is in flight finish, says so, and goes on later without posting anything twice', async () => {
    await using world = await openWorld({
      latency: 40,
      tenant: () => seedTenant({ seed: 9, contacts: 40, interactions: 8, schemas: [ID] }),
    })
    const before = await stored(world, ID)
    const { run } = await plan(world, ID, 'source', '--no-canary-gate')
    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    await sign(world, run, 'delete-schema', ID)

    const running = world.start('upgrade', run)
    await until(() => requests(world, 'POST /interactions') >= 60, running)
    running.process.kill('SIGINT')
    const stopped = await running.ended
    expect(stopped, stopped.stderr).toMatchObject({
      code: 130,
      json: { run, state: 'interrupted', gate: null, verification: null, error: { exit: 130 } },
    })
    expect(stopped.stderr).toContain(
      'Stopping once what is under way has ended. Ctrl-C once more stops at once.\n',
    )
    expect(stopped.stderr).toContain('Interrupted.')
    const there = world.sandbox.stats().interactions[ID] ?? 0
    expect(there).toBeGreaterThanOrEqual(60)
    expect(there).toBeLessThan(before.size)
    const status = await world.cli('status', run)
    expect(status, status.stderr).toMatchObject({ code: 0, json: { state: 'interrupted', gate: null } })
    // What the journal says is what the tenant has: nothing is in doubt.
    expect(status.stderr).toContain(`${there} posted, 0 refused, 0 in doubt`)

    const ended = await world.cli('upgrade', run)
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', verification: clean(before.size) },
    })
    expect(texts(await stored(world, ID))).toEqual(texts(before))
    expect(requests(world, 'POST /interactions')).toBe(before.size)
  })

  test('twice leaves at once, and can be gone on with', async () => {
    await using world = await openWorld({
      tenant: () => seedTenant({ seed: 9, contacts: 10, interactions: 6, schemas: [ID] }),
    })
    const before = await stored(world, ID)
    const { run } = await plan(world, ID, 'source', '--no-canary-gate')
    const { waiting, release } = world.hold()
    const running = world.start('upgrade', run)
    await until(() => waiting() > 0, running)
    // What is in flight is held, so the first alone can't end it; signals in a row may become one.
    const again = setInterval(() => running.process.kill('SIGTERM'), 20)
    const { code, stdout, stderr } = await running.ended
    clearInterval(again)
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr.match(/^Stopping once/gm)).toHaveLength(1)
    expect(stderr).toMatch(/\nStopped at once, which is as safe as a kill\. [^\n]+\n$/)
    release()
    const ended = await upgradeThrough(world, run, ID)
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', verification: clean(before.size) },
    })
  })
})

test.concurrent('A plan that is told to stop says that nothing was changed, and speaks of no posting', async () => {
  await using world = await openWorld({
    tenant: () => seedTenant({ seed: 9, contacts: 10, interactions: 1, schemas: [ID] }),
  })
  const { waiting, release } = world.hold()
  const running = world.start('plan', ID, '--segment', 'source', '--contacts', world.contacts)
  await until(() => waiting() > 0, running)
  running.process.kill('SIGINT')
  await until(() => running.stderr().includes('Stopping'), running)
  release()
  const ended = await running.ended
  expect(ended, ended.stderr).toMatchObject({
    code: 130,
    json: {
      error: { what: 'Interrupted.', safe: 'Nothing was changed.', next: 'Run the same command again.' },
    },
  })
})
