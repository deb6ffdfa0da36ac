/**
 * Section: what will not come back.
 * Guarantees: pure; "nothing" is said only where the report knows of nothing at all.
 */
import type { Profile } from '../../../profile/profile.ts'
import { grouped, several } from '../../../words.ts'
import { lossKnown } from '../../history-facts.ts'
import { refusedOf } from '../../not-back.ts'
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

const MOST_EXAMPLES = 5

export function notBackSection({ facts }: Report): Section {
  const { notBack, profile, change } = facts
  return {
    id: 'not-back',
    title: 'What will not come back',
    blocks: [
      paragraph(summaryOf(facts)),
      ...notBack.flatMap(lossBlocks),
      ...refusals(facts, change === null ? 'the schema' : 'the new schema'),
      ...unnamed(profile, change === null ? 'the schema' : 'the new schema'),
    ],
  }
}

function summaryOf(facts: Facts): Run {
  if (facts.verdict.may === 'no-plan') {
    return losesNothing(facts)
      ? 'There is no plan: nothing will be deleted, so nothing has to come back.'
      : 'There is no plan: nothing will be deleted. If it were imported under this schema, this would not come back.'
  }
  if (lossKnown(facts.history) === null) {
    return 'By this plan the history of the source is imported instead of what Engage holds. Both were not compared yet: how much of that does not come back is not known.'
  }
  if (losesNothing(facts) && facts.notBack.length > 0) {
    return 'Nothing of what Engage holds today. What does not come for other reasons is listed here.'
  }
  if (losesNothing(facts)) {
    return strong(
      hasReadAll(facts)
        ? 'Nothing: all comes back.'
        : 'Nothing of what was read. Whether that was all is not sure: see “Evidence”.',
    )
  }
  if (facts.notBack.every(({ today }) => !today))
    return 'Every interaction comes back, but perhaps not all of each.'
  return 'What Engage holds today and will not hold afterwards, and where it can be found then.'
}

function lossBlocks({ title, count, why, examples, where, provisional }: NotBack): readonly Block[] {
  const { first, more } = few(examples, MOST_EXAMPLES)
  return [
    heading(title, ': ', grouped(count), provisional ? ' so far' : ''),
    paragraph(why),
    {
      block: 'facts',
      entries: [
        ['Where they stay', where === null ? 'Nowhere: they are gone for good.' : code(where)],
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

function refusals({ profile, history }: Facts, schema: string): readonly Block[] {
  const { interactions, reasons } = profile.refused
  if (interactions === 0) return []
  const comes = interactions - refusedOf({ profile, history })
  return [
    heading(`What ${schema} refuses, by reason`),
    paragraph(
      `By its rules Engage will refuse ${several(interactions, 'interaction')}; one that breaks several rules is counted under each.`,
      comes === 0
        ? ''
        : ` Of these, ${grouped(comes)} are not imported as they are: what the source knows besides mends them, or only Engage has them.`,
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

function unnamed({ unnamed }: Profile, schema: string): readonly Block[] {
  const title = heading(`Properties that ${schema} does not name`)
  if (unnamed.length === 0) {
    return [title, paragraph(`None: ${schema} names every property that the interactions have.`)]
  }
  return [
    title,
    paragraph(
      `The interactions have these properties today; after an import they may not: ${schema} does not name them, and by its ` +
        'documentation Engage does not take in what a schema does not name. They stay in the snapshot.',
    ),
    {
      block: 'table',
      caption: `Properties that ${schema} does not name`,
      headed: true,
      columns: [{ head: 'Property' }, { head: 'Interactions that have it', numeric: true }],
      rows: unnamed.map(({ name, count, before }) => [
        before ? [code(name), ' (the schema of today names it)'] : code(name),
        grouped(count),
      ]),
      narrow: 'stacked',
    },
  ]
}
