/**
 * `demo`: the main job from end to end on a sandbox, with the process killed twice on the way.
 * Guarantees: real processes, a real server, real SIGKILL; nothing outside a temporary folder is touched.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT, OperatorError } from '../errors.ts'
import { createSandbox, DEFAULT_API_KEY, type Sandbox } from '../sandbox/app.ts'
import { seedTenant } from '../sandbox/seed.ts'
import { serve } from '../sandbox/server.ts'
import { REPORT } from '../upgrade/deletion-gate.ts'
import type { Command, Tools } from './command.ts'

const SCHEMA = 'completedProductRating'
const CONTACTS = 1_000
const INTERACTIONS_EACH = 4
const ARRIVALS = 5
const PLAN = 'plan.json'

export const demo: Command = {
  usage: 'demo',
  describe: 'watch an upgrade on a sandbox, killed twice on the way (about a minute)',
  positionals: {},
  flags: {},
  settings: [],
  interrupted: 'Only a sandbox in a temporary folder was touched.',
  async run(_args, tools) {
    const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-demo-'))
    const sandbox = createSandbox({
      seed: 7,
      latency: 30,
      stateFile: join(folder, 'tenant.ndjson'),
      tenant: () =>
        seedTenant({ seed: 7, contacts: CONTACTS, interactions: INTERACTIONS_EACH, schemas: [SCHEMA] }),
    })
    const { url, close } = await serve(sandbox)
    try {
      return await play({ folder, sandbox, url, tools })
    } finally {
      await close()
      sandbox.close()
    }
  },
}

interface Stage {
  readonly folder: string
  readonly sandbox: Sandbox
  readonly url: string
  readonly tools: Tools
}

/** What `upgrade --json` answers, as far as the demo looks at it. */
interface UpgradeResult {
  readonly run: string
  readonly state: string
  readonly gate: string | null
  readonly verification: Readonly<
    Record<'expected' | 'found' | 'missing' | 'extra' | 'rejected' | 'live', number>
  > | null
}

async function play(stage: Stage): Promise<typeof EXIT.done | typeof EXIT.differences> {
  const { folder, sandbox, url, tools } = stage
  const say = (text: string): void => tools.output.say(text)
  const contacts = join(folder, 'contacts.csv')
  writeFileSync(contacts, `contactId\n${Array.from(sandbox.tenant.contacts(), ({ id }) => id).join('\n')}\n`)
  const before = sandbox.stats().interactions[SCHEMA] ?? 0
  say(`A sandbox tenant at ${url}: ${CONTACTS} contacts, ${before} interactions of ${SCHEMA}.`)

  heading(say, 'Plan: make productSku and rating segmentable')
  await engageMigrate(
    stage,
    `plan ${SCHEMA} --segment productSku,rating --contacts contacts.csv --out ${PLAN} --automation "Thank-you e-mail"`,
  )

  heading(say, 'Step 1: export. The process is killed in the midst of it')
  const reads = (): number => sandbox.stats().byRoute['GET /interactions'] ?? 0
  const readsBefore = reads()
  await killed(stage, () => reads() - readsBefore >= 600, `upgrade ${PLAN}`)
  say(`SIGKILL after ${reads() - readsBefore} reads. Once more; it goes on from its last checkpoint:`)
  let outcome = await upgrade(stage)

  heading(say, 'Step 2: people pause the automations and stop the producers')
  say(`${ARRIVALS} interactions arrive before the producers stop; the final pass has to bring them in.`)
  await produce(stage)
  for (const { name } of sandbox.stats().automations) await setAutomation(stage, name, false)
  const sentBefore = automationsSent(sandbox)
  await engageMigrate(
    stage,
    `sign ${PLAN} automations-paused --by Ada --note "both automations on interactions"`,
  )
  await upgrade(stage)
  await engageMigrate(stage, `sign ${PLAN} producers-stopped --by Ada`)
  await upgrade(stage)

  heading(say, 'Steps 3 and 4: delete and recreate, once a person has typed the id of the schema')
  await engageMigrate(stage, `sign ${PLAN} delete-schema --by Grace --confirm ${SCHEMA}`)
  await upgrade(stage)
  say(
    `Interactions of ${SCHEMA} in the tenant now: ${sandbox.stats().interactions[SCHEMA] ?? 0} (the canary).`,
  )

  heading(say, 'Step 5: import. The process is killed in the midst of it')
  await engageMigrate(stage, `sign ${PLAN} canary-seen --by Ada`)
  const posts = (): number => sandbox.stats().byRoute['POST /interactions'] ?? 0
  const postsBefore = posts()
  await killed(stage, () => posts() - postsBefore >= 1_500, `upgrade ${PLAN}`)
  say(
    `SIGKILL after ${posts() - postsBefore} posts. Once more; what is in doubt is asked about, not posted again:`,
  )
  outcome = await upgrade(stage)

  heading(say, 'The end')
  const tally = outcome.verification
  const there = sandbox.stats().interactions[SCHEMA] ?? 0
  const fine = tally !== null && tally.missing === 0 && tally.extra === 0 && there === before + ARRIVALS
  say(`Counted at the server: ${before} before, ${ARRIVALS} arrived, ${there} now.`)
  say(
    `Automations sent to customers by the import: ${automationsSent(sandbox) - sentBefore}. Two kills on the way.`,
  )
  say(`Look at it: ${join(folder, 'snapshots')} (snapshots; the run in runs/${outcome.run}).`)
  say(`What it was approved on: ${join(folder, 'snapshots/runs', outcome.run, REPORT)}`)
  say(
    tally === null
      ? 'There was no verification.'
      : `Verification: expected ${tally.expected} = found ${tally.found}, missing ${tally.missing}, extra ${tally.extra}.`,
  )
  tools.output.result({ ...outcome, folder, before, arrived: ARRIVALS, there })
  return fine ? EXIT.done : EXIT.differences
}

