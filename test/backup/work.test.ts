/** What is left of a backup that has not ended, and what becomes of it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unfinishedWork } from '../../src/commands/backup-work.ts'
import { readConfig } from '../../src/config.ts'
import { EXIT } from '../../src/errors.ts'
import { openBench } from '../support/bench.ts'
import { type Desk, openDesk } from './desk.ts'

const DAY_MS = 86_400_000

describe('a backup that a precondition has ended', () => {
  it('leaves nothing behind where nothing was read', async () => {
    const bench = openBench()
    const desk = await openDesk(bench)
    expect(await desk.backUp({ schemaIds: ['misspelt'] })).toMatchObject({ code: EXIT.precondition })
    expect(desk.work()).toEqual([])
  })

  it('takes what it has written along, where its schema has gone since it was begun', async () => {
    const bench = openBench()
    const desk = await openDesk(bench)
    const args = { schemaIds: [bench.schema.id] }
    expect(await desk.backUp(args, 15)).toMatchObject({ code: EXIT.interrupted })
    expect(desk.work()).toHaveLength(1)
    expect((await desk.home.list()).folders).toHaveLength(1)
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
    expect(await desk.backUp(args)).toMatchObject({ code: EXIT.precondition })
    expect(desk.work()).toEqual([])
    expect((await desk.home.list()).folders).toEqual([])
  })
})

describe('a backup that was not finished', () => {
  it('is gone on with where nothing newer is there', async () => {
    const bench = openBench()
    const desk = await openDesk(bench)
    const args = { schemaIds: [bench.schema.id], since: 'latest' }
    await desk.backUp(args, 15)
    await bench.clock.advance(DAY_MS)
    const next = await desk.backUp(args)
    expect(next, next.said).toMatchObject({ code: EXIT.done })
    expect(next.said).toContain('Going on with')
  })

  it('is begun anew where its schema was backed up since: it would be another end of the same chain', async () => {
    const bench = openBench()
    const desk = await openDesk(bench)
    const old = { schemaIds: [bench.schema.id], since: 'latest' }
    await desk.backUp(old)
    await bench.clock.advance(DAY_MS)
    await desk.backUp(old, 15)
    await bench.clock.advance(DAY_MS)
    const newer = await desk.backUp({ all: true, since: 'latest' })
    expect(newer, newer.said).toMatchObject({ code: EXIT.done })
    await bench.clock.advance(DAY_MS)
    const next = await desk.backUp(old)
    expect(next.said).toContain('An unfinished backup is given up')
    const { folders } = await desk.home.list()
    expect(folders).toHaveLength(3)
    expect(next).toMatchObject({
      code: EXIT.done,
      json: { snapshots: [{ links: 3, snapshot: folders[2], parent: folders[1] }] },
    })
  })
})

describe('work that may hold contacts', () => {
  const unfinished = ({ data, tenant }: Desk, clock: Parameters<typeof unfinishedWork>[3]['clock']) =>
    unfinishedWork(readConfig({ data }, {}, false), tenant, 'erasure', { clock })

  it('has a list of them, or can not be looked into', async () => {
    const bench = openBench()
    const desk = await openDesk(bench)
    const args = { schemaIds: [bench.schema.id] }
    bench.sandbox.setFaults([{ kind: '500', path: 'interactionschemas', times: 'always' }])
    expect(await desk.backUp(args)).toMatchObject({ code: EXIT.failed })
    expect(desk.work()).toHaveLength(1)
    expect(unfinished(desk, bench.clock)).toEqual([])
    bench.sandbox.setFaults([])
    await desk.backUp(args, 15)
    expect(unfinished(desk, bench.clock)).toHaveLength(1)
    await desk.backUp(args)
    expect(unfinished(desk, bench.clock)).toEqual([])
    for (const [name, file] of [
      ['broken', 'backup.db'],
      ['compaction', 'part'],
      ['erasure', 'part'],
    ] as const) {
      mkdirSync(join(desk.data, 'backups', desk.tenant, name), { recursive: true })
      writeFileSync(join(desk.data, 'backups', desk.tenant, name, file), 'no journal')
    }
    expect(unfinished(desk, bench.clock).map((each) => each.split('/').at(-1))).toEqual([
      'broken',
      'compaction',
    ])
  })
})
