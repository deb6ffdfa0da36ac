/**
 * Where a run is, read from its journal.
 * Guarantees: pure reading; says the same while the run works, waits, or after it was killed.
 */

import type { JournalEvent } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { PartProof } from '../snapshot/format.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../transfer/compare.ts'
import type { VerifyCheckpoint } from '../transfer/verify.ts'
import { REPORT_WRITTEN } from './approval.ts'
import { commandLineOf } from './command-line.ts'
import { COMPARISON } from './comparison.ts'
import { isRestore, mayHaveDeleted, usesHistory } from './history.ts'
import { importedResult, isImportMade } from './imported.ts'
import { inPlace, inPlaceWithHistory, rollBack } from './in-place.ts'
import { type HistoryFigures, historyFiguresOf } from './ledger.ts'
import {
  BACK,
  FORTH,
  itemsOf,
  type Lot,
  RESTORE,
  recreationOf,
  roundCursor,
  roundName,
  verificationNote,
} from './lot.ts'
import { checkpointsOf, type Intent, type PassName, type PassResult, passResult } from './pass.ts'
import type { Plan } from './plan.ts'
import { restore } from './restore.ts'
import { isDone } from './runner.ts'
import type { Action, GateRequest, Strategy } from './strategy.ts'
import { FIRST_SIGNATURE, withFirst } from './two-people.ts'

/** Names of the notes that a command leaves which ended with an error, well after one, or as a dry run. */
export const FAILURE = 'failure'
export const SUCCESS = 'success'
export const DRY_RUN = 'dry-run'

type StepState = 'done' | 'active' | 'pending'

export interface StepStatus {
  readonly name: string
  readonly title: string
  readonly state: StepState
  /** In words: how far the action under way is. */
  readonly detail: string | null
}

export interface RunStatus {
  readonly run: string
  /**
   * `running` while a process holds the run; `failed` where the last command ended with an error; `ready` where it
   * ended well and the next one goes on; `interrupted` where it was killed or stopped.
   */
  readonly state: 'done' | 'waiting' | 'running' | 'failed' | 'ready' | 'interrupted'
  readonly gate: string | null
  /** What that gate asks, and needs. */
  readonly request: GateRequest | null
  readonly direction: 'upgrade' | 'roll-back' | 'restore'
  readonly verification: Tally | null
  /** Of an upgrade with a history of the source: how that and Engage differ; else null. */
  readonly history: HistoryFigures | null
  /** What the last command failed with; null where it did not. */
  readonly failure: { readonly what: string; readonly next: string | null } | null
  readonly steps: readonly StepStatus[]
  /** What goes on with it, to be typed. */
  readonly command: string
  /** Requests that are still to make, as far as is known, and how long they take at the plan's rate. */
  readonly remaining: { readonly calls: number; readonly seconds: number }
}

/** @returns the strategy that a run follows: its plan's or, once that has been signed for, the way back */
export function strategyOf(journal: Pick<Journal, 'events'>): Strategy {
  const lot = lotOf(journal)
  if (lot === RESTORE) return restore
  if (lot === BACK) return rollBack
  return usesHistory(journal) ? inPlaceWithHistory : inPlace
}

/** @returns the import that a run is about */
export function lotOf(journal: Pick<Journal, 'events'>): Lot {
  if (isRestore(journal)) return RESTORE
  return journal.events.latest('roll-back', 'signed') === undefined ? FORTH : BACK
}

/** @returns whether every action of a run's strategy is done, and none was withdrawn since */
export function hasEnded(journal: Pick<Journal, 'events'>): boolean {
  return strategyOf(journal).every(({ actions }) => actions.every((action) => isDone(journal, action)))
}

/**
 * @returns the latest read-back's figures; null where there was none since the schema was last recreated, or what is to be
 *   restored was last compared
 */
export function verificationOf(journal: Pick<Journal, 'events'>): Tally | null {
  const lot = lotOf(journal)
  const last = journal.events
    .all()
    .findLast(
      ({ name, kind }) =>
        (name === verificationNote(lot) && kind === 'note') ||
        ((name === recreationOf(lot) || (lot === RESTORE && name === COMPARISON)) && kind === 'withdrawn'),
    )
  // Of an earlier version, it lacks a name or two.
  return last?.kind === 'note' ? { ...EMPTY_TALLY, ...(last.detail as object) } : null
}

/** @returns whether a run has taken history out of the tenant, or may have, and not yet brought it back */
export function holdsHistory(journal: Pick<Journal, 'events'>): boolean {
  return mayHaveDeleted(journal) && verificationOf(journal)?.missing !== 0
}

/** @returns the gate that waits for a signature, if one does: the run has said so last */
export function openGate(journal: Pick<Journal, 'events'>): string | null {
  return openingOf(journal)?.name ?? null
}

/**
 * @returns what a run has come to: its last event, but for those that leave it where it was. The first of two signatures leaves
 *   its gate open for the second one, and so does the report that it is added to
 */
