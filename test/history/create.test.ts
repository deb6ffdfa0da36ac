/** History of another system becomes a snapshot: whole or not at all, and each bad line is named. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { type Created, type Creation, createSnapshot } from '../../src/history/create.ts'
import { parseMapping } from '../../src/history/mapping.ts'
import { parseJson, stringifyJson } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { parseSchema } from '../../src/schema/rules.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { createManualClock } from '../support/clock.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { linesOf } from '../support/lines.ts'

const SHOWN = { displayName: 'x', showInContactCard: 'false' }
const schema = parseSchema(
  parseJson(
    JSON.stringify({
      id: 'rating',
      displayName: 'Rating',
      jsonSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          sku: { type: 'string', ...SHOWN },
          rating: { type: 'integer', ...SHOWN },
          price: { type: 'number', ...SHOWN },
          free: { type: 'boolean', ...SHOWN },
        },
        required: ['sku'],
      },
    }),
  ),
  'the test',
)
const A = '0000000a-0000-4000-8000-000000000001'
const B = '0000000b-0000-4000-8000-000000000001'
const DATE = '2024-01-02T03:04:05Z'

let folder: string

beforeEach(async () => {
  folder = await temporaryFolder()
})

type Wishes = Partial<Omit<Creation, 'mapping'>> & { readonly map?: readonly string[] }

function create(text: string | Buffer, { map = [], ...wishes }: Wishes = {}): Promise<Created> {
  writeFileSync(join(folder, 'history'), text)
  return createSnapshot({
    ...{ from: join(folder, 'history'), bad: join(folder, 'bad.ndjson'), folder: target(), schema },
    mapping: parseMapping(map, wishes.schema ?? schema),
    ...{ zone: undefined, tenant: 'acme', compression: 'zstd', contactsPerPart: 2, skipBad: false },
    ...{ tool: { name: 'engage-migrate', version: '0' }, clock: createManualClock() },
    stop: new AbortController().signal,
    ...wishes,
  })
}

function target(): string {
  return join(folder, 'acme', 'rating', '20260101T000000000Z')
}

/** Each interaction of the snapshot as a line: contact, id, date, payload. */
async function found(): Promise<readonly string[]> {
  const contacts = await Array.fromAsync((await openSnapshot(target())).contacts())
  return contacts.flatMap(({ interactions }) =>
    interactions.map(({ contactId, id, createdDate, payload }) =>
      [contactId[7], id, createdDate, stringifyJson(payload)].join(' '),
    ),
  )
}

function reasons(): readonly unknown[] {
  return linesOf(join(folder, 'bad.ndjson')).map(({ line, reason }) => [line, reason])
}

function line(fields: object): string {
  return `${JSON.stringify({ contactId: A, createdDate: DATE, sku: 's', ...fields })}\n`
}

