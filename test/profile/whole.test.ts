/** A whole profile: held against what a naive count says, twice the same, stopped, and of one size however much it is of. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Json, type JsonObject, stringifyJson } from '../../src/json.ts'
import { profileOf } from '../../src/profile/profile-of.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { contact, temporaryFolder, writeSnapshot } from '../snapshot/sample.ts'
import { seeded } from '../support/seeded.ts'
import { AS_OF, contactsOf, type Given, profiled } from './sample.ts'

const SCHEMA = schemaOf(
  `{"size": {"type": "string"}, "rating": {"type": "integer"}, "price": {"type": "number"}, "gift": {"type": "boolean"},
    "on": {"type": "string", "format": "date-time"}}`,
  ', "required": ["size"]',
)

const DAY = 24 * 60 * 60_000

function history(seed: number, contacts: number): readonly (readonly Given[] | null)[] {
  const draw = seeded(seed)
  const payload = (): JsonObject => ({
    ...(draw(10) > 0 && { size: ['S', 'M', 'L', ''][draw(4)] as string }),
    ...(draw(3) > 0 && { rating: [1, 2, 3, 4, 5, 'five', null, 2.5][draw(8)] as Json }),
    ...(draw(2) > 0 && { price: draw(4000) / 4 }),
    ...(draw(4) > 0 && { gift: draw(9) === 0 }),
    ...(draw(5) > 0 && { on: new Date(AS_OF - draw(400) * DAY).toISOString() }),
    ...(draw(6) === 0 && { [`extra${draw(4)}`]: 1 }),
  })
  return Array.from({ length: contacts }, () => {
    if (draw(20) === 0) return null
    const given = Array.from({ length: draw(5) }, () => ({
      payload: payload(),
      createdDate: draw(30) === 0 ? 'unknown' : new Date(AS_OF - draw(900) * (DAY / 2)).toISOString(),
    }))
    return draw(7) === 0 ? given.flatMap((each) => [each, each]) : given
  })
}

function countsOf<Key>(all: readonly Key[]): ReadonlyMap<Key, number> {
  return new Map(
    Array.from(
      Map.groupBy(all, (each) => each),
      ([key, { length }]) => [key, length],
    ),
  )
}

it.each([1, 2, 3, 4])('says what a naive count says (seed %i)', async (seed) => {
  const given = history(seed, 400)
  const profile = await profiled(given, SCHEMA)
  const all = given.flatMap((each) => each ?? [])
  const dated = all.flatMap(({ createdDate = '' }) => (createdDate === 'unknown' ? [] : [createdDate]))

  expect(profile.interactions).toBe(all.length)
  expect(profile.contacts).toEqual({
    withHistory: given.filter((each) => each !== null && each.length > 0).length,
    without: given.filter((each) => each?.length === 0).length,
    gone: given.filter((each) => each === null).length,
  })
  expect([profile.oldestCreated, profile.newestCreated]).toEqual([
    dated.toSorted()[0],
    dated.toSorted().at(-1),
  ])
  expect(profile.undated).toBe(all.length - dated.length)
  const months = countsOf(dated.map((date) => date.slice(0, 7)))
  expect(profile.months.filter(({ interactions }) => interactions > 0)).toEqual(
    [...months.keys()].sort().map((month) => ({ month, interactions: months.get(month) })),
  )

  const today = Math.floor(AS_OF / DAY)
  const late = dated.map((date) => Math.floor(Date.parse(date) / DAY)).filter((day) => day > today - 28)
  expect(profile.recent).toMatchObject({ days: 28, interactions: late.length })
  expect(profile.recent?.busiestDay?.interactions).toBe(Math.max(...countsOf(late).values()))

  // Each of the generator's twins is equal in its text, and none that is not is one.
  const twins = given.map((each) => {
    const texts = (each ?? []).map(({ createdDate = '', payload = {} }) =>
      stringifyJson([
        createdDate,
        ...Object.keys(SCHEMA.jsonSchema.properties).map((name) => payload[name] ?? null),
      ]),
    )
    return texts.length - new Set(texts).size
  })
  expect(profile.twins).toMatchObject({
    surplus: twins.reduce((sum, each) => sum + each, 0),
    contacts: twins.filter((each) => each > 0).length,
  })

  const isRefused = ({ size, rating = 1 }: JsonObject) => size === undefined || !Number.isInteger(rating)
  expect(profile.refused.interactions).toBe(all.filter(({ payload = {} }) => isRefused(payload)).length)

  const extra = countsOf(
    all.flatMap(({ payload = {} }) => Object.keys(payload).filter((name) => name.startsWith('extra'))),
  )
  expect(new Map(profile.unnamed.map(({ name, count }) => [name, count]))).toEqual(extra)

  for (const { name, filled, distinct, frequent, frequentError } of profile.properties) {
    const values = countsOf(
      all.map(({ payload = {} }) => payload[name] ?? null).filter((each) => each !== null),
    )
    const total = [...values.values()].reduce((sum, each) => sum + each, 0)
    expect([name, filled, distinct, frequentError]).toEqual([
      name,
      total,
      { count: values.size, errorPercent: 0 },
      0,
    ])
    const most = [...values.values()].sort((a, b) => b - a).slice(0, 5)
    expect(frequent.map(({ count }) => count)).toEqual(most.filter((count) => count > 1 || values.size <= 5))
  }
})

it('is the same, byte for byte, of the same contacts', async () => {
  const given = Array.from({ length: 4500 }, (_, index) => [
    { payload: { size: `size ${index}`, price: index % 4200, on: `note ${index}`.repeat(20) } },
  ])
  const [first, second] = [await profiled(given, SCHEMA), await profiled(given, SCHEMA)]
  expect(first.properties[0]?.distinct.errorPercent).toBe(1)
  expect(stringifyJson(first)).toBe(stringifyJson(second))
})

it('tells how far it is, and stops where it is told to', async () => {
  const stop = new AbortController()
  const seen: number[] = []
  const made = profileOf(contactsOf(Array(50).fill([{}])), {
    ...{ before: SCHEMA, after: SCHEMA, asOf: AS_OF, stop: stop.signal },
    onProgress: (contacts) => {
      seen.push(contacts)
      if (contacts === 7) stop.abort(new Error('enough'))
    },
  })
  await expect(made).rejects.toThrow('enough')
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7])
})

// In a process of its own, since only one that is told to can be asked to collect its garbage.
it('takes no more memory for more of it', () => {
  const script = join(import.meta.dirname, 'flat.ts')
  const printed = execFileSync(process.execPath, ['--expose-gc', script, '10000'], { encoding: 'utf8' })
  const [tenth = 0, half = 0, end = 0] = JSON.parse(printed) as readonly number[]
  expect(tenth).toBeGreaterThan(1e6)
  expect(end - half).toBeLessThan(1.2e6)
  expect(end - tenth).toBeLessThan(8e6)
})

it('is made of a snapshot as it is read from disk', async () => {
  const folder = await temporaryFolder()
  await writeSnapshot(folder, [
    [contact(1, ['{"n":1}', '{"n":12345678901234567890}'])],
    [contact(2, [], 'gone')],
  ])
  const snapshot = await openSnapshot(folder)
  const asOf = Date.parse(snapshot.manifest.finishedAt)
  const profile = await profileOf(snapshot.contacts(), {
    before: snapshot.schema,
    after: snapshot.schema,
    asOf,
  })
  expect(profile.contacts).toEqual({ withHistory: 1, without: 0, gone: 1 })
  expect(profile.newestCreated).toBe(snapshot.manifest.interactions.newestCreated)
  expect(profile.properties[0]).toMatchObject({
    filled: 2,
    range: { of: 'numbers', least: '1', most: '12345678901234567890' },
  })
})
