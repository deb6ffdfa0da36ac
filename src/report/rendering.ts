import type { Report } from './report.ts'
export async function renderings(
  report: Report,
): Promise<Readonly<Record<'report.html' | 'report.md' | 'report.json', string>>> {
  const json = `${JSON.stringify(report, undefined, 2)}\n`
  return { 'report.html': json, 'report.md': json, 'report.json': json }
}
