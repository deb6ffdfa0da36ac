/**
 * Where a run is, read from its journal.
 * Guarantees: pure reading; says the same while the run works, waits, or after it was killed.
 */
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { PartProof } from '../snapshot/format.ts'
import { addTallies, EMPTY_TALLY, type Tally, type VerifyCheckpoint } from '../transfer/verify.ts'
import { inPlace, rollBack } from './in-place.ts'
import type { PassResult } from './passes.ts'
import type { Plan } from './plan.ts'
import { isDone } from './runner.ts'
import type { Strategy } from './strategy.ts'

/** Name of the note that a command leaves which ended with an error. */
export const FAILURE = 'failure'

export type StepState = 'done' | 'active' | 'pending'

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
   * `running` while a process holds the run; `failed` where the last command ended with an error; `interrupted` where
   * nothing is known but that the run can be gone on with.
   */
  readonly state: 'done' | 'waiting' | 'running' | 'failed' | 'interrupted'
  readonly gate: string | null
  readonly direction: 'upgrade' | 'roll-back'
  readonly verification: Tally | null
  /** What the last command failed with; null where it did not. */
  readonly failure: string | null
  readonly steps: readonly StepStatus[]
  /** Requests that are still to make, as far as is known, and how long they take at the plan's rate. */
  readonly remaining: { readonly calls: number; readonly seconds: number }
}

/** @returns the strategy that a run follows: the way back, once it has been taken */
export function strategyOf(journal: Pick<Journal, 'events'>): Strategy {
  return journal.events.latest('roll-back', 'intent') === undefined ? inPlace : rollBack
}

/** @returns the latest read-back's figures; null where there was none */
export function verificationOf(journal: Pick<Journal, 'events'>): Tally | null {
  return (journal.events.latest('verification', 'note')?.detail as unknown as Tally | undefined) ?? null
}

/** @returns the gate that waits for a signature, if one does */
export function openGate(journal: Journal): string | null {
  for (const action of strategyOf(journal).flatMap(({ actions }) => actions)) {
    if (isDone(journal, action)) continue
    const last = journal.events.latest(action.name)
    return action.kind === 'gate' && last?.kind === 'opened' ? action.name : null
  }
  return null
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
      detail:
        done || !begun || current === undefined ? null : `${current.title}${howFar(current.name, journal)}`,
    }
  })
  const gate = openGate(journal)
  const done = steps.every(({ state }) => state === 'done')
  const last = journal.events.all().at(-1)
  const failure = last?.name === FAILURE ? String((last.detail as JsonObject)['what']) : null
  return {
    run: plan.run,
    state: done
      ? 'done'
      : held
        ? 'running'
        : failure !== null
          ? 'failed'
          : gate !== null
            ? 'waiting'
            : 'interrupted',
    gate: done ? null : gate,
    direction: strategy === rollBack ? 'roll-back' : 'upgrade',
    verification: verificationOf(journal),
    failure,
    steps,
    remaining: remaining(plan, journal, done),
  }
}

function howFar(action: string, journal: Journal): string {
  if (action === 'base-pass' || action === 'final-pass') {
    return `: ${contactsIn(journal, action.replace('-pass', ''))} of ${journal.contacts.count()} contacts`
  }
  if (action === 'import' || action === 'roll-back-import') {
    const { confirmed, rejected, sent } = journal.items(action).counts()
    return `: ${confirmed} posted, ${rejected} refused, ${sent} in doubt`
  }
  if (action.endsWith('verification')) return `: ${readBack(action, journal).expected} interactions read back`
  return ''
}

function contactsIn(journal: Journal, pass: string): number {
  return journal
    .parts(pass)
    .reduce<number>(
      (sum, part) => sum + ((part as JsonObject)['proof'] as unknown as PartProof).contactCount,
      0,
    )
}

function readBack(action: string, journal: Journal): Tally {
  const lot = action === 'verification' ? 'import' : 'roll-back-import'
  const round = journal.cursor(`${lot}:verification-round`) ?? 0
  return journal
    .parts(`${lot}:verification:${round}`)
    .reduce<Tally>((sum, part) => addTallies(sum, (part as unknown as VerifyCheckpoint).tally), EMPTY_TALLY)
}

function remaining(plan: Plan, journal: Journal, done: boolean): RunStatus['remaining'] {
  if (done) return { calls: 0, seconds: 0 }
  const passed = (name: string): PassResult | undefined =>
    journal.events.latest(name, 'finished')?.detail as unknown as PassResult | undefined
  const [exportCalls = 0, finalCalls = 0, , readBackCalls = 0] = plan.estimate.phases.map(
    ({ calls }) => calls,
  )
  const known = passed('final-pass') ?? passed('base-pass')
  const interactions = known?.interactions ?? plan.estimate.interactions
  const counts = journal.items(strategyOf(journal) === rollBack ? 'roll-back-import' : 'import').counts()
  const calls =
    (passed('base-pass') === undefined ? Math.max(0, exportCalls - contactsIn(journal, 'base')) : 0) +
    (passed('final-pass') === undefined ? Math.max(0, finalCalls - contactsIn(journal, 'final')) : 0) +
    Math.max(0, interactions - counts.confirmed - counts.rejected) +
    (known?.contactsWithHistory ?? readBackCalls)
  return { calls, seconds: Math.ceil(calls / plan.estimate.ratePerSecond) }
}
