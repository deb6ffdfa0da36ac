import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contactMapText, readContactMap } from '../../src/contacts/map.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const id = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

async function fileOf(text: string | Buffer): Promise<string> {
  const file = join(await temporaryFolder(), 'map.csv')
  writeFileSync(file, text)
  return file
}

async function mapOf(text: string | Buffer): Promise<ReadonlyMap<string, string>> {
  return readContactMap(await fileOf(text))
}

describe('a contact map', () => {
  it.each([
    ['with a header', `Old;New\n${id(1)};${id(2)}\n`],
    ['without one', `${id(1)},${id(2)}\n`],
    [
      'with quotes, braces, capitals and blank lines',
      `\r\n"{${id(1).toUpperCase()}}"\t"${id(2).toUpperCase()}"\r\n\r\n`,
    ],
    ['with the same line twice', `${id(1)},${id(2)}\n${id(1)},${id(2)}\n`],
    ['with an empty column behind', `old,new,\n${id(1)},${id(2)},\n`],
    ['in UTF-16', Buffer.from(`\ufeffold;new\n${id(1)};${id(2)}\n`, 'utf16le')],
  ])('is read %s', async (_how, text) => {
    expect([...(await mapOf(text))]).toEqual([[id(1), id(2)]])
  })

  it('leads to the end of a chain in one step', async () => {
    const map = await mapOf(`${id(1)},${id(2)}\n${id(2)},${id(3)}\n`)
    expect(Object.fromEntries(map)).toEqual({ [id(1)]: id(3), [id(2)]: id(3) })
  })

  it('is written so that it is read back as it is, whatever the order of its lines', async () => {
    const map = await mapOf(`${id(4)},${id(3)}\n${id(1)},${id(2)}\n`)
    const text = contactMapText(map)
    expect(await mapOf(text)).toEqual(map)
    expect(contactMapText(new Map([...map].reverse()))).toBe(text)
  })

  it.each([
    ['no GUID', `old,new\n${id(1)},${id(2)}\nAda,${id(2)}\n`, 'line 3: the old contact id is not a GUID'],
    ['a lacking id', `old,new\n${id(1)},\n`, 'line 2: the new contact id is missing'],
    ['a third column', `${id(1)},${id(2)},${id(3)}\n`, 'line 1: two columns are expected, not 3'],
    ['a contact mapped to itself', `${id(1)},${id(1)}\n`, 'line 1: contact'],
    [
      'a contact mapped twice',
      `${id(1)},${id(2)}\n${id(1)},${id(3)}\n`,
      `line 2: contact ${id(1)} is mapped to another one already, in line 1`,
    ],
    ['a circle', `${id(1)},${id(2)}\n${id(2)},${id(1)}\n`, 'leads back to itself'],
    ['one column', `${id(1)}\n${id(2)}\n`, 'no CSV of two columns'],
    ['nothing but a header', 'old,new\n', 'maps no contact'],
  ])('with %s is refused as a whole', async (_what, text, words) => {
    const error = await failureOf(mapOf(text))
    expect(error).toMatchObject({ name: 'OperatorError', exit: 2, message: expect.stringContaining(words) })
    expect(String(error)).not.toContain('Ada')
  })

  it('names the first of many lines, and how many more there are', async () => {
    const lines = Array.from({ length: 25 }, () => `x,${id(2)}`).join('\n')
    const error = await failureOf(mapOf(`old,new\n${lines}\n`))
    expect(String(error)).toMatch(/line 2: .*line 11: .*and 15 more/s)
  })
})

it('a contact map that is not there, or empty, is answered with what a map is', async () => {
  for (const path of ['/no/such/map.csv', await fileOf('')]) {
    const refusal = await failureOf(readContactMap(path))
    expect(refusal).toMatchObject({ exit: 2, next: expect.stringContaining('CSV file of two columns') })
  }
})
