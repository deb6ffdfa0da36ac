/**
 * Section: evidence, by which all of this can be checked.
 * Guarantees: pure; what was not proven, not tried or not counted is said to be so.
 */
import type { CoverageFacts, Report } from '../../report.ts'
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
import { grouped } from '../wording.ts'

export function evidenceSection({ facts }: Report): Section {
  const { evidence } = facts
  return {
    id: 'evidence',
    title: 'Evidence',
    blocks: [
      { block: 'facts', entries: entriesOf(facts) },
      heading('Coverage of the contacts'),
      coverage(evidence.coverage),
      paragraph('How that is known:'),
      listOr('Nothing is known about it.', evidence.coverage.statements),
      heading('Bounds that the organisation has set itself'),
      listOr('None.', evidence.policy),
    ],
  }
}

function entriesOf({ evidence, subject }: Report['facts']): ReadonlyArray<readonly [string, Text]> {
  const { snapshot, manifestDigest, provenAt, plan, preflight, tool } = evidence
  return [
    ['Snapshot', code(snapshot)],
    ['Digest of its manifest (SHA-256)', code(manifestDigest)],
    ['Read', [...span(subject.startedAt, subject.finishedAt), ` (${subject.pass})`]],
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
    ['New schema tried on the tenant', tried(preflight)],
    ['Made by', code(tool)],
  ]
}

function tried(preflight: boolean | null): Text {
  if (preflight === null) return 'Not tried yet'
  return preflight
    ? [{ run: 'mark', tone: 'good', word: 'Accepted' }, ' Engage has accepted it under a throwaway id.']
    : [{ run: 'mark', tone: 'warning', word: 'Not proven' }, ' Whether Engage accepts it is not proven.']
}

function coverage(facts: CoverageFacts): Block {
  const { source, listed, read, empty, gone, failed, moved, counted, sure } = facts
  return {
    block: 'facts',
    entries: [
      [
        'Are these all contacts?',
        sure
          ? [{ run: 'mark', tone: 'good', word: 'Yes' }, ' By the count of the tenant itself.']
          : [
              { run: 'mark', tone: 'warning', word: 'Not sure' },
              ' Whoever approves a deletion accepts that by name.',
            ],
      ],
      ['Where the list comes from', source],
      ['In the list', grouped(listed)],
      ['Counted by the tenant', counted === null ? 'It gave no count' : grouped(counted)],
      ['Read', `${grouped(read)}, of which without any interaction: ${grouped(empty)}`],
      ['Gone from Engage', grouped(gone)],
      [
        'Merged, restored or shifted while they were read, and read again',
        moved === null ? 'Not known' : grouped(moved),
      ],
      ['Could not be read', failed === 0 ? '0' : { run: 'mark', tone: 'danger', word: grouped(failed) }],
    ],
  }
}
