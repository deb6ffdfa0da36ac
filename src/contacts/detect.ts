/**
 * What kind of contact file a text is, from its beginning.
 * Guarantees: a first line that is a GUID, or a mistyped one, is never taken for a header.
 */
import { parseGuid } from './guid.ts'

export type ContactFormat =
  | { readonly kind: 'plain' }
  | { readonly kind: 'ndjson' }
  | { readonly kind: 'csv'; readonly delimiter: string; readonly header: boolean }

const DELIMITERS = [';', ',', '\t']

/** @param head the beginning of a text that has something on one of its lines. */
export function detectFormat(head: string): ContactFormat {
  const lines = head.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '')
  const uncommented = lines.find((line) => !line.trimStart().startsWith('#'))
  if (uncommented === undefined || isIdLike(uncommented)) return { kind: 'plain' }
  const first = (lines[0] ?? '').trim()
  if (first.startsWith('{') && !isIdLike(cellsOf(first).cells[0] ?? '')) return { kind: 'ndjson' }
  const { delimiter, cells } = cellsOf(first)
  if (cells.length === 1 && first.startsWith('"') && isIdLike(first.slice(1, -1))) return { kind: 'ndjson' }
  return { kind: 'csv', delimiter, header: !cells.some(isIdLike) }
}

/** A GUID, or what someone meant for one: hexadecimal digits and little else. */
function isIdLike(text: string): boolean {
  return parseGuid(text) !== undefined || /^\{?[0-9a-f-]{16,}\}?$/i.test(text.trim())
}

/** Splits a line at the delimiter that is most frequent outside quotes. */
function cellsOf(line: string): { readonly delimiter: string; readonly cells: readonly string[] } {
  const bare = line.replaceAll(/"(?:[^"]|"")*"/g, (quoted) => quoted.replaceAll(/[;,\t]/g, '_').slice(1, -1))
  let best = { delimiter: ';', cells: bare.split(';') }
  for (const delimiter of DELIMITERS) {
    const cells = bare.split(delimiter)
    if (cells.length > best.cells.length) best = { delimiter, cells }
  }
  return best
}
