/** What tells who somebody is, by form, by the property's name or by nobody else having it; and what only looks like it. */
import { describe, expect, it } from 'vitest'
import { type JsonObject, stringifyJson } from '../../src/json.ts'
import { holdsIpAddress } from '../../src/profile/ip-address.ts'
import { idsIn } from '../../src/profile/national-id.ts'
import { namedAs } from '../../src/profile/personal-name.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { profiled, propertyOf } from './sample.ts'

const many = <T>(count: number, one: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => one(index))

async function kindsOf(values: Iterable<JsonObject[string]>, name?: string, property?: JsonObject) {
  const { personal } = await propertyOf(values, property, name)
  return personal.map(({ kind, count }) => `${count} ${kind}`)
}

/** @param values of each contact its own */
async function ofContacts(values: ReadonlyArray<readonly JsonObject[string][]>, property = '"string"') {
  const given = values.map((each) => each.map((p) => ({ payload: { p } })))
  const { properties } = await profiled(given, schemaOf(`{"p": {"type": ${property}}}`))
  return properties[0]
}

describe('national ids', () => {
  it.each([
    '900101-1239',
    '19900101-1239',
    '199001011239',
    '9001011239',
    '121212+1212',
    '640883-3231',
    '13097248022',
    '130972 48022',
    '53097248016',
    '13927248187',
    '131052-308T',
    '010594Y9021',
    'Mitt personnummer är 900101-1239.',
  ])('are found in %s', async (text) => {
    expect(await kindsOf([text])).toContain('1 national id')
  })

  it.each([
    '900101-1238',
    '901301-1235',
    '850230-0019',
    '556036-0793',
    '5560360793',
    '179001011239',
    '13097248023',
    '13097248012',
    '131052-308U',
    '131352-308T',
    'ART900101-1239',
    '900101-12391',
    '2024-01-31',
    '550e8400-e29b-41d4-a716-446655440000',
  ])('are not found in %s', async (text) => {
    expect(await kindsOf([text])).toEqual([])
  })

  // One in ten that begins with a date has the right check digit.
  it('are not what receipts are numbered like', async () => {
    expect(await kindsOf(many(300, (n) => `240131-${1000 + n}`))).toEqual([])
    expect(await kindsOf(many(300, (n) => `20240131${1000 + n}`))).toEqual([])
    expect(await kindsOf([...many(9, () => '900101-1239'), '900101-1238'])).toEqual(['9 national id'])
  })

  it('are not what many contacts have in common', async () => {
    expect(await kindsOf(many(200, (n) => (n % 2 === 0 ? '900101-1239' : '121212+1212')))).toEqual([])
  })

  it('are what the property is for by its name, Danish ones too', async () => {
    expect(await kindsOf(['010190-1234', 'n/a'], 'cpr')).toEqual(['2 national id'])
    expect(await kindsOf(['010190-1234'], 'p')).toEqual([])
    expect(await kindsOf([900_101_1239], 'p', { type: 'integer' })).toEqual(['1 national id'])
  })

  it.each(['1', '900101', '900101-', '19900101 ', '13105'])(
    'are looked for in a megabyte of %j without delay',
    (piece) => {
      const started = performance.now()
      idsIn(piece.repeat(1_000_000 / piece.length))
      expect(performance.now() - started).toBeLessThan(10_000)
    },
  )
})

