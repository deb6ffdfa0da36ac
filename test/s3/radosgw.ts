/**
 * `npm run test:s3`: what the suite asks of a stand-in, asked of a real object store, Ceph's radosgw.
 * Guarantees: exit code 0 only where all of it held; where the store can't be brought up it says why and exits with 1. What
 * it starts is stopped and removed, Ctrl-C included; packages that it has installed stay.
 */
import { execFileSync, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../src/errors.ts'
import { Ceph, type Gateway } from './ceph.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TESTS = ['test/snapshot/s3-', 'test/cli/s3.test.ts', 'test/backup/resume.test.ts', 'test/erasure']
const PROGRAMS = ['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin']
/** Debian's; what is recommended besides (a manager, …) is not needed for one gateway. */
const PACKAGES = ['ceph-common', 'ceph-mon', 'ceph-osd', 'radosgw']

function missing(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return PROGRAMS.filter(
    (program) =>
      !folders.some((folder) => {
        try {
          accessSync(join(folder, program), constants.X_OK)
          return true
        } catch {
          return false
        }
      }),
  )
}

/** Throws where the programs are not there and can't be installed. */
function install(): void {
  const absent = missing()
  if (absent.length === 0) return
  const order = `apt-get install --no-install-recommends ${PACKAGES.join(' ')}`
  if (process.getuid?.() !== 0)
    throw new Error(`${absent.join(', ')} are not installed, and only root may install them: ${order}`)
  console.error(`Installing ${PACKAGES.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  execFileSync('apt-get', ['update', '-q'], { env, stdio: [...stdio] })
  execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...PACKAGES], {
    env,
    stdio: [...stdio],
  })
  if (missing().length > 0) throw new Error(`${missing().join(', ')} are not there after: ${order}`)
}

/** @returns the exit code of the tests */
function tested({ endpoint, accessKeyId, secretAccessKey }: Gateway, stop: AbortSignal): Promise<number> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...TESTS], {
    cwd: ROOT,
    stdio: 'inherit',
    signal: stop,
    env: {
      ...process.env,
      S3_TEST_ENDPOINT: endpoint,
      S3_TEST_KEY: accessKeyId,
      S3_TEST_SECRET: secretAccessKey,
    },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))

const ceph = await Ceph.create()
try {
  install()
  console.error('Bringing up radosgw, with one monitor and one OSD …')
  const gateway = await ceph.start()
  stop.signal.throwIfAborted()
  console.error(`It answers at ${gateway.endpoint}.`)
  process.exitCode = await tested(gateway, stop.signal)
} catch (error) {
  console.error(
    `The object store could not be tested: ${messageOf(stop.signal.aborted ? stop.signal.reason : error)}`,
  )
  process.exitCode = 1
} finally {
  await ceph.stop()
}
