/**
 * Section: how long it takes, what does not work meanwhile, and how the other way would compare.
 * Guarantees: pure; times of day are told only where a beginning is planned.
 */

import type { Profile, RecentRate } from '../../../profile/profile.ts'
import { MAX_SCHEMAS } from '../../../schema/rules.ts'
import { grouped, several } from '../../../words.ts'
import type { Phase, Report, StrategyFacts, TimeFacts, Window } from '../../report.ts'
import {
  type Block,
  type Column,
  day,
  heading,
  moment,
  paragraph,
  type Run,
  type Section,
  span,
  strong,
  type Text,
} from '../document.ts'
import { lasting, WAITS } from '../wording.ts'

export function timeSection({ facts }: Report): Section {
  const { time, strategies, profile } = facts
  return {
    id: 'time',
    title: 'How long it takes',
    blocks: [
      ...(strategies === null && time.phases.length > 0
        ? [paragraph('Nothing is planned. An upgrade of what was read here would take about this:')]
        : []),
      paragraph(...whole(time)),
      ...(time.phases.length === 0 ? [] : [phasesTable(time)]),
      heading('What does not work meanwhile'),
      ...windows(time),
      heading('What arrives meanwhile'),
      paragraph(...arriving(time, profile)),
      heading('The two ways to do it'),
      ...(strategies === null
        ? [paragraph('There is no plan, so there is nothing to compare.')]
        : ways(strategies)),
    ],
  }
}

function whole({ seconds, calls, ratePerSecond, begin, phases }: TimeFacts): readonly Run[] {
  if (phases.length === 0 && calls === 0) return ['There is no plan: nothing would be done.']
  return [
    ...[strong(lasting(seconds)), ' in all, for ', several(calls, 'request'), ' to Engage at '],
    `${grouped(ratePerSecond)} a second. The time that people need for signing is not counted. `,
    ...(begin === null
      ? ['No beginning is planned, so times of day are not given.']
      : ['Begun on ', moment(begin), ', it goes like this, at the earliest:']),
  ]
}

function phasesTable({ phases, calls, seconds, begin }: TimeFacts): Block {
  const numeric = true
  const timed = begin !== null
  const when = (phase: Phase): readonly Text[] => (timed ? [momentOr(phase.start), momentOr(phase.end)] : [])
  return {
    block: 'table',
    caption: 'Steps, one after the other',
    columns: [
      { head: 'Step' },
      { head: 'Requests', numeric },
      { head: 'Takes', numeric },
      ...(timed ? [{ head: 'From' }, { head: 'To' }] : []),
    ],
    rows: phases.map((phase, index) => [
      [strong(phase.name), courseOf(phases, index)],
      grouped(phase.calls),
      lasting(phase.seconds),
      ...when(phase),
    ]),
    total: ['In all', grouped(calls), lasting(seconds), ...(timed ? ['', ''] : [])],
    narrow: 'stacked',
  }
}

/** Where in the whole a step lies, one after the other. */
function courseOf(phases: readonly Phase[], index: number): Run {
  const until = (count: number): number =>
    phases.slice(0, count).reduce((sum, { seconds }) => sum + seconds, 0)
  const all = until(phases.length)
  if (all === 0) return { run: 'bar', from: 0, share: 0 }
  return { run: 'bar', from: until(index) / all, share: (until(index + 1) - until(index)) / all }
}

function momentOr(at: string | null): Text {
  return at === null ? '–' : moment(at)
}

function windows({ windows }: TimeFacts): readonly Block[] {
  if (windows.length === 0) return [paragraph('Nothing: all goes on working.')]
  return [
    {
      block: 'table',
      caption: 'Windows in which something does not work',
      headed: true,
      columns: [
        { head: 'Window' },
        { head: 'Lasts' },
        { head: 'What that means' },
        { head: 'Arriving meanwhile', numeric: true },
      ],
      rows: windows.map((each) => [
        strong(each.name),
        lastingFrom(each),
        each.means,
        each.arriving === null ? '–' : `about ${grouped(each.arriving)}`,
      ]),
      narrow: 'stacked',
    },
  ]
}

/** People take time to read and to sign: nobody knows when a window ends that this is in, and one after it begins no earlier. */
function lastingFrom({ seconds, start, end, waits }: Window): Text {
  const lasts = waits ? `${lasting(seconds)}, ${WAITS}` : lasting(seconds)
  if (start === null) return lasts
  if (end === null) return [lasts, { run: 'break' }, 'from ', moment(start)]
  return [lasts, { run: 'break' }, ...span(start, end), ' at the earliest']
}

function arriving({ perDay, windows }: TimeFacts, { recent }: Profile): readonly Run[] {
  if (perDay === null && recent === null) return ['How much arrives a day is not known.']
  return [
    ...(recent === null ? [] : ofLate(recent)),
    ...(perDay === null || recent?.interactions === 0
      ? []
      : [
          `Of late, ${several(Math.round(perDay.mean), 'interaction')} a day on average, and ${grouped(perDay.most)} at most. `,
        ]),
    ...(windows.length === 0 || perDay === null || perDay.mean === 0
      ? []
      : ['While producers are stopped, that is what has to stand still or queue up at them. ']),
    ...(windows.length === 0 ? [] : ['What is sent while the schema is missing is lost.']),
  ]
}

function ofLate({ days, interactions, busiestDay, newest }: RecentRate): readonly Run[] {
  const last = days === 1 ? 'On the day' : `In the ${grouped(days)} days`
  if (busiestDay === null)
    return [`${last} up to the snapshot nothing arrived: nothing since `, day(newest), '. ']
  return [
    `${last} up to the snapshot ${grouped(interactions)} arrived, ${grouped(busiestDay.interactions)} of them on `,
    ...[day(busiestDay.day), '. '],
  ]
}

function ways({ inPlace, parallel, advised, why, freePlaces }: StrategyFacts): readonly Block[] {
  const head = (name: string, way: string): Column =>
    way === advised ? { head: `${name} (advised)`, advised: true } : { head: name }
  const lines = Math.max(inPlace.lines.length, parallel.lines.length)
  return [
    {
      block: 'note',
      tone: 'good',
      title: `Advised here: ${advised === 'in-place' ? inPlace.name : parallel.name}`,
      items: why,
    },
    {
      block: 'table',
      caption: 'Both ways side by side',
      headed: true,
      columns: [{ head: '' }, head(inPlace.name, 'in-place'), head(parallel.name, 'parallel')],
      rows: Array.from({ length: lines }, (_, index) => [
        inPlace.lines[index]?.what ?? parallel.lines[index]?.what ?? '',
        inPlace.lines[index]?.how ?? '–',
        parallel.lines[index]?.how ?? '–',
      ]),
      narrow: 'stacked',
    },
    paragraph(`Free places for schemas in this environment: ${grouped(freePlaces)} of ${MAX_SCHEMAS}.`),
  ]
}