export function lastEvent({ events }: Pick<Journal, 'events'>): JournalEvent | undefined {
  return events.all().findLast(({ name }) => name !== FIRST_SIGNATURE && name !== REPORT_WRITTEN)
}

function openingOf(journal: Pick<Journal, 'events'>): JournalEvent | undefined {
  const last = lastEvent(journal)
  return last?.kind === 'opened' ? last : undefined
}

export function statusOf(plan: Plan, journal: Journal, held: boolean): RunStatus {
  const strategy = strategyOf(journal)
  const steps = strategy.map((step, index): StepStatus => {
    const done = step.actions.every((action) => isDone(journal, action))
    const reached = strategy
      .slice(0, index)
      .every((each) => each.actions.every((action) => isDone(journal, action)))
    const begun = reached && journal.events.all().length > 0
    const current = step.actions.find((action) => !isDone(journal, action))
    return {
      name: step.name,
      title: step.title,
      state: done ? 'done' : begun ? 'active' : 'pending',
      detail: done || !begun || current === undefined ? null : detailOf(current, journal, held),
    }
  })
  const gate = openGate(journal)
  const done = steps.every(({ state }) => state === 'done')
  const last = lastEvent(journal)
  const failure = last?.name === FAILURE ? (last.detail as unknown as RunStatus['failure']) : null
  const paused = failure !== null ? 'failed' : gate !== null ? 'waiting' : pausedAt(last)
  return {
    run: plan.run,
    state: done ? 'done' : held ? 'running' : paused,
    gate: done ? null : gate,
    request:
      done || gate === null ? null : withFirst(journal, openingOf(journal)?.detail as unknown as GateRequest),
    direction: strategy === restore ? 'restore' : strategy === rollBack ? 'roll-back' : 'upgrade',
    verification: verificationOf(journal),
    history: historyFiguresOf(journal),
    failure,
    steps,
    command: commandLineOf(plan, journal),
    remaining: remaining(plan, journal, done),
  }
}

function pausedAt(last: JournalEvent | undefined): 'ready' | 'interrupted' {
  return last?.kind === 'signed' || last?.name === DRY_RUN ? 'ready' : 'interrupted'
}

function detailOf(action: Action, journal: Journal, held: boolean): string {
  if (action.kind === 'gate') return `waits for a signature (${action.name}) that ${action.title}`
  return `${action.title}${howFar(action.name, journal, held)}`
}

function howFar(action: string, journal: Journal, held: boolean): string {
  if (isRestore(journal) && action === 'final-pass') return ''
  if (action === 'base-pass' || action === 'final-pass') {
    return `: ${contactsIn(journal, action)} of ${journal.contacts.count()} contacts at the last checkpoint`
  }
  const lot = lotOf(journal)
  if (action === lot.name) {
    const { confirmed, rejected, sent } = itemsOf(journal, lot).counts()
    return `: ${confirmed} posted, ${rejected} refused, ${sent} ${held ? 'under way' : 'in doubt'}`
  }
  if (action.endsWith('verification')) return `: ${readBack(lot, journal).expected} interactions read back`
  return ''
}

function contactsIn(journal: Journal, pass: PassName): number {
  const intent = journal.events.latest(pass, 'intent', 'withdrawn')
  if (intent?.kind !== 'intent') return 0
  const { snapshot } = intent.detail as unknown as Intent
  const parts = journal.parts(checkpointsOf(pass, snapshot)) as unknown as ReadonlyArray<{
    readonly proof: PartProof
  }>
  return parts.reduce((sum, { proof }) => sum + proof.contactCount, 0)
}

function readBack(lot: Lot, journal: Journal): Tally {
  const round = journal.cursor(roundCursor(lot)) ?? 0
  const checkpoints = journal.parts(roundName(lot, round)) as unknown as readonly VerifyCheckpoint[]
  return checkpoints.reduce((sum, { tally }) => addTallies(sum, tally), EMPTY_TALLY)
}

function remaining(plan: Plan, journal: Journal, done: boolean): RunStatus['remaining'] {
  if (done) return { calls: 0, seconds: 0 }
  const passed = (name: PassName): PassResult | undefined =>
    isDone(journal, { name }) ? passResult({ journal }, name) : undefined
  const [exportCalls = 0, finalCalls = 0, , readBackCalls = 0] = plan.estimate.phases.map(
    ({ calls }) => calls,
  )
  const imported = isImportMade(journal) ? importedResult({ journal }) : undefined
  const known = imported ?? passed('final-pass') ?? passed('base-pass')
  const interactions = known?.interactions ?? plan.estimate.interactions
  const counts = itemsOf(journal, lotOf(journal)).counts()
  const calls =
    (passed('base-pass') === undefined ? Math.max(0, exportCalls - contactsIn(journal, 'base-pass')) : 0) +
    (passed('final-pass') === undefined ? Math.max(0, finalCalls - contactsIn(journal, 'final-pass')) : 0) +
    Math.max(0, interactions - counts.confirmed - counts.rejected) +
    (known?.contactsWithHistory ?? readBackCalls)
  return { calls, seconds: Math.ceil(calls / plan.estimate.ratePerSecond) }
}
