/**
 * Section: what the data itself says about each property of the new schema.
 * Guarantees: pure; a count that is an estimate says how far it may be off; no value is shown that the profile holds back.
 */
import { PERSONAL_KINDS } from '../../../profile/personal-kind.ts'
import type { Profile, PropertyProfile, Range, Worth } from '../../../profile/profile.ts'
import { estimated, grouped, percent, several, THIN } from '../../../words.ts'
import type { Report } from '../../report.ts'
import {
  type Block,
  BREAK,
  code,
  day,
  paragraph,
  quiet,
  type Run,
  type Section,
  type Text,
  type Tone,
} from '../document.ts'
import { nameOf } from './change.ts'

const WORTH: Readonly<Record<Worth['verdict'], { readonly tone: Tone; readonly word: string }>> = {
  good: { tone: 'good', word: 'Good' },
  poor: { tone: 'warning', word: 'Poor' },
  never: { tone: 'danger', word: 'Never' },
}

export function dataSection({ facts }: Report): Section {
  const { profile } = facts
  return {
    id: 'data',
    title: 'What the data says about each property',
    blocks:
      profile.properties.length === 0
        ? [paragraph('Nothing: the schema has no properties.')]
        : [
            paragraph(
              `Read from ${several(profile.interactions, 'interaction')}. A property is worth one of the few segmentable places where it is ` +
                'filled, tells contacts apart, and is nobody’s personal data.',
            ),
            ...personal(profile),
            propertiesTable(profile),
          ],
  }
}

function personal({ properties }: Profile): readonly Block[] {
  const holding = properties.filter((each) => each.personal.length > 0)
  const isNever = ({ worth }: PropertyProfile): boolean => worth.verdict === 'never'
  const strayed = holding.filter((each) => !isNever(each))
  return [
    ...note('danger', 'Personal data: nobody should segment on it', holding.filter(isNever).map(holds)),
    ...note('warning', 'Personal data has strayed into a few values', strayed.map(holds)),
  ]
}

function note(tone: 'danger' | 'warning', title: string, items: readonly Text[]): readonly Block[] {
  return items.length === 0 ? [] : [{ block: 'note', tone, title, items }]
}

function holds({ name, personal, segmentable }: PropertyProfile): Text {
  return [
    code(name),
    ' holds what looks like ',
    personal.map(({ kind, count }) => several(count, kind, PERSONAL_KINDS[kind])).join(' and '),
    segmentable.after ? '. It is segmentable in the new schema.' : '. It is not segmentable.',
  ]
}

function propertiesTable({ properties, interactions }: Profile): Block {
  return {
    block: 'table',
    caption: 'Properties by their values',
    headed: true,
    columns: [
      { head: 'Property' },
      { head: 'Filled' },
      { head: 'Different values' },
      { head: 'Range' },
      { head: 'Most frequent values' },
      { head: 'Worth a place?' },
    ],
    rows: properties.map((each) => [
      nameOf(each.name, each.displayName),
      filled(each, interactions),
      distinct(each),
      rangeText(each.range),
      frequent(each, interactions),
      worth(each),
    ]),
    narrow: 'stacked',
  }
}

function filled({ filled }: PropertyProfile, interactions: number): Text {
  return [
    percent(filled, interactions),
    quiet(` (${grouped(filled)})`),
    { run: 'bar', from: 0, share: interactions === 0 ? 0 : filled / interactions },
  ]
}

function distinct({ distinct: { count, errorPercent } }: PropertyProfile): Text {
  if (errorPercent === 0) return grouped(count)
  return [estimated({ count, errorPercent }), BREAK, quiet(`give or take ${errorPercent}${THIN}%`)]
}

function rangeText(range: Range | null): Text {
  if (range === null) return '–'
  if (range.of === 'instants') return [day(range.least), ' to ', day(range.most)]
  if (range.of === 'numbers') return `${range.least} to ${range.most}`
  const most = several(range.most, 'character')
  return range.least === range.most ? most : `${grouped(range.least)} to ${most}`
}

function frequent({ frequent, frequentError, worth }: PropertyProfile, interactions: number): Text {
  if (frequent.length === 0) return quiet(worth.verdict === 'never' ? 'Not shown' : 'None stands out')
  const values = frequent.flatMap(({ value, count }): readonly Run[] => [
    { run: 'value', text: value },
    quiet(` ${often(count, interactions)}`),
    BREAK,
  ])
  return frequentError === 0
    ? values.slice(0, -1)
    : [...values, quiet(`each up to ${grouped(frequentError)} more`)]
}

/** A share says more than a number, unless it is next to nothing. */
function often(count: number, interactions: number): string {
  return count * 100 < interactions ? `${grouped(count)} times` : percent(count, interactions)
}

function worth({ worth, segmentable, freeText }: PropertyProfile): Text {
  return [
    { run: 'mark', ...WORTH[worth.verdict] },
    ` ${worth.why}`,
    ...(freeText && worth.verdict !== 'never' ? [BREAK, quiet('People write here in their own words.')] : []),
    ...(segmentable.after
      ? [BREAK, quiet(segmentable.before ? 'Segmentable today.' : 'Made segmentable.')]
      : []),
    ...(segmentable.before && !segmentable.after ? [BREAK, quiet('No longer segmentable.')] : []),
  ]
}
