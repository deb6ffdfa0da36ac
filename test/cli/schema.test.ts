/** `schema list`, `show`, `lint` and `diff`, on a tenant, on files and on a snapshot: what is said, and the exit codes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InteractionSchema } from '../../src/model.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { DOCUMENTED, PUBLISHED } from '../schema/fixtures.ts'
import { writeSnapshot } from '../snapshot/sample.ts'
import { type Ended, effects, openWorld, tenantNow, type World } from './harness.ts'

const NO_TENANT = { ENGAGE_BASE_URL: undefined, ENGAGE_API_KEY: undefined }
const FIXTURES = [...DOCUMENTED, ...PUBLISHED].map((name) =>
  join(import.meta.dirname, '../schema/fixtures', `${name}.json`),
)
const [BEFORE = '', AFTER = ''] = FIXTURES.slice(DOCUMENTED.length)

let world: World
let before: object

beforeAll(async () => {
  world = await openWorld({ tenant: () => seedTenant({ seed: 1, contacts: 1, interactions: 0 }) })
  before = tenantNow(world)
  await writeSnapshot(join(world.data, 'demo', 'orderPlaced', '20260101T020000000Z'), [])
})

afterAll(async () => {
  expect(effects(world)).toEqual({})
  await world[Symbol.asyncDispose]()
})

function schemaOf(id: string): InteractionSchema {
  const found = SCHEMAS.find((each) => each.id === id)
  if (found === undefined) throw new Error(id)
  return JSON.parse(JSON.stringify(found)) as InteractionSchema
}

function file(name: string, content: unknown): string {
  const path = join(world.folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function expectRefused(ended: Ended, words: RegExp): void {
  expect(ended, ended.stderr).toMatchObject({ code: 2, json: { error: { exit: 2 } } })
  expect(ended.stderr).toMatch(words)
}

describe('schema list', () => {
  test('has each schema of the tenant with what is in it, and the free places', async () => {
    const ended = await world.cli('schema', 'list')
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: {
        places: { most: 15, free: 15 - SCHEMAS.length },
        schemas: SCHEMAS.map(({ id, displayName, jsonSchema }) => ({
          ...{ id, displayName, problem: null, errors: 0 },
          properties: Object.keys(jsonSchema.properties).length,
        })),
      },
    })
    expect(ended.stderr).toMatch(
      /^DixaCSATScore +Dixa CSAT Score +3 +csatScore, supportChannel +0 errors, \d/m,
    )
    expect(ended.stderr).toContain('7 of 15 places free.')
  })

  test('tells the others where one can not be read, and ends with 1', async () => {
    const broken = { ...schemaOf('wishlist'), id: 'REPAIR' }
    Object.assign(broken.jsonSchema.properties, { date: {} })
    await using other = await openWorld({
      tenant: function* () {
        yield* seedTenant({ seed: 1, contacts: 1, interactions: 0, schemas: ['repair'] })
        yield { type: 'schema-created', schema: broken, visibleAt: 0 }
      },
    })
    const ended = await other.cli('schema', 'list')
    expect(ended, ended.stderr).toMatchObject({
      code: 1,
      json: {
        schemas: [
          // An id that differs in case only is the ninth warning.
          { id: 'repair', properties: 7, warnings: 9 },
          { id: 'REPAIR', properties: null, problem: expect.stringContaining('has no type') },
        ],
      },
    })
  })
})

describe('schema show', () => {
  test('shows a live one property by property, and what the rules find', async () => {
    const ended = await world.cli('schema', 'show', 'Reuse-Spring-2023')
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: {
        kind: 'live',
        properties: [
          { name: 'price', type: 'integer', format: null, sortOrder: '1', required: false },
          { name: 'purchase-timestamp', type: 'string', format: 'date-time' },
          { name: 'name', displayName: 'Name', showInContactCard: true, segmentable: false, required: true },
        ],
        findings: [],
        value: schemaOf('Reuse-Spring-2023'),
      },
    })
    expect(ended.stderr).toMatch(/^ {2}property +type +display name +card +column +segmentable +required$/m)
    expect(ended.stderr).toMatch(
      /^ {2}purchase-timestamp +string \(date-time\) +Purchase timestamp +yes +2 +– +–$/m,
    )
    expect(ended.stderr).toContain('in e-mail templates: "reuse-spring-2023"')
  })

  test('keeps each property in its line, and columns under each other, whatever they are called', async () => {
    const odd = schemaOf('wishlist')
    Object.assign(odd.jsonSchema.properties, {
      'a\n\u001b[31mb': { type: 'string', displayName: '名前\u202e' },
      list: [],
    })
    const ended = await world.cliWith(NO_TENANT, 'schema', 'show', file('odd.json', odd))
    expect(ended.code).toBe(0)
    const table = ended.stderr.split('\n').filter((line) => / {2}(yes|–) +– +–/.test(line))
    expect(table).toHaveLength(4)
    expect(table[2]).toMatch(/^ {2}a\\n\\u001b\[31mb {2}string +名前\\u202e/)
    // Two columns wide each, in a terminal.
    expect(table[2]?.indexOf('–')).toBe((table[3]?.indexOf('–', 40) ?? 0) - 2)
  })

  test('shows that of a snapshot, numbers as they are, without a tenant', async () => {
    const ended = await world.cliWith(NO_TENANT, 'schema', 'show', 'orderPlaced@latest')
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { kind: 'snapshot', tenant: 'demo', properties: [{ name: 'n' }], value: { id: 'orderPlaced' } },
    })
    expect(ended.stdout).toContain('"maximum":1.0')
  })

  test.each([
    ['an id that is not there', 'Wishlist', /no interaction schema Wishlist in .*there are: .*wishlist/],
    ['a file that is not there', 'x.json', /x\.json can't be read: ENOENT/],
    ['a folder that is no snapshot', './', /is not a snapshot/],
  ])('refuses %s', async (_title, text, words) => {
    const ended = await world.cli('schema', 'show', text)
    expect(ended.stderr).toMatch(words)
    expect(ended.code).not.toBe(0)
  })

  test('needs a tenant for an id', async () => {
    expectRefused(await world.cliWith(NO_TENANT, 'schema', 'show', 'wishlist'), /tenant is not named/)
  })
})

interface Linted {
  readonly tenant: string | null
  readonly schemas: ReadonlyArray<{
    readonly findings: ReadonlyArray<{ severity: string; path: string; message: string; source: string }>
  }>
}

describe('schema lint', () => {
  test('finds no error in what the documentation and vendors publish, asking no tenant', async () => {
    const ended = await world.cliWith(NO_TENANT, 'schema', 'lint', ...FIXTURES)
    expect(ended, ended.stderr).toMatchObject({ code: 0, json: { errors: 0, tenant: null } })
    expect((ended.json as Linted).schemas).toHaveLength(9)
    expect(ended.stderr).toMatch(/productId: by convention .*productSku.* \("The productSku property"\)/)
  })

  test('ends with 4 where there is an error, and names all of them with where they come from', async () => {
    const text = `{"id": "ä", "displayName": "A", "displayName": "B", "jsonSchema": ${JSON.stringify(
      schemaOf('wishlist').jsonSchema,
    ).replace('"showInContactCard":"true"', '"addToSegmentation":true')}}`
    const ended = await world.cliWith(NO_TENANT, 'schema', 'lint', file('bad.json', text), BEFORE)
    expect(ended, ended.stderr).toMatchObject({ code: 4, json: { errors: 3 } })
    const errors = (ended.json as Linted).schemas.flatMap(({ findings }) =>
      findings.filter(({ severity }) => severity === 'error'),
    )
    expect(errors.map(({ path, source }) => [path, source])).toEqual([
      ['displayName', 'RFC 8259 (JSON), section 4'],
      ['id', 'Creating a schema'],
      ['jsonSchema.properties.date.addToSegmentation', 'Interaction segmentation'],
    ])
    expect(ended.stderr).toContain('2 schemas: 3 errors, ')
  })

  test('warns of ids that e-mails would mix up: among those given, and with --live among those of the tenant', async () => {
    const twin = file('twin.json', { ...schemaOf('wishlist'), id: 'WishList' })
    const other = file('other.json', { ...schemaOf('wishlist'), id: 'wishLIST' })
    const mixedUp = ({ json }: Ended): readonly string[] =>
      (json as Linted).schemas.flatMap(({ findings }) =>
        findings.filter(({ source }) => source === 'Personalizing messages').map(({ message }) => message),
      )
    expect(mixedUp(await world.cliWith(NO_TENANT, 'schema', 'lint', twin))).toEqual([])
    expect(mixedUp(await world.cliWith(NO_TENANT, 'schema', 'lint', twin, twin, other))).toHaveLength(3)
    const live = await world.cli('schema', 'lint', twin, '--live')
    expect(mixedUp(live)).toEqual([expect.stringContaining('"wishlist" in case only')])
    expect(live.stderr).toMatch(/It would be new in .*; free there: 7 of 15 places/)
    // Its own new form is no other schema.
    const same = await world.cli('schema', 'lint', file('same.json', schemaOf('wishlist')), '--live')
    expect(mixedUp(same)).toEqual([])
    expect(same.stderr).toContain('as a new form of that one')
  })

  test('knows with --live that places run out, for new schemas only', async () => {
    const named = (id: string): InteractionSchema => ({ ...schemaOf('wishlist'), id })
    await using full = await openWorld({
      tenant: function* () {
        yield* seedTenant({ seed: 1, contacts: 1, interactions: 0 })
        for (let at = SCHEMAS.length; at < 14; at++)
          yield { type: 'schema-created', schema: named(`s${at}`), visibleAt: 0 }
      },
    })
    const files = ['new', 'newer', 's9'].map((id) => file(`${id}.json`, named(id)))
    const alone = await full.cli('schema', 'lint', files[0] ?? '', files[2] ?? '', 'repair', '--live')
    expect(alone, alone.stderr).toMatchObject({ code: 0 })
    const both = await full.cli('schema', 'lint', ...files, '--live')
    expect(both, both.stderr).toMatchObject({
      code: 4,
      json: { schemas: [{ errors: 1 }, { errors: 1 }, { errors: 0 }] },
    })
    expect(both.stderr).toMatch(/there is no room for this schema.*\("Limitations"\)/)
  })

  test.each([
    ['is not JSON', '{"id": "a", // the id\n}', /not\.json is not JSON: .*JSON has none/s],
    ['is not UTF-8', Buffer.from('{"id": "Höst"}', 'latin1'), /not\.json is not UTF-8/],
  ])('refuses a file that %s', async (_title, content, words) => {
    const path = join(world.folder, 'not.json')
    writeFileSync(path, content)
    expectRefused(await world.cliWith(NO_TENANT, 'schema', 'lint', path), words)
  })

  test('takes a file with a byte order mark, and names what it lacks', async () => {
    const marked = file('bom.json', `\ufeff${JSON.stringify(schemaOf('wishlist'))}`)
    expect(await world.cliWith(NO_TENANT, 'schema', 'lint', marked)).toMatchObject({ code: 0 })
    expectRefused(await world.cli('schema', 'lint'), /Missing: <schemas>/)
  })
})

describe('schema diff', () => {
  test('speaks in changes, and ends with 0 where all are compatible', async () => {
    const ended = await world.cliWith(NO_TENANT, 'schema', 'diff', BEFORE, AFTER)
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: {
        ...{ sameId: true, compatible: true },
        changes: [
          { kind: 'display-name-changed', property: null, why: null },
          { kind: 'made-segmentable', property: 'productSku', before: 'false', after: 'true' },
          { kind: 'made-segmentable', property: 'rating' },
        ],
      },
    })
    expect(ended.stderr).toContain('3 changes, backward compatible')
    const same = await world.cli('schema', 'diff', 'completedProductRating', BEFORE)
    expect(same, same.stderr).toMatchObject({ code: 0, json: { changes: [] } })
    expect(same.stderr).toContain('They say the same.')
  })

  test('marks what is incompatible, says why once, and ends with 4', async () => {
    const young = schemaOf('wishlist')
    Object.assign(young.jsonSchema, { required: ['productSku'] })
    Object.assign(young.jsonSchema.properties, { productSku: { type: 'integer' }, more: { type: 'string' } })
    delete (young.jsonSchema.properties as { [name: string]: unknown })['date']
    const ended = await world.cli('schema', 'diff', 'live:wishlist', file('young.json', young))
    expect(ended, ended.stderr).toMatchObject({ code: 4, json: { compatible: false } })
    const { changes } = ended.json as { changes: ReadonlyArray<Readonly<Record<string, unknown>>> }
    expect(changes.filter(({ compatible }) => compatible === false)).toMatchObject([
      { kind: 'property-removed', property: 'date', source: '/interactionschemas' },
      { kind: 'type-changed', property: 'productSku', source: 'Sending an interaction' },
      { kind: 'newly-required', property: 'productSku', source: 'Sending an interaction' },
    ])
    expect(ended.stderr).toMatch(/INCOMPATIBLE: Property "date" is removed\./)
    expect(ended.stderr.match(/Why: /g)).toHaveLength(2)
    expect(ended.stderr).toMatch(/, 3 of them incompatible \("\/interactionschemas"/)
  })

  test('says that ids differ, and compares the rest: a parallel schema', async () => {
    const parallel = schemaOf('repair')
    Object.assign(parallel.jsonSchema.properties['brand'] ?? {}, { addToSegmentation: 'true' })
    const named = (id: string): string => file(`${id}.json`, { ...parallel, id })
    const ended = await world.cli('schema', 'diff', 'repair', named('repair-segmentable'))
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      json: { sameId: false, after: { id: 'repair-segmentable' }, changes: [{ kind: 'made-segmentable' }] },
    })
    expect(ended.stderr).toContain('The ids differ: repair and repair-segmentable')
    expect(ended.stderr).not.toContain('case only')
    expect((await world.cli('schema', 'diff', 'repair', named('Repair'))).stderr).toContain('case only')
  })

  test('takes a snapshot, but no file that can be read in two ways, nor one that is no schema', async () => {
    const own = await world.cliWith(NO_TENANT, 'schema', 'diff', 'orderPlaced@latest', 'orderPlaced@latest')
    expect(own, own.stderr).toMatchObject({ code: 0, json: { before: { kind: 'snapshot' }, changes: [] } })
    const twice = file('twice.json', JSON.stringify(schemaOf('repair')).replace('{', '{"id": "x", '))
    expectRefused(await world.cli('schema', 'diff', 'repair', twice), /in two ways: id: is there twice/)
    expectRefused(await world.cli('schema', 'diff', file('no.json', '{}'), BEFORE), /not a valid interaction/)
  })
})

test('A plan is made of no file that can be read in two ways, nor of one that no payload can be held against', async () => {
  const twice = file('plan.json', JSON.stringify(schemaOf('repair')).replace('{', '{"id": "x", '))
  const ended = await world.cli('plan', 'repair', '--to', twice, '--contacts', world.contacts)
  expectRefused(ended, /in two ways/)
  const odd = schemaOf('repair')
  Object.assign(odd.jsonSchema.properties['brand'] ?? {}, { addToSegmentation: 'true', required: true })
  const path = file('required.json', odd)
  expectRefused(
    await world.cli('plan', 'repair', '--to', path, '--contacts', world.contacts),
    /must be array/,
  )
  expect(tenantNow(world)).toEqual(before)
})
