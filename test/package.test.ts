/** What is published works where it is installed, and says so where Node is too old. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-pack-'))
const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }

beforeAll(() => {
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, env, stdio: 'pipe' })
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  execFileSync('npm', ['install', '--prefix', folder, join(folder, tarball)], {
    cwd: folder,
    env,
    stdio: 'pipe',
  })
}, 180_000)

test('the package, installed into an empty folder, shows its help and its exit codes', () => {
  const bin = join(folder, 'node_modules/.bin/engage-migrate')
  const help = execFileSync(bin, ['--help'], { env, encoding: 'utf8' })
  expect(help).toContain('engage-migrate upgrade <plan>')
  expect(help).toContain('130  interrupted')
  expect(execFileSync(bin, ['--version'], { env, encoding: 'utf8' }).trim()).toMatch(/^\d+\.\d+\.\d+$/)
})

test('the sources run as they are', () => {
  const entry = join(ROOT, 'src/bin.ts')
  const help = execFileSync(process.execPath, [entry, '--help'], { env, encoding: 'utf8' })
  expect(help).toContain('engage-migrate upgrade <plan>')
})

test('on a Node that is too old it says so in one line', () => {
  const entry = join(folder, 'node_modules/engage-migrate/dist/bin.js')
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); import(${JSON.stringify(entry)})`
  let shown = { status: 0, stderr: '' }
  try {
    execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    shown = error as typeof shown
  }
  expect(shown.status).toBe(2)
  expect(shown.stderr).toBe('engage-migrate needs Node 24.15 or newer; this is 20.20.2.\n')
})
