import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { codeOf } from '../../src/errors.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import { createManualClock, type ManualClock } from '../support/clock.ts'
import { CONTACT, caller, HEADERS, itemsOf, prepare, smallSchema, VISITS, visit } from './caller.ts'

interface Late {
  readonly sandbox: Sandbox
  readonly clock: ManualClock
}

async function prepared(options: SandboxOptions = {}): Promise<Late> {
  const clock = createManualClock()
  const sandbox = createSandbox({ clock, ...options })
  await prepare(caller(sandbox.send))
  return { sandbox, clock }
}

function post({ send }: Sandbox, signal = new AbortController().signal): Promise<Response> {
  const init = { method: 'POST', headers: HEADERS, body: JSON.stringify(visit()), signal }
  return send(new Request('http://sandbox/api/v3/interactions', init))
}

/** Posts what is reset at once and lands `delay` seconds later. */
async function postLate(sandbox: Sandbox, delay?: number): Promise<void> {
  sandbox.setFaults([{ kind: 'lands-late', method: 'POST', ...(delay === undefined ? {} : { delay }) }])
  const error: unknown = await post(sandbox).catch((each: unknown) => each)
  expect(codeOf(error)).toBe('ECONNRESET')
}

const stored = ({ tenant }: Sandbox): number => tenant.countOf('visit')

test.each([
  [undefined, 180_000],
  [7, 7_000],
])('the connection is reset at once, the server acts later (delay %s)', async (delay, ms) => {
  const { sandbox, clock } = await prepared()
  await postLate(sandbox, delay)
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([0, 1])
  await clock.advance(ms - 1)
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([0, 1])
  await clock.advance(1)
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([1, 0])
  // It came without a date: the server's own, when it acted.
  const [landed] = itemsOf(await caller(sandbox.send)('GET', VISITS))
  expect(landed?.['createdDate']).toBe(new Date(clock.now()).toISOString())
  expect(sandbox.stats().faults).toEqual({ 'lands-late': 1 })
})

test('there is no answer, and the server acts after the caller gave up', async () => {
  const { sandbox, clock } = await prepared({ faults: [{ kind: 'acts-late', path: '/interactions$' }] })
  const controller = new AbortController()
  const ended = expect(post(sandbox, controller.signal)).rejects.toThrow('enough')
  await clock.advance(100_000)
  controller.abort(new Error('enough'))
  await ended
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([0, 1])
  await clock.advance(80_000)
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([1, 0])
})

test('there is no answer even where the server has acted by now', async () => {
  const { sandbox, clock } = await prepared({ faults: [{ kind: 'acts-late', path: '/interactions$' }] })
  const controller = new AbortController()
  let open = true
  const ended = post(sandbox, controller.signal).finally(() => {
    open = false
  })
  ended.catch(() => {})
  await clock.advance(200_000)
  expect([stored(sandbox), open]).toEqual([1, true])
  controller.abort(new Error('enough'))
  await expect(ended).rejects.toThrow('enough')
})

test('what lands meets the tenant as it is then', async () => {
  const { sandbox, clock } = await prepared()
  const ask = caller(sandbox.send)
  await postLate(sandbox, 60)
  await ask('DELETE', 'interactionschemas/visit')
  await clock.advance(60_000)
  expect(sandbox.stats()).toMatchObject({ pending: 0, interactions: {} })

  await ask('POST', 'interactionschemas', smallSchema())
  await postLate(sandbox, 60)
  await ask('DELETE', `/sandbox/contacts/${CONTACT}`)
  await clock.advance(60_000)
  expect([stored(sandbox), sandbox.stats().pending]).toEqual([0, 0])

  // A deletion that lands late takes what was recreated meanwhile.
  sandbox.setFaults([{ kind: 'lands-late', method: 'DELETE', delay: 60 }])
  await expect(ask('DELETE', 'interactionschemas/visit')).rejects.toThrow('fetch failed')
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', smallSchema())
  await clock.advance(60_000)
  expect(sandbox.tenant.schema('visit')).toBeUndefined()
})

test('several land in the order of their times', async () => {
  const { sandbox, clock } = await prepared()
  for (const delay of [30, 10, 20]) await postLate(sandbox, delay)
  const counts: (readonly number[])[] = []
  for (let at = 0; at < 3; at++) {
    await clock.advance(10_000)
    counts.push([stored(sandbox), sandbox.stats().pending])
  }
  expect(counts).toEqual([
    [1, 2],
    [2, 1],
    [3, 0],
  ])
})

test('nothing lands once the sandbox is closed, and no timer is left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-late-'))
  try {
    const stateFile = join(folder, 'state.ndjson')
    const { sandbox, clock } = await prepared({ stateFile })
    await postLate(sandbox)
    const before = readFileSync(stateFile, 'utf8')
    sandbox.close()
    await clock.advance(180_000)
    expect([clock.sleeping(), sandbox.stats().pending, stored(sandbox)]).toEqual([0, 0, 0])
    expect(readFileSync(stateFile, 'utf8')).toBe(before)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('nothing lands where the sandbox is closed in the very turn in which the time has come', async () => {
  const due = Promise.withResolvers<void>()
  const clock: Clock = { ...createManualClock(), sleep: () => due.promise }
  const { sandbox } = await prepared({ clock })
  await postLate(sandbox)
  due.resolve()
  sandbox.close()
  await expect.poll(() => sandbox.stats().pending).toBe(0)
  expect(stored(sandbox)).toBe(0)
})

test('a server that fails as it acts late tells no one', async () => {
  const { sandbox, clock } = await prepared()
  await postLate(sandbox)
  const apply = vi.spyOn(sandbox.tenant, 'apply').mockImplementation(() => {
    throw new Error('the disk is full')
  })
  await clock.advance(180_000)
  expect(apply).toHaveBeenCalledOnce()
  expect(sandbox.stats().pending).toBe(0)
})
