/**
 * What an upgrade costs in time: its phases, and the windows in which something does not work.
 * Guarantees: pure; what the phases take adds up to the total; waits for people are not counted, and every window that spans one says
 * so and has no end; instants are rounded up to minutes as lengths of time are, all alike.
 */
import type { RecentRate } from '../profile/profile.ts'
import { duration, type Estimate } from '../upgrade/estimate.ts'
import { capital } from '../words.ts'
import type { Phase, TimeFacts, Window } from './report.ts'

/** Between the deletion and the new schema's being seen: a few requests, and a wait that a read may lag. In seconds. */
const MISSING = 60
/** What a snapshot is read at for the report and to prove it again, both together, in interactions a second. */
const READ_PER_SECOND = 8_000
/** Trying the new schema out, deleting, recreating, and the sample of contacts that is looked at right before. */
const GAP_CALLS = 220
/** A hot pass is spoken of where it shortens the stop to this share of it, or less. */
const WORTH = 0.8
const MINUTE_MS = 60_000

export interface WindowFacts {
  readonly estimate: Estimate
  /** Interactions that are read from disk between the final pass and the deletion: those of Engage, and those of the source. */
  readonly readAgain: number
  /** What the final pass would take, in seconds, if it left contacts without history out; null where it does so anyway. */
  readonly hot: number | null
  /** Milliseconds since the epoch: when producers stop; null where that is not planned. */
  readonly begin: number | null
  readonly recent: RecentRate | null
  /** Whether somebody looks at the first interaction before the others are imported. */
  readonly canaryGate: boolean
  readonly schemaId: string
}

/** @returns phases and windows, with start and end where it is known when it begins */
export function timeFacts(facts: WindowFacts): TimeFacts {
  const { estimate, begin, recent } = facts
  const { ratePerSecond } = estimate
  const [base, final, posting, reading] = estimate.phases as [Step, Step, Step, Step]
  const preparing = Math.ceil(facts.readAgain / READ_PER_SECOND) + Math.ceil(GAP_CALLS / ratePerSecond)
  const gap: Step = {
    phase: 'report, trial of the new schema, deletion, recreation',
    calls: GAP_CALLS,
    seconds: preparing + MISSING,
  }
  const span = (from: number, seconds: number): Pick<Phase, 'start' | 'end'> => ({
    start: begin === null ? null : instant(begin, from),
    end: begin === null ? null : instant(begin, from + seconds),
  })
  let from = 0
  const steps = [final, gap, posting, reading].map((step): Phase => {
    const made = phaseOf(step, span(from, step.seconds))
    from += step.seconds
    return made
  })
  // The base pass is read while the tenant lives: before, whenever that is.
  const phases = [phaseOf(base, { start: null, end: null }), ...steps]
  const perDay = recent === null || recent.days === 0 ? null : rateOf(recent)
  return {
    ratePerSecond,
    begin: begin === null ? null : new Date(begin).toISOString(),
    phases,
    calls: phases.reduce((sum, { calls }) => sum + calls, 0),
    seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0),
    windows: windowsOf(facts, { final, posting, reading, preparing }, (seconds) =>
      perDay === null ? null : Math.round((perDay.mean * seconds) / 86_400),
    ).map(({ from, ...window }): Window => {
      const { start, end } = span(from, window.seconds)
      return { ...window, start, end: window.waits ? null : end }
    }),
    perDay,
  }
}

type Step = Estimate['phases'][number]

interface Steps {
  readonly final: Step
  readonly posting: Step
  readonly reading: Step
  /** Seconds between the final pass and the deletion. */
  readonly preparing: number
}

interface Placed {
  readonly name: string
  readonly means: string
  readonly from: number
  readonly seconds: number
  readonly waits: boolean
  readonly arriving: number | null
}

function windowsOf(
  { schemaId, hot, canaryGate }: WindowFacts,
  { final, posting, reading, preparing }: Steps,
  arriving: (seconds: number) => number | null,
): readonly Placed[] {
  const stop = final.seconds + preparing + MISSING
  const faster =
    hot === null || hot + preparing + MISSING > stop * WORTH
      ? ''
      : ` With a final pass of those with history and a sample (--final-pass hot) it would be ${duration(hot + preparing + MISSING)}, at the risk that contacts which are left out have received something meanwhile.`
  const deleted = final.seconds + preparing
  const incomplete = MISSING + posting.seconds
  const paused = deleted + incomplete + reading.seconds
  return [
    {
      name: 'Producers stand still',
      means: `Whatever posts interactions of ${schemaId} is stopped, or queues, while contacts are read once more, until the schema is back.${faster}`,
      ...{ from: 0, seconds: stop, waits: true, arriving: arriving(stop) },
    },
    {
      name: 'The schema is missing',
      means:
        'Between deletion and recreation: what is posted in this time is lost, triggers on it end in errors, and nothing of it is on the contact card.',
      ...{ from: deleted, seconds: MISSING, waits: false, arriving: arriving(MISSING) },
    },
    {
      name: 'History is incomplete',
      means:
        'From the deletion until all is imported again: segments, contact cards and e-mails that look at it see only a part. New interactions come in as usual.',
      ...{ from: deleted, seconds: incomplete, waits: canaryGate, arriving: null },
    },
    {
      name: 'Automations are paused',
      means:
        'Until everything is imported, read back and compared: what would start them meanwhile does not start them afterwards.',
      ...{ from: 0, seconds: paused, waits: true, arriving: arriving(paused) },
    },
  ]
}

function phaseOf({ phase, calls, seconds }: Step, when: Pick<Phase, 'start' | 'end'>): Phase {
  return { name: capital(phase), calls, seconds, ...when }
}

function rateOf({ interactions, days, busiestDay }: RecentRate): { mean: number; most: number } {
  return { mean: Math.round((interactions / days) * 10) / 10, most: busiestDay?.interactions ?? 0 }
}

function instant(begin: number, seconds: number): string {
  return new Date(Math.ceil((begin + seconds * 1_000) / MINUTE_MS) * MINUTE_MS).toISOString()
}
