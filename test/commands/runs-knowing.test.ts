/** Runs that have a contact in files of their own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runsKnowing } from '../../src/commands/runs-knowing.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { guid } from '../snapshot/sample.ts'
import { createManualClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'

test('are found by their lists and by their texts, wherever in them the id stands', async () => {
  const data = await temporaryFolder()
  const clock = createManualClock()
  const runAt = (name: string): string => {
    mkdirSync(join(data, 'runs', name), { recursive: true })
    return join(data, 'runs', name)
  }
  expect(await runsKnowing(data, new Set([guid(1)]), clock)).toEqual([])
  {
    using journal = openJournal(join(runAt('listed'), 'run.db'), clock)
    journal.contacts.add([guid(1), guid(2)])
    using other = openJournal(join(runAt('of-others'), 'run.db'), clock)
    other.contacts.add([guid(2)])
  }
  // Across two of the pieces that a file is read in, and in another case.
  const piece = 64 * 1024
  for (const [name, before] of [
    ['cut', piece - 10],
    ['early', 0],
    ['late', 3 * piece - 36],
  ] as const)
    writeFileSync(join(runAt(name), 'id-map.ndjson'), `${'x'.repeat(before)}${guid(1).toUpperCase()}\n`)
  writeFileSync(join(runAt('another'), 'rejected.ndjson'), `${guid(3)}\n`)
  mkdirSync(join(runAt('unreadable'), 'log.ndjson'))
  writeFileSync(join(runAt('broken'), 'run.db'), 'no database, but long enough')
  expect(await runsKnowing(data, new Set([guid(1)]), clock)).toEqual([
    'broken',
    'cut',
    'early',
    'late',
    'listed',
    'unreadable',
  ])
})
