import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/app.ts'
import { type Ask, CONTACT, caller, itemsOf, prepare, smallSchema, VISITS, visit } from './caller.ts'
import { manualClock } from './manual-clock.ts'

const OTHER = CONTACT.replace('c', 'd')
const OTHERS = VISITS.replace(CONTACT, OTHER)
const day = (at: number): string => `2024-01-0${at}T00:00:00Z`

/** Two contacts with two visits each, and one repair of the first. @returns the ids of its three. */
async function prepared(ask: Ask): Promise<readonly unknown[]> {
  await prepare(ask)
  await ask('POST', '/sandbox/contacts', { id: OTHER })
  await ask('POST', 'interactionschemas', smallSchema('repair'))
  const made = []
  for (const at of [1, 3]) made.push(await ask('POST', 'interactions', visit({ count: at }, day(at))))
  made.push(await ask('POST', 'interactions', { ...visit({ count: 9 }, day(9)), schemaId: 'repair' }))
  for (const at of [2, 4]) {
    await ask('POST', 'interactions', { ...visit({ count: at }, day(at)), contactId: OTHER })
  }
  return made.map(({ fields }) => fields['id'])
}

const merge = (ask: Ask, id: string, into?: string) =>
  ask('POST', `/sandbox/contacts/${id}/merge`, into === undefined ? {} : { into })

test('a merged contact is gone, and its interactions stand under the other with the same ids', async () => {
  const clock = manualClock(Date.UTC(2025, 6, 1))
  const sandbox = createSandbox({ clock })
  const ask = caller(sandbox.send)
  const ids = await prepared(ask)
  const sent = sandbox.stats().automations
  expect((await merge(ask, CONTACT.toUpperCase(), OTHER.toUpperCase())).status).toBe(200)
  expect((await ask('GET', `contacts/${CONTACT}`)).status).toBe(404)
  expect((await ask('GET', VISITS)).status).toBe(404)
  const items = itemsOf(await ask('GET', OTHERS))
  expect(items.map((item) => item['payload'])).toEqual([4, 3, 2, 1].map((count) => ({ count })))
  for (const item of items) expect(item['contactId']).toBe(OTHER)
  expect([items[3]?.['id'], items[1]?.['id']]).toEqual(ids.slice(0, 2))
  expect((await ask('GET', `interactions/${ids[2]}`)).fields).toMatchObject({
    contactId: OTHER,
    schemaId: 'repair',
  })
  expect(sandbox.stats().interactions).toEqual({ visit: 4, repair: 1 })
  expect(sandbox.stats().automations).toEqual(sent)
  const deleted = await ask(
    'GET',
    'contacts/changes?changeType=Deleted&fromDate=2025-07-01%2000%3A00%3A00.000',
  )
  expect(deleted.body).toEqual([CONTACT])
  expect((await ask('DELETE', `interactions/${ids[0]}`)).status).toBe(200)
  expect(itemsOf(await ask('GET', OTHERS))).toHaveLength(3)
})

test('a merged contact comes back without its interactions', async () => {
  const ask = caller(createSandbox().send)
  await prepared(ask)
  await merge(ask, CONTACT, OTHER)
  expect((await ask('POST', '/sandbox/contacts', { id: CONTACT })).status).toBe(200)
  expect((await ask('GET', VISITS)).body).toEqual({ items: [], links: [] })
  expect(itemsOf(await ask('GET', OTHERS))).toHaveLength(4)
})

test('a merge that makes no sense is refused and changes nothing', async () => {
  const ask = caller(createSandbox().send)
  await prepared(ask)
  const unknown = CONTACT.replace('c', 'e')
  expect((await merge(ask, CONTACT)).status).toBe(400)
  expect((await merge(ask, CONTACT, 'somebody')).status).toBe(400)
  expect((await merge(ask, CONTACT, CONTACT.toUpperCase())).status).toBe(400)
  expect((await merge(ask, CONTACT, unknown)).status).toBe(404)
  expect((await merge(ask, unknown, OTHER)).status).toBe(404)
  expect(itemsOf(await ask('GET', VISITS))).toHaveLength(2)
  await ask('DELETE', `/sandbox/contacts/${OTHER}`)
  expect((await merge(ask, CONTACT, OTHER)).status).toBe(404)
  expect((await merge(ask, OTHER, CONTACT)).status).toBe(404)
  expect(itemsOf(await ask('GET', VISITS))).toHaveLength(2)
})

test('a restart keeps a merge', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-merge-'))
  try {
    const stateFile = join(folder, 'state.ndjson')
    const first = createSandbox({ stateFile })
    await prepared(caller(first.send))
    await merge(caller(first.send), CONTACT, OTHER)
    const before = await caller(first.send)('GET', OTHERS)
    first.close()
    const second = createSandbox({ stateFile })
    const ask = caller(second.send)
    expect((await ask('GET', OTHERS)).body).toEqual(before.body)
    expect((await ask('GET', VISITS)).status).toBe(404)
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
