/**
 * Which column of a table holds the contact ids.
 * Guarantees: never a silent guess between two columns that both could; what is refused names the columns there.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { parseGuid } from './guid.ts'

/** Names that say it, without case and separators. */
const CONTACT = ['contactid', 'contactguid', 'contactids', 'contactkey']
/** Names that may be any id's: believed only where the column holds GUIDs. */
const PERHAPS = ['id', 'guid', 'uuid', 'customerid', 'memberid']

/**
 * @param names the names of the columns, in order.
 * @param rows the first rows, to look at; a cell that is not a text is no GUID.
 * @param asked the name that the operator gave.
 * @returns the column's place in `names`. Throws an OperatorError (usage) where none fits, or more than one.
 */
export function findColumn(
  path: string,
  names: readonly string[],
  rows: readonly (readonly unknown[])[],
  asked: string | undefined,
): number {
  if (asked !== undefined) {
    const exact = names.indexOf(asked)
    const found = exact >= 0 ? exact : names.findIndex((name) => plain(name) === plain(asked))
    if (found >= 0) return found
    throw noColumn(`${path} has no column ${JSON.stringify(asked)}`, names)
  }
  const holdsGuids = (column: number): boolean => {
    const filled = rows.map((row) => row[column]).filter((cell) => cell !== undefined && cell !== '')
    const ids = filled.filter((cell) => typeof cell === 'string' && parseGuid(cell) !== undefined)
    // Not every one: a mistyped id is the caller's to report, not a reason to find no column.
    return ids.length > 0 && ids.length * 2 >= filled.length
  }
  const known = names.map(plain)
  for (const name of CONTACT) if (known.includes(name)) return known.indexOf(name)
  for (const name of PERHAPS) {
    const column = known.indexOf(name)
    if (column >= 0 && (rows.length === 0 || holdsGuids(column))) return column
  }
  const fitting = names.map((_, column) => column).filter(holdsGuids)
  const [only] = fitting
  if (only === undefined) throw noColumn(`No column of ${path} looks like contact ids`, names)
  if (fitting.length > 1)
    throw noColumn(
      `More than one column of ${path} holds GUIDs`,
      fitting.map((column) => names[column] ?? ''),
    )
  return only
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function noColumn(what: string, names: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${what}. Its columns: ${names.map((name) => JSON.stringify(name)).join(', ')}.`,
    safe: 'Nothing was changed.',
    next: 'Name the column that holds the contact ids with --column NAME.',
    exit: EXIT.usage,
  })
}
