/**
 * One whole upgrade, from plan to verification, in which everything of a scenario goes wrong.
 * Guarantees: no socket, no thread, no timer and no chance but the seed's; each command is a life of its own that
 * begins with what the one before left on the disk; what is expected at the end was taken from the tenant itself.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Args, Command, Tools } from '../../../src/commands/command.ts'
import { Output } from '../../../src/commands/output.ts'
import { plan } from '../../../src/commands/plan.ts'
import { repair } from '../../../src/commands/repair.ts'
import { sign } from '../../../src/commands/sign.ts'
import { interruption, toOperatorError } from '../../../src/commands/trouble.ts'
import { upgrade } from '../../../src/commands/upgrade.ts'
import { verify } from '../../../src/commands/verify.ts'
import { parseJson } from '../../../src/json.ts'
import type { Interaction } from '../../../src/model.ts'
import { createSandbox, DEFAULT_API_KEY, type Sandbox } from '../../../src/sandbox/app.ts'
import { seededRandom } from '../../../src/sandbox/random.ts'
import type { Difference } from '../../../src/transfer/compare.ts'
import { SimDisk } from './disk.ts'
import { assertDifferencesNamed, differencesIn, type Refused, refusedIn } from './evidence.ts'
import { type Ending, type Fate, Life, within } from './life.ts'
import { closeDatabases, loseCommits, mount, unmount } from './patches.ts'
import type { Scenario } from './scenario.ts'
import { seedEvents } from './seeding.ts'
import { SimTime } from './time.ts'
import { Wire } from './wire.ts'
import { World } from './world.ts'

const BASE_URL = 'http://127.0.0.1:9'
const START = Date.UTC(2026, 0, 1)

/** Processes that are plenty; an upgrade that needs more goes round in circles. */
const ENOUGH = 80

export interface Figures {
  readonly processes: number
  readonly crashes: number
  readonly gets: number
  readonly posts: number
  /** Records that the deletion took away. */
  readonly records: number
  readonly rejected: number
  readonly orphans: number
  readonly faults: { readonly [kind: string]: number }
}

export interface Verdict {
  readonly seed: number
  /** What was not as it must be; undefined where all was. */
  readonly failure: string | undefined
  readonly figures: Figures
  /** All that happened, in order. */
  readonly trace: readonly string[]
}

interface Ended {
  /** undefined where it died. */
  readonly code: number | undefined
  readonly json: { readonly [name: string]: unknown }
  readonly said: string
}

class Failure extends Error {}

