/**
 * Which strategy is advised, in place or a second schema in parallel ("Upgrading" has both), and why.
 * Guarantees: pure; both are described by the same lines, so that they can be laid side by side; every reason that counts is
 * given, for and against.
 */
import { MAX_SCHEMAS } from '../schema/rules.ts'
import { duration } from '../upgrade/estimate.ts'
import { grouped, several } from '../words.ts'
import { WAITS } from './page/wording.ts'
import type { StrategyFacts, TimeFacts } from './report.ts'

export interface AdviceFacts {
  readonly schemaId: string
  readonly interactions: number
  readonly time: TimeFacts
  readonly freePlaces: number
  /** Names of what people have to rebuild on a new id. */
  readonly automations: readonly string[]
  readonly templates: readonly string[]
  readonly audiences: readonly string[]
  readonly sure: boolean
  /** What is imported afterwards: that, with or without what only the source has kept, or the latter instead. */
  readonly imported: 'again' | 'besides' | 'instead'
  /**
   * Interactions that would not come back in place, and stay where they are in parallel. What the new schema refuses is not among
   * them: it refuses that in parallel, too.
   */
  readonly loss: number
}

/** What does not come back weighs more than making everything anew on another id, as a share of all. */
const MUCH = 0.01
const IMPORTED: Readonly<Record<AdviceFacts['imported'], string>> = {
  again: 'they are imported again afterwards',
  besides: 'they are imported again afterwards, with what only the source has kept',
  instead: 'what the source has kept is imported instead afterwards',
}
/** Longer than a night: a retailer's day without its history, in seconds. */
const A_NIGHT = 10 * 3_600

/** @returns both strategies side by side, and which is advised */
export function adviseStrategy(facts: AdviceFacts): StrategyFacts {
  const { schemaId, interactions, time, freePlaces, automations, templates, audiences } = facts
  const [still, missing, incomplete, paused] = time.windows.map(({ seconds, waits }) =>
    waits ? `${duration(seconds)}, ${WAITS}` : duration(seconds),
  )
  const [base = 0, , , posting = 0, reading = 0] = time.phases.map(({ calls }) => calls)
  const parallelCalls = 2 * base + posting + reading
  const tied = [...automations, ...templates, ...audiences].length
  const lines: ReadonlyArray<readonly [string, string, string]> = [
    [
      'What is deleted',
      `All ${several(interactions, 'interaction')} of ${schemaId}; ${IMPORTED[facts.imported]}`,
      'Nothing, until the old schema is retired',
    ],
    [
      'Places of the environment',
      'None besides its own',
      `One more; ${freePlaces} of ${MAX_SCHEMAS} are free`,
    ],
    [
      'Requests, and how long they take',
      `${grouped(time.calls)}, ${duration(time.seconds)}`,
      `${grouped(parallelCalls)}, ${duration(parallelCalls / time.ratePerSecond)}`,
    ],
    ['The schema is missing', missing ?? '', 'Never'],
    ['History is incomplete', incomplete ?? '', 'Never in the old schema; in the new one until it is filled'],
    ['Producers', `Stand still for ${still}`, 'Are changed over to a new id, once'],
    [
      'Automations',
      `Paused for ${paused}; then they work as before`,
      'Those on any interaction are paused while the new schema is filled; those on this schema are made anew on the new id',
    ],
    ['E-mails and segments', 'Work as before afterwards', 'Are made anew on the new id'],
    [
      'If something goes wrong',
      'The history is in a verified snapshot, and there is a way back to the old schema',
      'The old schema is as it was',
    ],
    [
      'Carried out by',
      'This program, step by step',
      'People: this version of the program carries out the upgrade in place',
    ],
  ]
  const incompleteSeconds = time.windows[2]?.seconds ?? 0
  const against = [
    ...(facts.sure
      ? []
      : ['it is not certain that every contact is known, and what is not exported is lost in place']),
    ...(facts.loss > interactions * MUCH
      ? [`${several(facts.loss, 'interaction')} would not come back in place`]
      : []),
    ...(incompleteSeconds > A_NIGHT
      ? [`in place, history would be incomplete for ${duration(incompleteSeconds)}, longer than a night`]
      : []),
  ]
  const advised = freePlaces > 0 && against.length > 0 ? 'parallel' : 'in-place'
  const column = (name: string, at: 1 | 2) => ({
    name,
    lines: lines.map((line) => ({ what: line[0], how: line[at] })),
  })
  return {
    inPlace: column('In place', 1),
    parallel: column('A second schema in parallel', 2),
    advised,
    why: [...(advised === 'parallel' ? against : inPlaceReasons(facts, against, tied))].map(sentence),
    freePlaces,
  }
}

function inPlaceReasons(
  { freePlaces, time }: AdviceFacts,
  against: readonly string[],
  tied: number,
): readonly string[] {
  const incomplete = time.windows[2]?.seconds ?? 0
  return [
    ...(freePlaces === 0 ? ['there is no free place for a second schema'] : []),
    ...(tied === 0
      ? []
      : [
          `what is tied to the id goes on working: ${several(tied, 'automation, e-mail or segment', 'automations, e-mails and segments')}`,
        ]),
    ...(incomplete > A_NIGHT ? [] : [`history is incomplete for ${duration(incomplete)}, less than a night`]),
    'one schema has all of the history afterwards, and the environment keeps its places',
    ...against.map((reason) => `against it: ${reason}`),
  ]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
