import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { CONTACT, caller, prepare, VISITS, visit } from './caller.ts'
import { manualClock } from './manual-clock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-state-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (): SandboxOptions => ({ stateFile: join(folder, 'state.ndjson') })

test('a restart keeps everything, and gives no id twice', async () => {
  const first = createSandbox(options())
  const ask = caller(first.send)
  await prepare(ask)
  const ids = new Set<unknown>()
  for (let at = 0; at < 60; at++)
    ids.add((await ask('POST', 'interactions', visit({ count: at }))).fields['id'])
  for (const id of [...ids].slice(0, 10)) await ask('DELETE', `interactions/${id}`)
  await ask('POST', '/sandbox/automations', { name: 'Any interaction follow-up', active: false })
  const before = await ask('GET', VISITS)
  const counts = first.stats().automations
  // No close: the process was killed.
  const second = createSandbox(options())
  const again = caller(second.send)
  expect((await again('GET', VISITS)).body).toEqual(before.body)
  expect(second.stats().automations).toEqual(counts)
  const id = (await again('POST', 'interactions', visit())).fields['id']
  expect(ids.has(id)).toBe(false)
  first.close()
  second.close()
})

test('a restart doesn’t change how late the next interactions are', async () => {
  const lags = async (restart: boolean): Promise<readonly number[]> => {
    const clock = manualClock()
    const file = join(folder, `${restart}.ndjson`)
    const options = { clock, lag: { min: 0, max: 1000 }, stateFile: file }
    let sandbox = createSandbox(options)
    await prepare(caller(sandbox.send))
    for (let at = 0; at < 10; at++) {
      if (restart && at === 5) {
        sandbox.close()
        sandbox = createSandbox(options)
      }
      await caller(sandbox.send)('POST', 'interactions', visit({ count: at }))
    }
    sandbox.close()
    return [...sandbox.tenant.interactionsOf('visit', CONTACT)].map(({ visibleAt }) => visibleAt)
  }
  expect(await lags(true)).toEqual(await lags(false))
})

test('a last line cut short is dropped, and does no harm to the next', async () => {
  const file = join(folder, 'state.ndjson')
  const first = createSandbox(options())
  await prepare(caller(first.send))
  await caller(first.send)('POST', 'interactions', visit({ note: 'ÅÄÖ \u{1f468}\u200d\u{1f469}' }))
  first.close()
  const whole = readFileSync(file)
  const lastLine = whole.subarray(whole.lastIndexOf(10, -2) + 1)
  for (const length of [1, 40, lastLine.length - 1]) {
    writeFileSync(file, whole)
    appendFileSync(file, lastLine.subarray(0, length))
    const torn = createSandbox(options())
    expect(torn.stats().interactions).toEqual({ visit: 1 })
    expect(statSync(file).size).toBe(whole.length)
    await caller(torn.send)('POST', 'interactions', visit())
    torn.close()
    const reopened = createSandbox(options())
    expect(reopened.stats().interactions).toEqual({ visit: 2 })
    reopened.close()
  }
})

test('a tenant is seeded once, and equal in memory and from its file', () => {
  let seeded = 0
  const tenant = () => {
    seeded++
    return seedTenant({ seed: 7, contacts: 200 })
  }
  const dump = (sandbox: ReturnType<typeof createSandbox>): unknown =>
    sandbox.tenant.schemas().map(({ schema }) => [...sandbox.tenant.interactionsOfSchema(schema.id)])
  const inMemory = createSandbox({ tenant })
  const first = createSandbox({ ...options(), tenant })
  const second = createSandbox({ ...options(), tenant })
  expect(seeded).toBe(2)
  expect(dump(first)).toEqual(dump(inMemory))
  expect(dump(second)).toEqual(dump(inMemory))
  first.close()
  second.close()
})

test('seeding that was cut short is begun again', () => {
  writeFileSync(join(folder, 'state.ndjson.partial'), '{"type":"contact-cre')
  const sandbox = createSandbox({ ...options(), tenant: () => seedTenant({ seed: 7, contacts: 5 }) })
  expect(sandbox.stats().contacts).toBe(5)
  sandbox.close()
})
