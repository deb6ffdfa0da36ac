/** What reads go on showing after a schema was deleted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import { type Ask, CONTACT, caller, itemsOf, nextOf, prepare, smallSchema, VISITS, visit } from './caller.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

interface Haunted {
  readonly sandbox: Sandbox
  readonly ask: Ask
  readonly clock: ManualClock
}

/** A tenant whose schema has two interactions: of 1 and of 3 January, counts 1 and 3. */
async function haunted(options: SandboxOptions): Promise<Haunted & { readonly ids: readonly string[] }> {
  const clock = manualClock()
  const sandbox = createSandbox({ clock, ...options })
  const ask = caller(sandbox.send)
  await prepare(ask)
  const ids = [await make(ask, 1), await make(ask, 3)]
  return { sandbox, ask, clock, ids }
}

async function make(ask: Ask, count: number): Promise<string> {
  const made = await ask('POST', 'interactions', visit({ count }, `2024-01-0${count}T00:00:00Z`))
  expect(made.status).toBe(201)
  return String(made.fields['id'])
}

async function counts(ask: Ask): Promise<readonly Json[]> {
  return itemsOf(await ask('GET', VISITS)).map((item) => (item['payload'] as JsonObject)['count'] ?? null)
}

const NEW_FORM = smallSchema('visit', { extra: { type: 'string' } })

test('a deleted schema is still shown, but takes nothing and can’t be deleted again', async () => {
  const { sandbox, ask, clock } = await haunted({ schemaGoneLag: 1000 })
  expect((await ask('DELETE', 'interactionschemas/visit')).status).toBe(200)
  expect((await ask('GET', 'interactionschemas/visit')).body).toEqual(smallSchema())
  expect((await ask('GET', 'interactionschemas')).body).toEqual([{ id: 'visit', displayName: 'Visit' }])
  expect((await ask('DELETE', 'interactionschemas/visit')).status).toBe(404)
  const refused = await ask('POST', 'interactions', visit())
  expect([refused.status, refused.fields['message']]).toEqual([400, "Schema 'visit' not found"])
  expect(await counts(ask)).toEqual([])
  expect(sandbox.stats().interactions).toEqual({})
  clock.advance(999)
  expect((await ask('GET', 'interactionschemas/visit')).status).toBe(200)
  clock.advance(1)
  expect((await ask('GET', 'interactionschemas/visit')).status).toBe(404)
  expect((await ask('GET', 'interactionschemas')).body).toEqual([])
})

test('a recreated schema is there for writes, and shown in its old form for a while', async () => {
  const { ask, clock } = await haunted({ schemaGoneLag: 1000 })
  await ask('DELETE', 'interactionschemas/visit')
  expect((await ask('POST', 'interactionschemas', NEW_FORM)).status).toBe(200)
  expect((await ask('POST', 'interactionschemas', NEW_FORM)).status).toBe(409)
  expect((await ask('GET', 'interactionschemas/visit')).body).toEqual(smallSchema())
  expect((await ask('GET', 'interactionschemas')).body).toHaveLength(1)
  const made = await ask('POST', 'interactions', visit({ extra: 'kept' }))
  expect((await ask('GET', `interactions/${made.fields['id']}`)).fields['payload']).toEqual({ extra: 'kept' })
  clock.advance(1000)
  expect((await ask('GET', 'interactionschemas/visit')).body).toEqual(NEW_FORM)
  expect((await ask('GET', 'interactionschemas')).body).toHaveLength(1)
})

test('a schema that is only shown takes no place of the fifteen', async () => {
  const { ask } = await haunted({ schemaGoneLag: 1000 })
  for (let at = 2; at <= 15; at++) await ask('POST', 'interactionschemas', smallSchema(`s${at}`))
  await ask('DELETE', 'interactionschemas/visit')
  expect((await ask('GET', 'interactionschemas')).body).toHaveLength(15)
  expect((await ask('POST', 'interactionschemas', smallSchema('s16'))).status).toBe(200)
})

