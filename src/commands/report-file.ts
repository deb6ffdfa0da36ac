/**
 * The report of a run on disk: `report.html`, `report.md` and `report.json` in its folder.
 * Guarantees: all three are of one value, and whole; what lies there counts only while each is, byte for byte, what was last
 * written; when signatures come, they are added, and the facts stay as they were signed for.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { parseReport, reportOf } from '../report/digest.ts'
import { gateStates } from '../report/gate-states.ts'
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

/** Writes a report in a run's folder, all three files. */
export async function writeReport(place: ReportPlace, facts: Facts): Promise<void> {
  const { folder, plan, journal, clock } = place
  const report = reportOf(facts, gateStates(plan, journal), clock.now())
  const texts = await renderings(report)
  const digests: Record<string, string> = {}
  for (const name of REPORT_FILES) {
    await writeWhole(join(folder, name), texts[name])
    digests[name] = sha256(texts[name])
  }
  journal.events.append('note', REPORT_WRITTEN, digests)
}

/** Adds what became of the gates since; does nothing where there is nothing to add, no report, or it is not what was written. */
export async function refreshReport(place: ReportPlace): Promise<void> {
  const report = reportIn(place)
  if (report === undefined || isDeepStrictEqual(report.gates, gateStates(place.plan, place.journal))) return
  await writeReport(place, report.facts)
}

/** @returns the report as it was last written; undefined where there is none, or a file of it was changed since */
export function reportIn({ folder, journal }: Pick<ReportPlace, 'folder' | 'journal'>): Report | undefined {
  const written = journal.events.latest(REPORT_WRITTEN, 'note')?.detail as JsonObject | undefined
  if (written === undefined) return undefined
  const intact = REPORT_FILES.every((name) => {
    const file = join(folder, name)
    return existsSync(file) && sha256(readFileSync(file)) === written[name]
  })
  return intact ? parseReport(readFileSync(join(folder, 'report.json'), 'utf8')) : undefined
}

function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
