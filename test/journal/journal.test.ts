import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openTemporaryContacts } from '../../src/journal/contacts.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import { createManualClock } from '../support/clock.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const clock = createManualClock({ autoUpTo: 1_000 })

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'run.db')
}

/** What a process that dies now leaves on disk. */
async function asLeft(file: string): Promise<string> {
  const copy = await newFile()
  for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, `${copy}${end}`)
  return copy
}

function guid(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-00000000abcd`
}

describe('items', () => {
  it('are durable when their promise resolves', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    await items.sent([0, 1, 2, 3])
    await Promise.all([items.confirmed(0, 'new-0'), items.rejected(1, '400: no'), items.unsent([2])])
    using left = openJournal(await asLeft(file), clock)
    expect(left.items('import').range(0, 10)).toEqual([
      { seq: 0, state: 'confirmed', newId: 'new-0', reason: undefined, posts: 1 },
      { seq: 1, state: 'rejected', newId: undefined, reason: '400: no', posts: 1 },
      { seq: 2, state: 'unsent', newId: undefined, reason: undefined, posts: 1 },
      { seq: 3, state: 'sent', newId: undefined, reason: undefined, posts: 1 },
    ])
    expect(left.items('import').counts()).toEqual({ sent: 1, confirmed: 1, unsent: 1, rejected: 1 })
  })

  it('count the POSTs that may have been carried out, and no others', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    const posts = (): readonly number[] => items.range(0, 10).map((item) => item.posts)
    await items.sent([0, 1, 2])
    await Promise.all([items.unsent([0]), items.unsent([1], true), items.rejected(2, '400: no', true)])
    expect(posts()).toEqual([1, 0, 0])
    await items.sent([0, 1])
    await items.doubted([0, 1])
    expect(posts()).toEqual([2, 1, 0])
    await items.rejected(3, 'the contact is gone')
    await items.undone(0, () => undefined)
    await items.undone(3, () => undefined)
    expect(posts()).toEqual([1, 1, 0, 0])
  })

  it('count a POST that was undone no more than once: with the note of it, or not at all', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    await items.sent([0])
    const notNoted = items.undone(0, () => {
      journal.events.append('finished', 'orphan', { seq: 0 })
      throw new Error('it dies here')
    })
    await expect(notNoted).rejects.toThrow('it dies here')
    using left = openJournal(file, clock, 'read')
    expect(left.items('import').range(0, 1)).toMatchObject([{ posts: 1 }])
    expect(left.events.latest('orphan')).toBeUndefined()
    await items.undone(0, () => void journal.events.append('finished', 'orphan', { seq: 0 }))
    using right = openJournal(file, clock, 'read')
    expect(right.items('import').range(0, 1)).toMatchObject([{ posts: 0 }])
    expect(right.events.latest('orphan', 'finished')).toBeDefined()
  })

  it('that were rejected are tried again as what they are: in doubt where a POST may have been carried out', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    await items.sent([0, 1, 2])
    await Promise.all([0, 1, 2].map((seq) => items.rejected(seq, 'no', seq !== 1)))
    expect(await items.reopenRejected([0])).toBe(1)
    expect(items.range(0, 10).map(({ state }) => state)).toEqual(['unsent', 'rejected', 'rejected'])
    expect(await items.reopenRejected()).toBe(2)
    expect(items.range(0, 10).map(({ state }) => state)).toEqual(['unsent', 'sent', 'unsent'])
  })

  it('know their ids, within their lot', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    await journal.items('import').confirmed(0, 'new-0')
    expect(journal.items('import').isClaimed('new-0')).toBe(true)
    expect(journal.items('import').isClaimed('new-1')).toBe(false)
    expect(journal.items('roll-back-import').isClaimed('new-0')).toBe(false)
  })

  it('are committed in groups, in the order in which they were asked for', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    const order: number[] = []
    const changes = Array.from({ length: 200 }, (_, seq) => [
      items.sent([seq]),
      items.confirmed(seq, `n${seq}`).then(() => order.push(seq)),
    ])
    await Promise.all(changes.flat())
    expect(order).toEqual(Array.from({ length: 200 }, (_, seq) => seq))
    using left = openJournal(await asLeft(file), clock)
    expect(left.items('import').counts()).toEqual({ sent: 0, confirmed: 200, unsent: 0, rejected: 0 })
  })

  it('are not durable before their promise resolves, and are when the journal is closed', async () => {
    const file = await newFile()
    const waiting = createManualClock()
    const journal = openJournal(file, waiting)
    let durable = false
    const sent = journal
      .items('import')
      .sent([7])
      .then(() => {
        durable = true
      })
    {
      using left = openJournal(await asLeft(file), clock)
      expect(left.items('import').range(0, 10)).toEqual([])
      expect(durable).toBe(false)
    }
    journal[Symbol.dispose]()
    await sent
    using left = openJournal(file, clock)
    expect(left.items('import').range(7, 8)).toMatchObject([{ seq: 7, state: 'sent' }])
  })

  it('of one lot are not those of another', async () => {
    using journal = openJournal(await newFile(), clock)
    await journal.items('import').confirmed(1, 'forth')
    await journal.items('roll-back-import').confirmed(1, 'back')
    await journal.items('import').setWatermark(5)
    expect(
      journal
        .items('import')
        .range(0, 9)
        .map(({ newId }) => newId),
    ).toEqual(['forth'])
    expect(
      journal
        .items('roll-back-import')
        .range(0, 9)
        .map(({ newId }) => newId),
    ).toEqual(['back'])
    expect(journal.items('import').watermark()).toBe(5)
    expect(journal.items('roll-back-import').watermark()).toBe(0)
  })

  it('reject when the disk refuses, and the next ones go on', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    await items.sent([1])
    const blocker = new DatabaseSync(file)
    blocker.exec("CREATE TRIGGER stop BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    await expect(items.confirmed(1, 'n')).rejects.toThrow('disk is full')
    blocker.exec('DROP TRIGGER stop')
    blocker.close()
    expect(items.range(0, 9)).toMatchObject([{ seq: 1, state: 'sent' }])
    await items.confirmed(1, 'n')
    expect(items.range(0, 9)).toMatchObject([{ seq: 1, state: 'confirmed', newId: 'n' }])
  })
})

describe('the contact list', () => {
  it('holds each id once, in the order of its first appearance, also when opened again', async () => {
    const file = await newFile()
    {
      using journal = openJournal(file, clock)
      expect(journal.contacts.add([guid(3), guid(1), guid(3)])).toBe(2)
      expect(journal.contacts.add([guid(1), guid(2)])).toBe(1)
    }
    using journal = openJournal(file, clock)
    expect(journal.contacts.count()).toBe(3)
    expect(journal.contacts.add([guid(2), guid(9)])).toBe(1)
    expect(journal.contacts.slice(0, 10)).toEqual([guid(3), guid(1), guid(2), guid(9)])
    expect(journal.contacts.slice(1, 2)).toEqual([guid(1), guid(2)])
    expect(journal.contacts.slice(4, 2)).toEqual([])
    expect(journal.contacts.has(guid(9))).toBe(true)
    expect(journal.contacts.has(guid(8))).toBe(false)
  })

  it('may live in a file of its own that nobody sees', () => {
    using list = openTemporaryContacts()
    list.add([guid(1), guid(2), guid(1)])
    expect(list.count()).toBe(2)
  })
})

describe('events', () => {
  it('are taken back all at once, or none of them', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    // Bound as no text that SQLite knows.
    expect(thrownBy(() => journal.events.withdraw(['first', {} as string], { reason: 'x' }))).toBeDefined()
    expect(journal.events.all()).toEqual([])
    journal.events.withdraw(['first', 'second'], { reason: 'x' })
    using left = openJournal(await asLeft(file), clock)
    for (const each of [journal, left]) {
      expect(each.events.latest('first')).toMatchObject({ kind: 'withdrawn', detail: { reason: 'x' } })
      expect(each.events.all().map(({ name }) => name)).toEqual(['first', 'second'])
    }
  })

  it('are told in order, and the latest of a name and kind is found', async () => {
    const file = await newFile()
    {
      using journal = openJournal(file, clock)
      journal.events.append('opened', 'gate', { asks: ['x'] })
      journal.events.append('signed', 'gate', { by: 'Ada' })
      journal.events.append('withdrawn', 'gate', { reason: 'late' })
      journal.events.append('signed', 'other')
    }
    using journal = openJournal(file, clock)
    const { events } = journal
    expect(events.all().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'opened gate',
      'signed gate',
      'withdrawn gate',
      'signed other',
    ])
    expect(events.latest('gate')).toMatchObject({ kind: 'withdrawn', detail: { reason: 'late' } })
    expect(events.latest('gate', 'signed', 'opened')).toMatchObject({ kind: 'signed', detail: { by: 'Ada' } })
    expect(events.latest('gate', 'finished')).toBeUndefined()
    expect(events.latest('nobody')).toBeUndefined()
  })

  it('are durable when the call returns', async () => {
    const file = await newFile()
    using journal = openJournal(file, clock)
    journal.events.append('intent', 'deletion', { schemaId: 's' })
    using left = openJournal(await asLeft(file), clock)
    expect(left.events.latest('deletion', 'intent')?.detail).toEqual({ schemaId: 's' })
  })
})

describe('parts and cursors', () => {
  it('survive until a pass is dropped, and that pass alone', async () => {
    const file = await newFile()
    {
      using journal = openJournal(file, clock)
      journal.addPart('final', 2, { n: 2 })
      journal.addPart('final', 1, { n: 1 })
      journal.addPart('base', 1, { n: 9 })
      journal.setCursor('round', 1)
      journal.setCursor('round', 2)
    }
    using journal = openJournal(file, clock)
    expect(journal.parts('final')).toEqual([{ n: 1 }, { n: 2 }])
    expect(() => journal.addPart('final', 2, {})).toThrow()
    expect(journal.parts('base')).toEqual([{ n: 9 }])
    expect(journal.cursor('round')).toBe(2)
    expect(journal.cursor('other')).toBeUndefined()
  })
})

describe('the file', () => {
  const open = (file: string, mode: 'write' | 'read' = 'write'): Journal => openJournal(file, clock, mode)

  it('is readable by its owner only', async () => {
    const file = await newFile()
    using _journal = open(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  /** A journal as the first version made it. */
  async function firstVersion(): Promise<string> {
    const file = await newFile()
    {
      using journal = open(file)
      await journal.items('import').confirmed(0, 'new-0')
    }
    const db = new DatabaseSync(file)
    db.exec('ALTER TABLE items DROP COLUMN posts; PRAGMA user_version = 1')
    db.close()
    return file
  }

  it('of the first version is read as it is', async () => {
    const file = await firstVersion()
    const before = readFileSync(file)
    using journal = open(file, 'read')
    expect(journal.items('import').range(0, 1)).toMatchObject([{ newId: 'new-0', posts: 1 }])
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('of the first version is brought up to date by whoever writes', async () => {
    const file = await firstVersion()
    {
      using journal = open(file)
      await journal.items('import').sent([0, 1])
    }
    using journal = open(file)
    expect(
      journal
        .items('import')
        .range(0, 2)
        .map(({ posts }) => posts),
    ).toEqual([2, 1])
  })

  it.each(['write', 'read'] as const)(
    'of a newer version is refused and left as it is (%s)',
    async (mode) => {
      const file = await newFile()
      open(file)[Symbol.dispose]()
      const db = new DatabaseSync(file)
      db.exec('PRAGMA user_version = 3')
      db.close()
      const before = readFileSync(file)
      expect(thrownBy(() => open(file, mode))).toMatchObject({
        name: 'OperatorError',
        exit: 4,
        message: expect.stringContaining('version 3'),
      })
      expect(readFileSync(file).equals(before)).toBe(true)
    },
  )

  it.each(['write', 'read'] as const)(
    'that is no journal is refused and left as it is (%s)',
    async (mode) => {
      const file = await newFile()
      const garbage = 'this is no database at all '.repeat(400)
      writeFileSync(file, garbage)
      expect(thrownBy(() => open(file, mode))).toMatchObject({ name: 'OperatorError', exit: 4 })
      expect(readFileSync(file, 'utf8')).toBe(garbage)
    },
  )

  it('is not made by somebody who only reads', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'run.db')
    expect(thrownBy(() => open(file, 'read'))).toMatchObject({ name: 'OperatorError', exit: 2 })
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })

  it('can be read while another writes, and can’t be written to by the reader', async () => {
    const file = await newFile()
    using writer = open(file)
    writer.events.append('note', 'one')
    using reader = open(file, 'read')
    expect(reader.events.all()).toHaveLength(1)
    expect(() => reader.events.append('note', 'mine')).toThrow()
    writer.events.append('note', 'two')
    await writer.items('import').confirmed(0, 'n')
    expect(reader.items('import').counts().confirmed).toBe(1)
    using later = open(file, 'read')
    expect(later.events.all().map(({ name }) => name)).toEqual(['one', 'two'])
  })
})
