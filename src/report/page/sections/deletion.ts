/**
 * Section: what will be deleted.
 * Guarantees: pure; every count of the report's deletion and of its contacts is here, the months drawn and in numbers.
 */
import type { Profile } from '../../../profile/profile.ts'
import { grouped, percent, several } from '../../../words.ts'
import type { DeletionFacts, Facts, Report } from '../../report.ts'
import {
  type Block,
  BREAK,
  code,
  day,
  few,
  heading,
  joined,
  listOr,
  paragraph,
  type Run,
  type Section,
  strong,
} from '../document.ts'
import { losesNothing } from '../loss.ts'
import { type History, historyOf } from '../months.ts'
import { monthName } from '../wording.ts'
import { historyBlocks } from './history.ts'

const MOST_NAMES = 30

export function deletionSection({ facts }: Report): Section {
  const { deletion, profile, verdict } = facts
  const planned = verdict.may !== 'no-plan'
  const history = historyOf(deletion.months)
  return {
    id: 'deletion',
    title: planned ? 'What will be deleted' : 'What the schema holds',
    blocks: [
      paragraph(
        ...[strong(several(deletion.interactions, 'interaction')), ' of '],
        ...[strong(several(deletion.contacts, 'contact')), ...period(deletion), '. '],
        planned ? `All of them are in the snapshot that is named under “Evidence”${fateOf(facts)}` : '',
      ),
      ...historyBlocks(facts.history),
      ...months(history),
      ...undated(profile),
      ...(planned || deletion.meanwhile.length > 0
        ? [heading('What loses its data meanwhile'), listOr('Nothing that is known.', deletion.meanwhile)]
        : []),
      ...templates(deletion),
      ...contacts(profile, facts.evidence.coverage.asked),
      ...twins(profile, facts.history?.mode === 'only' || !planned),
    ],
  }
}

function fateOf(facts: Facts): string {
  const but = losesNothing(facts) ? '' : ', but for those under “What will not come back”'
  if (facts.history === null) return `, and are imported again from it${but}.`
  return facts.history.mode === 'only'
    ? '. They are not imported from it: what the source system has kept is imported instead.'
    : `, and are imported again together with what only the source system has${but}.`
}

function period({ oldestCreated, newestCreated }: DeletionFacts): readonly Run[] {
  if (oldestCreated === null || newestCreated === null) return []
  return [', created from ', day(oldestCreated), ' to ', day(newestCreated)]
}

function months(history: History): readonly Block[] {
  if (history.bars.length === 0) return [paragraph(history.summary)]
  return [
    { block: 'chart', history },
    { block: 'folded', summary: 'The same figures as a table', blocks: [monthsTable(history)] },
  ]
}

function monthsTable({ years }: History): Block {
  const numeric = true
  return {
    block: 'table',
    caption: 'Interactions by year and month in which they were created (UTC)',
    columns: [
      { head: 'Year' },
      ...Array.from({ length: 12 }, (_, month) => ({ head: monthName(month, 'short'), numeric })),
      { head: 'All', numeric },
    ],
    rows: years.map(({ year, months, total }) => [
      year,
      ...months.map((count) => (count === undefined ? '' : grouped(count))),
      strong(grouped(total)),
    ]),
    narrow: 'scrolled',
  }
}

function undated({ undated }: Profile): readonly Block[] {
  if (undated === 0) return []
  return [
    paragraph(
      `The created date of ${several(undated, 'interaction')} is no date: ${undated === 1 ? 'it is' : 'they are'} in no month.`,
    ),
  ]
}

function templates({ templateNames }: DeletionFacts): readonly Block[] {
  if (templateNames.length === 0) return []
  const { first, more } = few(templateNames, MOST_NAMES)
  return [
    paragraph(
      'E-mail templates that name one of these show nothing in its place while the schema is missing: ',
      ...joined(first.map(code), ', '),
      more > 0 ? ` and ${grouped(more)} more.` : '.',
    ),
  ]
}

/** @param asked whether a tenant was: else nobody knows who is gone from it */
function contacts({ contacts, busiest }: Profile, asked: boolean): readonly Block[] {
  const all = contacts.withHistory + contacts.without + contacts.gone
  const share = (count: number): string => `${grouped(count)} (${percent(count, all)})`
  return [
    heading('Contacts'),
    {
      block: 'facts',
      entries: [
        ['With interactions of this schema', share(contacts.withHistory)],
        ['Without any', share(contacts.without)],
        ...(asked || contacts.gone > 0
          ? ([['Gone from Engage, so that nobody can read theirs', share(contacts.gone)]] as const)
          : []),
      ],
    },
    ...(busiest.length === 0
      ? []
      : [
          {
            block: 'table',
            caption: 'Contacts with most interactions',
            columns: [{ head: 'Contact' }, { head: 'Interactions', numeric: true }],
            rows: busiest.map((each) => [code(each.contactId), grouped(each.interactions)]),
            narrow: 'stacked',
          } as const,
        ]),
  ]
}

/** @param instead whether what the source has kept is imported instead of them */
function twins({ twins: { surplus, contacts, example } }: Profile, instead: boolean): readonly Block[] {
  if (surplus === 0) {
    return [heading('Equal interactions'), paragraph('None: no contact has the same interaction twice.')]
  }
  return [
    heading('Equal interactions'),
    paragraph(
      `${several(contacts, 'contact')} ${contacts === 1 ? 'has' : 'have'} the same interaction more than once: ` +
        `${grouped(surplus)} beyond the first of each. They are kept as they are${instead ? '.' : ', and come back as often as they were there.'}`,
      ...(example === null
        ? []
        : [BREAK, 'For example ', ...joined(example.ids.slice(0, 2).map(code), ' and '), ' of contact ']),
      ...(example === null ? [] : [code(example.contactId), '.']),
    ),
  ]
}
