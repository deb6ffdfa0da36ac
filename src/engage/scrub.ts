/**
 * Text from outside, made fit for a message.
 * Guarantees: the API key is in none of it, however the server echoed it; no control characters, so that a
 * terminal or a log line can't be played with; never longer than asked for.
 */

/** Takes the API key out of a text. */
export type Hide = (text: string) => string

/** @returns what hides this key: in either case, each character as itself or escaped for JSON, a URL or HTML. */
export function hideKey(key: string): Hide {
  const trimmed = key.trim()
  if (trimmed === '') return (text) => text
  const pattern = new RegExp([...trimmed].map(formsOf).join(''), 'giu')
  return (text) => text.replace(pattern, '[key]')
}

function formsOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  const plain = `\\\\?\\u{${hex}}`
  const percent = code < 0x80 ? `%${hex.padStart(2, '0')}` : encodeURIComponent(character.toWellFormed())
  return `(?:${plain}|${percent}|\\\\u${hex.padStart(4, '0')}|&#${code};|&#x0*${hex};)`
}

/**
 * @param longest in UTF-16 units.
 * @returns the beginning of a text on one line. The key is hidden before it is cut, lest half of one be left.
 */
export function excerpt(text: string, longest: number, hide: Hide): string {
  const line = hide(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
  return line.length <= longest ? line : `${line.slice(0, longest).toWellFormed()}…`
}

/**
 * @returns a copy of an error and its causes that keeps names, messages, codes and stacks, without the key. What
 * else libraries hang on an error (raw bytes, options, headers) is left behind.
 */
export function scrubbedError(error: unknown, hide: Hide): Error {
  if (!(error instanceof Error)) return new Error(hide(String(error)))
  const copy = new Error(hide(error.message))
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = hide(error.stack)
  if ('code' in error && typeof error.code === 'string') Object.assign(copy, { code: error.code })
  if (error.cause !== undefined && error.cause !== error) copy.cause = scrubbedError(error.cause, hide)
  return copy
}
