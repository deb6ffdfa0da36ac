/**
 * Contacts that are known under another id now: merged into another, or back under a new id.
 * Guarantees: a file that makes no sense anywhere is refused as a whole, each line named with what is wrong with it; what
 * is returned leads to the last id in one step, so no id of a chain is both an old and a new one.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { detectFormat } from './detect.ts'
import { csvRows } from './file.ts'
import { parseGuid } from './guid.ts'
import { openText } from './text.ts'

/** From an old contact id to the one that it is known under now; lower-case GUIDs. */
export type ContactMap = ReadonlyMap<string, string>

export const NO_MAP: ContactMap = new Map()

/** Lines that are named one by one; of further ones, only how many they are. */
const NAMED = 10

/**
 * Reads a CSV file of two columns, the old contact id and the new one; a header may stand above them.
 * @throws OperatorError (exit 2) naming each line that makes no sense
 */
export async function readContactMap(path: string): Promise<ContactMap> {
  const file = await openText(path, unusableMap)
  const format = detectFormat(file.head)
  if (format.kind !== 'csv')
    throw unusableMap(`${path} is no CSV of two columns, the old contact id and the new one.`)
  const steps = new Map<string, { readonly to: string; readonly line: number }>()
  const problems: Problem[] = []
  let first = format.header
  for await (const { line, value } of csvRows(file, format.delimiter)) {
    if (first) {
      first = false
      continue
    }
    const pair = pairOf(value)
    if (typeof pair === 'string') {
      problems.push({ line, problem: pair })
      continue
    }
    const known = steps.get(pair.from)
    if (known === undefined) steps.set(pair.from, { to: pair.to, line })
    else if (known.to !== pair.to)
      problems.push({
        line,
        problem: `contact ${pair.from} is mapped to another one already, in line ${known.line}`,
      })
  }
  const map = new Map<string, string>()
  for (const [from, { line }] of steps) {
    const to = endOf(from, steps)
    if (to === undefined) problems.push({ line, problem: `contact ${from} leads back to itself` })
    else map.set(from, to)
  }
  if (problems.length > 0) throw unusableMap(`${path} can't be used: ${named(problems)}.`)
  if (map.size === 0) throw unusableMap(`${path} maps no contact.`)
  return map
}

/** @returns the map as a file that `readContactMap` reads: the same text for the same map */
export function contactMapText(map: ContactMap): string {
  const lines = [...map].map(([from, to]) => `${from},${to}\n`).sort()
  return `contactId,newContactId\n${lines.join('')}`
}

interface Problem {
  readonly line: number
  readonly problem: string
}

/** @returns the two ids, or what is wrong; the cells themselves may be about a person, and are not repeated */
function pairOf(cells: readonly string[]): { readonly from: string; readonly to: string } | string {
  const filled = cells.map((cell) => cell.trim())
  while (filled.length > 2 && filled.at(-1) === '') filled.pop()
  const [old = '', young = ''] = filled
  if (filled.length !== 2) return `two columns are expected, not ${filled.length}`
  const from = parseGuid(old)
  const to = parseGuid(young)
  if (from === undefined) return `the old contact id is ${old === '' ? 'missing' : 'not a GUID'}`
  if (to === undefined) return `the new contact id is ${young === '' ? 'missing' : 'not a GUID'}`
  return from === to ? `contact ${from} is mapped to itself` : { from, to }
}

/** @returns where a chain of mappings ends; undefined where it never does */
function endOf(from: string, steps: ReadonlyMap<string, { readonly to: string }>): string | undefined {
  const seen = new Set<string>()
  let at = from
  for (let next = steps.get(at); next !== undefined; next = steps.get(at)) {
    if (seen.has(at)) return undefined
    seen.add(at)
    at = next.to
  }
  return at
}

function named(problems: readonly Problem[]): string {
  const lines = problems
    .toSorted((a, b) => a.line - b.line)
    .slice(0, NAMED)
    .map(({ line, problem }) => `line ${line}: ${problem}`)
  const more = problems.length - lines.length
  return `${lines.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

function unusableMap(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'Pass a CSV file of two columns: the old contact id, and the one that it is known under now.',
    exit: EXIT.usage,
  })
}
