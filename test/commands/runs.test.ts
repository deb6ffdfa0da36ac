import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { assertLatestRun, assertNoOtherRun } from '../../src/commands/runs.ts'
import { readConfig } from '../../src/config.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { createManualClock } from '../support/clock.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const clock = createManualClock()
const ABOUT = { tenant: 'acme.voyado.com', schemaId: 'wishlist' }
let data: string

beforeEach(async () => {
  data = await temporaryFolder()
})

function addRun(name: string, about: object, journal?: string): string {
  const folder = join(data, 'runs', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(about))
  if (journal !== undefined) writeFileSync(join(folder, 'run.db'), journal)
  return folder
}

/** A run that has deleted its schema. */
function addDeletion(name: string, about: object): void {
  using journal = openJournal(join(addRun(name, about), 'run.db'), clock)
  journal.events.append('finished', 'plan', { ...about })
  journal.events.append('intent', 'deletion')
}

/** @returns true where nothing stands in the way of the run `mine` */
async function isFree(): Promise<boolean> {
  assertNoOtherRun(readConfig({ data }, {}, false), { ...ABOUT, run: 'mine' }, { clock })
  return true
}

describe('another run', () => {
  it('that holds the history of the same schema stands in the way, by name', async () => {
    addDeletion('theirs', ABOUT)
    expect(await failureOf(isFree())).toMatchObject({ exit: 4, next: 'engage-migrate upgrade theirs' })
  })

  it('is not oneself, nor one about another schema or tenant', async () => {
    addDeletion('mine', ABOUT)
    addDeletion('other-schema', { ...ABOUT, schemaId: 'repair' })
    addDeletion('other-tenant', { ...ABOUT, tenant: 'globex.voyado.com' })
    expect(await isFree()).toBe(true)
  })

  it('that was killed before its journal held anything does not count', async () => {
    addRun('unbegun', ABOUT, '')
    expect(await isFree()).toBe(true)
  })

  it('whose journal is damaged stands in the way only where it may be about the same schema', async () => {
    addRun(
      'damaged-elsewhere',
      { ...ABOUT, schemaId: 'repair' },
      'no database at all, but long enough to look at',
    )
    expect(await isFree()).toBe(true)
    addRun('damaged-here', ABOUT, 'no database at all, but long enough to look at')
    expect(await failureOf(isFree())).toMatchObject({
      exit: 4,
      message: expect.stringContaining('damaged-here'),
    })
  })
})

describe('a run that has ended', () => {
  async function take(name: string): Promise<boolean> {
    using journal = openJournal(join(data, 'runs', name, 'run.db'), clock)
    assertLatestRun(readConfig({ data }, {}, false), { ...ABOUT, run: name }, journal, { clock })
    return true
  }

  it('is taken up again only while no later one has upgraded the same schema', async () => {
    addDeletion('first', ABOUT)
    await clock.advance(1_000)
    addDeletion('other-schema', { ...ABOUT, schemaId: 'repair' })
    expect(await take('first')).toBe(true)
    addDeletion('second', ABOUT)
    expect(await take('second')).toBe(true)
    expect(await failureOf(take('first'))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('Run second has upgraded'),
    })
  })
})
