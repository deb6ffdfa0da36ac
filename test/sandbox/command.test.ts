/** Options of the command `sandbox` that make the tenant difficult. */
import { expect, onTestFinished, test } from 'vitest'
import { FORMS } from '../../src/sandbox/forms.ts'
import { carry, launch, type Running, until } from '../cli/harness.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Ask, CONTACT, caller, itemsOf, nextOf } from './caller.ts'

async function command(...args: readonly string[]): Promise<Running> {
  const running = launch(['sandbox', '--port', '0', '--json', ...args], await temporaryFolder())
  onTestFinished(async () => {
    running.process.kill('SIGKILL')
    await running.ended
  })
  return running
}

const NOBODY = ['--contacts', '0']

interface Up {
  readonly ask: Ask
  readonly running: Running
  readonly url: string
}

async function up(...args: readonly string[]): Promise<Up> {
  const running = await command(
    ...(args.includes('--contacts') ? [] : NOBODY),
    '--schemas',
    'wishlist',
    ...args,
  )
  await until(() => running.stdout().includes('\n'), running)
  const { url } = JSON.parse(running.stdout()) as { readonly url: string }
  return { ask: caller(fetch, url), running, url }
}

const WISHES = `interactions?contactId=${CONTACT}&schemaId=wishlist`

async function wish(ask: Ask, productSku: string, createdDate: string): Promise<void> {
  const body = { contactId: CONTACT, schemaId: 'wishlist', createdDate, payload: { productSku } }
  expect((await ask('POST', 'interactions', body)).status).toBe(201)
}

test('It keeps records in a form of choice, and shifts pages', async () => {
  const { ask } = await up('--keeps', 'seconds', '--pages', 'shifting')
  await ask('POST', '/sandbox/contacts', { id: CONTACT })
  for (let at = 0; at < 51; at++) await wish(ask, `SKU-${at}`, '2024-01-01T00:00:00.123Z')
  const first = await ask('GET', WISHES)
  expect(itemsOf(first)[0]?.['createdDate']).toBe('2024-01-01T00:00:00Z')
  await wish(ask, 'SKU-51', '2024-01-02T00:00:00Z')
  const second = await ask('GET', nextOf(first) ?? 'nowhere')
  expect(itemsOf(second)[0]).toEqual(itemsOf(first)[49])
})

test('No two give the same ids to what is posted, but with the same seed; what they begin with is the same', async () => {
  const idsOf = async (...args: readonly string[]) => {
    const { ask, url } = await up('--contacts', '5', ...args)
    const seeded = await (await fetch(`${url}/sandbox/interactions`)).text()
    await ask('POST', '/sandbox/contacts', { id: CONTACT })
    await wish(ask, 'SKU-1', '2024-01-01T00:00:00Z')
    return { seeded, posted: itemsOf(await ask('GET', WISHES)).map(({ id }) => id) }
  }
  const [a, b, first, again] = await Promise.all([
    idsOf(),
    idsOf(),
    idsOf('--seed', '1'),
    idsOf('--seed', '1'),
  ])
  expect(a.seeded.length).toBeGreaterThan(0)
  for (const each of [b, first]) expect(each.seeded).toEqual(a.seeded)
  expect(new Set([a, b, first].flatMap(({ posted }) => posted)).size).toBe(3)
  expect(again).toEqual(first)
})

test('It goes on showing what is deleted', async () => {
  const { ask } = await up('--schema-gone-lag', '600000', '--deletion-lag', '600000')
  await ask('POST', '/sandbox/contacts', { id: CONTACT })
  await wish(ask, 'SKU-1', '2024-01-01T00:00:00Z')
  expect((await ask('DELETE', 'interactionschemas/wishlist')).status).toBe(200)
  expect((await ask('GET', 'interactionschemas/wishlist')).status).toBe(200)
  expect(itemsOf(await ask('GET', WISHES))).toHaveLength(1)
  expect((await ask('GET', '/sandbox/stats')).fields['interactions']).toEqual({})
})

test('It ends at once on SIGTERM while something is still to land', async () => {
  const { ask, running } = await up('--fault', '{"kind":"lands-late","method":"POST","delay":600}')
  const posted = ask('POST', 'interactionschemas', {})
  await expect(posted).rejects.toThrow('fetch failed')
  expect((await ask('GET', '/sandbox/stats')).fields['pending']).toBe(1)
  running.process.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test('Its help names every form', async () => {
  const { stdout } = await carry(['sandbox', '--help'], await temporaryFolder())
  for (const form of FORMS) expect(stdout).toContain(`"${form}"`)
})