describe('NDJSON', () => {
  it('is taken flat, sorted by contact, with ids that its lines make and numbers as their text', async () => {
    const created = await create(
      `{"contactId":"${B}","createdDate":"${DATE}","sku":"b","price":0.10,"rating":12345678901234567890}\n` +
        `\n{"contactId":"{${A.toUpperCase()}}","createdDate":"2024-01-02 03:04:05+01","sku":"a\u2028","free":null}\n` +
        `{"contactId":"${B}","createdDate":"${DATE}","sku":"b2"}`,
    )
    expect(await found()).toEqual([
      `a h-000000000003 2024-01-02T03:04:05+01:00 {"sku":"a\u2028"}`,
      `b h-000000000001 ${DATE} {"sku":"b","rating":12345678901234567890,"price":0.10}`,
      `b h-000000000004 ${DATE} {"sku":"b2"}`,
    ])
    expect(created).toMatchObject({ lines: 3, unknown: {}, bad: { count: 0, shown: [], file: undefined } })
    expect(created.snapshot?.manifest).toMatchObject({
      ...{ tenant: 'acme', schemaId: 'rating', pass: 'history', order: 'id', complete: true },
      contacts: { source: 'history', listed: 2, read: 2, gone: 0, failed: 0 },
      interactions: { records: 3, oldestCreated: '2024-01-02T02:04:05.000Z' },
    })
    expect(await proveSnapshot(target())).toMatchObject({ ok: true, records: 3 })
  })

  it('is taken as snapshots have it, with its own ids', async () => {
    const own = (id: string, more: object = {}) =>
      `${JSON.stringify({ id, contactId: A, schemaId: 'rating', createdDate: DATE, payload: { sku: 's', size: 1 }, ...more })}\n`
    const created = await create(own('z') + own('B', { store: 7 }) + own('b'))
    expect(await found()).toEqual(['B', 'b', 'z'].map((id) => `a ${id} ${DATE} {"sku":"s"}`))
    expect(created.unknown).toEqual({ 'payload.size': 3, store: 1 })
  })

  it('is mapped, into nested objects too; what was mapped elsewhere is not taken by its name', async () => {
    const created = await create(
      `${JSON.stringify({ who: { id: A, name: 'Ada' }, at: DATE, no: 17, item: { sku: 's' }, 'list.price': 1.5, rating: 4 })}\n`,
      { map: ['contactId=who.id', 'createdDate=at', 'id=no', 'sku=item.sku', 'price=list.price'] },
    )
    expect(await found()).toEqual([`a 17 ${DATE} {"sku":"s","price":1.5,"rating":4}`])
    expect(created.unknown).toEqual({ 'who.name': 1 })
    await create(line({ price: 1, rating: 2 }), {
      map: ['price=rating'],
      folder: join(folder, 'second'),
    })
    const [only] = await Array.fromAsync((await openSnapshot(join(folder, 'second'))).contacts())
    expect(only?.interactions[0]?.payload).toEqual({ sku: 's', price: 2 })
  })

  it('names each bad line, and its reasons without a value', async () => {
    const text = [
      line({}), // 1
      'nothing', // 2
      '',
      '[1]', // 4
      line({ contactId: 'Ada', rating: 'secret' }), // 5
      line({ contactId: undefined, createdDate: '2024-01-02T03:04:05' }), // 6
      line({ contactId: 7, createdDate: '2024-02-30T03:04:05Z' }), // 7
      line({ sku: null, price: '1' }), // 8
      line({ createdDate: 1704103200 }), // 9
      JSON.stringify({ contactId: A }), // 10
    ].map((each) => each.trimEnd())
    const created = await create(text.join('\n'))
    expect(reasons()).toEqual([
      [2, 'it is not JSON'],
      [4, 'it is not a JSON object'],
      [5, 'contactId is not a GUID; rating: must be integer'],
      [6, 'contactId is missing; createdDate has no offset from UTC, and --time-zone does not say which'],
      [7, 'contactId is not a text; createdDate is a date-time that there is not'],
      [8, "must have required property 'sku'; price: must be number"],
      [9, 'createdDate is not a text'],
      [10, "createdDate is missing; must have required property 'sku'"],
    ])
    expect(created).toMatchObject({ snapshot: undefined, lines: 9, bad: { count: 8 } })
    expect(created.bad.shown).toHaveLength(8)
    expect(readFileSync(join(folder, 'bad.ndjson'), 'utf8')).not.toMatch(/secret|Ada/)
    expect(statSync(join(folder, 'bad.ndjson')).mode & 0o777).toBe(0o600)
    expect(existsSync(target())).toBe(false)
  })

  it('as snapshots have it, refuses what is laid out otherwise, of another schema, or without an id', async () => {
    const own = (more: object) =>
      JSON.stringify({ id: 'x', contactId: A, createdDate: DATE, payload: { sku: 's' }, ...more })
    await create(
      [
        own({}),
        own({ id: 'y', payload: 's', sku: 's' }),
        own({ id: 'z', schemaId: 'other' }),
        own({ id: null }),
      ].join('\n'),
    )
    expect(reasons()).toEqual([
      [2, "payload is not an object; must have required property 'sku'"],
      [3, 'it is not of the schema rating'],
      [4, 'id is missing, or neither a text nor a number'],
    ])
  })

  it('is refused where no line has a field that was named', async () => {
    const failure = await failureOf(create(line({ stars: 4 }), { map: ['rating=payload.stars'] }))
    expect(failure).toMatchObject({
      exit: EXIT.usage,
      message: expect.stringMatching(/the field "payload\.stars".*made of: stars/),
    })
    expect(existsSync(target())).toBe(false)
  })
})

