/** What an operator can get wrong before there is a run: each refusal names the thing, and nothing is changed. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringifyJson } from '../../src/json.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { type Ended, effects, KEY, openWorld, plan, tenantNow, type World } from './harness.ts'

let world: World
let before: object

beforeAll(async () => {
  world = await openWorld({
    tenant: () => seedTenant({ seed: 3, contacts: 20, interactions: 2, schemas: ['wishlist', 'repair'] }),
  })
  before = tenantNow(world)
})

afterAll(() => world[Symbol.asyncDispose]())

/** Refused with this code and words; nothing sent that changes anything, and no run begun. */
function expectRefused(ended: Ended, code: number, words: RegExp): void {
  expect(ended, ended.stderr).toMatchObject({ code })
  expect(ended.stderr).toMatch(/^Error: /)
  expect(ended.stderr).toMatch(words)
  expect(ended.json).toMatchObject({ error: { exit: code, what: expect.stringMatching(words) } })
  expect(tenantNow(world)).toEqual(before)
  expect(effects(world)).toEqual({})
  expect(existsSync(join(world.data, 'runs'))).toBe(false)
}

function file(name: string, text: string): string {
  const path = join(world.folder, name)
  writeFileSync(path, text)
  return path
}

function wishlistFile(name: string, change: (schema: { [key: string]: unknown }) => void): string {
  const schema = JSON.parse(JSON.stringify(SCHEMAS.find(({ id }) => id === 'wishlist')))
  change(schema.jsonSchema.properties)
  return file(name, JSON.stringify(schema))
}

