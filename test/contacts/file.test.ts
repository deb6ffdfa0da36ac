import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ContactLine, readContactFile } from '../../src/contacts/file.ts'
import { parseGuid } from '../../src/contacts/guid.ts'
import { EXIT } from '../../src/errors.ts'

const A = '3f2504e0-4f89-11d3-9a0c-0305e82c3301'
const B = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d'
const C = 'c56a4180-65aa-42ec-a945-5fd21dec0538'

async function read(content: string | Buffer, column?: string): Promise<ContactLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'contacts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'list')
  await writeFile(path, content)
  const lines: ContactLine[] = []
  for await (const line of readContactFile(path, column === undefined ? {} : { column })) lines.push(line)
  return lines
}

const ids = async (content: string | Buffer, column?: string): Promise<string[]> =>
  (await read(content, column)).map((line) => ('id' in line ? line.id : `${line.line}: ${line.problem}`))

test('a GUID in any spelling is one id', () => {
  for (const text of [A, A.toUpperCase(), `{${A}}`, A.replaceAll('-', ''), ` ${A}\t`, `{${A.toUpperCase()}}`])
    expect(parseGuid(text)).toBe(A)
  for (const text of [
    '',
    A.slice(1),
    `${A}0`,
    `{${A}`,
    A.replace('f', 'g'),
    A.replace('-', ''),
    '-'.repeat(36),
  ])
    expect(parseGuid(text)).toBeUndefined()
})

describe('CSV', () => {
  test.each([
    ['semicolons', `ContactId;Name\n${A};Ada\n${B};Bo\n`],
    ['commas', `contact_id,name\n${A},Ada\n${B},Bo\n`],
    ['tabs', `Contact GUID\tname\n${A}\tAda\n${B}\tBo`],
    ['a byte order mark and CRLF', `\ufeffcontactId;name\r\n${A};Ada\r\n${B};Bo\r\n`],
    ['quotes', `"name";"contactId"\n"a;b,c ""x""";"${A}"\n"ö\n2";"${B}"\n`],
    ['a header with the other delimiter in quotes', `"a,b,c,d";id\n"x";${A}\n"y";${B}\n`],
    ['ids in braces, upper case', `id\n{${A.toUpperCase()}}\n${B.replaceAll('-', '')}\n`],
    ['an unknown header', `storeNo;who;name\n7;${A};x\n8;${B};y\n`],
    ['an id that is a number beside it', `id;who\n7;${A}\n8;${B}\n`],
    ['no header', `${A};Ada\n${B};Bo\n`],
    ['a lone column', `whoever\n${A}\n${B}\n`],
    ['blank lines', `contactId;n\n\n${A};1\n\n${B};2\n\n`],
    ['a row that is short, a row that is long', `n;contactId;x\n1;${A}\n2;${B};3;4\n`],
  ])('%s', async (_name, content) => {
    expect(await ids(content)).toEqual([A, B])
  })

  test('a row without an id is a problem with its line and text', async () => {
    expect(await read(`contactId;n\n${A};1\nnobody;2\n;3\n${B};4\n`)).toEqual([
      { line: 2, id: A },
      { line: 3, problem: 'not a GUID', text: 'nobody' },
      { line: 4, problem: 'no contact id', text: '' },
      { line: 5, id: B },
    ])
  })

  test.each(['\n', '\r\n'])('lines are those of the file, whatever is within quotes (%j)', async (end) => {
    const rows = [
      `who;contactId;note`, // line 1
      `Ada;${A};"first${end}second"`, // 2, 3
      ``, // 4
      `Bo;nobody;"x${end}${end}y"`, // 5, 6, 7
      `"C${end}D";;z`, // 8, 9
      `E;${B};"e"`, // 10
      `F;wrong;f`, // 11
    ]
    const found = await read(rows.join(end))
    expect(found).toEqual([
      { line: 2, id: A },
      { line: 5, problem: 'not a GUID', text: 'nobody' },
      { line: 8, problem: 'no contact id', text: '' },
      { line: 10, id: B },
      { line: 11, problem: 'not a GUID', text: 'wrong' },
    ])
  })

  test('the column that was named, else the one whose name says it, never a guess between two', async () => {
    const two = `storeKey;who\n${A};${B}\n`
    await expect(read(two)).rejects.toMatchObject({
      exit: EXIT.usage,
      message: expect.stringContaining('Its columns: "storeKey", "who"'),
    })
    expect(await ids(two, 'who')).toEqual([B])
    expect(await ids(two, 'STORE_KEY')).toEqual([A])
    expect(await ids(`storeKey;Contact-Id\n${A};${B}\n`)).toEqual([B])
    await expect(read(two, 'none')).rejects.toThrow('no column "none"')
    await expect(read('a;b\n1;2\n')).rejects.toThrow('Its columns: "a", "b"')
  })

  test('a stray quote is an error with its line: a lenient reader would swallow the next contacts', async () => {
    await expect(read(`contactId;n\n${A};1\n${B};"x" y\n${C};"z"\n`)).rejects.toThrow(/line \d+.*well-formed/)
    await expect(read(`contactId;n\n${A};"open\n${B};2\n`)).rejects.toMatchObject({ exit: EXIT.usage })
  })

  test('a mistyped first id is a problem, not a header', async () => {
    expect(await ids(`${A.slice(1)}\n${B}\n`)).toEqual(['1: not a GUID', B])
    expect(await ids(`${A.slice(1)};x\n${B};y\n`)).toEqual(['1: not a GUID', B])
  })
})