describe('IP addresses', () => {
  it.each([
    '81.230.14.7',
    '10.0.0.12:8080',
    '2001:db8::ff00:42:8329',
    '[2001:db8:0:0:0:0:0:1]',
    'fe80::',
    '81.230.14.7, 10.0.0.1',
    'signed in from 81.230.14.7.',
  ])('are found in %s', (text) => {
    expect(holdsIpAddress(text)).toBe(true)
  })

  it.each([
    '127.0.0.1',
    '::1',
    '1.2.3',
    '1.2.3.4.5',
    '300.1.1.1',
    '12:30:45',
    'a::b',
    'Chrome/120.0.0.0',
    'v1.2.3.4',
    '19.90',
    '',
  ])('are not found in %j', (text) => {
    expect(holdsIpAddress(text)).toBe(false)
  })

  it('are not what versions and categories are numbered like', async () => {
    expect(await kindsOf(['81.230.14.7'])).toEqual(['1 IP address'])
    expect(await kindsOf(['81.230.14.7'], 'appVersion')).toEqual([])
    expect(await kindsOf(many(200, (n) => `1.10.2.${n % 20}`))).toEqual([])
    expect(await kindsOf(many(200, (n) => `81.230.14.${n}`))).toEqual(['200 IP address'])
  })
})

describe('the name of a property', () => {
  it.each([
    ['firstName', 'name of a person'],
    ['last_name', 'name of a person'],
    ['Förnamn', 'name of a person'],
    ['efternamn', 'name of a person'],
    ['etternavn', 'name of a person'],
    ['sukunimi', 'name of a person'],
    ['Nachname', 'name of a person'],
    ['customerName', 'name of a person'],
    ['userName', 'name of a person'],
    ['name', 'name of a person'],
    ['address', 'address'],
    ['street', 'address'],
    ['deliveryAddress', 'address'],
    ['address_line_1', 'address'],
    ['Straße', 'address'],
    ['gatuadress', 'address'],
    ['birthDate', 'date of birth'],
    ['dateOfBirth', 'date of birth'],
    ['födelsedatum', 'date of birth'],
    ['fødselsdato', 'date of birth'],
    ['customerBirthday', 'date of birth'],
    ['ssn', 'national id'],
    ['personnummer', 'national id'],
    ['customer_pnr', undefined],
    ['pnr', 'national id'],
    ['fødselsnummer', 'national id'],
    ['henkilötunnus', 'national id'],
    ['socialSecurityNumber', 'national id'],
  ])('%s: %s', (name, kind) => {
    expect(namedAs(name, '')?.kind).toBe(kind)
  })

  it.each([
    ...['productName', 'storeName', 'campaignName', 'displayName', 'fileName', 'hostname', 'brand_name'],
    ...['emailAddress', 'ipAddress', 'storeAddress', 'streetwear', 'birthdayOffer', 'birthYear', 'rename'],
    ...['session', 'pnrCode', 'surnameless', 'tournament', 'hasAddress', 'kindName', ''],
  ])('%s says nothing of people', (name) => {
    expect(namedAs(name, '')).toBeUndefined()
  })

  it('counts as it is displayed too, where that is sure', () => {
    expect(namedAs('f1', 'First name')?.kind).toBe('name of a person')
    expect(namedAs('product', 'Name')).toBeUndefined()
  })

  it('hides what people are called, and where and when they were born', async () => {
    const found = await propertyOf(
      [...Array(60).fill('Anna'), ...Array(60).fill('Bo')],
      undefined,
      'firstName',
    )
    expect(found).toMatchObject({
      personal: [{ kind: 'name of a person', count: 120 }],
      frequent: [],
      worth: { verdict: 'never', why: 'Names of people in 100\u202f% of its values: personal data' },
    })
    const born = await propertyOf(
      many(40, (n) => `${1950 + n}-01-01`),
      undefined,
      'birthDate',
    )
    expect(born).toMatchObject({ range: null, frequent: [], worth: { verdict: 'never' } })
    expect(stringifyJson(born)).not.toContain('1950')
  })

  it('that things have too is theirs where contacts have the same ones', async () => {
    const jeans = await propertyOf(
      many(20, (n) => ['Jeans', 'Shirt', 'Coat'][n % 3] as string),
      undefined,
      'name',
    )
    expect(jeans).toMatchObject({ personal: [], worth: { verdict: 'good' } })
    expect(jeans.frequent).toHaveLength(3)
    expect(
      await kindsOf(
        many(200, (n) => `Anna ${n}`),
        'name',
      ),
    ).toEqual(['200 name of a person'])
    expect(
      await kindsOf(
        many(19, (n) => `Anna ${n % 3}`),
        'name',
      ),
    ).toEqual(['19 name of a person'])
  })

  it('says nothing of yes and no, or of numbers that are no dates and no ids', async () => {
    expect(await kindsOf([true, false], 'address', { type: 'boolean' })).toEqual([])
    expect(await kindsOf([1, 2], 'name', { type: 'integer' })).toEqual([])
    expect(await kindsOf([19_900_101], 'birthday', { type: 'integer' })).toEqual(['1 date of birth'])
  })
})

