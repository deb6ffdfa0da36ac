/**
 * A tenant on this machine, and the command line in real processes against it.
 * Guarantees: whatever a process of these tests prints is held against three promises: the API key is not in it,
 * nor a stack trace, nor a character that could steer a terminal; and with --json standard output is one line.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, inject } from 'vitest'
import { type Json, type JsonObject, parseJson } from '../../src/json.ts'
import type { Interaction, InteractionSchema } from '../../src/model.ts'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts'
import type { TenantEvent } from '../../src/sandbox/events.ts'
import { type SeedOptions, seedTenant } from '../../src/sandbox/seed.ts'
import { serve } from '../../src/sandbox/server.ts'
import { carryOut } from '../support/hosts.ts'
import { type Ended, type Env, KEY, type Running, startProcess, unfit } from '../support/process.ts'

export { type Ended, type Env, KEY, type Running }

export interface World {
  readonly url: string
  readonly sandbox: Sandbox
  /** Of this test alone. */
  readonly folder: string
  /** The folder of snapshots and runs. */
  readonly data: string
  /** A CSV file with the ids of all contacts. */
  readonly contacts: string
  /** Runs a command with --json to its end, in a process that is up already. */
  cli(...args: readonly string[]): Promise<Ended>
  /** As `cli`, with a changed environment. */
  cliWith(env: Env, ...args: readonly string[]): Promise<Ended>
  /** Starts a process for a command with --json. */
  start(...args: readonly string[]): Running
  /** Lets no request of the API through any more. `waiting` says how many wait; `release` lets all of them go on. */
  hold(): { waiting(): number; release(): void }
  [Symbol.asyncDispose](): Promise<void>
}

export async function openWorld(options: SandboxOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-cli-'))
  const sandbox = createSandbox({ apiKeys: [KEY], limit: 100_000, ...options })
  let held = Promise.resolve()
  let waiting = 0
  const send = async (request: Request): Promise<Response> => {
    if (new URL(request.url).pathname.startsWith('/api/')) {
      waiting += 1
      await held
      waiting -= 1
    }
    return sandbox.send(request)
  }
  const { url, close } = await serve({ ...sandbox, send })
  const data = join(folder, 'data')
  const contacts = join(folder, 'contacts.csv')
  writeFileSync(contacts, `contactId\n${contactIds(sandbox).join('\n')}\n`)
  const env = { ENGAGE_BASE_URL: url, ENGAGE_MIGRATE_DATA: data }
  const children: ChildProcess[] = []
  const cliWith = (more: Env, ...args: readonly string[]): Promise<Ended> =>
    carry([...args, '--json'], folder, { ...env, ...more })
  return {
    url,
    sandbox,
    folder,
    data,
    contacts,
    cli: (...args) => cliWith({}, ...args),
    cliWith,
    start(...args) {
      const running = launch([...args, '--json'], folder, env)
      children.push(running.process)
      return running
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return { waiting: () => waiting, release: resolve }
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL')
      await close()
      sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Starts a process of the command line; settings that make an upgrade quick are in its environment. */
export function launch(args: readonly string[], cwd: string, env: Env = {}): Running {
  const running = startProcess(args, cwd, env, { program: inject('program') })
  return { ...running, ended: running.ended.then((end) => heldToPromises(end, args)) }
}

/** Carries out a command line in a process that is up already. */
export async function carry(args: readonly string[], cwd: string, env: Env = {}): Promise<Ended> {
  return heldToPromises(await carryOut(args, cwd, env), args)
}

function heldToPromises(end: Ended, args: readonly string[]): Ended {
  const { code, stdout, stderr } = end
  assertFit(`${stdout}\n${stderr}`)
  // A second Ctrl-C leaves without a word.
  const silent = code === null || (code === 130 && stdout === '')
  if (!silent && args.includes('--json')) expect(stdout).toMatch(/^[^\n]*\n$/)
  return end
}

/** Nothing that a process prints may have these in it, whatever it was asked to do. */
export function assertFit(text: string): void {
  expect(unfit(text)).toBeUndefined()
}

/** Waits for something that will be so; the test's own time limit ends it. */
export async function until(holds: () => boolean, what: Running): Promise<void> {
  while (!holds()) {
    if (what.process.exitCode !== null || what.process.signalCode !== null) {
      const { code, stderr } = await what.ended
      throw new Error(`It ended with ${code} before what was waited for: ${stderr}`)
    }
    await pause(2)
  }
}

/** @returns the result of a plan that went well */
export async function plan(
  world: World,
  schemaId: string,
  segment: string,
  ...more: readonly string[]
): Promise<{ readonly plan: string; readonly run: string }> {
  const ended = await world.cli('plan', schemaId, '--segment', segment, '--contacts', world.contacts, ...more)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return ended.json as { plan: string; run: string }
}

export interface UpgradeJson {
  readonly run: string
  readonly state: string
  readonly gate: string | null
  readonly verification: Readonly<
    Record<'expected' | 'found' | 'missing' | 'extra' | 'rejected' | 'live', number>
  > | null
}

export function upgradeJson(ended: Ended): UpgradeJson {
  return ended.json as UpgradeJson
}

/** Signs a gate with all that it may need. */
export async function sign(world: World, run: string, gate: string, schemaId: string): Promise<void> {
  const confirm = gate === 'delete-schema' || gate === 'roll-back' ? ['--confirm', schemaId] : []
  const ended = await world.cli('sign', run, gate, '--by', 'Ada', ...confirm)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
}

export interface Through extends Ended {
  /** The gates that were signed on the way. */
  readonly gates: readonly string[]
}

/** Upgrades, signing each gate as it comes, until the end, an error, or the gate `to` (which is not signed). */
export async function upgradeThrough(
  world: World,
  run: string,
  schemaId: string,
  to?: string,
): Promise<Through> {
  const gates: string[] = []
  for (;;) {
    const ended = await world.cli('upgrade', run)
    const gate = ended.code === 3 ? upgradeJson(ended).gate : null
    if (gate === null || gate === to) return { ...ended, gates }
    gates.push(gate)
    await sign(world, upgradeJson(ended).run, gate, schemaId)
  }
}

export const ALL_GATES = ['automations-paused', 'producers-stopped', 'delete-schema', 'canary-seen']

/** @returns the result of a read-back that found everything */
export function clean(count: number): object {
  return { expected: count, found: count, missing: 0, altered: 0, extra: 0, foreign: 0, rejected: 0, live: 0 }
}

export interface Stored {
  readonly record: Interaction
  /** The record as the server writes it, without its id. */
  readonly text: string
}

/** @returns all interactions of a schema, from the tenant itself over HTTP, by id */
export async function stored(world: World, schemaId: string): Promise<ReadonlyMap<string, Stored>> {
  const response = await fetch(`${world.url}/sandbox/interactions?schemaId=${schemaId}`)
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const record = parseJson(line) as unknown as Interaction
      const head = `{"id":"${record.id}",`
      expect(line.startsWith(head)).toBe(true)
      return [record.id, { record, text: line.slice(head.length) }]
    }),
  )
}

