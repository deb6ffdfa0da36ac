/** Room on the disk is looked for before a pass, not found to be missing in the midst of one. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planLines } from '../../src/report/terminal.ts'
import { bytesNeeded, sizeText } from '../../src/upgrade/space.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { go, passed, planRun, type Run, sign, walk } from '../support/run.ts'

function withFree(run: Run, free: number): Run {
  return { ...run, context: { ...run.context, freeSpace: async () => free } }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

describe('What a run needs', () => {
  it('is told by the plan, and is what it takes in the end', async () => {
    const bench = openBench({ contacts: 400, interactions: 5 })
    const run = await planRun(bench, { settings: { contactsPerPart: 1_000 } })
    const { contacts, estimate } = run.plan
    const { interactions, recordBytes = 0 } = estimate
    const needed = bytesNeeded({ contacts: contacts.listed, interactions, recordBytes }, 2)
    expect(planLines(run.plan)).toContain(
      `  on disk: some ${sizeText(needed)} for two snapshots, the journal and the evidence`,
    )
    await walk(run)
    const taken =
      bytesIn(passed(run, 'base-pass').folder) +
      bytesIn(passed(run, 'final-pass').folder) +
      bytesIn(run.folder)
    expect(needed).toBeGreaterThan(taken / 2)
    expect(needed).toBeLessThan(taken * 2)
  })

  it('grows with every part of it', () => {
    const volume = { contacts: 1_000, interactions: 5_000, recordBytes: 100_000 }
    const once = bytesNeeded(volume, 1)
    expect(bytesNeeded(volume, 2)).toBeGreaterThan(once + 100_000)
    expect(bytesNeeded({ ...volume, contacts: 2_000 }, 1)).toBeGreaterThan(once)
    expect(bytesNeeded({ ...volume, interactions: 6_000 }, 1)).toBeGreaterThan(once)
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [34_567, '35 kB'],
    [2_100_000_000, '2.1 GB'],
    [5e15, '5000 TB'],
  ])('is written as people do (%i)', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text)
  })
})

describe('A run that would not fit', () => {
  it('does not begin its base pass, and does once there is room', async () => {
    const bench = openBench()
    const run = await planRun(bench)
    expect(await failureOf(go(withFree(run, 1_000)))).toMatchObject({
      exit: 4,
      message: expect.stringMatching(/has 1\.0 kB free, and this run needs some 4\.\d MB there/),
      safe: expect.stringContaining('Nothing was changed'),
    })
    expect(run.journal.events.latest('base-pass', 'intent')).toBeUndefined()
    expect(readdirSync(run.context.snapshots)).toEqual([])
    expect(await go(withFree(run, 10_000_000))).toMatchObject({ state: 'waiting' })
  })

  it('does not begin its final pass either: by then it is known what it takes', async () => {
    const bench = openBench()
    const history = held(bench)
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    expect(await failureOf(go(withFree(run, 10_000)))).toMatchObject({ exit: 4 })
    expect(run.journal.events.latest('final-pass', 'intent')).toBeUndefined()
    expect(readdirSync(run.context.snapshots)).toHaveLength(1)
    await walk(withFree(run, 10_000_000))
    expect(held(bench)).toEqual(history)
  })

  it('is not stopped by a disk of which nothing is known', async () => {
    const run = await planRun(openBench())
    expect(await go(run)).toMatchObject({ state: 'waiting' })
  })
})
