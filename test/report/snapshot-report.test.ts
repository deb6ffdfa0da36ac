/** What the report says of a snapshot by itself: nothing of a tenant that was never asked, nothing of a deletion. */
import { describe, expect, it } from 'vitest'
import { reportOf } from '../../src/report/digest.ts'
import { markdownOf } from '../../src/report/page/markdown.ts'
import { kindOf } from '../../src/report/snapshot-kinds.ts'
import { snapshotReportFacts } from '../../src/report/snapshot-report.ts'
import type { Manifest } from '../../src/snapshot/format.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { importedFolder } from '../../src/upgrade/imported.ts'
import { openBench, TOOL } from '../support/bench.ts'
import { all, asKept, first, keptBySource, older, runWith } from '../support/history.ts'
import { passed, walk } from '../support/run.ts'

const OF_A_DELETION = /Whoever|Producers stand still|schema is missing|is deleted|[Aa]ll comes back/

async function told(folder: string): Promise<string> {
  const stop = new AbortController().signal
  const tools = { tool: TOOL, stop, progress: () => {}, ratePerSecond: 50 }
  const facts = await snapshotReportFacts(await openSnapshot(folder), undefined, tools)
  expect(facts.verdict.may).toBe('no-plan')
  return markdownOf(reportOf(facts, { gates: [], outcome: [] }, 0))
}

describe('the report of a snapshot', () => {
  it('of the source says nothing of a tenant', async () => {
    const bench = openBench()
    const page = await told(await keptBySource(bench, asKept(all(bench))))
    expect(page).toContain('This is what the source system has kept of completedProductRating')
    expect(page).toContain('Engage was not asked for it.')
    expect(page).toMatch(/history of the source system, made from/)
    expect(page).not.toMatch(OF_A_DELETION)
    expect(page).not.toMatch(/[Tt]he tenant (gave|counts|counted)|when it was read|gave no count/)
    expect(page).toContain('There is no plan: nothing would be done.')
  })

  it('of what an upgrade has merged, or read, says that', async () => {
    const bench = openBench()
    const run = await runWith(bench, [older(first(bench.contacts))])
    await walk(run, 'delete-schema')
    const merged = await told(importedFolder(run.context))
    expect(merged).toContain('This is what an upgrade has merged, to import it')
    expect(merged).not.toMatch(OF_A_DELETION)
    const base = await told(passed(run, 'base-pass').folder)
    expect(base).toContain('base pass of an upgrade, read from')
    expect(base).toContain('The tenant counted 30 contacts when it was read')
    expect(base).toContain('An upgrade of what was read here would take about this:')
    expect(base.slice(0, base.indexOf('## 1.'))).not.toMatch(OF_A_DELETION)
  })
})

describe('what a snapshot is', () => {
  const contacts = { source: 'contacts.csv', listed: 30, read: 30, empty: 0, gone: 0, failed: 0 }
  const backup = { pass: 'backup', tenant: 'acme', schemaId: 's', contacts } as Manifest

  it('is told by its pass', () => {
    const asked = (pass: string) => kindOf({ ...backup, pass }, 1).asked
    expect(['backup', 'base', 'final', 'history', 'merged', 'restore'].map(asked)).toEqual([
      ...[true, true, true, false, false, false],
    ])
    expect(kindOf({ ...backup, pass: 'restore' }, 1).sentence).toContain('taken out of another snapshot')
  })

  it('is partial where contacts were not asked for, incomplete where they could not be read', () => {
    expect(kindOf(backup, 1).because).toEqual([])
    expect(kindOf({ ...backup, contacts: { ...contacts, carried: 12 } }, 1).because).toEqual([
      'It is partial: 12 contacts were not asked for, and are as in the snapshot before.',
    ])
    const failed = { ...backup, complete: false, contacts: { ...contacts, failed: 1 } }
    expect(kindOf(failed, 1).because).toEqual(['It is incomplete: 1 contact could not be read.'])
  })

  it('is a part of a chain where it follows another', () => {
    const increment = { ...backup, parent: { snapshot: 'x', origin: 'y' } }
    expect(kindOf(increment, 3).because).toEqual([expect.stringContaining('from a chain of 3 snapshots')])
  })
})
