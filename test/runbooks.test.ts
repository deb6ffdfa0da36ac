/** Runbooks are executed as they are written, block by block, against a sandbox. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { generateIdentity } from 'age-encryption'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createSandbox, DEFAULT_API_KEY, type Sandbox } from '../src/sandbox/app.ts'
import { seedTenant } from '../src/sandbox/seed.ts'
import { serve } from '../src/sandbox/server.ts'

const RUNBOOKS = resolve(import.meta.dirname, '../runbooks')
const SCHEMA = 'completedProductRating'

interface Block {
  readonly line: number
  readonly exit: number
  readonly script: string
}

/** The blocks marked `sh`, with the exit code that the mark promises (0 where it names none). */
function blocksOf(markdown: string): readonly Block[] {
  return Array.from(markdown.matchAll(/^```sh(?: exit=(\d+))?\n([\s\S]*?)^```$/gm), (match) => ({
    line: markdown.slice(0, match.index).split('\n').length,
    exit: Number(match[1] ?? 0),
    script: match[2] ?? '',
  }))
}

let sandbox: Sandbox
let close: () => Promise<void>
let url: string
const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-runbook-'))

beforeAll(async () => {
  sandbox = createSandbox({
    seed: 3,
    tenant: () => seedTenant({ seed: 3, contacts: 60, interactions: 3, schemas: [SCHEMA, 'wishlist'] }),
  })
  ;({ url, close } = await serve(sandbox))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(
    join(folder, 'bin/engage-migrate'),
    `#!/bin/sh\nexec "${process.execPath}" "${inject('program')}" "$@"\n`,
  )
  chmodSync(join(folder, 'bin/engage-migrate'), 0o755)
  const ids = Array.from(sandbox.tenant.contacts(), ({ id }) => id)
  writeFileSync(join(folder, 'contacts.csv'), `contactId\n${ids.join('\n')}\n`)
})

afterAll(async () => {
  await close()
  sandbox.close()
})

function run(script: string, more: object = {}): Promise<{ code: number | null; output: string }> {
  const child = spawn('sh', ['-eu', '-c', script], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
      ENGAGE_BASE_URL: url,
      ENGAGE_API_KEY: DEFAULT_API_KEY,
      ENGAGE_MIGRATE_DATA: join(folder, 'data'),
      ENGAGE_MIGRATE_RATE: '190',
      // Nothing lags in this sandbox.
      ENGAGE_MIGRATE_SETTLE: '0.2',
      ENGAGE_MIGRATE_VISIBLE_WITHIN: '5',
      ...more,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((done) => child.once('close', (code) => done({ code, output })))
}

test('the in-place upgrade, as its runbook has it, ends with every interaction in the new schema', async () => {
  const before = sandbox.stats().interactions[SCHEMA]
  const blocks = blocksOf(readFileSync(join(RUNBOOKS, 'in-place-upgrade.md'), 'utf8'))
  expect(blocks.length).toBeGreaterThan(10)
  let last = ''
  for (const block of blocks) {
    const { code, output } = await run(block.script)
    expect(code, `line ${block.line}: ${block.script}\n${output}`).toBe(block.exit)
    if (block.script.includes('upgrade plan.json\n')) last = output
  }
  expect(last).toMatch(/expected (\d+), found \1, missing 0, extra 0/)
  expect(sandbox.stats().interactions[SCHEMA]).toBe(before)
  const schema = sandbox.tenant.schema(SCHEMA)?.schema
  expect(schema?.jsonSchema.properties['rating']?.['addToSegmentation']).toBe('true')
})

test('backups, as their runbook has it, from the first one to the drill', async () => {
  writeFileSync(join(folder, 'restore-identity.txt'), `${await generateIdentity()}\n`)
  const [{ contactId = '' } = {}] = sandbox.tenant.interactionsOfSchema('wishlist')
  const env = { ENGAGE_MIGRATE_DATA: join(folder, 'backups'), CONTACT_ID: contactId }
  const blocks = blocksOf(readFileSync(join(RUNBOOKS, 'backups.md'), 'utf8'))
  expect(blocks.length).toBeGreaterThan(6)
  const said: string[] = []
  for (const block of blocks) {
    const { code, output } = await run(block.script, env)
    expect(code, `line ${block.line}: ${block.script}\n${output}`).toBe(block.exit)
    said.push(output)
  }
  expect(said.join()).toMatch(/Rid of them, and proven: 3 of 3 snapshots/)
  expect(said.at(-1)).toMatch(/Would be posted: \d+; are there already: \d+/)
})

test('every runbook is known here', () => {
  // The schedules that backups.md gives, and the flags of all that it calls, are checked in schedule/files.test.ts.
  expect(readdirSync(RUNBOOKS).sort()).toEqual([
    'backups.md',
    'in-place-upgrade.md',
    'policy.json',
    'schedules',
  ])
})
