/** A bounded part of the campaign with real processes: the script that runs the long one, as it is run by hand. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const CAMPAIGN = fileURLToPath(new URL('campaign.ts', import.meta.url))

test('Real processes, killed at random, bring back every record exactly once, also on a full disk', {
  timeout: 400_000,
}, async () => {
  const args = [CAMPAIGN, '--runs', '0', '--real', '11', '--seed', '10', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
  const sum = JSON.parse(stdout) as { readonly faults: object } & Readonly<Record<string, number>>
  expect(sum).toMatchObject({ runs: 11, failed: [], disks: 2 })
  // It was as bad as it was meant to be.
  expect(sum['kills']).toBeGreaterThan(5)
  expect(sum['full']).toBeGreaterThan(0)
  expect(Object.keys(sum.faults).length).toBeGreaterThan(5)
})
