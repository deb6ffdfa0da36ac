import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/json.ts'
import type { Interaction } from '../../src/model.ts'
import { tenantOf } from '../../src/names.ts'
import { SCHEMAS, SEGMENTABLE_PRODUCT_RATING } from '../../src/sandbox/schemas.ts'
import { weigher } from '../../src/upgrade/canary.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { POSTS } from '../support/importing.ts'
import { approve, go, planRun } from '../support/run.ts'

const REUSE = SCHEMAS.find(({ id }) => id === 'Reuse-Spring-2023') ?? SEGMENTABLE_PRODUCT_RATING
const weigh = weigher(SEGMENTABLE_PRODUCT_RATING)

function weightOf(payload: string): number {
  return weigh({ payload: parseJson(payload) } as Interaction)
}

describe('the record that comes first', () => {
  it('is never one that the new schema refuses', () => {
    expect(weightOf('{"productSku": "A", "rating": "five", "comment": " much to say "}')).toBe(0)
    expect(weightOf('{}')).toBeGreaterThan(0)
  })

  it('has more of the properties that the schema names than others', () => {
    expect(weightOf('{"productSku": "A", "rating": 5}')).toBeGreaterThan(weightOf('{"productSku": "A"}'))
    expect(weightOf('{"productSku": "A", "a": 1, "b": 2}')).toBe(weightOf('{"productSku": "A"}'))
  })

  it.each([
    ['a number that a double writes in another way', '{"rating": 5.0}'],
    ['a text with space at its end', '{"comment": "fine "}'],
    ['a text that is not in composed form', '{"comment": "e\u0301"}'],
  ])('has, rather than anything else, %s', (_what, payload) => {
    expect(weightOf(payload)).toBeGreaterThan(weightOf('{"productSku": "A", "rating": 5, "comment": "fine"}'))
  })
})

describe('the record that comes first, by what a server may do to its dates,', () => {
  const property = Object.entries(REUSE.jsonSchema.properties).find(
    ([, each]) => each['format'] === 'date-time',
  )
  const weighDates = weigher(REUSE)

  function weightOfDates(createdDate: string, date: string): number {
    const payload = { price: 1, name: 'A', [property?.[0] ?? '']: date }
    return weighDates({ createdDate, payload } as unknown as Interaction)
  }

  const PLAIN = '2024-01-01T00:00:00Z'

  it.each([
    ['a createdDate with milliseconds', '2024-01-01T00:00:00.120Z', PLAIN],
    ['a date-time with a fraction', PLAIN, '2024-01-01T00:00:00.1234567Z'],
    ['a date-time with an offset', PLAIN, '2024-01-01T00:00:00+02:00'],
  ])('has, rather than a plain one, %s', (_what, createdDate, date) => {
    expect(weightOfDates(createdDate, date)).toBeGreaterThan(weightOfDates(PLAIN, PLAIN) + 50)
    expect(weightOfDates('2024-01-01T00:00:00.000Z', PLAIN)).toBe(weightOfDates(PLAIN, PLAIN))
  })
})

describe('the canary', () => {
  it('has not been refused by a server that answers nothing clearly, however often it is tried', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ ...POSTS, kind: '502', times: 'always' }])
    for (const _ of [1, 2, 3]) {
      expect(await failureOf(go(run))).toMatchObject({
        exit: 1,
        message: expect.stringContaining('no clear answer'),
      })
    }
    bench.sandbox.setFaults([])
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
  })
})

describe('tenantOf', () => {
  it.each([
    ['https://acme.voyado.com', 'acme.voyado.com'],
    ['http://127.0.0.1:8080/', '127.0.0.1_8080'],
    ['https://gateway.example.com/prod/', 'gateway.example.com_prod'],
  ])('calls %s %s, so that two tenants behind one gateway are two', (url, name) => {
    expect(tenantOf(url)).toBe(name)
  })
})
