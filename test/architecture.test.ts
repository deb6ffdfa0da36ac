/** Who may import whom: a wrong arrow fails here, before anyone gets used to it. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '../src')

/** What each folder may import besides itself and the files at the root (errors, clock, json, model). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  engage: [],
  schema: [],
  snapshot: [],
  journal: [],
  sandbox: [],
  schedule: [],
  contacts: ['engage'],
  history: ['schema', 'snapshot', 'contacts'],
  profile: ['schema', 'snapshot'],
  transfer: ['engage', 'schema', 'contacts', 'snapshot', 'journal'],
  backup: ['transfer', 'engage', 'schema', 'contacts', 'snapshot', 'journal'],
  erasure: ['backup', 'transfer', 'snapshot'],
  upgrade: ['transfer', 'engage', 'schema', 'contacts', 'snapshot', 'journal'],
  report: ['upgrade', 'backup', 'history', 'profile', 'transfer', 'engage', 'schema', 'snapshot', 'journal'],
  commands: [
    ...['report', 'upgrade', 'backup', 'erasure', 'history', 'profile', 'transfer', 'engage', 'schema'],
    ...['contacts', 'snapshot', 'journal', 'schedule'],
  ],
}

/** The only commands that may know of the sandbox. */
const SANDBOX_COMMANDS = ['commands/sandbox.ts', 'commands/demo.ts']

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }))

function importsOf({ name, text }: { name: string; text: string }): readonly string[] {
  return Array.from(text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g), ([, path = '']) =>
    relative(SRC, resolve(SRC, dirname(name), path)),
  )
}

function folderOf(name: string): string {
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : ''
}

describe('folders', () => {
  test.each(files.filter(({ name }) => folderOf(name) !== ''))(
    '$name imports only what its folder may',
    (file) => {
      const folder = folderOf(file.name)
      const allowed = ['', folder, ...(ALLOWED[folder] ?? [])]
      if (SANDBOX_COMMANDS.includes(file.name)) allowed.push('sandbox')
      const wrong = importsOf(file).filter(
        (each) => !allowed.includes(folderOf(each)) || /^(cli|bin)\.ts$/.test(each),
      )
      expect(wrong).toEqual([])
    },
  )

  test('the files at the root import no folder, but for the command line itself', () => {
    const wrong = files
      .filter(({ name }) => folderOf(name) === '' && !['cli.ts', 'bin.ts'].includes(name))
      .flatMap((file) => importsOf(file).filter((each) => folderOf(each) !== ''))
    expect(wrong).toEqual([])
    const cli = files.filter(({ name }) => name === 'cli.ts').flatMap(importsOf)
    expect(cli.filter((each) => !['', 'commands'].includes(folderOf(each)))).toEqual([])
  })
})

describe('effects', () => {
  const outside = (pattern: RegExp, ...places: readonly string[]): readonly string[] =>
    files
      .filter(({ name }) => !places.some((place) => name.startsWith(place)))
      .filter(({ text }) => pattern.test(text))
      .map(({ name }) => name)

  test('fetch is called in engage/ only, to ping a monitor, and by the producer that the demo plays', () => {
    expect(outside(/[^.\w]fetch\(/, 'engage/', 'schedule/ping.ts', 'commands/demo.ts')).toEqual([])
  })

  test('SQL is written in journal/ only', () => {
    expect(outside(/node:sqlite|\b(SELECT|INSERT|UPDATE|DELETE) .*\b(FROM|INTO|SET)\b/, 'journal/')).toEqual(
      [],
    )
  })

  test('the client of object stores, which takes long to load, is imported by nobody who may not need it', () => {
    expect(outside(/@aws-sdk/, 'snapshot/s3-')).toEqual([])
    const needing = files.filter(({ text }) => /@aws-sdk/.test(text)).map(({ name }) => basename(name))
    const pattern = new RegExp(`from '[^']*/(${needing.join('|')})'`)
    expect(outside(pattern, 'snapshot/s3-')).toEqual([])
  })

  test('nothing prints, ends the process or reads its arguments but the command line', () => {
    expect(outside(/console\.|process\.(stdout|stderr)/, 'cli.ts', 'bin.ts')).toEqual([])
    expect(outside(/process\.(exit|argv)\b/, 'cli.ts')).toEqual([])
  })

  test('time and chance are asked of a clock and a source that are passed in', () => {
    expect(
      outside(/Date\.now\(\)|performance\.now|Math\.random\(|[^.\w]setTimeout\(/, 'clock.ts', 'cli.ts'),
    ).toEqual([])
  })
})
