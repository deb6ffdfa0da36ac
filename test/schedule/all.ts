/**
 * `npm run test:schedules`: the schedules of the runbook, by all of their checkers.
 * Guarantees: none is left out: what is absent is installed from Debian's packages, or it says so and fails.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { isThere } from './checkers.ts'

/** Program, and the package that has it. */
const DEBIAN: ReadonlyArray<readonly [string, string]> = [
  ['systemd-analyze', 'systemd'],
  ['crontab', 'cron'],
]

function run(program: string, ...args: readonly string[]): number {
  const env = { ...process.env, SCHEDULE_CHECKERS: 'all', DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, args, { stdio: 'inherit', env }).status ?? 1
}

const absent = DEBIAN.filter(([program]) => !isThere(program)).map(([, name]) => name)
if (absent.length > 0 && process.getuid?.() === 0 && isThere('apt-get')) {
  run('apt-get', 'update', '-qq')
  run('apt-get', 'install', '-y', '--no-install-recommends', ...absent)
}
const missing = DEBIAN.filter(([program]) => !isThere(program))
for (const [program, name] of missing)
  console.error(`${program} is absent: install Debian's package ${name}, then run this again.`)
const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
process.exitCode =
  missing.length > 0 ? 1 : run(process.execPath, vitest, 'run', 'test/schedule/files.test.ts')
