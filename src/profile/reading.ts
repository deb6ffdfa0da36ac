/**
 * What one value of a property is, whatever the others are.
 * Guarantees: pure; every type of value is read, also one that the schema does not have there; time grows with its length.
 */
import { type Json, stringifyJson } from '../json.ts'
import { instantIn } from './instant.ts'
import { keyOf } from './key.ts'
import { type Wording, wordingOf } from './own-words.ts'
import { type Meant, NO_TRACES, type Traces, tracesIn } from './personal.ts'
import type { PhonePlans } from './phone-plans.ts'

export interface Reading {
  /** What it is counted by. */
  readonly key: string
  readonly personal: Traces
  /** Of a number: as a double. */
  readonly number?: number
  /** Of a text: in characters, one outside the basic plane being one. */
  readonly length?: number
  /** Of a text that is a date or a date-time: milliseconds since the epoch. */
  readonly instant?: number
  /** Of any other text. */
  readonly wording?: Wording
}

export interface Reader {
  readonly plans: PhonePlans
  /** By the property's name. */
  readonly meant: Meant
  /** Whether texts that mean the same instant are the same value: those of the format `date-time`. */
  readonly instants: boolean
}

export function readValue(value: Exclude<Json, null>, { plans, meant, instants }: Reader): Reading {
  if (typeof value === 'boolean') return { key: keyOf(value), personal: NO_TRACES }
  if (typeof value === 'string') {
    const instant = instantIn(value)
    const length = lengthOf(value)
    if (instant !== undefined)
      return { key: keyOf(value, instants ? instant : undefined), personal: NO_TRACES, length, instant }
    return { key: keyOf(value), personal: tracesIn(value, plans, meant), length, wording: wordingOf(value) }
  }
  const personal = tracesIn(stringifyJson(value), plans, meant)
  if (typeof value === 'number') return { key: keyOf(value), personal, number: value }
  if (JSON.isRawJSON(value)) return { key: keyOf(value), personal, number: Number(value.rawJSON) }
  return { key: keyOf(value), personal }
}

function lengthOf(text: string): number {
  let pairs = 0
  for (let at = 0; at < text.length; at += 1) if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) pairs += 1
  return text.length - pairs
}