describe('what each contact has of its own', () => {
  const own = (contacts: number, different = contacts) =>
    many(contacts, (n) => Array<string>(4).fill(`m${n % different}`))

  it.each([
    [50, 45, 'never'],
    [50, 44, 'good'],
    [49, 49, 'good'],
  ])('of %i contacts %i: %s', async (contacts, different, verdict) => {
    const found = await ofContacts(own(contacts, different))
    expect(found?.worth.verdict).toBe(verdict)
    expect(found?.frequent.length).toBe(verdict === 'never' ? 0 : 5)
    if (verdict !== 'never') return
    expect(found?.worth.why).toBe(
      'Nearly every contact that has it has values of its own, which tell who it is: 45 different ones, of 50 contacts',
    )
    expect(stringifyJson(found ?? null)).not.toMatch(/m\d/)
  })

  it('is not what a shop has as many of as contacts, where these have it in common', async () => {
    const articles = many(60, (n) => many(10, (k) => `sku ${(n * 7 + k) % 57}`))
    expect((await ofContacts(articles))?.worth.verdict).toBe('good')
  })

  it('is not what is counted or paid', async () => {
    const points = many(60, (n) => Array<number>(4).fill(n))
    expect((await ofContacts(points, '"integer"'))?.worth.verdict).toBe('good')
  })
})

describe('personal data that has strayed', () => {
  const channel = (strays: number) =>
    many(1000, (n) => (n < strays ? 'anna@example.com' : n % 3 === 0 ? 'web' : 'app'))

  it('into less than one of a hundred values is a warning, and what is none of it is shown', async () => {
    const found = await propertyOf(channel(9))
    expect(found).toMatchObject({
      personal: [{ kind: 'e-mail address', count: 9 }],
      frequent: [{ value: 'app' }, { value: 'web' }],
      worth: {
        verdict: 'good',
        why: '3 different values, in 100\u202f% of the interactions; but 9 values hold e-mail addresses, which are personal data',
      },
    })
    expect(stringifyJson(found)).not.toContain('anna')
    expect(await propertyOf(channel(10))).toMatchObject({ frequent: [], worth: { verdict: 'never' } })
  })

  it('is not shown by a value that is not known whole', async () => {
    const long = `${'x'.repeat(300)} anna@example.com`
    const found = await propertyOf([...channel(0), ...Array(5).fill(long)])
    expect(found.frequent.map(({ value }) => value)).toEqual(['app', 'web'])
  })

  it('of a national id, an IP address or a number hides no other', async () => {
    const values = [...channel(0), '81.230.14.7', '81.230.14.7', '900101-1239', '900101-1239']
    const found = await propertyOf(values)
    expect(found.personal).toEqual([
      { kind: 'national id', count: 2 },
      { kind: 'IP address', count: 2 },
    ])
    expect(found.frequent.map(({ value }) => value)).toEqual(['app', 'web'])
    const numbers = await propertyOf([...many(1000, (n) => n % 5), 46_701_234_567], { type: 'integer' })
    expect(numbers).toMatchObject({ personal: [{ count: 1 }], range: null, worth: { verdict: 'good' } })
    expect(stringifyJson(numbers)).not.toContain('46701234567')
  })
})