test('old interactions are listed among the new ones, and count nowhere', async () => {
  const { sandbox, ask, clock, ids } = await haunted({ deletionLag: 1000 })
  await ask('DELETE', 'interactionschemas/visit')
  expect((await ask('GET', VISITS)).status).toBe(400)
  expect((await ask('GET', `interactions/${ids[0]}`)).status).toBe(200)
  await ask('POST', 'interactionschemas', smallSchema())
  await make(ask, 2)
  expect(await counts(ask)).toEqual([3, 2, 1])
  expect((await ask('GET', `interactions/${ids[0]?.toUpperCase()}`)).fields['payload']).toEqual({ count: 1 })
  expect((await ask('DELETE', `interactions/${ids[0]}`)).status).toBe(404)
  expect(await counts(ask)).toEqual([3, 2, 1])

  expect(sandbox.stats().interactions).toEqual({ visit: 1 })
  expect(sandbox.tenant.countOf('visit')).toBe(1)
  expect([...sandbox.tenant.interactionsOfSchema('visit')].map(({ payload }) => payload)).toEqual([
    { count: 2 },
  ])
  expect(sandbox.tenant.interaction(String(ids[0]))).toBeUndefined()
  const lines = await (await sandbox.send(new Request('http://sandbox/sandbox/interactions'))).text()
  expect(lines.trimEnd().split('\n')).toHaveLength(1)

  clock.advance(999)
  expect(await counts(ask)).toEqual([3, 2, 1])
  clock.advance(1)
  expect(await counts(ask)).toEqual([2])
  expect((await ask('GET', `interactions/${ids[0]}`)).status).toBe(404)
})

test('while the deleted schema is still shown, so are its interactions', async () => {
  const { ask, clock } = await haunted({ schemaGoneLag: 2000, deletionLag: 1000 })
  await ask('DELETE', 'interactionschemas/visit')
  expect(await counts(ask)).toEqual([3, 1])
  clock.advance(1000)
  expect(await counts(ask)).toEqual([])
  clock.advance(1000)
  expect((await ask('GET', VISITS)).status).toBe(400)
})

test('pages run through old and new ones alike', async () => {
  const { ask } = await haunted({ deletionLag: 1000 })
  const day = (at: number): string => new Date(Date.UTC(2024, 2, 1 + at)).toISOString()
  for (let at = 0; at < 60; at += 2) await ask('POST', 'interactions', visit({ count: at }, day(at)))
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', smallSchema())
  for (let at = 1; at < 60; at += 2) await ask('POST', 'interactions', visit({ count: at }, day(at)))
  const first = await ask('GET', VISITS)
  const second = await ask('GET', nextOf(first) ?? '')
  const all = [...itemsOf(first), ...itemsOf(second)].map((item) => (item['payload'] as JsonObject)['count'])
  expect(all).toEqual([...Array.from({ length: 60 }, (_, at) => 59 - at), 3, 1])
  expect(nextOf(second)).toBeUndefined()
})

test('what is deleted twice is shown for its own time each', async () => {
  const { ask, clock } = await haunted({ schemaGoneLag: 1000, deletionLag: 1000 })
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', NEW_FORM)
  await make(ask, 2)
  clock.advance(600)
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', smallSchema('visit', { third: { type: 'string' } }))
  await make(ask, 4)
  const shown = async (): Promise<readonly unknown[]> => {
    const { jsonSchema } = (await ask('GET', 'interactionschemas/visit')).fields
    const { properties } = jsonSchema as { readonly properties: object }
    return [Object.keys(properties).at(-1), ...(await counts(ask))]
  }
  expect(await shown()).toEqual(['first', 4, 3, 2, 1])
  clock.advance(400)
  expect(await shown()).toEqual(['extra', 4, 2])
  clock.advance(600)
  expect(await shown()).toEqual(['third', 4])
})

test('a restart goes on showing what is deleted, for as long as before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-ghosts-'))
  try {
    const options = { stateFile: join(folder, 'state.ndjson'), schemaGoneLag: 1000, deletionLag: 2000 }
    const first = await haunted(options)
    await first.ask('DELETE', 'interactionschemas/visit')
    await first.ask('POST', 'interactionschemas', NEW_FORM)
    first.sandbox.close()
    const second = createSandbox({ ...options, clock: first.clock })
    const ask = caller(second.send)
    expect((await ask('GET', 'interactionschemas/visit')).body).toEqual(smallSchema())
    expect(await counts(ask)).toEqual([3, 1])
    first.clock.advance(1000)
    expect((await ask('GET', 'interactionschemas/visit')).body).toEqual(NEW_FORM)
    expect(await counts(ask)).toEqual([3, 1])
    first.clock.advance(1000)
    expect(await counts(ask)).toEqual([])
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('of a contact that is merged, what is deleted stands under the other as well', async () => {
  const { ask, clock } = await haunted({ deletionLag: 1000 })
  const other = CONTACT.replace('c', 'd')
  await ask('POST', '/sandbox/contacts', { id: other })
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', smallSchema())
  await ask('POST', `/sandbox/contacts/${CONTACT}/merge`, { into: other })
  const of = VISITS.replace(CONTACT, other)
  expect(itemsOf(await ask('GET', of)).map((item) => item['contactId'])).toEqual([other, other])
  clock.advance(1000)
  expect(itemsOf(await ask('GET', of))).toEqual([])
})