function heading(say: (text: string) => void, text: string): void {
  say('')
  say(`── ${text}`)
}

async function upgrade(stage: Stage): Promise<UpgradeResult> {
  return (await engageMigrate(stage, `upgrade ${PLAN}`)).result as UpgradeResult
}

/** Runs a command of this very program as a process of its own. Its words go to the terminal, its result comes back. */
async function engageMigrate(stage: Stage, line: string): Promise<{ result: unknown }> {
  const child = start(stage, line)
  const ended = end(child)
  let out = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const code = await ended
  // A Ctrl-C reaches every process of the terminal.
  stage.tools.stop.throwIfAborted()
  if (code !== EXIT.done && code !== EXIT.waiting) {
    throw new OperatorError({
      what: `engage-migrate ${line} ended with exit code ${code}.`,
      exit: EXIT.failed,
    })
  }
  return { result: JSON.parse(out.trim().split('\n').at(-1) ?? '') as unknown }
}

/** Starts a command and kills it with SIGKILL as soon as the server has seen enough. */
async function killed(stage: Stage, due: () => boolean, line: string): Promise<void> {
  const child = start(stage, line)
  const ended = end(child)
  const watch = setInterval(() => {
    if (due()) child.kill('SIGKILL')
  }, 10)
  try {
    const code = await ended
    stage.tools.stop.throwIfAborted()
    // It could not end its line any more.
    stage.tools.output.say('')
    if (code !== null)
      throw new OperatorError({
        what: `It ended by itself (exit code ${code}) before the kill.`,
        exit: EXIT.failed,
      })
  } finally {
    clearInterval(watch)
  }
}

function start({ folder, url, tools }: Stage, line: string): ChildProcess {
  // The sources run as they are, and so does what is built of them, which is all in one folder.
  const bin = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../bin.ts' : 'bin.js', import.meta.url),
  )
  const settings = '--json --rate 190 --checkpoint 100 --settle 1 --visible-within 15'.split(' ')
  tools.output.say(`$ engage-migrate ${line}`)
  const args = Array.from(line.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word)
  return spawn(process.execPath, [bin, ...args, ...settings], {
    cwd: folder,
    env: {
      ...tools.env,
      ENGAGE_BASE_URL: url,
      ENGAGE_API_KEY: DEFAULT_API_KEY,
      ENGAGE_MIGRATE_DATA: 'snapshots',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** @returns the exit code; null where a signal ended it */
function end(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}

/** A producer: a shop that goes on sending reviews. */
async function produce({ sandbox, url }: Stage): Promise<void> {
  const contacts = Array.from(sandbox.tenant.contacts()).slice(0, ARRIVALS)
  for (const { id } of contacts) {
    await fetch(`${url}/api/v3/interactions`, {
      method: 'POST',
      headers: { apikey: DEFAULT_API_KEY, 'user-agent': 'Shop/1.0', 'content-type': 'application/json' },
      body: JSON.stringify({
        contactId: id,
        schemaId: SCHEMA,
        payload: { productSku: 'SKU-1', rating: 5, comment: 'Tack! 🙂' },
      }),
    })
  }
}

async function setAutomation({ url }: Stage, name: string, active: boolean): Promise<void> {
  await fetch(`${url}/sandbox/automations`, { method: 'POST', body: JSON.stringify({ name, active }) })
}

function automationsSent(sandbox: Sandbox): number {
  return sandbox.stats().automations.reduce((sum, { sent }) => sum + sent, 0)
}
