/**
 * The server's own words about a failure.
 * Guarantees: one line of 300 characters at most, without the API key; never throws, whatever was answered.
 */
import { type Json, parseJson } from '../json.ts'
import { messagesIn } from './guesses.ts'
import { excerpt, type Hide } from './scrub.ts'

const LONGEST = 300

/** @returns the message in a JSON answer, or else the beginning of the answer as it is. */
export function serverMessage(text: string, hide: Hide): string {
  const words = new Set(jsonMessages(text).filter((each) => typeof each === 'string' && each.trim() !== ''))
  return excerpt(words.size > 0 ? [...words].join('; ') : text, LONGEST, hide) || '(an empty answer)'
}

function jsonMessages(text: string): Json[] {
  try {
    return messagesIn(parseJson(text))
  } catch {
    // Not JSON: the text itself is the message.
    return []
  }
}

/** @returns whether an answer is a web page, which the API never sends, but the server at a wrong address does. */
export function isHtml(contentType: string | null, text: string): boolean {
  return /^text\/html\b/i.test(contentType ?? '') || /^\s*<(!doctype|html)\b/i.test(text)
}
