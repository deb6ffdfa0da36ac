/**
 * Section: what will not come back.
 * Guarantees: pure; "nothing" is said only where the report knows of nothing at all.
 */
import type { Profile } from '../../../profile/profile.ts'
import type { Facts, NotBack, Report } from '../../report.ts'
import {
  type Block,
  code,
  few,
  heading,
  moment,
  paragraph,
  type Run,
  type Section,
  strong,
  type Text,
} from '../document.ts'
import { hasReadAll, losesNothing } from '../loss.ts'
import { grouped, several } from '../wording.ts'

const MOST_EXAMPLES = 5

export function notBackSection({ facts }: Report): Section {
  const { notBack, profile, change } = facts
  return {
    id: 'not-back',
    title: 'What will not come back',
    blocks: [
      paragraph(summaryOf(facts)),
      ...notBack.flatMap(lossBlocks),
      ...refusals(profile, change === null ? 'the schema' : 'the new schema'),
      ...unnamed(profile),
    ],
  }
}

function summaryOf(facts: Facts): Run {
  if (facts.notBack.length === 0 && facts.verdict.may === 'no-plan') {
    return 'There is no plan: nothing will be deleted, so nothing has to come back.'
  }
  if (losesNothing(facts)) {
    return strong(
      hasReadAll(facts)
        ? 'Nothing: all comes back.'
        : 'Nothing of what was read. Whether that was all is not sure: see “Evidence”.',
    )
  }
  return 'What Engage holds today and will not hold afterwards, and where it can be found then.'
}

function lossBlocks({ title, count, why, examples, where }: NotBack): readonly Block[] {
  const { first, more } = few(examples, MOST_EXAMPLES)
  return [
    heading(title, ': ', grouped(count)),
    paragraph(why),
    {
      block: 'facts',
      entries: [
        ['Where they stay', where ?? 'Nowhere: they are gone for good.'],
        ...(first.length === 0 ? [] : [['For example', exampleLines(first, Math.min(more, count))] as const]),
      ],
    },
  ]
}

function exampleLines(examples: readonly string[], more: number): Text {
  return [
    ...examples.flatMap((each, index): readonly Run[] => (index === 0 ? [each] : [{ run: 'break' }, each])),
    ...(more > 0 ? [{ run: 'break' } as const, `and ${grouped(more)} more examples in report.json`] : []),
  ]
}

function refusals({ refused }: Profile, schema: string): readonly Block[] {
  if (refused.interactions === 0) return []
  const { interactions, reasons } = refused
  return [
    heading(`What ${schema} refuses, by reason`),
    paragraph(
      `By its rules Engage will refuse ${several(interactions, 'interaction')}; one that breaks several rules is counted under each.`,
    ),
    {
      block: 'table',
      caption: 'Reasons for which interactions are refused',
      headed: true,
      columns: [
        { head: 'Reason' },
        { head: 'Interactions', numeric: true },
        { head: 'For example (interaction, contact, created)' },
      ],
      rows: reasons.map(({ reason, count, examples: [example] }) => [
        reason,
        grouped(count),
        example === undefined
          ? '–'
          : [
              ...[code(example.id), { run: 'break' } as const, 'of ', code(example.contactId), ', '],
              moment(example.createdDate),
            ],
      ]),
      narrow: 'stacked',
    },
  ]
}

function unnamed({ unnamed }: Profile): readonly Block[] {
  const title = heading('Properties that the schema does not name')
  if (unnamed.length === 0) {
    return [title, paragraph('None: the schema names every property that the interactions have.')]
  }
  return [
    title,
    paragraph(
      'Some interactions have properties that their schema does not name. By its documentation Engage does not take these in: ' +
        'they are in the snapshot, and cannot come back.',
    ),
    {
      block: 'table',
      caption: 'Properties that the schema does not name',
      headed: true,
      columns: [{ head: 'Property' }, { head: 'Interactions that have it', numeric: true }],
      rows: unnamed.map(({ name, count }) => [code(name), grouped(count)]),
      narrow: 'stacked',
    },
  ]
}
