/** Simulates the seeds that it is sent, one after the other, and answers with the verdicts. */

import { install } from './patches.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { onlyThese, shrink } from './shrink.ts'
import type { Verdict } from './simulate.ts'

export interface Order {
  readonly seed: number
  /** Ingredients to keep; absent: all. */
  readonly only?: readonly string[]
  readonly variant: Variant
  readonly shrink: boolean
  readonly trace: boolean
}

/** `crashes`: nothing goes wrong but that the process dies; `calm`: nothing goes wrong. */
export type Variant = 'all' | 'crashes' | 'calm'

export interface Answer extends Omit<Verdict, 'trace'> {
  readonly needed?: ReadonlyArray<{ readonly name: string; readonly text: string }>
  readonly trace?: readonly string[]
}

install()
// Only now: what it imports must find the patched modules.
const { simulate } = await import('./simulate.ts')

// What a dead process leaves undone fails later, for nobody. Anything else would have ended a real process.
let stray: unknown
process.on('unhandledRejection', (error) => {
  if (error instanceof Error && (error.name === 'Dead' || /not open|finalized/.test(error.message))) return
  stray ??= error
})

process.on('message', (order: Order) => {
  carryOut(order).catch((error: unknown) => {
    // The simulation itself is broken: that is nothing to go on with.
    console.error(error)
    process.exit(70)
  })
})

async function carryOut(order: Order): Promise<void> {
  const scenario = scenarioOf(order)
  const { trace, ...verdict } = await judged(scenario)
  const needed =
    verdict.failure !== undefined && order.shrink
      ? await shrink(
          scenario,
          async (smaller) => gist((await judged(smaller)).failure) === gist(verdict.failure),
        )
      : undefined
  const answer: Answer = {
    ...verdict,
    ...(needed && { needed: needed.map(({ name, text }) => ({ name, text })) }),
    ...(order.trace && { trace }),
  }
  process.send?.(answer)
}

/** @returns what a failure is about, whatever the names and the figures */
function gist(failure = ''): string {
  const [first = '', second = ''] = failure.split('\n')
  return `${first} ${second}`.replaceAll(/[\w.-]*\d[\w.-]*/g, '#')
}

async function judged(scenario: Scenario): Promise<Verdict> {
  stray = undefined
  const verdict = await simulate(scenario)
  if (stray === undefined || verdict.failure !== undefined) return verdict
  return { ...verdict, failure: `a promise was rejected unseen: ${String((stray as Error).stack ?? stray)}` }
}

function scenarioOf({ seed, only, variant }: Order): Scenario {
  const drawn = drawScenario(seed)
  const scenario = only === undefined ? drawn : onlyThese(drawn, only)
  if (variant === 'all') return scenario
  const calm = {
    ...scenario,
    wire: [],
    events: [],
    behaviour: {},
    rot: false,
    misfits: 0,
    fates: scenario.fates.filter(({ endsAt }) => endsAt !== undefined),
  }
  return variant === 'crashes' ? calm : { ...calm, fates: [] }
}