describe.concurrent('A plan is refused', () => {
  const PLANS: ReadonlyArray<readonly [string, number, RegExp, () => readonly string[]]> = [
    [
      'for a schema that is not there, and the ones that are there are listed',
      2,
      /no interaction schema wishlists in 127\.0\.0\.1_\d+; there are: wishlist, repair\./,
      () => ['wishlists', '--segment', 'productSku', '--contacts', world.contacts],
    ],
    [
      'for an id in another case, which is another schema',
      2,
      /no interaction schema Wishlist .*there are: wishlist, repair/,
      () => ['Wishlist', '--segment', 'productSku', '--contacts', world.contacts],
    ],
    [
      'for a seventh segmentable property',
      2,
      /repair would have 7 segmentable properties \(registrationDate, .*\); a schema can have 6/,
      () => [
        'repair',
        '--segment',
        'registrationDate,productModel,brand,productId,storeName,storeId,isFreeRepair',
        '--contacts',
        world.contacts,
      ],
    ],
    [
      'for a property that the schema does not have',
      2,
      /Schema wishlist has no property productSKU\./,
      () => ['wishlist', '--segment', 'date,productSKU', '--contacts', world.contacts],
    ],
    [
      'for a schema file that removes a property',
      4,
      /wishlist can't be upgraded so: Property "date" is removed/,
      () => [
        'wishlist',
        '--to',
        wishlistFile('removed.json', (properties) => {
          delete properties['date']
          properties['productSku'] = { type: 'string', addToSegmentation: 'true' }
        }),
        '--contacts',
        world.contacts,
      ],
    ],
    [
      'for a schema file that changes nothing',
      4,
      /the new schema is the same as the live one/,
      () => ['wishlist', '--to', wishlistFile('same.json', () => {}), '--contacts', world.contacts],
    ],
    [
      'for a schema file with a type that there is not',
      2,
      /productSku.*"text"/s,
      () => [
        'wishlist',
        '--to',
        wishlistFile('type.json', (properties) => {
          properties['productSku'] = { type: 'text' }
        }),
        '--contacts',
        world.contacts,
      ],
    ],
    [
      'for a schema file that is not JSON',
      2,
      /broken\.json is not JSON/,
      () => ['wishlist', '--to', file('broken.json', '{"id":'), '--contacts', world.contacts],
    ],
    [
      'without a word on what changes',
      2,
      /either --segment .* or --to/,
      () => ['wishlist', '--contacts', world.contacts],
    ],
    [
      'without a word on where the contacts come from',
      2,
      /either --contacts FILE or --contacts-since/,
      () => ['wishlist', '--segment', 'productSku'],
    ],
    [
      'for a contacts file without contact ids',
      2,
      /emails\.csv/,
      () => [
        'wishlist',
        '--segment',
        'productSku',
        '--contacts',
        file('emails.csv', 'email\na@example.com\nb@example.com\n'),
      ],
    ],
    [
      'for a contacts file that is empty',
      2,
      /empty\.csv/,
      () => ['wishlist', '--segment', 'productSku', '--contacts', file('empty.csv', '')],
    ],
    [
      'for a contacts file that is not there',
      2,
      /contacts file .*nowhere\.csv can't be read: ENOENT/,
      () => ['wishlist', '--segment', 'productSku', '--contacts', join(world.folder, 'nowhere.csv')],
    ],
    [
      'for a contacts file without the column that was named',
      2,
      /guid/,
      () => ['wishlist', '--segment', 'productSku', '--contacts', world.contacts, '--column', 'guid'],
    ],
    [
      'for a date that is none',
      2,
      /--contacts-as-of .*"yesterday"/,
      () => [
        'wishlist',
        '--segment',
        'productSku',
        '--contacts',
        world.contacts,
        '--contacts-as-of',
        'yesterday',
      ],
    ],
    ...(
      [
        [
          'of how many contacts outside the list is not said',
          ['--coverage-since', '2020-01-01'],
          /--coverage-sample/,
        ],
        ['of half a contact', ['--coverage-sample', '2.5'], /must be a whole number/],
        [
          'that is named in two ways',
          ['--coverage-sample', '9', '--coverage-since', '2020-01-01'],
          /either --cov/,
        ],
        ['of a column of no file', ['--coverage-sample', '9', '--coverage-column', 'id'], /names none/],
        ['of the future', ['--coverage-sample', '9', '--coverage-since', '2999-01-01'], /in the future/],
        [
          'of a day that there is not',
          ['--coverage-sample', '9', '--coverage-since', '2020-02-30'],
          /must be a date/,
        ],
        [
          'of who is added anyway',
          ['--coverage-sample', '9', '--contacts-as-of', '2020-01-01'],
          /added to the list/,
        ],
      ] as const
    ).map(
      ([title, flags, words]) =>
        [
          `for a sample ${title}`,
          2,
          words,
          () => {
            const twice = title.endsWith('two ways') ? ['--coverage-contacts', world.contacts] : []
            return ['wishlist', '--segment', 'date', '--contacts', world.contacts, ...flags, ...twice]
          },
        ] as const,
    ),
    [
      'for a sample of the very list',
      2,
      /holds the very list of --contacts/,
      () => [
        ...['wishlist', '--segment', 'date', '--contacts', world.contacts],
        ...['--coverage-sample', '9', '--coverage-contacts', world.contacts],
      ],
    ],
    [
      'for a sample of a file without contact ids',
      2,
      /outside the list can't be sampled: .*nobody\.csv/,
      () => [
        ...['wishlist', '--segment', 'date', '--contacts', world.contacts],
        ...['--coverage-sample', '9', '--coverage-contacts', file('nobody.csv', 'email\na@example.com\n')],
      ],
    ],
    [
      'for a sample size that is no number',
      2,
      /hot-sample/,
      () => [
        'wishlist',
        '--segment',
        'productSku',
        '--contacts',
        world.contacts,
        '--final-pass',
        'hot',
        '--hot-sample',
        'many',
      ],
    ],
  ]

  test.each(PLANS)('%s', async (_title, code, words, args) => {
    expectRefused(await world.cli('plan', ...args()), code, words)
  })
})

