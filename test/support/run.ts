/** A run of an upgrade against the bench's tenant: planned, walked through, signed for. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { DEFAULT_API_KEY } from '../../src/sandbox/app.ts'
import { makeSegmentable } from '../../src/schema/segmentable.ts'
import type { Tally } from '../../src/transfer/compare.ts'
import { digestFile } from '../../src/transfer/contact-source.ts'
import { approvalOf } from '../../src/upgrade/approval.ts'
import type { HistoryRequest } from '../../src/upgrade/history-plan.ts'
import { rollBack } from '../../src/upgrade/in-place.ts'
import type { CoverageRequest } from '../../src/upgrade/outside.ts'
import { type PassResult, passFolder, passResult } from '../../src/upgrade/pass.ts'
import type { Plan } from '../../src/upgrade/plan.ts'
import { assertRollBack } from '../../src/upgrade/roll-back.ts'
import { type RunOutcome, runStrategy } from '../../src/upgrade/runner.ts'
import { type Signature, type Signed, signGate } from '../../src/upgrade/signature.ts'
import { strategyOf, verificationOf } from '../../src/upgrade/status.ts'
import type { ReportFile, RunSettings, Strategy, WriteContext } from '../../src/upgrade/strategy.ts'
import { makePlan, type PlanRequest } from '../../src/upgrade/survey.ts'
import { BASE_URL, type Bench, openClient, TOOL } from './bench.ts'
import { temporaryFolder } from './folder.ts'

export interface Run {
  readonly bench: Bench
  readonly plan: Plan
  readonly folder: string
  readonly journal: Journal
  readonly context: WriteContext
  readonly said: string[]
}

export interface RunOptions {
  readonly finalPass?: 'full' | 'hot'
  readonly hotSample?: number
  readonly canaryGate?: boolean
  /** Contacts that the list names; all of the tenant's where absent. */
  readonly contacts?: readonly string[]
  readonly settings?: Partial<RunSettings>
  /** Bytes that are free on the disk; nobody can tell where absent. */
  readonly free?: number
  /** What the source system has kept; see test/support/history.ts. */
  readonly history?: HistoryRequest
  /** What the plan says of people. */
  readonly people?: PlanRequest['people']
  readonly report?: ReportFile
  /** Contacts outside the list that are looked at. */
  readonly coverage?: CoverageRequest
  /** Makes the new schema; the first two properties segmentable where absent. */
  derive?(live: InteractionSchema): InteractionSchema
}

export const SETTLE_MS = 5_000
export const VISIBLE_WITHIN_MS = 20_000

function segmentable(live: InteractionSchema): InteractionSchema {
  return makeSegmentable(live, Object.keys(live.jsonSchema.properties).slice(0, 2))
}

export async function planFor(bench: Bench, folder: string, options: RunOptions = {}): Promise<Plan> {
  const file = join(folder, 'contacts.csv')
  writeFileSync(file, `contactId\n${(options.contacts ?? bench.contacts).join('\n')}\n`)
  return makePlan(
    {
      schemaId: bench.schema.id,
      derive: options.derive ?? segmentable,
      source: {
        kind: 'file',
        file,
        sha256: await digestFile(file),
        column: null,
        asOf: new Date(bench.clock.now()).toISOString(),
      },
      finalPass: options.finalPass ?? 'full',
      hotSample: options.hotSample ?? 10,
      canaryGate: options.canaryGate ?? false,
      automations: ['Thank-you e-mail'],
      ...(options.history && { history: options.history }),
      ...(options.people && { people: options.people }),
      ...(options.coverage && { coverage: options.coverage }),
    },
    {
      reader: bench.reader,
      clock: bench.clock,
      tenant: 'test',
      baseUrl: BASE_URL,
      tool: TOOL,
      ratePerSecond: 150,
      concurrency: 4,
    },
  )
}

export async function planRun(bench: Bench, options: RunOptions = {}): Promise<Run> {
  const folder = await temporaryFolder()
  return openRun(bench, await planFor(bench, folder, options), folder, options)
}

/** A run in a folder of its own, that nothing has been done of. */
export function openRun(
  bench: Bench,
  plan: Plan,
  folder: string,
  options: Pick<RunOptions, 'settings' | 'free' | 'history' | 'report'> = {},
): Run {
  const snapshots = join(folder, 'snapshots')
  mkdirSync(snapshots, { recursive: true })
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
  const journal = openJournal(join(folder, 'run.db'), bench.clock)
  onTestFinished(() => journal[Symbol.dispose]())
  // What a command binds every run to; most tests can do without.
  if (plan.history !== undefined)
    journal.events.append('finished', 'plan', { digest: 'digest', history: plan.history.snapshot })
  const said: string[] = []
  const context: WriteContext = {
    plan,
    planDigest: 'digest',
    folder,
    snapshots,
    journal,
    reader: bench.reader,
    writer: bench.writer,
    clock: bench.clock,
    settings: {
      ratePerSecond: 150,
      concurrency: 4,
      contactsPerPart: 10,
      compression: 'gzip',
      settleMs: SETTLE_MS,
      visibleWithinMs: VISIBLE_WITHIN_MS,
      refusedAtMost: 5,
      driftSample: 200,
      driftContacts: 0,
      ...options.settings,
    },
    tool: TOOL,
    stop: new AbortController().signal,
    freeSpace: async () => options.free,
    ...(options.history && { source: async () => (options.history as HistoryRequest).source }),
    ...(options.report && { report: options.report }),
    progress: () => {},
    say: (text) => void said.push(text),
  }
  return { bench, plan, folder, journal, context, said }
}

