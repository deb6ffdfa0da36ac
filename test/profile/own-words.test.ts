/** Where people write in their own words, and where not. */
import { expect, it } from 'vitest'
import { stringifyJson } from '../../src/json.ts'
import { seeded } from '../support/seeded.ts'
import { propertyOf } from './sample.ts'

const freeText = async (values: readonly string[]) => (await propertyOf(values)).freeText
const many = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => one(index))

it.each<[string, readonly string[]]>([
  ['a sentence', ['Mycket bra kvalitet, sitter perfekt. Köper igen!']],
  ['several lines', ['Line one here\nline two']],
  ['writing without spaces', ['质量很好，物流很快，下次还会再买。']],
  [
    'many words without a full stop',
    many(20, (index) => `the colour faded after ${index} times in the wash so no`),
  ],
  [
    'a few sentences among many ticks',
    [...Array(90).fill('ok'), ...many(10, (index) => `It took ${index} days. Too long.`)],
  ],
  ['a question', ['When will size 38 be back?']],
])('%s is free text', async (_name, values) => {
  expect(await freeText(values)).toBe(true)
})

it.each<[string, readonly string[]]>([
  ['a word', ['Blue', 'Red']],
  ['codes', many(100, (index) => `ART-${index}.2`)],
  ['names of products', many(200, (index) => `Jeans, slim fit, dark blue ${index}`)],
  [
    'long names of products that come again',
    many(300, (index) => `Down jacket for men with a hood, dark blue, size ${index % 90}`),
  ],
  ['addresses', many(100, (index) => `St. Eriksgatan ${index}, 112 34 Stockholm`)],
  [
    'a choice from a list of sentences',
    many(100, (index) => ['Yes, I agree to that.', 'No, I do not agree.'][index % 2] ?? ''),
  ],
  ['a sentence among many names', ['Do not know yet. Sorry!', ...many(99, (index) => `name ${index}`)]],
  ['nothing', ['', '  ', '\n']],
  ['dates', ['2026-01-01T00:00:00Z']],
])('%s is not', async (_name, values) => {
  expect(await freeText(values)).toBe(false)
})

it('is told, and none of it shown', async () => {
  const found = await propertyOf(Array(15).fill('I love this one. Thank you!'))
  expect(found).toMatchObject({ freeText: true, frequent: [], worth: { verdict: 'never' } })
  expect(stringifyJson(found)).not.toContain('love')
})

it('is told of texts in a property that is for numbers, too', async () => {
  const found = await propertyOf(['I love this one. Thank you!', 1], { type: 'integer' })
  expect(found).toMatchObject({ freeText: true, frequent: [] })
  const stray = await propertyOf(['I love this one. Thank you!', ...Array(99).fill(5)], { type: 'integer' })
  expect(stray.freeText).toBe(false)
})

it('is not held up by what no person writes', async () => {
  const draw = seeded(4)
  const marks = ['.', '!', '1', 'a', ' ', '\n', '"']
  const started = performance.now()
  await propertyOf(
    [...marks, many(500_000, () => marks[draw(marks.length)] ?? '').join('')].map((each) => each.repeat(2)),
  )
  expect(performance.now() - started).toBeLessThan(10_000)
})