describe.concurrent('A command line is refused', () => {
  const LINES: ReadonlyArray<readonly [string, RegExp, readonly string[]]> = [
    ['without a command', /Name a command/, []],
    ['with a command that there is not', /delete/i, ['delete', 'wishlist']],
    ['with a flag that there is not', /force/, ['upgrade', 'x', '--force']],
    ['that gives the key as an argument', /api-key/, ['upgrade', 'x', '--api-key', 'abc']],
    ['that names nothing to plan', /Not enough|schemaId/, ['plan']],
    ['for a snapshot that there is not', /no-such-run is no snapshot/, ['verify', 'no-such-run']],
    ['for the status of a run that there is not', /There is no run no-such-run/, ['status', 'no-such-run']],
    ['for an upgrade of a run that there is not', /no-such-run/, ['upgrade', 'no-such-run']],
    ['for a signature of a run that there is not', /no-such-run/, ['sign', 'no-such-run', 'x', '--by', 'A']],
    ['that names only half of what it takes', /<gate> \(name of the gate: automations-paused/, ['sign', 'x']],
    ['for a signature without a name', /by/, ['sign', 'no-such-run', 'x']],
  ]

  test.each(LINES)('%s', async (_title, words, args) => {
    expectRefused(await world.cli(...args), 2, words)
  })

  test('where what should be a plan is something else', async () => {
    expectRefused(
      await world.cli('upgrade', file('other.json', '{"format": "shopping list"}')),
      2,
      /other\.json can't be used as a plan/,
    )
  })
})

describe.concurrent('A tenant is not spoken to', () => {
  const asked = (): readonly string[] => [
    'plan',
    'wishlist',
    '--segment',
    'date',
    '--contacts',
    world.contacts,
  ]

  test('with a wrong key, which is not shown', async () => {
    const ended = await world.cliWith({ ENGAGE_API_KEY: 'wr0ng-key-4711' }, ...asked())
    expectRefused(ended, 2, /key was refused/)
    expect(ended.stdout + ended.stderr).not.toContain('wr0ng-key-4711')
  })

  test('with a key that a header cannot carry, which is not shown', async () => {
    const ended = await world.cliWith({ ENGAGE_API_KEY: 'wr0ng\u2028key' }, ...asked())
    expectRefused(ended, 2, /API key/)
    expect(ended.stdout + ended.stderr).not.toContain('wr0ng')
  })

  test('where a web page answers', async () => {
    const pages = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>Welcome</title>')
    })
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
      expectRefused(await world.cliWith({ ENGAGE_BASE_URL: url }, ...asked()), 2, /is this the base URL/)
    } finally {
      pages.close()
    }
  })

  test.each([
    ['unencrypted, but on this machine', 'http://acme.staging.voyado.com', /plain http/],
    ['at what is no URL', 'acme', /base URL is not a URL/],
    ['at a port that nothing is ever sent to', 'http://127.0.0.1:9', /base URL: bad port/],
    ['at a URL with a password in it', 'https://a:pass0rd@acme.voyado.com', /has credentials/],
  ])('%s', async (_title, url, words) => {
    const ended = await world.cliWith({ ENGAGE_BASE_URL: url }, ...asked())
    expectRefused(ended, 2, words)
    expect(ended.stderr).not.toContain('pass0rd')
  })

  test('without a key', async () => {
    const ended = await world.cliWith({ ENGAGE_API_KEY: undefined }, ...asked())
    expectRefused(ended, 2, /no API key: set ENGAGE_API_KEY/)
  })

  test('before every problem of the settings has been named, all at once', async () => {
    const ended = await world.cliWith(
      { ENGAGE_API_KEY: undefined, ENGAGE_BASE_URL: undefined, ENGAGE_MIGRATE_SETTLE: 'soon' },
      ...asked(),
      '--rate',
      '500',
      '--compression',
      'zip',
      '--config',
      file('settings.json', stringifyJson({ speed: 'high' })),
    )
    expectRefused(ended, 2, /settings can't be used/)
    for (const words of [
      '--rate (ENGAGE_MIGRATE_RATE) must be a number from 0.1 to 190; it is "500"',
      '--settle (ENGAGE_MIGRATE_SETTLE) must be a number',
      '--compression (ENGAGE_MIGRATE_COMPRESSION) must be zstd or gzip; it is "zip"',
      'unknown setting "speed"',
      'the tenant is not named',
      'there is no API key',
    ]) {
      expect(ended.stderr).toContain(words)
    }
  })

  test('with a key from a file that is empty', async () => {
    const ended = await world.cliWith(
      { ENGAGE_API_KEY: undefined },
      ...asked(),
      '--api-key-file',
      file('key', '\n'),
    )
    expectRefused(ended, 2, /key file .*key is empty/)
  })
})

test('After all the refusals the same tenant can be planned for, with the key from a file', async () => {
  const out = join(world.folder, 'wishlist.plan.json')
  const ended = await world.cliWith(
    { ENGAGE_API_KEY: undefined },
    'plan',
    'wishlist',
    '--segment',
    'productSku',
    '--contacts',
    world.contacts,
    '--api-key-file',
    file('key', `${KEY}\n`),
    '--out',
    out,
  )
  expect(ended, ended.stderr).toMatchObject({ code: 0, json: { plan: out, coverage: { sure: true } } })
  expect(tenantNow(world)).toEqual(before)
  expect(effects(world)).toEqual({})
  await plan(world, 'wishlist', 'productSku')
  expect(readdirSync(join(world.data, 'runs'))).toHaveLength(1)
})