test('UTF-16 with a byte order mark', async () => {
  const text = `\ufeffcontactId;name\r\n${A};Åsa\r\n${B};😀\r\n`
  expect(await ids(Buffer.from(text, 'utf16le'))).toEqual([A, B])
  expect(await ids(Buffer.from(text, 'utf16le').swap16())).toEqual([A, B])
  await expect(read(Buffer.from(text.slice(1), 'utf16le'))).rejects.toThrow('UTF-8')
})

describe('NDJSON', () => {
  test.each([
    ['objects', `{"contactId":"${A}","n":12345678901234567890}\n{"contactId":"${B}"}\n`],
    ['another key', `{"x":1,"Contact_ID":"${A}"}\r\n\r\n{"Contact_ID":"{${B}}"}`],
    ['bare texts', `"${A}"\n"${B}"\n`],
    ['an unknown key', `{"who":"${A}","n":1}\n{"who":"${B}","n":2}\n`],
    ['a separator that is no end of line', `{"n":"\u2028","id":"${A}"}\n{"n":"\u2029","id":"${B}"}\n`],
  ])('%s', async (_name, content) => {
    expect(await ids(content)).toEqual([A, B])
  })

  test('problems keep their line; the key can be named', async () => {
    const content = `{"id":"${A}","w":"${C}"}\n{"id":7}\n{broken\n\n{"w":"x"}\n{"id":"${B}"}\n`
    expect(await ids(content, 'id')).toEqual([A, '2: no contact id', '3: not JSON', '5: no contact id', B])
    expect((await ids(content, 'w'))[0]).toBe(C)
  })

  test('of an object without an id only the value is shown, nothing about the person', async () => {
    const content = `{"id":"${A}","name":"Ada"}\n{"id":"nobody","name":"Bo"}\n{"name":"Cy"}\n`
    expect(await read(content)).toEqual([
      { line: 1, id: A },
      { line: 2, problem: 'not a GUID', text: 'nobody' },
      { line: 3, problem: 'no contact id', text: '' },
    ])
  })
})

test('plain lines: comments and blank lines are passed over', async () => {
  expect(await read(`# from the filter\n\n${A}\n  # more\n{${B.toUpperCase()}}  \nx\n${C}`)).toEqual([
    { line: 3, id: A },
    { line: 5, id: B },
    { line: 6, problem: 'not a GUID', text: 'x' },
    { line: 7, id: C },
  ])
})

test('no file, a folder, an empty file', async () => {
  const first = (path: string): Promise<unknown> => readContactFile(path).next()
  await expect(first(join(tmpdir(), 'no-such-file'))).rejects.toMatchObject({ exit: EXIT.usage })
  await expect(first(tmpdir())).rejects.toThrow('is a folder')
  for (const blank of ['', '\n \r\n', '\ufeff'])
    await expect(read(blank)).rejects.toMatchObject({
      exit: EXIT.usage,
      message: expect.stringContaining('empty'),
    })
})

test.each([
  ['CSV', 'contactId;name\n', ';Åsa €😀\n'],
  ['plain', '', '\n'],
])('many lines of %s, over many chunks, arrive whole; stopping early is fine', async (_name, head, tail) => {
  const guid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
  const many = Array.from({ length: 50_000 }, (_, n) => guid(n))
  const content = head + many.map((id) => id + tail).join('')
  expect(await ids(content)).toEqual(many)
})

test('reading may stop anywhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'contacts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const head of ['', 'contactId\n']) {
    await writeFile(join(folder, 'list'), head + `${A}\n`.repeat(100_000))
    for await (const line of readContactFile(join(folder, 'list'))) {
      expect(line).toMatchObject({ id: A })
      break
    }
  }
})
