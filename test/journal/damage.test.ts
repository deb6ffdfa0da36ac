import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import { createManualClock } from '../support/clock.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const clock = createManualClock({ autoUpTo: 1_000 })
const PAGE = 4096
const ITEMS = 3_000

let whole: Buffer

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'run.db')
}

async function written(bytes: Uint8Array): Promise<string> {
  const file = await newFile()
  writeFileSync(file, bytes)
  return file
}

function zeroed(page: number): Buffer {
  return Buffer.from(whole).fill(0, page * PAGE, (page + 1) * PAGE)
}

/** All that any command reads of a journal. */
function readAll(journal: Journal): void {
  journal.events.all()
  journal.contacts.slice(0, ITEMS)
  journal.items('import').range(0, ITEMS)
  journal.items('import').counts()
  journal.items('import').watermark()
  journal.parts('pass')
  journal.cursor('round')
}

function failureOfUsing(file: string, mode: 'write' | 'read'): unknown {
  try {
    using journal = openJournal(file, clock, mode)
    readAll(journal)
    return undefined
  } catch (error) {
    return error
  }
}

beforeEach(async () => {
  const file = await newFile()
  {
    using journal = openJournal(file, clock)
    journal.contacts.add(
      Array.from({ length: ITEMS }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
    )
    journal.addPart('pass', 1, { text: 'x'.repeat(3 * PAGE) })
    journal.setCursor('round', 1)
    for (let n = 0; n < 50; n++) journal.events.append('note', 'n', { text: 'y'.repeat(500) })
    const items = journal.items('import')
    await Promise.all(Array.from({ length: ITEMS }, (_, seq) => items.confirmed(seq, `new-${seq}`)))
  }
  whole = readFileSync(file)
})

describe('a damaged journal', () => {
  const damaged = {
    name: 'OperatorError',
    exit: 4,
    message: expect.stringMatching(/^The journal .*run\.db is damaged: /),
    next: expect.stringContaining('back from a copy'),
  }

  it('is written by nobody, whichever of its pages is zeroed, and left as it is', async () => {
    expect(whole.length / PAGE).toBeGreaterThan(40)
    let opened = 0
    for (let page = 0; page < whole.length / PAGE; page++) {
      const bytes = zeroed(page)
      const file = await written(bytes)
      expect(failureOfUsing(file, 'write'), `page ${page}`).toMatchObject(damaged)
      expect(readFileSync(file).equals(bytes), `page ${page}`).toBe(true)
      try {
        openJournal(file, clock)[Symbol.dispose]()
        opened += 1
      } catch {
        // As it should.
      }
    }
    // The last page of a long text says nothing of what comes next: that one is found when the text is read.
    expect(opened).toBeLessThanOrEqual(1)
  })

  it('is called that by a reader, too, whichever of its pages is zeroed', async () => {
    const said = []
    for (let page = 0; page < whole.length / PAGE; page++) {
      const failure = failureOfUsing(await written(zeroed(page)), 'read')
      if (failure !== undefined) {
        expect(failure, `page ${page}`).toMatchObject(damaged)
        said.push(page)
      }
    }
    expect(said.length).toBeGreaterThan(whole.length / PAGE / 2)
  })

  it.each([0.1, 0.5, 0.9])('that was truncated (to %d of it) is not opened', async (share) => {
    for (const length of [
      Math.floor((whole.length * share) / PAGE) * PAGE,
      Math.floor(whole.length * share),
    ]) {
      const file = await written(whole.subarray(0, length))
      expect(thrownBy(() => openJournal(file, clock))).toMatchObject(damaged)
      expect(failureOfUsing(file, 'read')).toMatchObject(damaged)
    }
  })

  it.each(['write', 'read'] as const)('that is no database at all is not opened (%s)', async (mode) => {
    const file = await written(Buffer.from('this is no database at all '.repeat(400)))
    expect(thrownBy(() => openJournal(file, clock, mode))).toMatchObject({
      ...damaged,
      next: expect.stringContaining(`engage-migrate upgrade ${basename(dirname(file))}`),
    })
  })

  it('is called that while it is read and written, not a disk that is full', async () => {
    const file = await written(whole)
    using journal = openJournal(file, clock)
    const items = journal.items('import')
    writeFileSync(file, Buffer.from(whole).fill(0, PAGE))
    // A change by another process has it read anew what it holds in memory.
    const other = new DatabaseSync(file)
    other.exec('PRAGMA user_version = 2')
    other.close()
    expect(thrownBy(() => items.range(0, ITEMS))).toMatchObject(damaged)
    await expect(items.confirmed(1, 'x')).rejects.toMatchObject(damaged)
    expect(thrownBy(() => journal.setCursor('round', 2))).toMatchObject(damaged)
  })

  it('is called that where an event is no event any more', async () => {
    const text = whole.toString('latin1').replaceAll('{"text":"y', '}"text":"y')
    const file = await written(Buffer.from(text, 'latin1'))
    expect(thrownBy(() => openJournal(file, clock, 'read'))).toMatchObject(damaged)
  })
})
