/**
 * Report → page: what stands on it, in which order.
 * Guarantees: pure; the verdict comes first; every section is there, and says so where it has nothing to say.
 */
import type { Report } from '../report.ts'
import { code, moment, type Page, quiet, type Section, type Text } from './document.ts'
import { environs, headingOf, opening } from './opening.ts'
import { changeSection } from './sections/change.ts'
import { dataSection } from './sections/data.ts'
import { deletionSection } from './sections/deletion.ts'
import { evidenceSection } from './sections/evidence.ts'
import { handsSection } from './sections/hands.ts'
import { notBackSection } from './sections/not-back.ts'
import { signaturesSection } from './sections/signatures.ts'
import { timeSection } from './sections/time.ts'

/** Each knows by itself where it stands: others refer to it by its title. */
const SECTIONS: ReadonlyArray<(report: Report) => Section> = [
  deletionSection,
  changeSection,
  notBackSection,
  dataSection,
  timeSection,
  handsSection,
  evidenceSection,
  signaturesSection,
]

export function pageOf(report: Report): Page {
  return {
    environment: environs(report.facts.subject.environment),
    heading: headingOf(report.facts),
    opening: opening(report),
    sections: SECTIONS.map((section) => section(report)),
    closing: closingOf(report),
  }
}

function closingOf({ digest, writtenAt, facts }: Report): readonly Text[] {
  const made = [
    ...['Written ', moment(writtenAt), ' by '],
    code(facts.evidence.tool),
    ...(facts.subject.run === null ? [] : [', run ', code(facts.subject.run)]),
    '.',
  ]
  return [
    made,
    ['Digest of the facts on this page (SHA-256): ', code(digest)],
    quiet('Signatures that are added later do not change the digest. All times are in UTC.'),
  ]
}
