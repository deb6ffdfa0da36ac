/**
 * Section: what changes in the schema, property by property.
 * Guarantees: pure; every property is named, the unchanged ones too.
 */

import { capital, grouped, several } from '../../../words.ts'
import type { ChangeFacts, PropertyChange, Report } from '../../report.ts'
import {
  type Block,
  BREAK,
  code,
  heading,
  joined,
  listOr,
  paragraph,
  quiet,
  type Section,
  strong,
  type Text,
} from '../document.ts'

export function changeSection({ facts }: Report): Section {
  const { change } = facts
  return {
    id: 'change',
    title: 'What changes in the schema',
    blocks: change === null ? [paragraph('Nothing: there is no plan to change it.')] : blocksOf(change),
  }
}

function blocksOf(change: ChangeFacts): readonly Block[] {
  const { properties, segmentable, others, findings } = change
  const changing = properties.filter(({ changes }) => changes.length > 0).length
  return [
    paragraph(
      `Of ${several(properties.length, 'property', 'properties')}, `,
      strong(`${changing === 0 ? 'none' : grouped(changing)} ${changing === 1 ? 'changes' : 'change'}`),
      '. Marketers can segment on ',
      strong(`${grouped(segmentable.count)} of at most ${grouped(segmentable.most)}`),
      ' properties afterwards.',
    ),
    ...(properties.length === 0 ? [] : [propertiesTable(properties)]),
    heading('Changes of the schema as a whole'),
    listOr('None.', others),
    heading('What the rules of Engage say to the new schema'),
    findings.length === 0
      ? paragraph('Nothing against it: it follows all rules of the documentation.')
      : findingsTable(findings),
  ]
}

function propertiesTable(properties: readonly PropertyChange[]): Block {
  return {
    block: 'table',
    caption: 'Properties of the schema',
    columns: [
      { head: 'Property' },
      { head: 'Type' },
      { head: 'Segmentable' },
      { head: 'Required' },
      { head: 'What changes' },
    ],
    rows: properties.map(({ name, displayName, type, segmentable, required, changes }) => [
      nameOf(name, displayName),
      type,
      segmentable ? strong('Yes') : 'No',
      required ? 'Yes' : 'No',
      changes.length === 0 ? quiet('Nothing') : joined(changes, BREAK),
    ]),
    narrow: 'stacked',
  }
}

/** @returns how people know a property, and how machines do */
export function nameOf(name: string, displayName: string): Text {
  return displayName === '' ? code(name) : [strong(displayName), BREAK, code(name)]
}

function findingsTable(findings: ChangeFacts['findings']): Block {
  return {
    block: 'table',
    caption: 'Findings on the new schema',
    headed: true,
    columns: [{ head: 'Finding' }, { head: 'Severity' }, { head: 'Section of the documentation' }],
    rows: findings.map(({ severity, text, source }) => [
      text,
      { run: 'mark', tone: severity === 'error' ? 'danger' : 'warning', word: capital(severity) },
      source,
    ]),
    narrow: 'stacked',
  }
}
