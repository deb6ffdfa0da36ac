import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { codeOf } from '../../src/errors.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import { type Served, serve } from '../../src/sandbox/server.ts'
import { createManualClock } from '../support/clock.ts'
import { type Ask, caller, HEADERS, itemsOf, prepare, VISITS, visit } from './caller.ts'

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) await served.close()
})

async function started(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; url: string; ask: Ask }> {
  const sandbox = createSandbox(options)
  const served = await serve(sandbox)
  running.push(served)
  return { sandbox, url: served.url, ask: caller(fetch, served.url) }
}

test('the API and the admin routes over HTTP', async () => {
  const { ask, url } = await started()
  await prepare(ask)
  expect((await ask('POST', 'interactions', visit({ note: 'åäö \u2028' }))).status).toBe(201)
  expect(itemsOf(await ask('GET', VISITS))[0]?.['payload']).toEqual({ note: 'åäö \u2028' })
  expect((await ask('DELETE', 'interactionschemas/visit')).status).toBe(200)
  const { 'user-agent': _none, ...headers } = HEADERS
  expect((await fetch(`${url}/api/v3/contacts/count`, { headers })).status).toBe(400)
  expect((await ask('GET', '/sandbox/stats')).fields['requests']).toBe(5)
})

test.each(['reset-before', 'reset-after', 'refuse-connection'] as const)(
  '%s breaks the socket',
  async (kind) => {
    const { ask, sandbox } = await started()
    await prepare(ask)
    await ask('POST', '/sandbox/faults', [{ kind, method: 'POST' }])
    const error: unknown = await ask('POST', 'interactions', visit()).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(TypeError)
    expect(codeOf(error)).toBe('ECONNRESET')
    expect(sandbox.stats().interactions).toEqual({ visit: kind === 'reset-after' ? 1 : 0 })
  },
)

test('a body is cut short', async () => {
  const { ask, url, sandbox } = await started()
  await prepare(ask)
  sandbox.setFaults([{ kind: 'truncated', method: 'POST' }])
  const response = await fetch(`${url}/api/v3/interactions`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(visit()),
  })
  expect(response.status).toBe(201)
  await expect(response.text()).rejects.toThrow('terminated')
  expect(sandbox.stats().interactions).toEqual({ visit: 1 })
})

test('an answer never comes, and the server closes all the same', async () => {
  const { ask, url, sandbox } = await started()
  await prepare(ask)
  sandbox.setFaults([{ kind: 'timeout-after', times: 2 }])
  const init = { method: 'POST', headers: HEADERS, body: JSON.stringify(visit()) }
  const signal = AbortSignal.timeout(100)
  await expect(fetch(`${url}/api/v3/interactions`, { ...init, signal })).rejects.toThrow(/timeout/)
  const pending = fetch(`${url}/api/v3/interactions`, init).catch(() => 'broken')
  await expect.poll(() => sandbox.stats().interactions['visit']).toBe(2)
  await running.pop()?.close()
  expect(await pending).toBe('broken')
})

test('the socket breaks at once, and the server acts later', async () => {
  const clock = createManualClock()
  const { ask } = await started({ clock })
  await prepare(ask)
  await ask('POST', '/sandbox/faults', [{ kind: 'lands-late', method: 'POST', delay: 30 }])
  const error: unknown = await ask('POST', 'interactions', visit()).catch((each: unknown) => each)
  expect(codeOf(error)).toBe('ECONNRESET')
  expect((await ask('GET', '/sandbox/stats')).fields).toMatchObject({
    pending: 1,
    interactions: { visit: 0 },
  })
  await clock.advance(30_000)
  expect((await ask('GET', '/sandbox/stats')).fields).toMatchObject({
    pending: 0,
    interactions: { visit: 1 },
  })
})

test('the client gives up, and the server acts later', async () => {
  const clock = createManualClock()
  const { ask, sandbox, url } = await started({ clock })
  await prepare(ask)
  sandbox.setFaults([{ kind: 'acts-late', method: 'POST' }])
  const init = { method: 'POST', headers: HEADERS, body: JSON.stringify(visit()) }
  const controller = new AbortController()
  const { signal } = controller
  const ended = expect(fetch(`${url}/api/v3/interactions`, { ...init, signal })).rejects.toThrow('enough')
  await expect.poll(() => sandbox.stats().pending).toBe(1)
  controller.abort(new Error('enough'))
  await ended
  expect(sandbox.stats()).toMatchObject({ pending: 1, interactions: { visit: 0 } })
  await clock.advance(180_000)
  expect(sandbox.stats()).toMatchObject({ pending: 0, interactions: { visit: 1 } })
})

test('a restart on the same file goes on where it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-server-'))
  try {
    const stateFile = join(folder, 'state.ndjson')
    const first = await started({ stateFile })
    await prepare(first.ask)
    const made = await first.ask('POST', 'interactions', visit({ count: 1 }))
    await running.pop()?.close()
    const second = await started({ stateFile })
    expect((await second.ask('GET', `interactions/${made.fields['id']}`)).status).toBe(200)
    first.sandbox.close()
    second.sandbox.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
