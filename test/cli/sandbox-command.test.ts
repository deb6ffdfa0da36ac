/** `sandbox`: a server of its own, that outlives its process where it is given a file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FAULT_FIELDS, FAULT_KINDS } from '../../src/sandbox/faults.ts'
import { carry, launch, type Running, until } from './harness.ts'

let folder: string
let running: Running[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engage-migrate-sandbox-'))
  running = []
})

afterEach(async () => {
  for (const each of running) each.process.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  rmSync(folder, { recursive: true, force: true })
})

interface Up {
  readonly url: string
  readonly apiKey: string
  readonly pid: number
  readonly command: Running
}

async function up(...args: readonly string[]): Promise<Up> {
  const command = launch(['sandbox', '--port', '0', '--json', ...args], folder)
  running.push(command)
  await until(() => command.stdout().includes('\n'), command)
  return { ...(JSON.parse(command.stdout()) as Omit<Up, 'command'>), command }
}

async function stats({ url }: Up): Promise<{ readonly interactions: Readonly<Record<string, number>> }> {
  return (await (await fetch(`${url}/sandbox/stats`)).json()) as Awaited<ReturnType<typeof stats>>
}

test('It says where it answers, keeps the tenant across a SIGKILL, and ends on SIGTERM with 0', async () => {
  const state = ['--state', join(folder, 'tenant.ndjson'), '--contacts', '10', '--schemas', 'wishlist,repair']
  const first = await up(...state, '--contacts-file', join(folder, 'contacts.csv'))
  expect(first).toMatchObject({ apiKey: 'sandbox-key', pid: first.command.process.pid })
  const ids = readFileSync(join(folder, 'contacts.csv'), 'utf8').trimEnd().split('\n').slice(1)
  expect(ids).toHaveLength(10)
  const seeded = (await stats(first)).interactions
  expect(Object.keys(seeded)).toEqual(['wishlist', 'repair'])

  const posted = await fetch(`${first.url}/api/v3/interactions`, {
    method: 'POST',
    headers: { apikey: first.apiKey, 'user-agent': 'Shop/1.0', 'content-type': 'application/json' },
    body: JSON.stringify({ contactId: ids[0], schemaId: 'wishlist', payload: { productSku: 'SKU-1' } }),
  })
  expect(posted.ok).toBe(true)
  const now = { ...seeded, wishlist: (seeded['wishlist'] ?? 0) + 1 }
  expect((await stats(first)).interactions).toEqual(now)
  first.command.process.kill('SIGKILL')
  expect((await first.command.ended).code).toBe(null)

  // Other wishes for a new tenant don't touch the one that there is.
  const second = await up(...state, '--contacts', '500', '--seed', '2')
  expect((await stats(second)).interactions).toEqual(now)
  second.command.process.kill('SIGTERM')
  expect((await second.command.ended).code).toBe(0)
  await expect(fetch(second.url)).rejects.toThrow()
})

test('It goes wrong as it is told to', async () => {
  const fault = JSON.stringify({ kind: '503', method: 'GET', path: '/interactionschemas', times: 1 })
  const server = await up('--contacts', '1', '--fault', fault)
  const ask = async (): Promise<number> => {
    const headers = { apikey: server.apiKey, 'user-agent': 'Test/1.0', 'content-type': 'application/json' }
    return (await fetch(`${server.url}/api/v3/interactionschemas`, { headers })).status
  }
  expect([await ask(), await ask()]).toEqual([503, 200])
})

test.each([
  ['a port that is no number', ['--port', 'http'], /--port must be one number/],
  ['a negative number of contacts', ['--contacts=-5'], /--contacts must be one number/],
  ['a schema that it does not have', ['--schemas', 'nothing'], /no schema 'nothing'/],
  [
    'a fault that there is not',
    ['--fault', '{"kind":"earthquake"}'],
    /'earthquake'; there are: .*lands-late/,
  ],
  [
    'a fault with a field that there is not',
    ['--fault', '{"kind":"500","wait":1}'],
    /'wait' .*there are: .*delay/,
  ],
  ['a setting of the tenant', ['--rate', '5'], /Unknown argument: rate/],
  ['a fault that is not JSON', ['--fault', '{kind}'], /can't be started/],
])('It does not start with %s', async (_title, args, words) => {
  const ended = await carry(['sandbox', '--json', '--port', '0', ...args], folder)
  expect(ended, ended.stderr).toMatchObject({ code: 2, json: { error: { exit: 2 } } })
  expect(ended.stderr).toMatch(words)
})

test('It does not start on a port that is taken', async () => {
  const first = await up('--contacts', '1')
  const { port } = new URL(first.url)
  const ended = await carry(['sandbox', '--json', '--contacts', '1', '--port', port], folder)
  expect(ended, ended.stderr).toMatchObject({ code: 2 })
  expect(ended.stderr).toContain(`port ${new URL(first.url).port}`)
})

test('Its help has every kind of fault, every field, and what it can be told, on lines of 80 columns', async () => {
  const { stdout } = await carry(['sandbox', '--help'], folder, { NO_COLOR: '1' })
  for (const name of [...Object.keys(FAULT_KINDS), ...Object.keys(FAULT_FIELDS)])
    expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
  expect(stdout).toContain('with "…-late" [180]')
  for (const route of [
    '/sandbox/faults',
    '/sandbox/contacts',
    '/sandbox/contacts/ID/merge',
    '/sandbox/automations',
  ])
    expect(stdout).toContain(`POST   ${route} `)
  expect(stdout).toContain('[] empties them')
  expect(stdout).not.toMatch(/ENGAGE_/)
  const below = stdout.slice(stdout.indexOf('A fault is'))
  expect(below.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test('Without a file it says that the tenant ends with it', async () => {
  const short = await up('--contacts', '1')
  const kept = await up('--contacts', '1', '--state', join(folder, 'tenant.ndjson'))
  const words = 'The tenant is gone when it ends: --state FILE keeps it.'
  expect(short.command.stderr()).toContain(words)
  expect(kept.command.stderr()).not.toContain(words)
})
