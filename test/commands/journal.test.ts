/** The journal of a run, when it is damaged, put back from a copy, or looked at while it is written. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Args, Command } from '../../src/commands/command.ts'
import { Output } from '../../src/commands/output.ts'
import { plan } from '../../src/commands/plan.ts'
import { repair } from '../../src/commands/repair.ts'
import { sign } from '../../src/commands/sign.ts'
import { status } from '../../src/commands/status.ts'
import { errorResult, toOperatorError } from '../../src/commands/trouble.ts'
import { upgrade } from '../../src/commands/upgrade.ts'
import { verify } from '../../src/commands/verify.ts'
import type { JsonObject } from '../../src/json.ts'
import { DEFAULT_API_KEY } from '../../src/sandbox/app.ts'
import { BASE_URL, type Bench, held, openBench, TOOL } from '../support/bench.ts'
import { temporaryFolder } from '../support/folder.ts'
import { isPost } from '../support/importing.ts'

const PAGE = 4096

interface Ended {
  readonly code: number
  readonly json: JsonObject
  readonly said: string
}

interface Desk {
  readonly bench: Bench
  readonly data: string
  readonly run: string
  /** One command, as a process runs it. */
  cli(command: Command, args: Args, data?: string): Promise<Ended>
  /** Upgrades and signs, to the end or the gate named. */
  through(until?: string): Promise<Ended>
}

async function openDesk(): Promise<Desk> {
  const bench = openBench()
  let standing: Parameters<Bench['between']>[0]
  const folder = await temporaryFolder()
  const home = join(folder, 'data')
  const contacts = join(folder, 'contacts.csv')
  writeFileSync(contacts, `contactId\n${bench.contacts.join('\n')}\n`)
  const cli = async (command: Command, args: Args, data = home): Promise<Ended> => {
    let out = ''
    let said = ''
    const sink = (hear: (text: string) => void) => ({ write: hear })
    const output = new Output(
      sink((text) => {
        out += text
      }),
      sink((text) => {
        said += text
      }),
      bench.clock,
      true,
    )
    const stop = new AbortController().signal
    const tools = {
      env: { ENGAGE_API_KEY: DEFAULT_API_KEY, ENGAGE_BASE_URL: BASE_URL, ENGAGE_MIGRATE_DATA: data },
      clock: bench.clock,
      random: () => 0,
      network: (request: Request) =>
        standing === undefined ? bench.sandbox.send(request) : standing(request, bench.sandbox.send),
      output,
      stop,
      tool: TOOL,
    }
    try {
      const code = await command.run(
        { json: true, rate: '190', settle: '5', concurrency: '4', ...args },
        tools,
      )
      return { code, json: JSON.parse(out) as JsonObject, said }
    } catch (error) {
      const told = toOperatorError(error, stop)
      return { code: told.exit, json: { error: { ...errorResult(told) } }, said: said + told.message }
    }
  }
  const planned = await cli(plan, {
    schemaId: bench.schema.id,
    segment: Object.keys(bench.schema.jsonSchema.properties).slice(0, 2),
    contacts,
    'hot-sample': 10,
    automation: [],
  })
  expect(planned, planned.said).toMatchObject({ code: 0 })
  const run = String(planned.json['run'])
  const through = async (until?: string): Promise<Ended> => {
    for (;;) {
      const ended = await cli(upgrade, { plan: run })
      const gate = ended.code === 3 ? ended.json['gate'] : undefined
      if (gate === undefined || gate === until) return ended
      const confirm = gate === 'delete-schema' ? { confirm: bench.schema.id, 'accept-coverage': true } : {}
      expect(await cli(sign, { run, gate, by: 'Ada', ...confirm })).toMatchObject({ code: 0 })
    }
  }
  return {
    bench: {
      ...bench,
      between(between) {
        standing = between
      },
    },
    data: home,
    run,
    cli,
    through,
  }
}

function journalOf({ data, run }: Pick<Desk, 'data' | 'run'>): string {
  return join(data, 'runs', run, 'run.db')
}

