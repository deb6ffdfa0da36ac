import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { createLineFile } from '../../src/snapshot/lines.ts'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { finishSnapshot, openPart, removeUnfinished, writeSchema } from '../../src/snapshot/writer.ts'
import { collect, contact, factsOf, schema, temporaryFolder, writePart } from './sample.ts'

test('killed at every step, then gone on with: the same snapshot', async () => {
  const first = [contact(1, ['{"a":1}']), contact(2, [])]
  const second = [contact(3, ['{"b":2}', '{"b":3}'])]
  const leaveBehind: readonly ((folder: string) => Promise<unknown>)[] = [
    async () => undefined,
    // While the second part is written.
    (folder) => writeFile(join(folder, 'interactions-00002.ndjson.zst.tmp'), 'half'),
    // Between the two files of the second part.
    async (folder) => (await createLineFile(folder, 'interactions-00002.ndjson.zst', 'zstd')).close(),
    // After the second part, before its proof was kept; it had other contacts.
    (folder) => writePart(folder, 2, [contact(9, ['{"old":true}'])]),
    // While the manifest is written.
    (folder) => writeFile(join(folder, 'manifest.json.tmp'), '{'),
  ]
  const digests = new Set<string>()
  for (const leave of leaveBehind) {
    const folder = await temporaryFolder()
    await writeSchema(folder, schema)
    const kept = JSON.parse(JSON.stringify([await writePart(folder, 1, first)]))
    await leave(folder)
    await expect(openSnapshot(folder)).rejects.toThrow('not a snapshot')
    expect((await proveSnapshot(folder)).ok).toBe(false)

    await removeUnfinished(folder, kept)
    expect((await readdir(folder)).length).toBe(3)
    const facts = factsOf(3, await writeSchema(folder, schema))
    const parts = [...kept, await writePart(folder, 2, second)]
    const manifest = await finishSnapshot(folder, facts, parts)
    // Killed before anyone could note that it is finished: all of it again.
    await removeUnfinished(folder, parts)
    expect(await writeSchema(folder, schema)).toEqual(facts.schema)
    const later = { ...facts, createdAt: '2027-01-01T00:00:00.000Z' }
    expect(await finishSnapshot(folder, later, parts)).toEqual(manifest)
    digests.add(manifest.digest)
    expect((await proveSnapshot(folder)).problems).toEqual([])
    const read = await collect((await openSnapshot(folder)).contacts())
    expect(read.map((each) => each.contactId)).toEqual([...first, ...second].map((each) => each.contactId))
    expect((await readdir(folder)).length).toBe(6)
  }
  expect(digests.size).toBe(1)
})

test('a finished snapshot is never changed', async () => {
  const folder = await temporaryFolder()
  const facts = factsOf(1, await writeSchema(folder, schema))
  const parts = [await writePart(folder, 1, [contact(1, ['{}'])])]
  await finishSnapshot(folder, facts, parts)
  const refused = { exit: EXIT.precondition, message: expect.stringContaining('finished') }
  await expect(removeUnfinished(folder, [])).rejects.toMatchObject(refused)
  await expect(openPart(folder, 2, { compression: 'zstd' })).rejects.toMatchObject(refused)
  await expect(writeSchema(folder, { ...schema, displayName: 'Other' })).rejects.toMatchObject(refused)
  await expect(
    finishSnapshot(folder, { ...facts, contacts: { ...facts.contacts, listed: 0 } }, []),
  ).rejects.toMatchObject(refused)
  expect((await proveSnapshot(folder)).ok).toBe(true)
})

test('a kept part that is missing or has another size stops the export', async () => {
  const folder = await temporaryFolder()
  const schemaProof = await writeSchema(folder, schema)
  const part = await writePart(folder, 1, [contact(1, ['{}'])])
  const path = join(folder, part.contacts.name)
  await writeFile(path, (await readFile(path)).subarray(1))
  await expect(removeUnfinished(folder, [part])).rejects.toMatchObject({ exit: EXIT.precondition })
  await rm(path)
  await expect(removeUnfinished(folder, [part])).rejects.toThrow('is missing')
  await expect(finishSnapshot(folder, factsOf(1, schemaProof), [part])).rejects.toThrow('is missing')
})

test('no manifest where contacts are missing from the parts', async () => {
  const folder = await temporaryFolder()
  const facts = factsOf(2, await writeSchema(folder, schema))
  const parts = [await writePart(folder, 1, [contact(1, ['{}'])])]
  await expect(finishSnapshot(folder, facts, parts)).rejects.toMatchObject({ exit: EXIT.failed })
  const part = await openPart(folder, 2, { compression: 'zstd' })
  await part.add({ ...contact(2, []), state: 'failed' })
  const manifest = await finishSnapshot(folder, facts, [...parts, await part.close()])
  expect(manifest).toMatchObject({ complete: false, contacts: { read: 1, failed: 1 } })
  expect((await proveSnapshot(folder)).problems).toEqual([])
})

test('an abandoned part leaves nothing behind', async () => {
  const folder = await temporaryFolder()
  const part = await openPart(folder, 1, { compression: 'gzip' })
  await part.add(contact(1, ['{}']))
  await part.abandon()
  expect(await readdir(folder)).toEqual([])
})

test('a closed part survives being abandoned', async () => {
  const folder = await temporaryFolder()
  const part = await openPart(folder, 1, { compression: 'zstd' })
  await part.add(contact(1, ['{}']))
  await part.close()
  await part.abandon()
  expect(await readdir(folder)).toHaveLength(2)
})

test('records out of place are refused at once', async () => {
  const one = contact(1, ['{}', '{}'])
  const wrong = [
    { ...one, interactions: [...one.interactions].reverse() },
    { ...one, interactions: [...one.interactions, ...one.interactions.slice(1)] },
    { ...one, interactions: contact(2, ['{}']).interactions },
    { ...one, state: 'gone' as const },
    { ...one, interactions: one.interactions.map((each) => ({ ...each, schemaId: 'other' })) },
  ]
  for (const read of wrong) {
    const part = await openPart(await temporaryFolder(), 1, { compression: 'zstd', schemaId: schema.id })
    await expect(part.add(read)).rejects.toThrow()
    await part.abandon()
  }
})

test.skipIf(process.platform !== 'linux')('a full disk: which file, what is safe, what to do', async () => {
  const folder = await temporaryFolder()
  await symlink('/dev/full', join(folder, 'interactions-00001.ndjson.zst.tmp'))
  const noise = (): string => `{"x":"${Array.from({ length: 200 }, () => Math.random()).join('')}"}`
  const write = async (): Promise<void> => {
    for (let n = 0; n < 300; n += 1) await part.add(contact(n, [noise()]))
    await part.close()
  }
  const small = await openPart(folder, 1, { compression: 'zstd' })
  await small.add(contact(1, ['{}']))
  await expect(small.close()).rejects.toMatchObject({ exit: EXIT.failed })
  expect(await readdir(folder)).not.toContain('interactions-00001.ndjson.zst')

  const part = await openPart(folder, 1, { compression: 'zstd' })
  await expect(write()).rejects.toMatchObject({
    exit: EXIT.failed,
    message: expect.stringContaining('interactions-00001.ndjson.zst'),
    safe: expect.stringContaining('half-written'),
    next: expect.stringContaining('Make room'),
  })
  await part.abandon()
  expect(await readdir(folder)).toEqual([])
})
