/**
 * One whole upgrade by real processes, over HTTP, on a real file system: killed at random, stopped, started twice at
 * once, on a wire that loses answers, and, for some seeds, on a disk that is full.
 * Guarantees: everything that is drawn comes from the seed (only the instants at which processes die are the
 * machine's); what is expected at the end was taken from the tenant before anything began.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseJson, stringifyJson } from '../../src/json.ts'
import type { Interaction } from '../../src/model.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import type { FaultKind, FaultRule } from '../../src/sandbox/faults.ts'
import { LEGAL_FORMS } from '../../src/sandbox/forms.ts'
import { between, pick, type Random, seededRandom } from '../../src/sandbox/random.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { serve } from '../../src/sandbox/server.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import { type Ended, KEY, startProcess, unfit } from '../support/process.ts'
import { type Disk, openDisk } from './disk.ts'
import { type History, seedEvents } from './sim/seeding.ts'

export interface RealVerdict {
  readonly seed: number
  /** What was not as it must be; undefined where all was. */
  readonly failure: string | undefined
  readonly processes: number
  readonly kills: number
  readonly stops: number
  /** Second processes that were turned away. */
  readonly lockedOut: number
  /** How the disk was made full; undefined where it was not. */
  readonly disk: Disk['kind']
  /** Processes that found it full. */
  readonly full: number
  readonly orphans: number
  readonly records: number
  readonly faults: { readonly [kind: string]: number }
}

/** What happens to one process. */
type Fate =
  | { readonly what: 'killed' | 'stopped'; readonly afterRequests: number }
  | { readonly what: 'killed'; readonly afterMs: number }
  | { readonly what: 'doubled' }

/** Processes that are plenty; an upgrade that needs more goes round in circles. */
const ENOUGH = 60

/** Every so many upgrades is on a full disk, and every second of those on one that only limits its files. */
const ON_A_FULL_DISK = 10

const POST_FAULTS: readonly FaultKind[] = [
  ...['refuse-connection', 'reset-before', '429', '500', '502', '503', '504'],
  ...['reset-after', 'reset-after', 'status-500-after', 'status-500-after', 'truncated', 'timeout-after'],
  ...['lands-late', 'acts-late'],
] as const satisfies FaultKind[]

/** @param program what Node runs: the command line as it is built */
export async function runReal(seed: number, program: string): Promise<RealVerdict> {
  const real = new Real(seed, program)
  try {
    await real.run()
    return real.verdict(undefined)
  } catch (error) {
    return real.verdict((error as Error).message)
  } finally {
    await real.close()
  }
}

class Real {
  readonly #seed: number
  readonly #program: string
  readonly #random: Random
  readonly #history: History
  readonly #exact: boolean
  readonly #folder: string
  readonly #disk: Disk
  readonly #sandbox: Sandbox
  readonly #expected: readonly string[]
  readonly #children = new Set<{ kill(signal: 'SIGKILL'): unknown }>()
  #url = ''
  #close: () => Promise<void> = async () => {}
  #served = 0
  /** The disk is full from this request on. */
  readonly #fullAfter: number
  /** All that was to go wrong has. */
  #isLater = false
  #onRequest: () => void = () => {}
  readonly #count = { processes: 0, kills: 0, stops: 0, lockedOut: 0, full: 0, orphans: 0 }