/** @returns the records as a multiset: equal for equal records, however their ids and order are */
export function texts(all: ReadonlyMap<string, Stored>): readonly string[] {
  return [...all.values()].map(({ text }) => text).sort()
}

export function linesOf(file: string): readonly JsonObject[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseJson(line) as JsonObject)
}

export function contactIds(sandbox: Sandbox): readonly string[] {
  return Array.from(sandbox.tenant.contacts(), ({ id }) => id)
}

export function requests(world: World, route: string): number {
  return world.sandbox.stats().byRoute[route] ?? 0
}

/** What must not change: the interactions of each schema, and which schemas there are, as they are. */
export function tenantNow(world: World): object {
  return {
    interactions: world.sandbox.stats().interactions,
    schemas: world.sandbox.tenant.schemas().map(({ schema }) => schema),
  }
}

/** Requests that may have changed something. */
export function effects(world: World): Readonly<Record<string, number>> {
  const { byRoute } = world.sandbox.stats()
  return Object.fromEntries(Object.entries(byRoute).filter(([route]) => !route.startsWith('GET ')))
}

const SCRIPTS = [
  'Åsa & Örjan “är” nöjda',
  'Cafe\u0301',
  'Café',
  'جودة ممتازة',
  'איכות מעולה (38)',
  '质量很好。',
  'とても気に入りました',
  'คุณภาพดีมาก',
  'बहुत अच्छी',
  'Отличное',
  'Πολύ καλή',
  '품질이 좋아요',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{20bb7} ❤️',
  'line\u2028separator\r\n\ttab \u001b[31m \\ "quoted"',
  '  spaces  ',
  '',
]
const INTEGERS = ['9007199254740993', '1.0', '123456789012345678901234567890', '-0', '1e3', '5']
const NUMBERS = ['1.0', '0.10', '1e2', '12345678901234567.89', '-0.0', '9007199254740993', '19.99']
const DATES = [
  '2024-02-29T23:59:59.123Z',
  '2024-02-29T23:59:59+05:45',
  '2024-12-31T00:00:00.1234567-08:00',
  '1999-01-01T00:00:00Z',
]

/** A seeded tenant, and in it values that are easily lost on the way, each record with a twin. */
export function* awkwardTenant(options: SeedOptions & { readonly schemas: readonly string[] }) {
  const contacts: string[] = []
  const schemas: InteractionSchema[] = []
  for (const event of seedTenant(options)) {
    if (event.type === 'contact-created') contacts.push(event.id)
    if (event.type === 'schema-created') schemas.push(event.schema)
    yield event
  }
  for (const [at, schema] of schemas.entries()) {
    for (const [index] of SCRIPTS.entries()) {
      for (const twin of [0, 1]) {
        yield interactionEvent({
          id: guid(at * 1_000 + index * 2 + twin),
          contactId: contacts[index % contacts.length] ?? '',
          schemaId: schema.id,
          createdDate: `2023-04-${String(index + 1).padStart(2, '0')}T10:00:00.000Z`,
          payload: awkwardPayload(schema, index),
        })
      }
    }
  }
}

export function guid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

export function interactionEvent(interaction: Interaction): TenantEvent {
  return { type: 'interaction-created', origin: 'seed', interaction, at: 0, visibleAt: 0 }
}

function awkwardPayload(schema: InteractionSchema, index: number): JsonObject {
  const of = (values: readonly string[]): string => values[index % values.length] ?? ''
  return Object.fromEntries(
    Object.entries(schema.jsonSchema.properties).map(([name, { type, format }]): [string, Json] => {
      if (type === 'boolean') return [name, index % 2 === 0]
      if (type === 'integer') return [name, parseJson(of(INTEGERS))]
      if (type === 'number') return [name, parseJson(of(NUMBERS))]
      return [name, format === 'date-time' ? of(DATES) : of(SCRIPTS)]
    }),
  )
}
