/**
 * What stands above all sections: where, what, whether it may be done, and the few numbers that say most.
 * Guarantees: pure; a tenant that nobody knows is told as production.
 */
import type { Environment } from '../../names.ts'
import { grouped, several } from '../../words.ts'
import { refusedOf } from '../not-back.ts'
import type { Facts, Report, Verdict } from '../report.ts'
import {
  type Block,
  code,
  type Environs,
  type Figure,
  type Heading,
  paragraph,
  span,
  type Tone,
} from './document.ts'
import { hasReadAll, losesNothing } from './loss.ts'
import { lasting, WAITS } from './wording.ts'

const ENVIRONS: Readonly<Record<Environment, Environs>> = {
  production: {
    colour: 'production',
    word: 'Production',
    means: 'Real contacts, real messages: what is deleted here is missed.',
  },
  staging: {
    colour: 'staging',
    word: 'Staging',
    means: 'A test environment of Voyado, not the one that customers are written to from.',
  },
  sandbox: {
    colour: 'sandbox',
    word: 'Sandbox',
    means:
      'An address of this machine: a rehearsal against a stand-in for Engage, unless it leads on to a tenant.',
  },
  unknown: {
    colour: 'production',
    word: 'Unknown environment',
    means: 'Its address is neither that of production nor of staging. It is treated as production.',
  },
}

const VERDICTS: Readonly<Record<Verdict['may'], { readonly word: string; readonly tone: Tone }>> = {
  may: { word: 'May be deleted', tone: 'good' },
  'not-yet': { word: 'Not yet', tone: 'warning' },
  'must-not': { word: 'Must not be deleted', tone: 'danger' },
  'no-plan': { word: 'For information', tone: 'plain' },
}

/** Windows that are told above all sections; the others are told in theirs. */
const MOST_WINDOWS = 2

export function environs(environment: Environment): Environs {
  return ENVIRONS[environment]
}

export function headingOf({ subject, verdict }: Facts): Heading {
  return {
    before: verdict.may === 'no-plan' ? 'What a snapshot holds of' : 'Deleting and recreating',
    schema: subject.schemaId,
    between: 'in',
    tenant: subject.tenant,
  }
}

export function opening({ facts, outcome }: Report): readonly Block[] {
  const { verdict, subject, evidence } = facts
  const { word, tone } = VERDICTS[verdict.may]
  return [
    ...(outcome.length === 0
      ? []
      : [{ block: 'note', tone: 'plain', title: 'What became of it since', items: outcome } as const]),
    { block: 'verdict', tone, word, sentence: verdict.sentence, because: verdict.because },
    ...(verdict.accepts.length === 0
      ? []
      : [{ block: 'note', tone: 'plain', title: 'Whoever signs accepts', items: verdict.accepts } as const]),
    { block: 'figures', entries: figures(facts) },
    ...(verdict.may === 'no-plan' ? [] : [paragraph(WHY)]),
    paragraph(
      ...['The figures are of the schema ', code(subject.schemaId)],
      ...(subject.displayName === '' ? [] : [' (“', subject.displayName, '” in Engage)']),
      ...[`, ${subject.pass}, ${evidence.coverage.asked ? 'read' : 'made'} from `],
      ...[...span(subject.startedAt, subject.finishedAt), '.'],
    ),
  ]
}

const WHY =
  'Engage cannot alter a schema. It is deleted, which deletes every interaction of it, of all contacts, for good; then it is ' +
  'created anew under the same name, and what is to be in it again is imported from a copy that was made before. This page says what ' +
  'will be gone, what comes back and what does not, how long that takes, and what people have to do. It is what the ' +
  'signatures at its end approve.'

function figures(facts: Facts): readonly Figure[] {
  const { deletion, time, verdict } = facts
  const planned = verdict.may !== 'no-plan'
  return [
    {
      figure: grouped(deletion.interactions),
      label: planned ? 'interactions are deleted' : 'interactions',
    },
    { figure: grouped(deletion.contacts), label: 'contacts that have them' },
    ...(planned ? [lossFigure(facts), ...windowFigures(time)] : []),
  ]
}

function windowFigures({ windows }: Facts['time']): readonly Figure[] {
  return windows.slice(0, MOST_WINDOWS).map(({ name, seconds, waits }) => ({
    figure: lasting(seconds),
    label: waits ? `${name}, ${WAITS}` : name,
  }))
}

function lossFigure(facts: Facts): Figure {
  const { notBack, profile, history, deletion } = facts
  if (losesNothing(facts)) {
    const label = hasReadAll(facts) ? 'is lost: all comes back' : 'of what was read is lost'
    return { figure: 'Nothing', label }
  }
  const kinds = notBack.filter(({ today }) => today)
  if (kinds.length > 0) {
    // One that only Engage holds may be refused as well, and is one all the same.
    const lost = Math.min(
      kinds.reduce((sum, { count }) => sum + count, 0),
      deletion.interactions,
    )
    const soFar = kinds.some(({ provisional }) => provisional) ? ', as far as is known' : ''
    const label = `will not come back, for ${several(kinds.length, 'reason')}${soFar}`
    return { figure: grouped(lost), label }
  }
  const refused = refusedOf({ profile, history })
  if (refused > 0) return { figure: grouped(refused), label: 'are refused by the new schema' }
  const [most] = profile.unnamed
  if (most === undefined) return { figure: 'Not known', label: 'how much does not come back' }
  const label = most.count === 1 ? 'interaction has' : 'interactions have'
  return { figure: grouped(most.count), label: `${label} a property that the new schema does not name` }
}
