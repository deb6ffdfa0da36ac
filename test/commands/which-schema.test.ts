/** A schema is named by the way it is written; whatever could be two is refused. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SchemaRef, schemaRefOf } from '../../src/commands/which-schema.ts'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { temporaryFolder } from '../support/folder.ts'

const STAMP = '20260101T020000000Z'
const before = process.cwd()

beforeEach(async () => {
  process.chdir(await temporaryFolder())
  for (const file of ['Repairs', 'new.json', `${STAMP}`]) writeFileSync(file, '{}')
  for (const folder of ['wishlist', 'kept.d', join('acme', 'wishlist')])
    mkdirSync(folder, { recursive: true })
})

afterEach(() => process.chdir(before))

it.each<[string, SchemaRef]>([
  ['repair', { kind: 'live', id: 'repair' }],
  ['Repairs-segmentable', { kind: 'live', id: 'Repairs-segmentable' }],
  ['live:Repairs', { kind: 'live', id: 'Repairs' }],
  ['live:wishlist', { kind: 'live', id: 'wishlist' }],
  ['new.json', { kind: 'file', file: 'new.json' }],
  ['./Repairs', { kind: 'file', file: './Repairs' }],
  // Nothing of the kind is here: whoever opens it says so.
  ['absent.json', { kind: 'file', file: 'absent.json' }],
  ['a/b', { kind: 'file', file: 'a/b' }],
  ['Höst', { kind: 'file', file: 'Höst' }],
  ['./wishlist', { kind: 'snapshot', text: './wishlist' }],
  ['kept.d', { kind: 'snapshot', text: 'kept.d' }],
  ['wishlist@latest', { kind: 'snapshot', text: 'wishlist@latest' }],
  [`repair/${STAMP}`, { kind: 'snapshot', text: `repair/${STAMP}` }],
  ['20260102T020000000Z', { kind: 'snapshot', text: '20260102T020000000Z' }],
  ['s3://bucket/x', { kind: 'snapshot', text: 's3://bucket/x' }],
])('%s', (text, expected) => {
  expect(schemaRefOf(text)).toEqual(expected)
})

describe('what could be two things is refused, with how each is written', () => {
  it.each([
    ['Repairs', 'the file ./Repairs and a schema of the tenant', './Repairs or live:Repairs'],
    ['wishlist', 'the folder ./wishlist and a schema of the tenant', './wishlist or live:wishlist'],
    [STAMP, `the file ./${STAMP} and a snapshot`, `./${STAMP} or`],
  ])('%s', (text, what, how) => {
    const refused = (): unknown => {
      try {
        return schemaRefOf(text)
      } catch (error) {
        return error
      }
    }
    const error = refused()
    expect(error).toBeInstanceOf(OperatorError)
    expect(error).toMatchObject({
      exit: EXIT.usage,
      message: expect.stringContaining(what),
      next: expect.stringContaining(how),
    })
  })
})
