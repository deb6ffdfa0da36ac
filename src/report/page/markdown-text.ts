/**
 * Texts → Markdown (GitHub's flavour).
 * Guarantees: a text stays text: nothing in it is markup, a link (a bare address neither, nor a mention), HTML or the border of a
 * table's cell. What renderers look for even in escaped text stands in a code span, where none of them looks.
 */
import type { Run, Text } from './document.ts'
import { LENGTH, shown } from './text.ts'
import { momentWords } from './wording.ts'

/**
 * Words that some renderer makes more of than text: addresses, bare ones too, mentions and references (@name, #12, !12, GH-12),
 * digests, :emoji:, and the markup of other flavours.
 */
const SPECIAL =
  /www\.|:\/\/|@|\b(?:mailto|xmpp|tel):|[\p{L}\d]\.[\p{L}]{2,}|(?:^|\W)[!%~$#&^]\w|\bGH-\d|[\da-f]{8,}|:[\w+-]+:|[{}^]|==|\+\+/iu

/** Those of HTML, and of a table, as entities: not every renderer takes a backslash before them. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '|': '&#124;' }

/** @returns one line, which may stand in a paragraph, an item of a list, a heading or a table's cell */
export function inline(text: Text): string {
  const runs: readonly Run[] = Array.isArray(text) ? text : [text as Run]
  return runs.map(runText).join('').trim()
}

/** @returns a text that begins a line: what it begins with makes no heading, no list and no rule of it */
export function line(text: Text): string {
  return inline(text).replace(/^(?:(?=[-+=#:])|(\d{1,9})(?=[.)]))/, '$1\\')
}

function runText(run: Run): string {
  if (typeof run === 'string') return words(shown(run, LENGTH.sentence))
  switch (run.run) {
    case 'code':
      return codeSpan(shown(run.text, LENGTH.name))
    case 'value':
      return codeSpan(shown(run.text, LENGTH.value))
    case 'strong':
      return around('**', shown(run.text, LENGTH.sentence))
    case 'quiet':
      return words(shown(run.text, LENGTH.sentence))
    case 'struck':
      return around('~~', shown(run.text, LENGTH.name))
    case 'mark':
      return `**${run.word}**`
    case 'moment':
      return momentWords(run.at, run.as) ?? codeSpan(shown(run.at, LENGTH.value))
    case 'break':
      return ' · '
    case 'bar':
      return ''
  }
}

function around(mark: string, text: string): string {
  const within = words(text).trim()
  return within === '' ? '' : `${mark}${within}${mark}`
}

function words(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const [, core = '', end = ''] = /^(.*?)([.,;:!?)”"']*)$/su.exec(word) ?? []
    return SPECIAL.test(core) ? `${codeSpan(core)}${escaped(end)}` : escaped(word)
  })
}

function escaped(text: string): string {
  return text.replace(/[\\`*_[\]~$]/g, '\\$&').replace(/[&<>|]/g, (each) => ENTITIES[each] ?? each)
}

/** No backtick can end it before its end, and no border of a cell can stand in it: both are written out. */
function codeSpan(text: string): string {
  if (text.trim() === '') return '–'
  return `\`${text.replace(/[`|]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`)}\``
}
