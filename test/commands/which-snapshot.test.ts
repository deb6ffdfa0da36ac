/** A snapshot is named by its folder, its stamp or as the newest; whatever could be two is refused. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { snapshotsList } from '../../src/commands/snapshots-list.ts'
import { snapshotNamed } from '../../src/commands/which-snapshot.ts'
import { readConfig } from '../../src/config.ts'
import { EXIT } from '../../src/errors.ts'
import { finishSnapshot, writeSchema } from '../../src/snapshot/writer.ts'
import { contact, factsOf, schema, writePart, writeSnapshot } from '../snapshot/sample.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tellOf } from '../support/told.ts'

const OLD = '20260101T020000000Z'
const NEW = '20260102T020000000Z'
const HALF = '20260103T020000000Z'
let data: string

beforeEach(async () => {
  data = await temporaryFolder()
})

async function add(...path: readonly string[]): Promise<string> {
  const folder = join(data, ...path)
  await writeSnapshot(folder, [[contact(1, ['{}'])]])
  return folder
}

/** What `snapshots create` makes. */
async function addHistory(...path: readonly string[]): Promise<string> {
  const folder = join(data, ...path)
  const proof = await writeSchema(folder, schema)
  const part = await writePart(folder, 1, [contact(1, ['{}'])])
  await finishSnapshot(folder, { ...factsOf(1, proof), pass: 'history' }, [part])
  return folder
}

async function named(text: string, from?: string): Promise<string> {
  return (await snapshotNamed(text, { from, config: readConfig({ data }, {}, false) })).name
}

describe('A snapshot is found', () => {
  it('by its folder, whatever is in it', async () => {
    const elsewhere = await temporaryFolder()
    expect(await named(elsewhere)).toBe(elsewhere)
  })

  it('by its stamp, and with its schema and tenant before it', async () => {
    const folder = await add('acme', 'wishlist', OLD)
    for (const text of [OLD, `wishlist/${OLD}`, `acme/wishlist/${OLD}`])
      expect(await named(text)).toBe(folder)
  })

  it('by what the list prints of it, whoever else has its stamp', async () => {
    const folders = [
      await add('acme', 'repair', OLD),
      await add('acme', 'wishlist', OLD),
      await add('acme', 'wishlist', NEW),
      await add('globex', 'wishlist', OLD),
    ]
    const { text } = await tellOf(snapshotsList, { data })
    const names = Array.from(text.matchAll(/^ {2}(\S+)/gm), ([, name = '']) => name)
    expect(names).toEqual([`repair/${OLD}`, `acme/wishlist/${OLD}`, NEW, `globex/wishlist/${OLD}`])
    expect(await Promise.all(names.map((name) => named(name)))).toEqual(folders)
    // Those that are not listed have the stamp, too.
    expect((await tellOf(snapshotsList, { data, schemaId: 'repair' })).text).toContain(`  repair/${OLD}`)
  })

  it('as the newest that is finished: half a one is being written', async () => {
    await add('acme', 'wishlist', OLD)
    await add('acme', 'repair', HALF)
    const folder = await add('acme', 'wishlist', NEW)
    mkdirSync(join(data, 'acme', 'wishlist', HALF))
    expect(await named('wishlist@latest')).toBe(folder)
    expect(await named('acme/wishlist@latest')).toBe(folder)
  })

  it("as the newest that the tenant held: the source system's own history is named by its stamp", async () => {
    const folder = await add('acme', 'wishlist', OLD)
    const history = await addHistory('acme', 'wishlist', NEW)
    expect(await named('wishlist@latest')).toBe(folder)
    expect(await named(NEW)).toBe(history)
    // But where such a history is what is asked for.
    const config = readConfig({ data }, {}, false)
    const wanted = await snapshotNamed('wishlist@latest', { from: undefined, config, history: true })
    expect(wanted.name).toBe(history)
  })

  it('elsewhere, where that is said; a folder of the same name here is not meant', async () => {
    const folder = await add('acme', 'wishlist', OLD)
    const config = readConfig({ data: join(data, 'none') }, {}, false)
    const before = process.cwd()
    process.chdir(join(data, 'acme', 'wishlist'))
    try {
      expect((await snapshotNamed(OLD, { from: undefined, config })).name).toBe(folder)
      mkdirSync('acme/wishlist', { recursive: true })
      mkdirSync(OLD, { recursive: true })
      const other = join(data, 'other')
      await writeSnapshot(join(other, 'acme', 'wishlist', OLD), [])
      expect((await snapshotNamed(OLD, { from: other, config })).name).toBe(
        join(other, 'acme', 'wishlist', OLD),
      )
    } finally {
      process.chdir(before)
    }
  })
})

describe('A snapshot is refused', () => {
  it.each(['nothing', OLD, 'wishlist@latest', '../wishlist@latest', `x/../${OLD}`, `a/b/c/${OLD}`])(
    'where there is none: %s',
    async (text) => {
      await add('acme', 'repair', NEW)
      expect(await failureOf(named(text))).toMatchObject({
        exit: EXIT.usage,
        message: expect.stringContaining(text),
        next: expect.stringContaining('snapshots list'),
      })
    },
  )

  it('where several could be meant, and each is named', async () => {
    await add('acme', 'wishlist', OLD)
    await add('acme', 'repair', OLD)
    await add('bolt', 'wishlist', NEW)
    expect(await failureOf(named(OLD))).toMatchObject({
      exit: EXIT.usage,
      message: `${OLD} could mean 2 snapshots: acme/repair/${OLD}, acme/wishlist/${OLD}.`,
    })
    expect(await failureOf(named('wishlist@latest'))).toMatchObject({
      exit: EXIT.usage,
      message: 'wishlist@latest could mean 2 snapshots: acme/wishlist@latest, bolt/wishlist@latest.',
    })
  })

  it('where the newest can not be used: an older one is another night', async () => {
    await add('acme', 'wishlist', OLD)
    const folder = await add('acme', 'wishlist', NEW)
    writeFileSync(join(folder, 'manifest.json'), '{}')
    expect(await failureOf(named('wishlist@latest'))).toMatchObject({
      exit: EXIT.precondition,
      message: expect.stringContaining(folder),
    })
    // By its own name it is found: there may be something to be done with it.
    expect(await named(NEW)).toBe(folder)
  })
})
