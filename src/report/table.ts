/**
 * Rows → lines in columns.
 * Guarantees: pure; a row is one line, whatever is in its cells; columns stand under each other in every script.
 */
import stringWidth from 'string-width'
import { safeText } from './terminal.ts'

/**
 * @param header names of the columns
 * @param rows each with as many cells
 * @returns a line for the header and one for each row, without spaces at the end
 */
export function tableLines(
  header: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
): readonly string[] {
  const shown = [header, ...rows].map((row) => row.map(inOneLine))
  const widths = header.map((_, at) => Math.max(...shown.map((row) => stringWidth(row[at] ?? ''))))
  return shown.map((row) =>
    row
      .map((cell, at) => padded(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(width - stringWidth(cell))
}

/** @returns the text with line feeds and tabs written out as well: harmless to a terminal, but not to what is a line each */
export function inOneLine(text: string): string {
  return safeText(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}
