/**
 * What an upgrade costs in time: its phases, and the windows in which something does not work.
 * Guarantees: pure; waits for people are not counted, and that is said; a window never ends before the phases that it spans.
 */

import type { RecentRate } from '../profile/profile.ts'
import { duration, type Estimate } from '../upgrade/estimate.ts'
import { capital } from './page/wording.ts'
import type { Phase, TimeFacts, Window } from './report.ts'

/** Between the deletion and the new schema's being seen: a few requests, and a wait that a read may lag. In seconds. */
const GAP = 60
/** A hot pass is spoken of where it shortens the stop to this share of it, or less. */
const WORTH = 0.8

export interface WindowFacts {
  readonly estimate: Estimate
  /** What the final pass would take, in seconds, if it left contacts without history out; null where it does so anyway. */
  readonly hot: number | null
  /** Milliseconds since the epoch: when producers stop; null where that is not planned. */
  readonly begin: number | null
  readonly recent: RecentRate | null
  /** Where nothing is deleted yet because this is of a snapshot by itself, the base pass is done too. */
  readonly schemaId: string
}

/** @returns phases and windows, with start and end where it is known when it begins */
export function timeFacts({ estimate, hot, begin, recent, schemaId }: WindowFacts): TimeFacts {
  const [base, final, posting, reading] = estimate.phases.map(({ seconds }) => seconds) as [
    number,
    number,
    number,
    number,
  ]
  const span = (from: number, seconds: number): { start: string | null; end: string | null } => ({
    start: begin === null ? null : instant(begin, from),
    end: begin === null ? null : instant(begin, from + seconds),
  })
  const starts = [null, 0, final + GAP, final + GAP + posting]
  const phases = estimate.phases.map((phase, index): Phase => {
    const from = starts[index] ?? null
    const { calls, seconds } = phase
    // The base pass is read while the tenant lives: before, whenever that is.
    const when = from === null ? { start: null, end: null } : span(from, seconds)
    return { name: capital(phase.phase), calls, seconds, ...when }
  })
  const perDay = recent === null || recent.days === 0 ? null : rateOf(recent)
  const arriving = (seconds: number): number | null =>
    perDay === null ? null : Math.round((perDay.mean * seconds) / 86_400)
  const faster =
    hot === null || hot + GAP > (final + GAP) * WORTH
      ? ''
      : ` With a final pass of those with history and a sample (--final-pass hot) it would be ${duration(hot + GAP)}, at the risk that contacts which are left out have received something meanwhile.`
  const windows: readonly Window[] = [
    {
      name: 'Producers stand still',
      means: `Whatever posts interactions of ${schemaId} is stopped, or queues, while every contact is read once more, until the schema is back.${faster}`,
      seconds: final + GAP,
      ...span(0, final + GAP),
      arriving: arriving(final + GAP),
    },
    {
      name: 'The schema is missing',
      means:
        'Between deletion and recreation: what is posted in this time is lost, triggers on it end in errors, and nothing of it is on the contact card.',
      seconds: GAP,
      ...span(final, GAP),
      arriving: arriving(GAP),
    },
    {
      name: 'History is incomplete',
      means:
        'From the deletion until all is imported again: segments, contact cards and e-mails that look at it see only a part. New interactions come in as usual.',
      seconds: GAP + posting,
      ...span(final, GAP + posting),
      arriving: null,
    },
    {
      name: 'Automations are paused',
      means:
        'Until everything is imported, read back and compared: what would start them meanwhile does not start them afterwards.',
      seconds: final + GAP + posting + reading,
      ...span(0, final + GAP + posting + reading),
      arriving: arriving(final + GAP + posting + reading),
    },
  ]
  return {
    ratePerSecond: estimate.ratePerSecond,
    begin: begin === null ? null : new Date(begin).toISOString(),
    phases,
    calls: estimate.calls,
    seconds: base + final + GAP + posting + reading,
    windows,
    perDay,
  }
}

function rateOf({ interactions, days, busiestDay }: RecentRate): { mean: number; most: number } {
  return { mean: Math.round((interactions / days) * 10) / 10, most: busiestDay.interactions }
}

function instant(begin: number, seconds: number): string {
  return new Date(begin + seconds * 1_000).toISOString()
}
