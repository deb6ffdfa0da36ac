/**
 * A file of history, row by row: NDJSON, or CSV with a header, told apart by what is in it.
 * Guarantees: flat memory; every line with something on it comes out, as fields or as what is wrong with it, with its
 * number; numbers of JSON keep their text; nothing is made of a cell but the text that it is.
 */
import { detectFormat } from '../contacts/detect.ts'
import { csvRows, linesOf, type Row } from '../contacts/file.ts'
import { openText, type TextFile } from '../contacts/text.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { isObject, type JsonObject, parseJson } from '../json.ts'

/** `line` counts from 1, a header too; a CSV record over several lines has the number of its first. */
export type HistoryRow =
  | { readonly line: number; readonly size: number; readonly fields: JsonObject }
  | { readonly line: number; readonly problem: string }

export interface HistoryFile {
  readonly path: string
  /** The header of a CSV; undefined for NDJSON, where each line names its fields itself. */
  readonly columns: readonly string[] | undefined
  /** All rows, once. The `size` of one: the characters of it, more or less. */
  readonly rows: AsyncGenerator<HistoryRow, void, undefined>
}

/**
 * @param path of the file
 * @throws OperatorError (exit 2) where it can't be read, is empty, or is neither NDJSON nor a CSV with a header; the rows
 *   throw it where they come to what is no CSV at all
 */
export async function openHistory(path: string): Promise<HistoryFile> {
  const file = await openText(path, unusableHistory, true)
  const format = detectFormat(file.head)
  if (format.kind === 'ndjson') return { path, columns: undefined, rows: jsonRows(file) }
  if (format.kind !== 'csv' || !format.header)
    throw unusableHistory(`${path} is neither NDJSON nor a CSV with a header line.`)
  const rows = csvRows(file, format.delimiter, unusableHistory)
  const header = await rows.next()
  if (header.done === true) throw unusableHistory(`${path} is empty.`)
  const columns = header.value.value.map((name, index) => name.trim() || `column ${index + 1}`)
  const twice = columns.find((name, index) => columns.indexOf(name) < index)
  if (twice !== undefined)
    throw unusableHistory(`The header of ${path} has the column ${JSON.stringify(twice)} twice.`)
  return { path, columns, rows: tableRows(rows, columns) }
}

async function* jsonRows(file: TextFile): AsyncGenerator<HistoryRow, void, undefined> {
  for await (const { line, value } of linesOf(file, unusableHistory)) {
    const fields = objectIn(value)
    if (typeof fields === 'string') yield { line, problem: fields }
    else yield { line, size: value.length, fields }
  }
}

/** @returns what is wrong with the text where it is no object; it may be about a person, and is not repeated */
function objectIn(text: string): JsonObject | string {
  try {
    const value = parseJson(text)
    return isObject(value) ? value : 'it is not a JSON object'
  } catch {
    return 'it is not JSON'
  }
}

/** An empty cell is no field. A row that is short or long has lost its order somewhere: nobody knows where. */
async function* tableRows(
  rows: AsyncIterable<Row<readonly string[]>>,
  columns: readonly string[],
): AsyncGenerator<HistoryRow, void, undefined> {
  for await (const { line, value: cells } of rows) {
    if (cells.length === columns.length) {
      const entries = columns.map((name, index) => [name, cells[index] ?? ''] as const)
      const fields = Object.fromEntries(entries.filter(([, cell]) => cell !== ''))
      yield { line, size: cells.reduce((sum, cell) => sum + cell.length, 0), fields }
    } else yield { line, problem: `it has ${cells.length} cells, the header ${columns.length}` }
  }
}

/** @returns the error of a file of history that can't be used. */
export function unusableHistory(what: string, cause?: unknown): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'Pass the history as NDJSON, one object a line, or as CSV with a header line; saved as UTF-8.',
    exit: EXIT.usage,
    cause,
  })
}