describe('a damaged journal', () => {
  it.each([
    ['whose pages are zeroed', (bytes: Buffer) => Buffer.from(bytes).fill(0, PAGE)],
    ['whose last half is missing', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['that is no database', () => Buffer.from('something else '.repeat(1_000))],
  ])('%s is called that by every command: nothing is sent, and it is left as it is', async (_, damage) => {
    const desk = await openDesk()
    const { run, cli, bench } = desk
    await desk.through('automations-paused')
    const damaged = damage(readFileSync(journalOf(desk)))
    writeFileSync(journalOf(desk), damaged)
    const before = bench.sandbox.stats().requests
    for (const [command, args] of [
      [upgrade, { plan: run }],
      [status, { run }],
      [sign, { run, gate: 'automations-paused', by: 'Ada' }],
      [verify, { snapshot: run }],
      [repair, { run }],
      [repair, { run, apply: true }],
    ] as const) {
      expect(await cli(command, args), command.usage).toMatchObject({
        code: 4,
        json: {
          error: {
            what: expect.stringMatching(/^The journal .* is damaged: /),
            next: expect.stringContaining(`engage-migrate upgrade ${run}`),
          },
        },
      })
    }
    expect(readFileSync(journalOf(desk)).equals(damaged)).toBe(true)
    expect(bench.sandbox.stats().requests).toBe(before)
  })

  it('of one run keeps nobody from seeing the others', async () => {
    const desk = await openDesk()
    await desk.through('automations-paused')
    const others = join(desk.data, 'runs', 'other')
    cpSync(join(desk.data, 'runs', desk.run), others, { recursive: true })
    const kept = join(others, 'plan.json')
    writeFileSync(kept, readFileSync(kept, 'utf8').replaceAll(desk.run, 'other'))
    const file = join(others, 'run.db')
    writeFileSync(file, readFileSync(file).fill(0, PAGE))
    const ended = await desk.cli(status, {})
    expect(ended, ended.said).toMatchObject({ code: 0, json: { runs: [{ run: desk.run }] } })
    expect(ended.said).toMatch(/other: can't be read: The journal .* is damaged/)
  })
})

describe('a journal that was put back from a copy', () => {
  it('of a run that went on to its end is asked to post nothing twice', async () => {
    const desk = await openDesk()
    const history = held(desk.bench)
    await desk.through('canary-seen')
    const copy = readFileSync(journalOf(desk))
    expect(await desk.through()).toMatchObject({ code: 0 })
    const posts = desk.bench.posts()
    writeFileSync(journalOf(desk), copy)
    const again = await desk.through()
    expect(again, again.said).toMatchObject({ code: 0, json: { verification: { missing: 0, extra: 0 } } })
    expect(desk.bench.posts()).toBe(posts)
    expect(held(desk.bench)).toEqual(history)
    const log = readFileSync(join(desk.data, 'runs', desk.run, 'log.ndjson'), 'utf8')
    expect(log).toContain('The journal is older than the run')
  })

  it('with the whole folder of the run is noticed, too', async () => {
    const desk = await openDesk()
    const history = held(desk.bench)
    await desk.through('canary-seen')
    const folder = join(desk.data, 'runs', desk.run)
    const copy = await temporaryFolder()
    cpSync(folder, copy, { recursive: true })
    expect(await desk.through()).toMatchObject({ code: 0 })
    rmSync(folder, { recursive: true })
    cpSync(copy, folder, { recursive: true })
    expect(await desk.through()).toMatchObject({ code: 0 })
    expect(held(desk.bench)).toEqual(history)
  })

  it('or begun anew is refused where the deletion was approved, however often it is tried', async () => {
    const desk = await openDesk()
    await desk.through('canary-seen')
    rmSync(journalOf(desk))
    for (const _ of [1, 2]) {
      expect(await desk.cli(upgrade, { plan: desk.run })).toMatchObject({
        code: 4,
        json: { error: { what: expect.stringContaining('before the deletion was approved') } },
      })
    }
  })
})

describe('a journal that is only looked at', () => {
  it('while it is written, and as a kill has left it, is not changed by a byte', async () => {
    const desk = await openDesk()
    const { bench, run } = desk
    await desk.through('canary-seen')
    await desk.cli(sign, { run, gate: 'canary-seen', by: 'Ada' })
    const left = await temporaryFolder()
    let posts = 0
    let seen: Ended | undefined
    bench.between(async (request, sandbox) => {
      if (isPost(request) && ++posts === 30) {
        cpSync(desk.data, left, { recursive: true })
        seen = await desk.cli(status, { run })
      }
      return sandbox(request)
    })
    expect(await desk.through()).toMatchObject({ code: 0 })
    expect(seen).toMatchObject({ code: 0, json: { run, state: 'running' } })
    const file = journalOf({ data: left, run })
    const bytes = (): readonly string[] =>
      ['', '-wal'].map((tail) => (existsSync(file + tail) ? readFileSync(file + tail, 'base64') : 'none'))
    const before = bytes()
    expect(before).not.toContain('none')
    expect(await desk.cli(status, { run }, left)).toMatchObject({ code: 0, json: { state: 'interrupted' } })
    expect(await desk.cli(status, {}, left)).toMatchObject({ code: 0 })
    expect(await desk.cli(verify, { snapshot: run }, left)).toMatchObject({ code: 0 })
    expect(bytes()).toEqual(before)
  })
})
