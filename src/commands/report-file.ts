/**
 * The report of a run on disk: `report.html`, `report.md` and `report.json` in its folder.
 * Guarantees: all three are of one value, and whole; what lies there counts only while each is, byte for byte, what was written;
 * when signatures come, they are added, and the facts stay as they were signed for.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import { type Later, parseReport, reportOf } from '../report/digest.ts'
import { gateStates } from '../report/gate-states.ts'
import { outcomeOf } from '../report/outcome.ts'
import { renderings } from '../report/rendering.ts'
import type { Facts, Report } from '../report/report.ts'
import { runFacts } from '../report/run-facts.ts'
import { REPORT_WRITTEN } from '../upgrade/approval.ts'
import type { Plan } from '../upgrade/plan.ts'
import type { ReadContext, ReportFile } from '../upgrade/strategy.ts'
import { writeWhole } from './open.ts'

/** The report's files in a run's folder. */
export const REPORT_FILES = ['report.html', 'report.md', 'report.json'] as const

/** What a report in a run's folder is about. */
export interface ReportPlace {
  readonly folder: string
  readonly plan: Plan
  readonly journal: Pick<Journal, 'events'>
  readonly clock: Clock
}

/** @returns the report of a run that is carried out */
export function reportFile(context: ReadContext): ReportFile {
  return {
    write: async () => writeReport(context, await runFacts(context)),
    digest: async () => reportIn(context)?.digest,
  }
}

/**
 * Writes a report in a run's folder, all three files. What they will be is journaled first: whatever a process that dies leaves
 * of the old ones and the new ones is known for either.
 */
export async function writeReport(place: ReportPlace, facts: Facts): Promise<void> {
  const { folder, plan, journal, clock } = place
  const report = reportOf(facts, laterOf(plan, journal), clock.now())
  const texts = await renderings(report)
  const files = Object.fromEntries(REPORT_FILES.map((name) => [name, sha256(texts[name])]))
  journal.events.append('note', REPORT_WRITTEN, { facts: report.digest, files })
  for (const name of REPORT_FILES) await writeWhole(join(folder, name), texts[name])
}

/** Adds what became of gates and run since; does nothing where there is nothing to add, no report, or it is not what was written. */
export async function refreshReport(place: ReportPlace): Promise<void> {
  const report = reportIn(place)
  if (report === undefined) return
  const { gates, outcome } = report
  const asWritten = notesOf(place).at(-1)
  const isLatest = asWritten !== undefined && REPORT_FILES.every((name) => isFile(place, name, asWritten))
  if (isLatest && isDeepStrictEqual({ gates, outcome }, laterOf(place.plan, place.journal))) return
  await writeReport(place, report.facts)
}

/**
 * As `refreshReport`, once the work of a command is done: that the report could not be written does not undo it.
 * @param say tells the operator
 */
export async function refreshAfter(place: ReportPlace, say: (text: string) => void): Promise<void> {
  try {
    await refreshReport(place)
  } catch (error) {
    say(
      `What was done is done, but the report could not be brought up to date: ${messageOf(error)} Later: engage-migrate report ${place.plan.run}`,
    )
  }
}

function laterOf(plan: Plan, journal: Pick<Journal, 'events'>): Later {
  return { gates: gateStates(plan, journal), outcome: outcomeOf(journal) }
}

/** @returns the report as it was written; undefined where there is none, or a file of it was changed since */
export function reportIn(place: Pick<ReportPlace, 'folder' | 'journal'>): Report | undefined {
  const file = join(place.folder, 'report.json')
  const report = existsSync(file) ? parseReport(readFileSync(file, 'utf8')) : undefined
  if (report === undefined) return undefined
  // A process that died while it wrote has left some files of its own, some of the one before: of the same facts, both will do.
  const known = notesOf(place).filter(({ facts }) => facts === report.digest)
  const intact = REPORT_FILES.every((name) => known.some((each) => isFile(place, name, each)))
  return intact ? report : undefined
}

interface Written {
  /** The digest of the facts. */
  readonly facts: string
  /** SHA-256 (hex) by name. */
  readonly files: Readonly<Record<string, string>>
}

/** @returns what each writing was to leave, in their order; those of an earlier version say nothing of their facts */
function notesOf({ journal }: Pick<ReportPlace, 'journal'>): readonly Written[] {
  return journal.events
    .all()
    .filter(({ name }) => name === REPORT_WRITTEN)
    .map(({ detail }) => detail as unknown as Written)
    .filter(({ facts }) => facts !== undefined)
}

function isFile({ folder }: Pick<ReportPlace, 'folder'>, name: string, { files }: Written): boolean {
  const file = join(folder, name)
  return existsSync(file) && sha256(readFileSync(file)) === files[name]
}

function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