export async function simulate(scenario: Scenario): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-sim-'))
  const simulation = new Simulation(scenario, folder)
  try {
    let failure: string | undefined
    try {
      await simulation.run()
    } catch (error) {
      failure = error instanceof Failure ? error.message : `${(error as Error).stack}`
    }
    return { seed: scenario.seed, failure, figures: simulation.figures(), trace: simulation.trace }
  } finally {
    simulation.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Simulation {
  readonly trace: string[] = []
  readonly #scenario: Scenario
  readonly #folder: string
  readonly #time = new SimTime(START)
  readonly #disk = new SimDisk()
  readonly #sandbox: Sandbox
  readonly #world: World
  readonly #wire: Wire
  readonly #cuts: () => number
  #processes = 0
  #crashes = 0
  #upgrades = 0
  #sinceDeletion = 0
  #isBack = false
  #isUpgrading = false
  #orphans = 0
  /** Ids that the last look has named as there too often, and not the run's to delete. */
  #leftToPeople: readonly string[] = []
  #rejected = 0

  constructor(scenario: Scenario, folder: string) {
    this.#scenario = scenario
    this.#folder = folder
    mount(this.#disk)
    this.#cuts = seededRandom(`cuts ${scenario.seed}`)
    this.#sandbox = createSandbox({
      clock: this.#time,
      seed: scenario.seed,
      tenant: () => seedEvents(scenario),
    })
    this.#sandbox.configure(scenario.behaviour)
    this.#world = new World(scenario, this.#sandbox, this.#time)
    const say = (text: string): void => {
      this.trace.push(`${Math.round(this.#time.elapsed())} ${text}`)
    }
    this.#wire = new Wire({
      server: this.#sandbox.send,
      time: this.#time,
      random: seededRandom(`latency ${scenario.seed}`),
      latency: scenario.latency,
      faults: scenario.wire,
      trace: say,
      serving: (kind, request) => this.#world.serving(kind, request, this.#isUpgrading, say),
      served: (kind, request, response, late) => this.#world.served(kind, request, response, late),
      struck: (kind, body) => {
        if (kind === 'post') this.#world.doubted(interactionOf(body))
      },
      lateOne: (kind, body) => {
        if (kind === 'post') this.#world.landsLate(interactionOf(body).contactId)
      },
      mayLand: (kind, request) => this.#world.mayLand(kind, request),
      landedLate: (kind) => say(`${kind} has landed late`),
    })
  }

  close(): void {
    unmount()
    this.#sandbox.close()
  }

  async run(): Promise<void> {
    const contacts = join(this.#folder, 'contacts.csv')
    writeFileSync(contacts, `contactId\n${this.#world.contacts.join('\n')}\n`)
    const run = await this.#plan(contacts)
    const ended = await this.#upgrade(run)
    if (await this.#isRightLater(run)) this.#assertCode(ended)
    if (await this.#retry(run)) await this.#isRightLater(run)
    const evidence = this.#evidence(run)
    this.#rejected = refusedIn(evidence).length
    this.#world.assertEnd(evidence, this.#leftToPeople)
  }

  async #plan(contacts: string): Promise<string> {
    const args = {
      schemaId: this.#scenario.schemaId,
      segment: [this.#world.firstProperty],
      contacts,
      // Otherwise as of the file's own time, which is the machine's.
      ...(this.#scenario.events.some(({ what }) => what === 'contact-created') && {
        'contacts-as-of': new Date(START).toISOString(),
      }),
      'hot-sample': this.#scenario.hotSample ?? 10,
      'final-pass': this.#scenario.hotSample === undefined ? 'full' : 'hot',
      'canary-gate': this.#scenario.canaryGate,
      automation: [],
    }
    for (let tries = 0; tries < 20; tries++) {
      const ended = await this.#live(plan, args, {})
      if (ended.code === 0) return String(ended.json['run'])
      if (!canTryAgain(ended)) throw new Failure(`plan ended with ${ended.code}: ${ended.said}`)
      await this.#time.pass(60_000)
    }
    throw new Failure('no plan could be made')
  }

  /** What an operator does until there is nothing more to do. */
  async #upgrade(run: string): Promise<Ended> {
    let rotten = this.#scenario.rot
    let said = ''
    for (let tries = 0; tries < ENOUGH; tries++) {
      const back = this.#turnsBack() ? { 'roll-back': true } : {}
      const fate = this.#scenario.fates[this.#upgrades++] ?? {}
      const ended = await this.#live(upgrade, { plan: run, ...back }, fate)
      const { code } = ended
      said = ended.said
      if (code === undefined || code === 130) {
        await this.#time.pass(code === 130 ? 1_000 : 10)
        continue
      }
      if (code === 0) return ended
      if (code === 3) {
        const gate = String(ended.json['gate'])
        await this.#sign(run, gate)
        if (gate === 'delete-schema' && rotten) {
          rotten = false
          await this.#withRot(run)
        }
        continue
      }
      if (code === 5) {
        this.#assertDifferences(run, ended)
        if (ended.json['state'] === 'done') return ended
        await this.#mend(run, ended)
        continue
      }
      if (this.#world.clearedAway(ended.said)) {
        await this.#time.pass(120_000)
        continue
      }
      // The disk was full, the wire was too bad, the key was taken away: people see to it, and go on.
      if (canTryAgain(ended)) {
        await this.#time.pass(120_000)
        continue
      }
      if ('roll-back' in back && code === 4 && /nothing to roll back|is done: the new/.test(ended.said)) {
        this.#isBack = true
        continue
      }
      if (code === 4 && this.#world.madeRoom(ended.said)) continue
      if (code === 4 && this.#world.wereMerged(ended.said)) continue
      if (code === 4 && this.#world.producersHadNotStopped(ended.said)) continue
      if (code === 4 && this.#world.othersDeletedIt(ended.said)) continue
      if (code === 4 && this.#world.cameBack(ended.said)) continue
      throw new Failure(`the upgrade ended with ${code}:\n${ended.said}`)
    }
    throw new Failure(`the upgrade did not end within ${ENOUGH} processes, and said at last:\n${said}`)
  }

  /** @returns whether the operator has had enough of the new schema, and has not signed for that yet */
  #turnsBack(): boolean {
    const { wayBack } = this.#scenario
    return (
      wayBack !== undefined && this.#world.isDeleted() && !this.#isBack && this.#sinceDeletion++ >= wayBack
    )
  }

  #evidence(run: string): string {
    return join(this.#folder, 'data', 'runs', run)
  }

  /** What differs is named, and only what something that landed late explains is there too often. */
  #assertDifferences(run: string, { json, said }: Ended): void {
    const folder = this.#evidence(run)
    assertDifferencesNamed(folder, (json['verification'] ?? {}) as Record<string, number>)
    if (json['state'] === 'done') return
    const unexplained = differencesIn(folder).filter(({ contactId, extra, foreign }) => {
      if (extra.length > 0) return !this.#world.mayDouble(contactId)
      return !this.#world.mayDouble() && !(foreign.length > 0 && this.#world.hasEqual(contactId))
    })
    if (unexplained.length > 0) throw new Failure(`it doubled what it need not have:\n${said}`)
  }

  /** As the run says: what is missing is looked for once more, what is there too often is deleted. */
  async #mend(run: string, { json }: Ended): Promise<void> {
    const { missing } = (json['verification'] ?? {}) as Record<string, number>
    if ((missing ?? 0) > 0) await this.#time.pass(120_000)
    else await this.#repair(run)
  }

  /** Every rule about the snapshot is kept when it is damaged: nothing is deleted, and an undamaged copy mends it. */
  async #withRot(run: string): Promise<void> {
    const mend = this.#world.rot(join(this.#folder, 'data'))
    const ended = await this.#live(upgrade, { plan: run }, {})
    if (this.#world.isDeleted()) throw new Failure('a schema was deleted although its snapshot was damaged')
    if (ended.code !== 4 && !canTryAgain(ended))
      throw new Failure(`the upgrade went on with a damaged snapshot, with ${ended.code}: ${ended.said}`)
    mend()
  }

  async #sign(run: string, gate: string): Promise<void> {
    const takes = ['delete-schema', 'roll-back'].includes(gate)
    const confirm = takes ? { confirm: this.#scenario.schemaId, 'accept-coverage': true } : {}
    const accept = gate === 'delete-schema' ? { 'accept-no-preflight': true } : {}
    const ended = await this.#live(sign, { run, gate, by: 'Ada', ...confirm, ...accept }, {})
    if (ended.code !== 0) throw new Failure(`gate ${gate} could not be signed: ${ended.said}`)
    this.#world.signed(gate)
    if (gate === 'roll-back') this.#isBack = true
  }

  async #repair(run: string): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const ended = await this.#live(
        repair,
        { run, apply: true },
        this.#scenario.fates[this.#upgrades++] ?? {},
      )
      if (ended.code === 0 || ended.code === 5) return
      if (ended.code !== undefined && ended.code !== 130 && !canTryAgain(ended))
        throw new Failure(`the repair ended with ${ended.code}: ${ended.said}`)
      await this.#time.pass(60_000)
    }
    throw new Failure('the repair did not end')
  }

  /**
   * What was still on its way lands; then a look on another day, and a repair where it finds something.
   * @returns whether it found nothing
   */
  async #isRightLater(run: string): Promise<boolean> {
    while (this.#wire.pending > 0) await this.#time.pass(60_000)
    // Whatever may be invisible for a while is visible by now.
    await this.#time.pass(3_600_000)
    const found = await this.#look(run)
    if (found.code === 0) return true
    const orphans = this.#explained(found)
    this.#orphans += orphans
    if (orphans > 0) await this.#repair(run)
    const again = await this.#look(run)
    if (this.#explained(again) > 0)
      throw new Failure(`after the repair there are still differences:\n${again.said}`)
    return false
  }

  /** @returns how many orphans a look has found @throws Failure where it has found anything that nothing explains */
  #explained({ code, json, said }: Ended): number {
    if (code === 0) return 0
    const live = json['live'] as { readonly differences: readonly Difference[] }
    let orphans = 0
    this.#leftToPeople = live.differences.flatMap(({ foreign }) => foreign)
    for (const { contactId, gone, missing, extra, foreign, altered } of live.differences) {
      orphans += extra.length
      // A contact that was deleted or merged when all was done has taken its history along.
      const taken = missing.length === 0 || (gone && !this.#world.isThere(contactId))
      if (
        !taken ||
        altered.length > 0 ||
        (foreign.length > 0 && !this.#world.hasEqual(contactId)) ||
        (extra.length > 0 && !this.#world.mayDouble(contactId))
      )
        throw new Failure(`a later look found differences that nothing explains:\n${said}`)
    }
    return orphans
  }

  /**
   * Contacts that were gone may be there again, or be known under another id: as the run's last lines say.
   * @returns whether anything was tried again
   */
  async #retry(run: string): Promise<boolean> {
    const worthIt = this.#refused(run).some(({ record }) => this.#world.isThere(record.contactId))
    if (worthIt) await this.#again(run, { 'retry-refused': true })
    const merged = this.#world.mergedNow()
    if (!this.#scenario.mapped || merged.length === 0) return worthIt
    const file = join(this.#folder, 'merged.csv')
    writeFileSync(file, merged.map(([from, to]) => `${from},${to}\n`).join(''))
    await this.#again(run, { 'contact-map': file })
    const stillThere = new Set(this.#world.mergedNow().map(([from]) => from))
    const left = this.#refused(run).filter(
      ({ record, reason }) => stillThere.has(record.contactId) && / is gone| is under /.test(reason),
    )
    if (left.length > 0)
      throw new Failure(
        `refused though the map says where it goes: ${left.map(({ reason }) => reason).join()}`,
      )
    return true
  }

  /** A run that has ended, taken up again. */
  async #again(run: string, flags: Args): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const ended = await this.#live(
        upgrade,
        { plan: run, ...flags },
        this.#scenario.fates[this.#upgrades++] ?? {},
      )
      const { code } = ended
      if (code === 5) this.#assertDifferences(run, ended)
      if (code === 0 || (code === 5 && ended.json['state'] === 'done')) return
      if (code === 4 && this.#world.othersDeletedIt(ended.said)) continue
      if (code === 5) await this.#mend(run, ended)
      else if (code === 3) await this.#sign(run, String(ended.json['gate']))
      else if (code !== undefined && code !== 130 && !canTryAgain(ended))
        throw new Failure(`what was refused could not be tried again: ${code}: ${ended.said}`)
      await this.#time.pass(60_000)
    }
    throw new Failure('trying again did not end')
  }

  /** What came to an import, and was refused there. */
  #refused(run: string): readonly Refused[] {
    return refusedIn(this.#evidence(run)).filter(({ reason }) => !/ before the deletion$/.test(reason))
  }

  #assertCode(ended: Ended): void {
    const rejected = refusedIn(this.#evidence(String(ended.json['run']))).length
    if (ended.code === 5 && rejected === 0 && !this.#world.mayDouble() && !this.#world.hasEqual())
      throw new Failure(`it ended with 5, and nothing was refused or too many:\n${ended.said}`)
    if (ended.code === 0 && rejected > 0)
      throw new Failure(`${rejected} were refused, and yet it ended with 0`)
  }

  async #look(run: string): Promise<Ended> {
    for (let tries = 0; tries < 20; tries++) {
      const ended = await this.#live(verify, { snapshot: run, live: true }, {})
      if (ended.code === 0 || ended.code === 5) return ended
      if (!canTryAgain(ended)) throw new Failure(`verify ended with ${ended.code}: ${ended.said}`)
      await this.#time.pass(60_000)
    }
    throw new Failure('verify did not end')
  }

  /** One command as one process. */
  async #live(command: Command, args: Args, fate: Fate): Promise<Ended> {
    this.#processes += 1
    this.#isUpgrading = command === upgrade
    const number = this.#processes
    const trace = (text: string): void => {
      this.trace.push(`${Math.round(this.#time.elapsed())} #${number} ${text}`)
    }
    trace(command.usage)
    const life: Life = new Life(fate, trace, (ending: Ending) => {
      this.#crashes += 1
      closeDatabases(life)
      if (ending === 'power-cut') {
        loseCommits(life)
        this.#disk.cut(this.#cuts)
      }
    })
    life.interruption = interruption
    let out = ''
    let said = ''
    const output = new Output(
      heardBy(life, (text) => {
        out += text
      }),
      heardBy(life, (text) => {
        said += text
      }),
      this.#time,
      true,
    )
    const tools: Tools = {
      env: {
        ENGAGE_API_KEY: DEFAULT_API_KEY,
        ENGAGE_BASE_URL: BASE_URL,
        ENGAGE_MIGRATE_DATA: join(this.#folder, 'data'),
      },
      clock: this.#time,
      random: seededRandom(`chance ${this.#scenario.seed} ${number}`),
      network: this.#wire.send,
      output,
      stop: life.stop.signal,
      tool: { name: 'engage-migrate', version: '0.0.0' },
    }
    const work = within(life, async (): Promise<number> => {
      try {
        return await command.run({ json: true, ...this.#scenario.settings, ...args }, tools)
      } catch (error) {
        const told = toOperatorError(error, life.stop.signal)
        said += `${told.message}\n${told.safe ?? ''}\n${told.next ?? ''}\n`
        if (process.env['SIM_DEBUG'] !== undefined) said += `${(error as Error).stack}\n`
        return told.exit
      }
    })
    const code = await this.#time.until(
      Promise.race([
        work.then((exit) => (life.dead ? undefined : exit)),
        life.died.promise.then(() => undefined),
      ]),
    )
    // A process that has ended of itself has nothing left under way either.
    life.dead = true
    this.#isUpgrading = false
    closeDatabases(life)
    trace(`ended with ${code}`)
    if (![0, 3, 5].includes(code ?? -1)) this.#world.broken()
    return { code, json: out === '' ? {} : JSON.parse(out.trim().split('\n').at(-1) ?? '{}'), said }
  }

  figures(): Figures {
    return {
      processes: this.#processes,
      crashes: this.#crashes,
      gets: this.#wire.count('list') + this.#wire.count('read-one'),
      posts: this.#wire.count('post'),
      records: this.#world.records(),
      rejected: this.#rejected,
      orphans: this.#orphans,
      faults: Object.fromEntries(this.#wire.struck),
    }
  }
}

/** Something outside has failed, for a while. */
function canTryAgain({ code, said }: Ended): boolean {
  return code === 1 || (code === 2 && said.includes('Engage refused the API key'))
}

/** What a dead process says is not heard. */
function heardBy(life: Life, hear: (text: string) => void): { write(text: string): void } {
  return {
    write(text) {
      if (!life.dead) hear(text)
    },
  }
}

/** @param body of a POST of an interaction */
function interactionOf(body: string | null): Interaction {
  return parseJson(body ?? '{}') as unknown as Interaction
}
