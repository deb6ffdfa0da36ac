/** A bounded part of the campaign with real processes: the script that runs the long one, as it is run by hand. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const CAMPAIGN = fileURLToPath(new URL('campaign.ts', import.meta.url))

/** A seed that is on a full disk: its files can't grow. Of 10, the file system is full. */
const FIRST = [20]

interface Sum {
  readonly runs: number
  readonly kills: number
  readonly full: number
  readonly disks: number
  readonly faults: object
}

async function campaign(seed: number): Promise<Sum> {
  const args = [CAMPAIGN, '--runs', '0', '--real', '1', '--seed', String(seed), '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
  return JSON.parse(stdout)
}

test('Real processes, killed at random, bring back every record exactly once, also on a full disk', {
  timeout: 400_000,
}, async () => {
  const sums = await Promise.all(FIRST.map(campaign))
  for (const sum of sums) expect(sum).toMatchObject({ runs: 1, failed: [], disks: 1 })
  // It was as bad as it was meant to be.
  expect(sums.reduce((kills, sum) => kills + sum.kills, 0)).toBeGreaterThan(0)
  expect(sums.reduce((full, sum) => full + sum.full, 0)).toBeGreaterThan(0)
  expect(new Set(sums.flatMap(({ faults }) => Object.keys(faults))).size).toBeGreaterThan(3)
})