/** What `upgrade` does once: walks on to the next gate or the end. */
export function go({ journal, context }: Run, strategy: Strategy = strategyOf(journal)): Promise<RunOutcome> {
  return runStrategy(strategy, context, context.writer)
}

/** Walks to the gate of the deletion and signs it: the next `go` deletes, recreates and imports. */
export async function approve(run: Run, changes: Partial<Signature> = {}): Promise<void> {
  await walk(run, 'delete-schema')
  sign(run, 'delete-schema', changes)
}

/**
 * Runs until the process dies as it sends a request, which the server still carries out: nothing of it lives on but
 * what was on disk at that moment.
 * @returns the run as the next process finds it, in another folder
 */
export async function killedAt(run: Run, fatal: (request: Request) => boolean): Promise<Run> {
  const { bench, context } = run
  const folder = await temporaryFolder()
  const dead = Promise.withResolvers<void>()
  let gone = false
  const doomed = openClient(bench.sandbox, bench.clock, DEFAULT_API_KEY, async (request) => {
    if (gone) return new Promise<never>(() => {})
    if (!fatal(request)) return bench.sandbox.send(request)
    gone = true
    cpSync(run.folder, folder, { recursive: true })
    await bench.sandbox.send(request)
    dead.resolve()
    return new Promise<never>(() => {})
  })
  const ended = go({ ...run, context: { ...context, ...doomed } })
  await Promise.race([
    dead.promise,
    ended.then(
      () => Promise.reject(new Error('it came to its end alive')),
      (error: unknown) => (gone ? dead.promise : Promise.reject(error)),
    ),
  ])
  const journal = openJournal(join(folder, 'run.db'), bench.clock)
  onTestFinished(() => journal[Symbol.dispose]())
  const next = { ...context, folder, snapshots: join(folder, 'snapshots'), journal }
  return { ...run, folder, journal, context: next }
}

/** What `upgrade --roll-back` does once. */
export async function goBack(run: Run): Promise<RunOutcome> {
  assertRollBack(run.context)
  return go(run, rollBack)
}

export function sign({ journal, plan }: Run, gate: string, changes: Partial<Signature> = {}): Signed {
  const on = gate === 'delete-schema' ? approvalOf(journal) : undefined
  const needsId = gate === 'delete-schema' || gate === 'roll-back'
  return signGate(journal, plan, gate, {
    by: 'Ada',
    note: '',
    confirm: needsId ? plan.schemaId : null,
    acceptCoverage: false,
    acceptNoPreflight: false,
    planDigest: 'digest',
    ...(on && { on }),
    ...changes,
  })
}

/** Walks on and signs each gate; stops before signing the one named. @returns the gates signed */
export async function walk(run: Run, until?: string): Promise<readonly string[]> {
  const signed: string[] = []
  for (;;) {
    const outcome = await go(run)
    if (outcome.state !== 'waiting' || outcome.gate === until) return signed
    sign(run, outcome.gate)
    signed.push(outcome.gate)
  }
}

export function passed(run: Run, name: 'base-pass' | 'final-pass'): PassResult & { readonly folder: string } {
  return { ...passResult(run.context, name), folder: passFolder(run.context, name) }
}

/** What the last read-back found. */
export function verification({ journal }: Run): Tally {
  const tally = verificationOf(journal)
  if (tally === null) throw new Error('there was no read-back')
  return tally
}

/** Requests to the schemas' own routes that changed something, and how each was answered. */
export function schemaEffects(bench: Bench): readonly string[] {
  const effects: string[] = []
  bench.between(async (request, sandbox) => {
    const { pathname } = new URL(request.url)
    const at = /\/interactionschemas(?:\/(.*))?$/.exec(pathname)
    if (at === null || request.method === 'GET') return sandbox(request)
    const id = at[1] ?? String((JSON.parse(await request.clone().text()) as { id: string }).id)
    const there = (): boolean => bench.sandbox.tenant.schema(id) !== undefined
    const before = there()
    try {
      return await sandbox(request)
    } finally {
      const shown = id.replace(/-preflight-.*/, '-trial')
      effects.push(`${request.method} ${shown}: ${before === there() ? 'nothing' : 'done'}`)
    }
  })
  return effects
}