describe('CSV', () => {
  it.each([';', ',', '\t'])(
    'is read by its header (%j), each cell by the type of its property',
    async (mark) => {
      const rows = [
        ['sku', 'free', 'contactId', 'createdDate', 'rating', 'price', 'shop'],
        ['"a;,\t ""x"""', 'TRUE', A, DATE, '12345678901234567890', '0.10', 'x'],
        ['"two\nlines"', 'false', B, DATE, ' 5 ', '', ''],
        ['007', '', B, DATE, '-0', '1e2', 'y'],
      ]
      const created = await create(`\ufeff${rows.map((cells) => cells.join(mark)).join('\r\n')}\r\n`)
      expect(await found()).toEqual([
        `a h-000000000002 ${DATE} {"sku":"a;,\\t \\"x\\"","rating":12345678901234567890,"price":0.10,"free":true}`,
        `b h-000000000003 ${DATE} {"sku":"two\\nlines","rating":5,"free":false}`,
        `b h-000000000005 ${DATE} {"sku":"007","rating":-0,"price":1e2}`,
      ])
      expect(created.unknown).toEqual({ shop: 2 })
    },
  )

  it('is mapped; dates get the offset that was said', async () => {
    await create(`Customer,When,Product.Name,Nr\n${A},2024-01-02 03:04:05,s,9\n`, {
      map: ['contactId=Customer', 'createdDate=When', 'sku=Product.Name', 'id=Nr'],
      zone: '+01:00',
    })
    expect(await found()).toEqual(['a 9 2024-01-02T03:04:05+01:00 {"sku":"s"}'])
  })

  it('names each bad line; the header is line 1', async () => {
    const created = await create(
      [
        'contactId;createdDate;sku;rating;free;price',
        `${A};${DATE};s;5;true;1`,
        `${A};${DATE};s;5,5;1;"1,50"`,
        `${A};${DATE};"two`,
        `lines"`,
        `;;;;;`,
        `x;2024-01-02;s;+5;ja; `,
      ].join('\n'),
      { skipBad: true },
    )
    expect(reasons()).toEqual([
      [3, 'rating: must be integer; price: must be number; free: must be boolean'],
      [4, 'it has 3 cells, the header 6'],
      [6, "contactId is missing; createdDate is missing; must have required property 'sku'"],
      [
        7,
        'contactId is not a GUID; createdDate is not a date-time such as 2024-02-29T23:59:59+01:00; ' +
          'rating: must be integer; price: must be number; free: must be boolean',
      ],
    ])
    expect(created).toMatchObject({ lines: 5, bad: { count: 4, file: join(folder, 'bad.ndjson') } })
    expect(await found()).toEqual([`a h-000000000002 ${DATE} {"sku":"s","rating":5,"price":1,"free":true}`])
  })

  it.each([
    ['without the column of the contact', 'who,createdDate,sku', [], /no column "contactId".*"who"/],
    [
      'without a column that was named',
      'contactId,createdDate,sku',
      ['rating=stars'],
      /no column "stars" for rating/,
    ],
    ['with two columns of one name', 'contactId,createdDate,sku,sku', [], /"sku" twice/],
    ['without a header', `${A},${DATE},s`, [], /neither NDJSON nor a CSV/],
    [
      'with a quote that never closes',
      `contactId,createdDate,sku\n${A},${DATE},"s`,
      [],
      /no well-formed CSV/,
    ],
  ])('is refused %s', async (_name, text, map, words) => {
    expect(await failureOf(create(`${text}\n`, { map }))).toMatchObject({
      exit: EXIT.usage,
      message: expect.stringMatching(words),
    })
    expect(readdirSync(folder)).toEqual(['history'])
  })
})

describe('Ids', () => {
  it('twins stay twins: what is equal comes as often as it was there', async () => {
    await create(line({}) + line({}) + line({}))
    expect(await found()).toEqual([1, 2, 3].map((at) => `a h-00000000000${at} ${DATE} {"sku":"s"}`))
  })

  it.each([undefined, 1])(
    'that are given twice are bad, but for the first line (runs of %s)',
    async (runSize) => {
      const rows = [
        ['x', B],
        ['y', A],
        ['x', A],
        ['z', A],
        ['x', B],
        ['y', A],
      ]
      const text = `no,contactId,createdDate,sku\n${rows.map(([no, who]) => `${no},${who},${DATE},s\n`).join('')}`
      const wishes = { map: ['id=no'], ...(runSize !== undefined && { runSize }) }
      expect(await create(text, wishes)).toMatchObject({ snapshot: undefined, bad: { count: 3 } })
      expect(reasons()).toEqual([
        [4, 'its id is that of line 2'],
        [6, 'its id is that of line 2'],
        [7, 'its id is that of line 3'],
      ])
      await create(text, { ...wishes, skipBad: true })
      expect((await found()).map((each) => each.slice(0, 3))).toEqual(['a y', 'a z', 'b x'])
    },
  )
})

