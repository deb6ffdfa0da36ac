/**
 * Texts from a tenant or a file, as a page may show them.
 * Guarantees: pure; what a person sees is all there is: control characters, marks that turn the direction of writing,
 * invisible characters and halves of a character are written out, line breaks are blanks, long text is cut and says how long it
 * was; nothing begins as a formula does where it is pasted into a spreadsheet.
 */

import { grouped } from '../../words.ts'
import { safeText } from '../terminal.ts'

/** Of characters (UTF-16): a name, an id or a path, a value of a payload (longer than a profile cuts them), a sentence. */
export const LENGTH = { name: 300, value: 100, sentence: 1_000 } as const

const BLANKS = /[\t\n\r\u0085\u2028\u2029]+/g

/**
 * Soft hyphens, blanks without width, tags that hide text in text, halves of characters; not the joiners and selectors that
 * scripts and emoji are written with.
 */
const INVISIBLE = /[[\p{DI}\p{Cs}\p{Co}\ufff9-\ufffb]--[\u200c\u200d\ufe0e\ufe0f]]/gv

/** What spreadsheets take for a formula, unless it is a number. */
const FORMULA = /^\s*[=+\-@]/
const NUMBER = /^\s*[+-]?\d[\d\s.,:/-]*$/

/**
 * @param text anything, of any length
 * @param most how many characters of it are shown
 * @returns one line that can be shown in any form that escapes its own markup
 */
export function shown(text: string, most: number): string {
  const cut = text.length > most
  const line = safeText((cut ? beginning(text, most) : text).replace(BLANKS, ' ')).replace(INVISIBLE, written)
  const harmless = FORMULA.test(line) && !NUMBER.test(line) ? `'${line}` : line
  return cut ? `${harmless}… (${grouped(text.length)} characters)` : harmless
}

/** The last character is left out rather than halved. */
function beginning(text: string, most: number): string {
  const last = text.charCodeAt(most - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most)
}

function written(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}
