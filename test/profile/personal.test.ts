/** E-mail addresses and phone numbers, and what only looks like them. */
import { describe, expect, it } from 'vitest'
import { stringifyJson } from '../../src/json.ts'
import { holdsEmail } from '../../src/profile/email.ts'
import { namesPhone } from '../../src/profile/phone.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { seeded } from '../support/seeded.ts'
import { profiled, propertyOf } from './sample.ts'

async function kindsOf(values: Iterable<string | number>, property = { type: 'string' }, name = 'p') {
  const { personal } = await propertyOf(values, property, name)
  return personal.map(({ kind, count }) => `${count} ${kind}`)
}

describe('e-mail addresses', () => {
  it.each([
    'anna@example.com',
    'Skriv till anna.b+x@mail.example.co.uk.',
    '<anna@example.com>',
    'mailto:anna@example.com?subject=x',
    'åsa@exempel.se',
    'юзер@почта.рф',
    "o'neil@ex-ample.se",
    'anna@xn--exmpel-bua.se',
    `${'x'.repeat(5000)} @ @@ anna@example.com`,
  ])('are found in %s', (text) => {
    expect(holdsEmail(text)).toBe(true)
  })

  it.each([
    'logo@2x.png',
    '@anna.b',
    'https://example.com/@user.name/x',
    'a@b',
    'foo@localhost',
    '3 st @19.90',
    'x @ y.se',
    'npm@10.2.1',
    'anna@@example.com',
    '@',
    '',
  ])('are not found in %j', (text) => {
    expect(holdsEmail(text)).toBe(false)
  })

  it.each(['@', 'a@', 'a@b.', 'a@b', '.@a-'])('are looked for in a megabyte of %j without delay', (piece) => {
    const started = performance.now()
    expect(holdsEmail(piece.repeat(1_000_000 / piece.length))).toBe(false)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('count by value, and what else there is of the values is not told', async () => {
    const values = [...Array(8).fill('blue'), 'anna@example.com', 'anna@example.com or bo@example.com']
    const found = await propertyOf(values)
    expect(found.personal).toEqual([{ kind: 'e-mail address', count: 2 }])
    expect([found.frequent, found.worth.verdict]).toEqual([[], 'never'])
    expect(stringifyJson(found)).not.toMatch(/anna|blue/)
  })
})

describe('phone numbers', () => {
  it.each([
    '0701234567',
    '070-123 45 67',
    '070 123 45 67',
    '+46 70 123 45 67',
    '+46 (0)70-123 45 67',
    '0046 (0)70-123 45 67',
    '+46701234567',
    '0046 70 123 45 67',
    '0046701234567',
    '46701234567',
    '08-123 456 78',
    '(08) 123 456 78',
    '040 123 4567',
    '+358 40 123 4567',
    '+47 912 34 567',
    '+45 20 12 34 56',
    '07911 123456',
    '0171/1234567',
    '06.12.34.56.78',
    '+1 (213) 373-4253',
    '08-123 45 67/070-123 45 67',
    'Ring mig på 070-123 45 67 efter kl 18',
    'Tlf. 912 34 567',
    'mobil: 20 12 34 56',
    'kl 12.30\n070\u00a0123\u00a045\u00a067',
  ])('are found in %s', async (text) => {
    expect(await kindsOf([text])).toEqual(['1 phone number'])
  })

  it.each([
    '7350012345678',
    '73500123',
    '4901234567894',
    '00735001234567',
    '2024-01-31',
    '20240131',
    '01.02.2024',
    '01/02/2024 10:30',
    '09.00-18.00',
    '0900-1800',
    '0.12345678',
    '59.3293, 18.0686',
    'SKU-0701234567',
    'ART0701234567',
    'https://example.com/p/0701234567',
    '0701234567.jpg',
    '#0701234567',
    '978-0-123-45678-9',
    '0-306-40615-2',
    '4500012345',
    '467012345678',
    '4670123456',
    '1234567890',
    '0000123456',
    '19900101-1234',
    '556036-0793',
    'SE45 5000 0000 0583 9825 7466',
    '4111 1111 1111 1111',
    '10 000 000',
    '36 38 40 42',
    '550e8400-e29b-41d4-a716-446655440000',
    '+99 123456789',
    '+46 900 123 45 67',
  ])('are not found in %s', async (text) => {
    expect(await kindsOf([text])).toEqual([])
  })

  // Articles with a 0 before them: every third or so is a mobile number by chance.
  it('are not what articles are numbered like', async () => {
    const draw = seeded(1)
    const articles = Array.from({ length: 300 }, () => `0${100_000_000 + draw(899_999_999)}`)
    expect(await kindsOf(articles)).toEqual([])
    const orders = Array.from({ length: 300 }, (_, index) => `${46_000_000_000 + index * 9_999_999}`)
    expect(await kindsOf(orders)).toEqual([])
  })

  it('are not what many contacts have in common', async () => {
    const articles = Array.from({ length: 400 }, (_, index) => `070123450${index % 9}`)
    expect(await kindsOf(articles)).toEqual([])
    expect(await kindsOf(Array.from(articles, (_, index) => `070123${1000 + index}`))).toEqual([
      '400 phone number',
    ])
  })

  it('are those of one contact, as often as they come', async () => {
    const given = Array.from({ length: 60 }, (_, index) =>
      Array(3).fill({ payload: { p: `07012345${10 + index}` } }),
    )
    const { properties } = await profiled(given, schemaOf('{"p": {"type": "string"}}'))
    expect(properties[0]?.personal).toEqual([{ kind: 'phone number', count: 180 }])
  })

  it('are what nearly all are that are written so', async () => {
    const typed = [...Array(9).fill('0701234567'), '0701234599999', '0111234567', 'not yet', '']
    expect(await kindsOf(typed)).toEqual(['9 phone number'])
  })

  it('are not told by what has a few digits only', async () => {
    expect(await kindsOf(['46701234567', '46731234567', '10 000 000', '20 000 000'])).toEqual([
      '2 phone number',
    ])
  })

  it('are found behind as many that are none as a person writes, and not looked for behind more', async () => {
    const behind = (count: number) => `${'010.020.030.040, '.repeat(count)}+46701234567`
    expect(await kindsOf([behind(999)])).toEqual(['1 phone number'])
    expect(await kindsOf([behind(1000)])).toEqual([])
  })

  it('are numbers only where nearly all are, or the name says so', async () => {
    const phones = [46_701_234_567, 46_731_234_567]
    expect(await kindsOf(phones, { type: 'integer' })).toEqual(['2 phone number'])
    expect(await kindsOf([12_345_678, 701_234_567], { type: 'integer' })).toEqual([])
    expect(await kindsOf([20_123_456, 701_234_567, 5], { type: 'integer' }, 'customerPhone')).toEqual([
      '2 phone number',
    ])
    const { range } = await propertyOf(phones, { type: 'integer' })
    expect(range).toBeNull()
  })

  it.each([
    'phone',
    'customerPhone',
    'mobileNumber',
    'Telefonnummer',
    'tel',
    'customer_tel',
    'Mobil',
    'tlf',
    'SMS',
  ])('are what a property named %s is for', (name) => {
    expect(namesPhone(name)).toBe(true)
  })

  it.each(['hotel', 'headphones', 'titel', 'telematics', 'rating'])('are not what %s is for', (name) => {
    expect(namesPhone(name)).toBe(false)
  })

  it.each(['0 ', '070-000 ', '1', '(+', '07 0-', '+4670 '])(
    'are looked for in a megabyte of %j without delay',
    async (piece) => {
      const started = performance.now()
      await propertyOf([piece.repeat(1_000_000 / piece.length)])
      expect(performance.now() - started).toBeLessThan(10_000)
    },
  )
})