describe('However it ends', () => {
  const MANY = Array.from({ length: 300 }, (_, at) =>
    line({ contactId: A.replace('a', (at % 7).toString()), rating: at }),
  ).join('')

  it('runs that were put on disk make the very snapshot that memory makes', async () => {
    await create(MANY)
    const whole = await found()
    const digest = (await openSnapshot(target())).manifest.content
    expect(whole).toHaveLength(300)
    const other = join(folder, 'other')
    const created = await create(MANY, { folder: other, runSize: 500 })
    expect(created.snapshot?.manifest.content).toBe(digest)
    expect(readdirSync(other).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect(await proveSnapshot(other)).toMatchObject({ ok: true, problems: [], records: 300, contacts: 7 })
  })

  it('bytes that are no UTF-8 are told with their line, and nothing is made of the others', async () => {
    for (const [text, at] of [
      [`${line({})}${line({ sku: 'Gr\u00e4dde' })}`, 2],
      [MANY + line({ sku: '\u00c5land' }), 301],
    ] as const) {
      const failure = await failureOf(create(Buffer.from(text, 'latin1')))
      expect(failure).toMatchObject({ exit: EXIT.usage })
      expect(String(failure)).toContain(`line ${at}: not a text in UTF-8`)
      expect(existsSync(target())).toBe(false)
    }
    expect(await create(line({ sku: 'Gr\u00e4dde på Åland \u{1f382}' }))).toMatchObject({ lines: 1 })
  })

  it('a stop, while reading or writing, leaves nothing behind', async () => {
    for (const phase of ['reading lines', 'writing interactions']) {
      const controller = new AbortController()
      const reason = new Error('stopped')
      const failure = await failureOf(
        create(MANY, {
          runSize: 500,
          stop: controller.signal,
          onProgress: (progress) => {
            if (progress.phase === phase && progress.done > 100) {
              expect(readdirSync(target()).length).toBeGreaterThan(0)
              controller.abort(reason)
            }
          },
        }),
      )
      expect(failure).toBe(reason)
      expect(existsSync(target())).toBe(false)
    }
  })

  it('a bad line at the end leaves nothing of what was put on disk, and none of an earlier try stays', async () => {
    expect(await create(`${MANY}nothing`, { runSize: 500 })).toMatchObject({ snapshot: undefined })
    expect(existsSync(target())).toBe(false)
    expect(reasons()).toEqual([[301, 'it is not JSON']])
    await create(MANY)
    expect(existsSync(join(folder, 'bad.ndjson'))).toBe(false)
  })

  it('what stands in the place of the bad lines, and is none, is not touched', async () => {
    writeFileSync(join(folder, 'bad.ndjson'), 'precious')
    expect(await failureOf(create(line({})))).toMatchObject({ exit: EXIT.usage })
    expect(readFileSync(join(folder, 'bad.ndjson'), 'utf8')).toBe('precious')
    expect(await failureOf(create(line({}), { bad: join(folder, 'history') }))).toBeInstanceOf(OperatorError)
    expect(readFileSync(join(folder, 'history'), 'utf8')).toBe(line({}))
  })

  it('a file without an interaction makes no snapshot', async () => {
    expect(await create('contactId,createdDate,sku\n')).toMatchObject({ snapshot: undefined, lines: 0 })
    expect(await create('nothing,contactId,createdDate\n1\n', { skipBad: true })).toMatchObject({
      snapshot: undefined,
      bad: { count: 1 },
    })
    expect(existsSync(target())).toBe(false)
  })
})

describe('A map', () => {
  const named: InteractionSchema = {
    ...schema,
    jsonSchema: { ...schema.jsonSchema, properties: { id: { type: 'string' }, sku: { type: 'string' } } },
  }

  it('tells a property from the part of the same name', async () => {
    await create(line({ id: 'property', no: 'own' }), { schema: named, map: ['id=no', 'payload.id=id'] })
    expect(await found()).toEqual([`a own ${DATE} {"id":"property","sku":"s"}`])
  })

  it.each([
    [['sku'], /of the form/],
    [['=x'], /of the form/],
    [['sku='], /of the form/],
    [['size=x'], /no property "size".*rating/],
    [['sku=a', 'sku=b'], /sku more than once/],
    [['contactId=a', 'contactId=b'], /contactId more than once/],
  ])('%j is refused', (texts, words) => {
    expect(() => parseMapping(texts, schema)).toThrow(words)
  })
})
