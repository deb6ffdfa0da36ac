/**
 * A report in all its forms.
 * Guarantees: all are made of the one value.
 */
import { htmlOf } from './page/html.ts'
import { jsonOf } from './page/json.ts'
import { markdownOf } from './page/markdown.ts'
import type { Report } from './report.ts'

/** The names of the files, with their texts. */
export async function renderings(
  report: Report,
): Promise<Readonly<Record<'report.html' | 'report.md' | 'report.json', string>>> {
  return {
    'report.html': await htmlOf(report),
    'report.md': markdownOf(report),
    'report.json': jsonOf(report),
  }
}
