import { expect, test } from 'vitest'
import { codeOf } from '../../src/errors.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts'
import type { FaultRule } from '../../src/sandbox/faults.ts'
import { caller, HEADERS, prepare, VISITS, visit } from './caller.ts'

async function prepared(): Promise<Sandbox> {
  const sandbox = createSandbox()
  await prepare(caller(sandbox.send))
  return sandbox
}

function post(sandbox: Sandbox, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify(visit({ note: 'x' }))
  const init = { method: 'POST', headers: HEADERS, body }
  const request = new Request('http://sandbox/api/v3/interactions', signal ? { ...init, signal } : init)
  return sandbox.send(request)
}

const stored = (sandbox: Sandbox): number | undefined => sandbox.stats().interactions['visit']

test.each<[FaultRule, number]>([
  [{ kind: '429', retryAfter: 3 }, 429],
  [{ kind: '500' }, 500],
  [{ kind: '502' }, 502],
  [{ kind: '503' }, 503],
  [{ kind: '504' }, 504],
  [{ kind: 'refuse', message: 'no' }, 400],
  [{ kind: 'html' }, 200],
  [{ kind: 'no-id' }, 200],
  [{ kind: 'not-kept' }, 200],
])('before acting: $kind', async (rule, status) => {
  const sandbox = await prepared()
  sandbox.setFaults([rule])
  const response = await post(sandbox)
  expect(response.status).toBe(status)
  expect(response.headers.get('retry-after')).toBe(rule.retryAfter === undefined ? null : '3')
  const text = await response.text()
  if (rule.kind === 'html') expect(text).toContain('<!doctype html>')
  if (rule.kind === 'no-id') expect(JSON.parse(text)).toEqual({})
  if (rule.kind === 'not-kept') expect(JSON.parse(text)).toEqual({ id: expect.any(String) })
  if (rule.kind === 'refuse') expect(JSON.parse(text)).toEqual({ message: 'no' })
  expect(stored(sandbox)).toBe(0)
  expect((await post(sandbox)).status).toBe(201)
  expect(sandbox.stats().faults).toEqual({ [rule.kind]: 1 })
})

test.each([
  ['refuse-connection', 'ECONNREFUSED', 0],
  ['reset-before', 'ECONNRESET', 0],
  ['reset-after', 'ECONNRESET', 1],
] as const)('broken connection: %s', async (kind, code, count) => {
  const sandbox = await prepared()
  sandbox.setFaults([{ kind }])
  const error: unknown = await post(sandbox).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(TypeError)
  expect(codeOf(error)).toBe(code)
  expect(stored(sandbox)).toBe(count)
})

test('acts and never answers', async () => {
  const sandbox = await prepared()
  sandbox.setFaults([{ kind: 'timeout-after' }])
  const controller = new AbortController()
  const pending = post(sandbox, controller.signal)
  setTimeout(() => controller.abort(new Error('enough')), 20)
  await expect(pending).rejects.toThrow('enough')
  expect(stored(sandbox)).toBe(1)
})

test('acts and answers 500, or half an answer', async () => {
  const sandbox = await prepared()
  sandbox.setFaults([{ kind: 'status-500-after' }, { kind: 'truncated' }])
  expect((await post(sandbox)).status).toBe(500)
  const half = await post(sandbox)
  expect(half.status).toBe(201)
  await expect(half.text()).rejects.toThrow('terminated')
  expect(stored(sandbox)).toBe(2)
})

test('rules: order, method, path, body, skip, times, probability', async () => {
  const sandbox = await prepared()
  const ask = caller(sandbox.send)
  sandbox.setFaults([
    { kind: '503', method: 'post', path: '/interactions$', skip: 1, times: 2 },
    { kind: '502', method: 'GET', path: 'schemaId=visit', times: 'always' },
  ])
  const statuses: number[] = []
  for (let at = 0; at < 4; at++) statuses.push((await post(sandbox)).status)
  expect(statuses).toEqual([201, 503, 503, 201])
  expect((await ask('GET', VISITS)).status).toBe(502)
  expect((await ask('GET', VISITS)).status).toBe(502)
  expect((await ask('GET', 'interactionschemas')).status).toBe(200)

  sandbox.setFaults([{ kind: '500', body: '"note":"y"', times: 'always' }])
  expect((await post(sandbox)).status).toBe(201)
  expect((await ask('POST', 'interactions', visit({ note: 'y' }))).status).toBe(500)
  expect((await post(sandbox)).status).toBe(201)

  const draws = async (): Promise<string> => {
    const rolled = createSandbox({ seed: 3, faults: [{ kind: '500', probability: 0.3, times: 'always' }] })
    let text = ''
    for (let at = 0; at < 100; at++) text += (await caller(rolled.send)('GET', 'contacts/count')).status
    return text
  }
  const drawn = await draws()
  expect(await draws()).toBe(drawn)
  expect(drawn.split('500').length).toBeGreaterThan(15)
  expect(drawn.split('500').length).toBeLessThan(50)
})
