/**
 * The command line as it is published: compiled, in a folder of its own that goes with whoever asked for it.
 * Guarantees: what runs is what the sources are now, whatever an earlier build has left; two builds at once don't meet.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MODULES = join(ROOT, 'node_modules')

export interface Built extends Disposable {
  /** What Node runs. */
  readonly program: string
}

/** @throws what the compiler says */
export function build(): Built {
  // Below node_modules, so that the built files find their dependencies.
  const cache = join(MODULES, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'engage-migrate-'))
  const bundler = join(MODULES, 'rolldown/bin/cli.mjs')
  execFileSync(process.execPath, [bundler, '-c', 'rolldown.config.ts', '--dir', join(folder, 'dist')], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  return {
    program: join(folder, 'dist/bin.js'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
