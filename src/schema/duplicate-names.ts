/**
 * Names that stand twice in an object of a JSON text.
 * Guarantees: told of every object, however deep; none of two is preferred. `JSON.parse` keeps the last one without a word, so
 * that what a person has written, and reads in the file, would not be what is posted.
 */
import { type Finding, memberPath } from './finding.ts'

/** Where that rule is: the product documentation has none about JSON itself. */
const SOURCE = 'RFC 8259 (JSON), section 4'

/** Of a valid text, these are all that matters to its structure. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g

interface Level {
  readonly path: string
  /** Undefined in a list. */
  readonly names: Set<string> | undefined
  /** What is being read: its name, or its number in a list. */
  at: string | number
}

/**
 * @param text valid JSON
 * @returns an error for each repetition, with the line (from 1) that it stands in; empty where every name stands once
 */
export function duplicateNames(text: string): readonly Finding[] {
  const found: Finding[] = []
  const levels: Level[] = []
  let last = ''
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const level = levels.at(-1)
    if (token === '{' || token === '[')
      levels.push({ path: pathIn(level), names: token === '{' ? new Set() : undefined, at: 0 })
    else if (token === '}' || token === ']') levels.pop()
    else if (token === ',' && typeof level?.at === 'number') level.at += 1
    else if (token === ':' && level?.names !== undefined) {
      level.at = JSON.parse(last) as string
      if (level.names.has(level.at)) found.push(repeated(pathIn(level), lineOf(text, index)))
      level.names.add(level.at)
    }
    last = token
  }
  return found
}

function pathIn(level: Level | undefined): string {
  if (level === undefined) return ''
  return typeof level.at === 'number' ? `${level.path}[${level.at}]` : memberPath(level.path, level.at)
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function repeated(path: string, line: number): Finding {
  const message = `is there twice, again in line ${line}: only one of the two would count`
  return { severity: 'error', path, message, source: SOURCE }
}