  constructor(seed: number, program: string) {
    this.#seed = seed
    this.#program = program
    const random = seededRandom(`real ${seed}`)
    this.#random = random
    this.#history = {
      seed,
      schemaId: pick(random, SCHEMAS).id,
      contacts: between(random, 10, 30),
      interactions: between(random, 1, 5),
      many: random() < 0.3 ? between(random, 45, 120) : 0,
      misfits: 0,
    }
    const behaviour = drawBehaviour(random)
    this.#exact = behaviour.keeps === 'as-is'
    this.#folder = mkdtempSync(join(tmpdir(), 'engage-migrate-real-'))
    const onFullDisk = seed % ON_A_FULL_DISK === 0
    const kind = seed % (2 * ON_A_FULL_DISK) === 0 ? 'file size' : 'tmpfs'
    this.#disk = openDisk(this.#folder, onFullDisk ? kind : undefined, between(random, 8, 80))
    this.#fullAfter = between(random, 1, 150)
    this.#sandbox = createSandbox({
      seed,
      apiKeys: [KEY],
      ...behaviour,
      tenant: () => seedEvents(this.#history),
    })
    this.#expected = this.#held()
  }

  async run(): Promise<void> {
    const send = (request: Request): Promise<Response> => {
      if (new URL(request.url).pathname.startsWith('/api/')) {
        this.#served += 1
        if (this.#served === this.#fullAfter && !this.#isLater) this.#disk.fill()
        this.#onRequest()
      }
      return this.#sandbox.send(request)
    }
    const { url, close } = await serve({ ...this.#sandbox, send })
    this.#url = url
    this.#close = close
    const run = await this.#plan()
    this.#sandbox.setFaults(drawFaults(this.#random, this.#expected.length))
    await this.#upgrade(run)
    while (this.#sandbox.stats().pending > 0) await pause(20)
    await this.#lookAgain(run)
    this.#assertEnd(run)
  }

  async #plan(): Promise<string> {
    const contacts = join(this.#folder, 'contacts.csv')
    const ids = Array.from(this.#sandbox.tenant.contacts(), ({ id }) => id)
    writeFileSync(contacts, `contactId\n${ids.join('\n')}\n`)
    const { schemaId } = this.#history
    const [property] =
      Object.entries(this.#sandbox.tenant.schema(schemaId)?.schema.jsonSchema.properties ?? {}).find(
        ([, each]) => each['addToSegmentation'] !== 'true',
      ) ?? []
    const args = ['plan', schemaId, '--segment', property ?? '', '--contacts', contacts, '--no-canary-gate']
    for (let tries = 0; tries < 3; tries++) {
      const ended = await this.#process(args)
      if (ended.code === 0) return (ended.json as { readonly run: string }).run
      this.#makeRoom(ended)
    }
    throw new Error('no plan could be made')
  }

  /** What an operator does until there is nothing more to do. */
  async #upgrade(run: string): Promise<void> {
    const fates = drawFates(this.#random, this.#expected.length)
    for (let tries = 0; tries < ENOUGH; tries++) {
      const ended = await this.#fated(['upgrade', run], fates.shift())
      if (ended.code === null || ended.code === 130) continue
      if (ended.code === 0) return
      if (this.#isOfTheDisk(ended)) this.#makeRoom(ended)
      else if (ended.code === 3) await this.#sign(run, (ended.json as { readonly gate: string }).gate)
      else if (ended.code === 5) await this.#repair(run, ended)
      else if (ended.code !== 1) throw unexpected('the upgrade', ended)
    }
    throw new Error(`the upgrade did not end within ${ENOUGH} processes`)
  }

  async #sign(run: string, gate: string): Promise<void> {
    const { schemaId } = this.#history
    const confirm = gate === 'delete-schema' ? ['--confirm', schemaId] : []
    for (let tries = 0; tries < 3; tries++) {
      const ended = await this.#process(['sign', run, gate, '--by', 'Ada', ...confirm])
      if (ended.code === 0) return
      this.#makeRoom(ended)
    }
    throw new Error(`${gate} could not be signed`)
  }

  /** As the command says that ended with 5: orphans are deleted, what is missing is looked for once more. */
  async #repair(run: string, { json }: Ended): Promise<void> {
    const { verification } = json as {
      readonly verification: { readonly extra: number; readonly missing: number }
    }
    this.#assertExplained(verification.extra)
    this.#count.orphans += verification.extra
    if (verification.missing > 0) return
    const ended = await this.#process(['repair', run, '--apply'])
    if (ended.code !== 0 && ended.code !== 1) throw unexpected('the repair', ended)
  }

  /** A look on another day: what has landed late by then is repaired. */
  async #lookAgain(run: string): Promise<void> {
    this.#sandbox.setFaults([])
    this.#isLater = true
    this.#disk.makeRoom()
    const looked = await this.#process(['verify', run, '--live'])
    if (looked.code === 0) return
    const { live } = looked.json as { readonly live: { readonly extra: number } | null }
    if (looked.code !== 5 || !(live !== null && live.extra > 0)) throw unexpected('a later look', looked)
    this.#assertExplained(live.extra)
    this.#count.orphans += live.extra
    const repaired = await this.#process(['repair', run, '--apply'])
    if (repaired.code !== 0) throw unexpected('the repair', repaired)
    const again = await this.#process(['verify', run, '--live'])
    if (again.code !== 0) throw unexpected('a look after the repair', again)
  }

  /** Only what landed late is there twice: no read lags as long as a run waits before it asks. */
  #assertExplained(extra: number): void {
    const { faults } = this.#sandbox.stats()
    const late = (faults['lands-late'] ?? 0) + (faults['acts-late'] ?? 0)
    if (extra > late) throw new Error(`${extra} are there too often, and ${late} landed late`)
  }

  #assertEnd(run: string): void {
    const left = new Map<string, number>()
    for (const text of this.#expected) left.set(text, (left.get(text) ?? 0) + 1)
    for (const text of this.#held()) left.set(text, (left.get(text) ?? 0) - 1)
    const wrong = [...left].filter(([, count]) => count !== 0)
    if (wrong.length > 0) {
      const lines = wrong.map(([text, count]) => `${count > 0 ? 'missing' : 'too many'}: ${text}`)
      throw new Error(`the tenant differs:\n${lines.slice(0, 20).join('\n')}`)
    }
    const map = readFileSync(join(this.#disk.folder, 'runs', run, 'id-map.ndjson'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => String((parseJson(line) as { readonly newId: string }).newId))
    const there = new Set(Array.from(this.#records(), ({ id }) => id))
    if (new Set(map).size !== there.size || map.some((id) => !there.has(id)))
      throw new Error('id-map.ndjson does not name each interaction of the tenant once')
  }

  /** One process to its end, whatever happens to it on the way. */
  async #fated(args: readonly string[], fate: Fate | undefined): Promise<Ended> {
    if (fate?.what === 'doubled') {
      const both = await Promise.all([this.#process(args), this.#process(args)])
      const turnedAway = both.filter(({ code }) => code === 6)
      this.#count.lockedOut += turnedAway.length
      if (turnedAway.length > 1) throw unexpected('both of two processes', both[0])
      // Where one had ended before the other began, nobody was in its way.
      return both.find(({ code }) => code !== 6) ?? both[0]
    }
    return this.#process(args, fate)
  }

  async #process(
    args: readonly string[],
    fate?: Exclude<Fate, { readonly what: 'doubled' }>,
  ): Promise<Ended> {
    this.#count.processes += 1
    const env = {
      ENGAGE_BASE_URL: this.#url,
      ENGAGE_MIGRATE_DATA: this.#disk.folder,
      ENGAGE_MIGRATE_TIMEOUT: '1',
      ENGAGE_MIGRATE_CHECKPOINT: String(3 + (this.#seed % 5)),
    }
    const running = startProcess([...args, '--json'], this.#folder, env, {
      program: this.#program,
      fileBlocks: this.#disk.fileBlocks,
    })
    this.#children.add(running.process)
    const end = (): void => {
      if (
        running.process.exitCode !== null ||
        running.process.signalCode !== null ||
        !running.process.kill(fate?.what === 'stopped' ? 'SIGTERM' : 'SIGKILL')
      )
        return
      this.#count[fate?.what === 'stopped' ? 'stops' : 'kills'] += 1
      this.#onRequest = () => {}
    }
    let timer: NodeJS.Timeout | undefined
    if (fate !== undefined && 'afterMs' in fate) timer = setTimeout(end, fate.afterMs)
    else if (fate !== undefined) {
      const due = this.#served + fate.afterRequests
      this.#onRequest = () => {
        if (this.#served >= due) end()
      }
    }
    const ended = await running.ended
    clearTimeout(timer)
    this.#onRequest = () => {}
    this.#children.delete(running.process)
    const wrong = unfit(`${ended.stdout}\n${ended.stderr}`)
    if (wrong !== undefined) throw unexpected(`a process printed ${wrong}, and`, ended)
    return ended
  }

  /** Found full while writing, or before anything was begun that would not fit. */
  #isOfTheDisk({ code, stderr }: Ended): boolean {
    return this.#disk.isFull && (code === 1 || code === 4) && /Make room/.test(stderr)
  }

  #makeRoom(ended: Ended): void {
    if (!this.#isOfTheDisk(ended)) throw unexpected('a process', ended)
    this.#count.full += 1
    this.#disk.makeRoom()
  }

  #records(): readonly Interaction[] {
    return [...this.#sandbox.tenant.interactionsOfSchema(this.#history.schemaId)]
  }

  /** Where the server keeps records as they come, nothing but the bytes counts. */
  #held(): readonly string[] {
    const schema = SCHEMAS.find(({ id }) => id === this.#history.schemaId)
    if (schema === undefined) throw new Error('no such schema')
    const keyOf = canonicalForm(schema)
    return this.#records().map(({ contactId, createdDate, payload }) => {
      const text = this.#exact ? `${createdDate} ${stringifyJson(payload)}` : keyOf({ createdDate, payload })
      return `${contactId} ${text}`
    })
  }

  verdict(failure: string | undefined): RealVerdict {
    return {
      seed: this.#seed,
      failure,
      ...this.#count,
      disk: this.#disk.kind,
      records: this.#expected.length,
      faults: this.#sandbox.stats().faults,
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#close()
    this.#sandbox.close()
    this.#disk.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function unexpected(what: string, { code, stderr }: Ended): Error {
  return new Error(`${what} ended with ${code}:\n${stderr.slice(-2_000)}`)
}

function drawBehaviour(random: Random): Partial<Behaviour> & Pick<Behaviour, 'keeps'> {
  const chance = (probability: number): boolean => random() < probability
  return {
    keeps: chance(0.5) ? 'as-is' : pick(random, LEGAL_FORMS),
    latency: pick(random, [0, { min: 0, max: 20 }]),
    lag: chance(0.4) ? { min: 0, max: 150 } : 0,
    schemaLag: chance(0.3) ? between(random, 50, 500) : 0,
    schemaGoneLag: chance(0.2) ? between(random, 50, 500) : 0,
    deletionLag: chance(0.3) ? between(random, 50, 500) : 0,
    pages: chance(0.3) ? 'shifting' : 'stable',
    emptyLastPage: chance(0.3),
    limit: 100_000,
  }
}

function drawFaults(random: Random, posts: number): readonly FaultRule[] {
  const rule = (kind: FaultKind, method: string, path: string, most: number): FaultRule => ({
    kind,
    method,
    path,
    skip: between(random, 0, Math.max(1, most)),
    times: kind === 'timeout-after' || kind.endsWith('-late') ? 1 : between(random, 1, 2),
    ...((kind === '429' || kind === '503') && { retryAfter: 1 }),
    ...(kind.endsWith('-late') && { delay: between(random, 1, 3) }),
  })
  const several = (most: number, make: () => FaultRule): FaultRule[] =>
    Array.from({ length: between(random, 0, most) }, make)
  return [
    ...several(8, () => rule(pick(random, POST_FAULTS), 'POST', '/interactions$', posts)),
    ...several(2, () =>
      rule(pick(random, ['503', 'reset-before', 'truncated', 'page-again']), 'GET', '/interactions', 60),
    ),
    ...several(1, () =>
      rule(pick(random, ['reset-after', '500', 'truncated']), 'DELETE', '/interactionschemas', 2),
    ),
    ...several(1, () =>
      rule(pick(random, ['reset-after', '500', 'truncated']), 'POST', '/interactionschemas', 2),
    ),
  ]
}

function drawFates(random: Random, posts: number): Fate[] {
  return Array.from({ length: between(random, 2, 6) }, (): Fate => {
    const dice = random()
    const afterRequests = between(random, 1, pick(random, [10, 40, 40 + posts]))
    if (dice < 0.2) return { what: 'doubled' }
    if (dice < 0.35) return { what: 'stopped', afterRequests }
    if (dice < 0.6) return { what: 'killed', afterMs: between(random, 100, 1_500) }
    return { what: 'killed', afterRequests }
  })
}
