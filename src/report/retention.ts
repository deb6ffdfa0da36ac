/**
 * Verdicts on snapshots → lines of text.
 * Guarantees: pure; each snapshot has its line, with every reason.
 */
import type { Subject } from '../snapshot/candidate.ts'
import type { SchemaHome } from '../snapshot/catalog.ts'
import type { Verdict } from '../snapshot/retention.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/** @returns a heading, and a line for each snapshot of a schema */
export function verdictLines(
  { tenant, schemaId }: Pick<SchemaHome, 'tenant' | 'schemaId'>,
  verdicts: readonly Verdict<Subject>[],
): readonly string[] {
  const stay = verdicts.filter(({ keep }) => keep).length
  return [
    `${schemaId} in ${tenant}: ${stay} of ${countOf(verdicts.length, 'snapshot')} to keep`,
    ...verdicts.map(lineOf),
  ]
}

function lineOf({ snapshot: { stamp, entry }, keep, reasons }: Verdict<Subject>): string {
  const because = [...reasons, ...(entry.problem === undefined ? [] : [entry.problem])].join('; ')
  return `  ${keep ? 'keep  ' : 'remove'}  ${stamp}  ${sizeText(entry.bytes)}  ${because}`
}

/** @returns the last line: what was done or, in a dry run, would be */
export function pruneLine(removed: number, freed: number, dryRun: boolean): string {
  const what = `${countOf(removed, 'snapshot')} (${sizeText(freed)})`
  return dryRun ? `Dry run: nothing was changed. To be removed: ${what}` : `Removed: ${what}`
}
