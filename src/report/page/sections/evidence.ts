/**
 * Section: evidence, by which all of this can be checked.
 * Guarantees: pure; what was not proven, not tried or not counted is said to be so.
 */

import { grouped } from '../../../words.ts'
import type { CoverageFacts, EvidenceFacts, HistoryFacts, Report } from '../../report.ts'
import {
  type Block,
  BREAK,
  code,
  heading,
  listOr,
  moment,
  paragraph,
  type Section,
  span,
  type Text,
} from '../document.ts'

export function evidenceSection({ facts }: Report): Section {
  const { evidence } = facts
  const planned = evidence.plan !== null
  return {
    id: 'evidence',
    title: 'Evidence',
    blocks: [
      { block: 'facts', entries: entriesOf(facts) },
      heading('Coverage of the contacts'),
      coverage(evidence.coverage, planned),
      paragraph('How that is known:'),
      listOr('Nothing is known about it.', evidence.coverage.statements),
      ...(planned
        ? [heading('Bounds that the organisation has set itself'), listOr('None.', evidence.policy)]
        : []),
    ],
  }
}

function entriesOf({ evidence, subject, history }: Report['facts']): ReadonlyArray<readonly [string, Text]> {
  const { snapshot, manifestDigest, provenAt, plan, preflight, tool, coverage } = evidence
  return [
    ['Snapshot', code(snapshot)],
    ['Digest of its manifest (SHA-256)', code(manifestDigest)],
    [
      coverage.asked ? 'Read' : 'Made',
      [...span(subject.startedAt, subject.finishedAt), ` (${subject.pass})`],
    ],
    [
      'Proven byte by byte',
      provenAt === null ? { run: 'mark', tone: 'warning', word: 'Not yet' } : moment(provenAt),
    ],
    [
      'Plan',
      plan === null
        ? 'None'
        : [code(plan.file), ', made ', moment(plan.madeAt), BREAK, 'SHA-256 ', code(plan.digest)],
    ],
    ...historyEntries(history),
    ...(plan === null ? [] : ([['New schema tried on the tenant', tried(preflight)]] as const)),
    ...finalPassEntry(evidence),
    ['Made by', code(tool)],
  ]
}

function historyEntries(history: HistoryFacts | null): ReadonlyArray<readonly [string, Text]> {
  if (history === null) return []
  const { source, manifestDigest, merged } = history
  return [
    ['History of the source', [code(source), BREAK, 'SHA-256 of its manifest ', code(manifestDigest)]],
    [
      'What is imported',
      merged === null
        ? 'Not merged yet'
        : [code(merged.snapshot), BREAK, 'SHA-256 of its manifest ', code(merged.manifestDigest)],
    ],
  ]
}

function finalPassEntry({
  finalPass,
  coverage: { read, gone, carried },
}: EvidenceFacts): ReadonlyArray<readonly [string, Text]> {
  if (finalPass === null) return []
  if (finalPass === 'full') return [['Final pass', 'Reads every contact once more']]
  const taken = carried ?? 0
  const words = { run: 'mark', tone: 'warning', word: 'Not every contact' } as const
  return [
    [
      'Final pass',
      taken === 0
        ? [words, ' Those with interactions are read once more, of the others only a sample.']
        : [
            words,
            ` ${grouped(read + gone - taken)} were read once more, ${grouped(taken)} were taken over as they were read before.`,
          ],
    ],
  ]
}

function tried(preflight: boolean | null): Text {
  if (preflight === null) return 'Not tried yet'
  return preflight
    ? [{ run: 'mark', tone: 'good', word: 'Accepted' }, ' Engage has accepted it under a throwaway id.']
    : [{ run: 'mark', tone: 'warning', word: 'Not proven' }, ' Whether Engage accepts it is not proven.']
}

function coverage(facts: CoverageFacts, planned: boolean): Block {
  const { asked, source, listed, read, empty, gone, failed, moved, counted, sure, carried } = facts
  if (!asked) {
    return {
      block: 'facts',
      entries: [
        ['Made of', source],
        ['Contacts', grouped(listed)],
      ],
    }
  }
  return {
    block: 'facts',
    entries: [
      [
        'Are these all contacts?',
        sure
          ? [{ run: 'mark', tone: 'good', word: 'Yes' }, ' By the count of the tenant itself.']
          : [
              { run: 'mark', tone: 'warning', word: 'Not sure' },
              planned ? ' Whoever approves the deletion accepts that by name.' : '',
            ],
      ],
      ['Where the list comes from', source],
      ['In the list', grouped(listed)],
      ['Counted by the tenant', counted === null ? 'It gave no count' : grouped(counted)],
      ['Read', `${grouped(read)}, of which without any interaction: ${grouped(empty)}`],
      ...(carried === null || carried === 0
        ? []
        : ([['Of these, not asked again, and as they were read before', grouped(carried)]] as const)),
      ['Gone from Engage', grouped(gone)],
      [
        'Merged, restored or shifted while they were read, and read again',
        moved === null ? 'Not known' : grouped(moved),
      ],
      ['Could not be read', failed === 0 ? '0' : { run: 'mark', tone: 'danger', word: grouped(failed) }],
    ],
  }
}
