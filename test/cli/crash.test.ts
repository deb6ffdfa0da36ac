/** Processes that are killed and a wire that loses answers: in the end every interaction is there exactly once. */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import { between, seededRandom } from '../../src/sandbox/random.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  awkwardTenant,
  clean,
  linesOf,
  openWorld,
  plan,
  requests,
  sign,
  stored,
  texts,
  until,
  upgradeJson,
  upgradeThrough,
} from './harness.ts'

const ID = 'wholeSalePurchase'

const WIRE: readonly FaultRule[] = [
  { kind: 'reset-after', method: 'POST', path: '/interactions$', times: 'always', probability: 0.015 },
  { kind: 'status-500-after', method: 'POST', path: '/interactions$', times: 'always', probability: 0.01 },
  { kind: 'truncated', method: 'POST', path: '/interactions$', times: 'always', probability: 0.01 },
  { kind: 'timeout-after', method: 'POST', path: '/interactions$', times: 3, skip: 60 },
  { kind: '500', method: 'POST', path: '/interactions$', times: 'always', probability: 0.01 },
  { kind: 'reset-before', method: 'POST', path: '/interactions$', times: 'always', probability: 0.01 },
  { kind: 'reset-before', method: 'GET', times: 'always', probability: 0.005 },
  { kind: '503', method: 'GET', times: 'always', probability: 0.005 },
  { kind: 'reset-after', method: 'DELETE', times: 1 },
  { kind: 'reset-after', method: 'POST', path: '/interactionschemas', times: 1, skip: 1 },
]

/** Restarts that are plenty; a run that needs more goes round in circles. */
const ENOUGH = 60

describe.concurrent('An upgrade that is killed again and again', () => {
  test.each([1, 2, 3, 4])(
    'on a bad wire still brings back every record exactly once (seed %i)',
    async (seed) => {
      await using world = await openWorld({
        seed,
        tenant: () => awkwardTenant({ seed, contacts: 40, interactions: 8, schemas: [ID] }),
      })
      const before = await stored(world, ID)
      const { run } = await plan(world, ID, 'productSku,source', '--no-canary-gate')
      world.sandbox.setFaults(WIRE)
      const random = seededRandom(`kills ${seed}`)
      const requestsNow = (): number => world.sandbox.stats().requests
      const codes: (number | null)[] = []
      let due = requestsNow() + between(random, 20, 60)

      for (;;) {
        expect(codes.length, codes.join()).toBeLessThan(ENOUGH)
        const running = world.start('upgrade', run, '--timeout', '1')
        const watch = setInterval(() => {
          if (requestsNow() >= due) running.process.kill('SIGKILL')
        }, 2)
        const ended = await running.ended
        clearInterval(watch)
        codes.push(ended.code)
        if (ended.code === null) due = requestsNow() + between(random, 40, 200)
        if (ended.code === 0) {
          expect(upgradeJson(ended)).toMatchObject({ state: 'done', verification: clean(before.size) })
          break
        }
        // Killed, at a gate, or given up on a wire that was too bad: nothing else may happen.
        expect([null, 1, 3], ended.stderr).toContain(ended.code)
        const gate = ended.code === 3 ? upgradeJson(ended).gate : null
        if (gate !== null) await sign(world, run, gate, ID)
      }

      const after = await stored(world, ID)
      expect(texts(after)).toEqual(texts(before))
      const map = linesOf(join(world.data, 'runs', run, 'id-map.ndjson'))
      expect(map.map(({ newId }) => newId).sort()).toEqual([...after.keys()].sort())
      for (const { oldId, newId } of map) {
        expect(after.get(String(newId))?.text).toBe(before.get(String(oldId))?.text)
      }
      // It was as bad as it was meant to be.
      expect(codes.filter((code) => code === null).length).toBeGreaterThanOrEqual(3)
      const { faults } = world.sandbox.stats()
      expect(
        (faults['reset-after'] ?? 0) + (faults['status-500-after'] ?? 0) + (faults['truncated'] ?? 0),
      ).toBeGreaterThan(3)
    },
  )
})

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
    const { code, stdout } = await running.ended
    clearInterval(again)
    expect([code, stdout]).toEqual([130, ''])
    release()
    const ended = await upgradeThrough(world, run, ID)
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { state: 'done', verification: clean(before.size) },
    })
  })
})
