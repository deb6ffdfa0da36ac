import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import {
  type Answer,
  type Ask,
  caller,
  itemsOf,
  nextOf,
  prepare,
  smallSchema,
  VISITS,
  visit,
} from './caller.ts'

/** A tenant with 120 visits, numbered from the oldest: 0 to 119. */
async function prepared(
  options: SandboxOptions = {},
): Promise<{ readonly ask: Ask; readonly sandbox: Sandbox }> {
  const sandbox = createSandbox({ limit: 100_000, ...options })
  const ask = caller(sandbox.send)
  await prepare(ask)
  for (let at = 0; at < 120; at++) {
    const day = new Date(Date.UTC(2024, 0, 1 + at)).toISOString()
    await ask('POST', 'interactions', visit({ count: at }, day))
  }
  return { ask, sandbox }
}

const numbers = (page: Answer): readonly (Json | undefined)[] =>
  itemsOf(page).map((item) => (item['payload'] as JsonObject)['count'])
const down = (from: number, to: number): readonly number[] =>
  Array.from({ length: from - to + 1 }, (_, at) => from - at)
const following = (ask: Ask, page: Answer): Promise<Answer> => ask('GET', nextOf(page) ?? 'nowhere')

test('shifting pages: all there is, while nothing comes or goes', async () => {
  const { ask } = await prepared({ pages: 'shifting' })
  const first = await ask('GET', VISITS)
  const second = await following(ask, first)
  const third = await following(ask, second)
  expect([first, second, third].map(numbers)).toEqual([down(119, 70), down(69, 20), down(19, 0)])
  expect(nextOf(third)).toBeUndefined()
})

test('shifting pages: what comes repeats items on the next page, what goes skips some', async () => {
  const { ask } = await prepared({ pages: 'shifting' })
  const first = await ask('GET', VISITS)
  for (const count of [1000, 1001]) await ask('POST', 'interactions', visit({ count }))
  const second = await following(ask, first)
  expect(numbers(second)).toEqual(down(71, 22))
  for (const item of itemsOf(first).slice(0, 5)) await ask('DELETE', `interactions/${item['id']}`)
  expect(numbers(await following(ask, second))).toEqual(down(16, 0))
})

test('shifting pages: one behind the end is empty', async () => {
  const { ask } = await prepared({ pages: 'shifting' })
  const first = await ask('GET', VISITS)
  await ask('DELETE', 'interactionschemas/visit')
  await ask('POST', 'interactionschemas', smallSchema())
  expect((await following(ask, first)).body).toEqual({ items: [], links: [] })
})

test('a continuation means the same after the option has changed', async () => {
  const { ask, sandbox } = await prepared()
  const first = await ask('GET', VISITS)
  sandbox.configure({ pages: 'shifting' })
  await ask('POST', 'interactions', visit({ count: 1000 }))
  const second = await following(ask, first)
  expect(numbers(second)).toEqual(down(69, 20))
  // From here it is a count of items: one more that comes moves the next page.
  await ask('POST', 'interactions', visit({ count: 1001 }))
  expect(numbers(await following(ask, second))).toEqual(down(20, 0))
})

test.each([[[-1]], [[1.5]], [[1e300]], [[5, 5]], [['5']], [{ offset: 5 }], [5]])(
  'a continuation that was never given is refused: %j',
  async (value) => {
    const ask = caller(createSandbox({ pages: 'shifting' }).send)
    await prepare(ask)
    const token = Buffer.from(JSON.stringify(value)).toString('base64url')
    expect((await ask('GET', `${VISITS}&continuation=${token}`)).status).toBe(400)
  },
)

test.each(['stable', 'shifting'] as const)(
  'a next page is answered with the one before it, as it was (%s)',
  async (pages) => {
    const { ask, sandbox } = await prepared({ pages })
    sandbox.setFaults([{ kind: 'page-again', skip: 1 }])
    const first = await ask('GET', VISITS)
    const second = await following(ask, first)
    await ask('POST', 'interactions', visit({ count: 1000 }))
    await ask('DELETE', `interactions/${itemsOf(second)[0]?.['id']}`)
    const again = await following(ask, second)
    expect(again.body).toEqual(second.body)
    expect(nextOf(again)).toBe(nextOf(second))
    expect(numbers(await following(ask, again))).toEqual(down(19, 0))
    expect(sandbox.stats().faults).toEqual({ 'page-again': 1 })
  },
)

test('only next pages are answered again, and only of their own list', async () => {
  const { ask, sandbox } = await prepared()
  sandbox.setFaults([{ kind: 'page-again' }])
  const first = await ask('GET', VISITS)
  await ask('GET', 'interactionschemas')
  await ask('POST', 'interactions?continuation=x', visit({ count: 120 }))
  await ask('GET', 'contacts/count?continuation=x')
  await ask('GET', `interactions/${itemsOf(first)[0]?.['id']}?continuation=x`)
  expect(sandbox.stats().faults).toEqual({})
  // Of another schema this continuation came with no page: it is answered as ever.
  await ask('POST', 'interactionschemas', smallSchema('other'))
  const other = await ask('GET', (nextOf(first) ?? '').replace('schemaId=visit', 'schemaId=other'))
  expect(other.body).toEqual({ items: [], links: [] })
  expect(sandbox.stats().faults).toEqual({ 'page-again': 1 })
})
