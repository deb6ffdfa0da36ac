/**
 * Contact ids from a file: CSV, NDJSON, or one GUID a line, told apart by what is in it.
 * Guarantees: flat memory, so millions of lines are fine; every line with something on it comes out, as an id or as
 * a problem; nothing is passed over in silence but blank lines, a CSV's header, and comments among plain lines.
 */
import { pipeline, Readable } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import split from 'split2'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { findColumn } from './column.ts'
import { detectFormat } from './detect.ts'
import { parseGuid } from './guid.ts'
import { openText, type Refusal, type TextFile, unusable } from './text.ts'

/** `line` counts from 1; a CSV record over several lines has the number of its first. `id`: a lower-case GUID. */
export type ContactLine =
  | { readonly line: number; readonly id: string }
  | { readonly line: number; readonly problem: string; readonly text: string }

export interface Row<T> {
  readonly line: number
  readonly value: T
}

/** Rows to look at before a column is chosen. */
const SAMPLE = 20
/** In characters; longer is no line of a contact list, but a quote that never closes or no text at all. */
const LONGEST = 1024 * 1024

/**
 * Reads a contact file.
 * @param options `column`: the CSV column, or NDJSON key, that holds the ids; found by its name or its values
 *   where absent.
 * @returns a value for every line, repetitions included. Throws an OperatorError (usage) where the file can't be
 *   read, is empty, is no well-formed CSV, or has no column of ids or more than one.
 */
export async function* readContactFile(
  path: string,
  options: { readonly column?: string } = {},
): AsyncGenerator<ContactLine> {
  const file = await openText(path)
  const format = detectFormat(file.head)
  if (format.kind === 'plain') yield* plainLines(file)
  else if (format.kind === 'ndjson') yield* jsonLines(file, options.column)
  else yield* csvLines(file, format.delimiter, format.header, options.column)
}

async function* plainLines(file: TextFile): AsyncGenerator<ContactLine> {
  for await (const { line, value } of linesOf(file)) {
    if (!value.trimStart().startsWith('#')) yield contactLine(line, value, value)
  }
}

async function* jsonLines(file: TextFile, asked: string | undefined): AsyncGenerator<ContactLine> {
  const { sample, rest } = await takeSome(linesOf(file))
  const objects = sample
    .map((row) => parsed(row.value))
    .filter((value): value is JsonObject => isObject(value ?? ''))
  const names = [...new Set(objects.flatMap((value) => Object.keys(value)))]
  const rows = objects.map((value) => names.map((name) => value[name]))
  const key = names.length === 0 ? undefined : names[findColumn(file.path, names, rows, asked)]
  for await (const { line, value: text } of chained(sample, rest)) {
    const value = parsed(text)
    const found = value !== undefined && isObject(value) && key !== undefined ? value[key] : value
    const id = typeof found === 'string' ? found : ''
    if (value === undefined) yield { line, problem: 'not JSON', text }
    else yield contactLine(line, id, id)
  }
}

async function* csvLines(
  file: TextFile,
  delimiter: string,
  header: boolean,
  asked: string | undefined,
): AsyncGenerator<ContactLine> {
  const { sample, rest } = await takeSome(csvRows(file, delimiter))
  const top = header ? sample.shift()?.value : sample[0]?.value.map((_, index) => `column ${index + 1}`)
  const rows = sample.map((row) => row.value)
  const column = findColumn(file.path, top ?? [], rows, asked)
  // The cell alone, as with JSON the value: the rest is about a person, and no concern of whoever reads the report.
  for await (const { line, value } of chained(sample, rest))
    yield contactLine(line, value[column] ?? '', value[column] ?? '')
}

/**
 * Strict on quotes: a lenient reader would take lines with a stray quote for one field, and lose contacts.
 * @param refused makes the error of a file that is no well-formed CSV
 * @returns all rows but blank ones, a header too; `line` is that of their beginning
 */
export async function* csvRows(
  file: TextFile,
  delimiter: string,
  refused: Refusal = unusable,
): AsyncGenerator<Row<readonly string[]>> {
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST,
  })
  const records = pipeline(Readable.from(file.read()), parser, () => undefined)
  // The parser counts a CR LF within quotes as two lines, and gives the line on which a record ends.
  let twice = 0
  try {
    for await (const each of records) {
      const { info, record } = each as { info: { lines: number }; record: string[] }
      const text = record.join('')
      twice += text.split('\r\n').length - 1
      yield { line: info.lines - twice - (text.split('\n').length - 1), value: record }
    }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('CSV_')) throw error
    const line = (error as CsvError)['lines']
    throw refused(`${file.path}, line ${String(line)}, is no well-formed CSV: ${error.message}.`, error)
  }
}

/**
 * Not ndjson.parse: it stops at the first bad line, or drops it without a word.
 * @param refused makes the error of a line that is too long
 * @returns all lines but blank ones
 */
export async function* linesOf(file: TextFile, refused: Refusal = unusable): AsyncGenerator<Row<string>> {
  let line = 0
  const lines = pipeline(Readable.from(file.read()), split({ maxLength: LONGEST }), () => undefined)
  try {
    for await (const each of lines) {
      line += 1
      const value = each as string
      if (value.trim() !== '') yield { line, value }
    }
  } catch (error) {
    if (error instanceof Error && error.message === 'maximum buffer reached')
      throw refused(`${file.path}, line ${line + 1}, is longer than ${LONGEST} characters.`, error)
    throw error
  }
}

async function takeSome<T>(
  rows: AsyncGenerator<Row<T>>,
): Promise<{ readonly sample: Row<T>[]; readonly rest: AsyncGenerator<Row<T>> }> {
  const sample: Row<T>[] = []
  while (sample.length <= SAMPLE) {
    const next = await rows.next()
    if (next.done === true) break
    sample.push(next.value)
  }
  return { sample, rest: rows }
}

async function* chained<T>(sample: readonly Row<T>[], rest: AsyncGenerator<Row<T>>): AsyncGenerator<Row<T>> {
  try {
    yield* sample
    yield* rest
  } finally {
    await rest.return(undefined)
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function contactLine(line: number, value: string, text: string): ContactLine {
  const id = parseGuid(value)
  if (id !== undefined) return { line, id }
  return { line, problem: value.trim() === '' ? 'no contact id' : 'not a GUID', text }
}
