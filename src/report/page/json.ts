/**
 * Report → JSON.
 * Guarantees: parsed, it is the very report; as text, nothing in it steers a terminal or turns the direction of writing: such
 * characters are written as escapes.
 */
import { stringifyJson } from '../../json.ts'
import type { Report } from '../report.ts'

/** All but visible characters and blanks. In JSON they can stand only within a text, where an escape means the same. */
const UNSEEN = /[\u007f-\u009f]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Co}/gu

/** @returns the file's text, indented, with a line feed at its end */
export function jsonOf(report: Report): string {
  return `${stringifyJson(report, 2).replace(UNSEEN, escaped)}\n`
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
