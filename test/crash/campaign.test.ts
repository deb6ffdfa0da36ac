/** A bounded part of the campaign: the script that runs the long one, as it is run by hand. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const CAMPAIGN = fileURLToPath(new URL('campaign.ts', import.meta.url))
const run = promisify(execFile)

async function campaign(...args: readonly string[]) {
  const { stdout } = await run(process.execPath, [CAMPAIGN, ...args], { maxBuffer: 2 ** 26 })
  return stdout
}

describe('Upgrades in which everything goes wrong', () => {
  test('bring back every record exactly once, or say by name what differs', {
    timeout: 400_000,
  }, async () => {
    const sum = JSON.parse(await campaign('--runs', '20', '--seed', '1', '--json')) as {
      readonly runs: number
      readonly failed: readonly number[]
      readonly crashes: number
      readonly orphans: number
      readonly faults: Readonly<Record<string, number>>
    }
    expect(sum).toMatchObject({ runs: 20, failed: [] })
    // It was as bad as it was meant to be.
    expect(sum.crashes).toBeGreaterThan(50)
    expect(sum.orphans).toBeGreaterThan(0)
    for (const kind of [
      'reset-after',
      'timeout-after',
      'status-500-after',
      'truncated',
      'lands-late',
      'acts-late',
    ])
      expect(sum.faults[kind], kind).toBeGreaterThan(3)
  })

  test('are the same whenever they are replayed', async () => {
    const replayed = ['--runs', '1', '--seed', '7', '--trace', '--json']
    const traces = await Promise.all(
      [0, 1].map(
        async () => (await run(process.execPath, [CAMPAIGN, ...replayed], { maxBuffer: 2 ** 26 })).stderr,
      ),
    )
    expect(traces[0]?.length).toBeGreaterThan(1_000)
    // The folder's name is the only thing that is drawn anew.
    const named = (text: string | undefined): string => String(text).replace(/engage-migrate-sim-\w+/g, '')
    expect(named(traces[0])).toBe(named(traces[1]))
  })
})
