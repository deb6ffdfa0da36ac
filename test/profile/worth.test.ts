/** Is a property worth a segmentable place: each rule at its edge. */
import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { propertyOf } from './sample.ts'

/** With blanks that one can type. */
async function worthOf(values: Values, property: JsonObject, name?: string) {
  const { verdict, why } = (await propertyOf(values, property, name)).worth
  return { verdict, why: why.replaceAll('\u202f', ' ') }
}

const many = <T>(count: number, one: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => one(index))
type Values = ReadonlyArray<JsonObject[string] | undefined>
const none = (count: number) => Array<undefined>(count).fill(undefined)

it.each<[string, Values, JsonObject, string?]>([
  [
    '3 different values, in 98 % of the interactions',
    [...many(98, (n) => ['S', 'M', 'L'][n % 3]), ...none(2)],
    { type: 'string' },
  ],
  [
    '5 different numbers from 1 to 5, in 100 % of the interactions',
    many(50, (n) => 1 + (n % 5)),
    { type: 'integer' },
  ],
  [
    '1 000 different numbers from 0 to 999, in 100 % of the interactions',
    many(1000, (n) => n),
    { type: 'integer' },
  ],
  [
    '100 different numbers from 0.5 to 99.5, in 100 % of the interactions',
    many(100, (n) => n + 0.5),
    { type: 'number' },
  ],
  [
    'Dates from 2026-01-01 to 2026-01-31, in 100 % of the interactions',
    many(
      310,
      (n) =>
        `2026-01-${String((n % 31) + 1).padStart(2, '0')}T00:00:${String(n % 60).padStart(2, '0')}.${100 + n}Z`,
    ),
    { type: 'string', format: 'date-time' },
  ],
  // "String (date is stored as a string)"
  [
    'Dates from 2000-01-01 to 2099-01-01, in 100 % of the interactions',
    many(100, (n) => `${2000 + n}-01-01`),
    { type: 'string' },
  ],
  [
    '2 different values, in over 99 % of the interactions',
    [...many(999, (n) => n % 2 === 0), null],
    { type: 'boolean' },
  ],
  ['29 different values, in 100 % of the interactions', many(29, (n) => `id ${n}`), { type: 'string' }],
  ['49 different values, in 100 % of the interactions', many(100, (n) => `id ${n % 49}`), { type: 'string' }],
  [
    'Some 4 490 different values, in 100 % of the interactions',
    many(10_000, (n) => `v${n % 4500}`),
    { type: 'string' },
  ],
])('good: %s', async (why, values, property, name) => {
  expect(await worthOf(values, property, name)).toEqual({ verdict: 'good', why })
})

it.each<[string, Values, JsonObject]>([
  ['No interaction has it', none(3), { type: 'string' }],
  ['Hardly any interaction has it: 4 %', [...many(4, (n) => n), ...none(96)], { type: 'integer' }],
  ['Hardly any interaction has it: under 1 %', ['a', ...none(200)], { type: 'string' }],
  ['Its value is always the same, in 50 % of the interactions', ['a', 'a', null, null], { type: 'string' }],
  [
    'Each value is there once or twice on average: 89 different ones in 100',
    many(100, (n) => `id ${n % 89}`),
    { type: 'string' },
  ],
  [
    'Each value is there once or twice on average: 50 different ones in 100',
    many(100, (n) => `id ${n % 50}`),
    { type: 'string' },
  ],
  [
    'Over 99 % of its values are the same one; but 1 value holds phone numbers, which are personal data',
    [...Array(100).fill('blue'), '+46701234567'],
    { type: 'string' },
  ],
  [
    '95 % of its values are the same one',
    [...Array(95).fill(true), ...Array(5).fill(false)],
    { type: 'boolean' },
  ],
])('poor: %s', async (why, values, property) => {
  expect(await worthOf(values, property)).toEqual({ verdict: 'poor', why })
})

it.each<[string, Values, JsonObject, string?]>([
  [
    'E-mail addresses in 50 % of its values, phone numbers in over 99 % of its values: personal data',
    many(200, (n) => (n === 0 ? '' : n % 2 === 0 ? `a${n}@b.se +4670123${1000 + n}` : `+4670123${1000 + n}`)),
    { type: 'string' },
  ],
  [
    'Phone numbers in 1 % of its values: personal data',
    [...Array(99).fill('blue'), '+46701234567'],
    { type: 'string' },
  ],
  [
    'People write here in their own words: 2 different values, in 67 % of the interactions',
    ['I like it. Really!', 'Not for me. Sorry!', undefined],
    { type: 'string' },
  ],
  [
    'Nearly every interaction that has it has a value of its own, as ids are: 90 different ones in 100',
    many(100, (n) => `id ${n % 90}`),
    { type: 'string' },
  ],
  [
    'Nearly every interaction that has it has a value of its own, as ids are: 30 different ones in 30',
    many(30, (n) => 5000 + n),
    { type: 'integer' },
    'orderId',
  ],
  [
    'Nearly every interaction that has it has a value of its own, as ids are: 30 different ones in 30',
    many(30, (n) => JSON.rawJSON(`1234567890123456${10 + n}`)),
    { type: 'integer' },
  ],
])('never: %s', async (why, values, property, name) => {
  expect(await worthOf(values, property, name)).toEqual({ verdict: 'never', why })
})
