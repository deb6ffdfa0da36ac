/**
 * Whether a rule of JSON Schema that changes refuses less than before.
 * Guarantees: pure; true only where every value that the old rule accepts is accepted by the new one; where that can't be told, of
 * two numbers that are the same double say, it is false.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import { sameValue } from './json-value.ts'

/** A value before and after; undefined where there is none. */
export interface Pair {
  readonly before: Json | undefined
  readonly after: Json | undefined
}

const AT_MOST = new Set('maximum exclusiveMaximum maxLength maxItems maxProperties'.split(' '))
const AT_LEAST = new Set('minimum exclusiveMinimum minLength minItems minProperties'.split(' '))

/**
 * @param keyword one that refuses values by itself
 * @param old what the keyword was part of: what a list of values allows can be less than one value
 */
export function widens(keyword: string, { before, after }: Pair, old: JsonObject): boolean {
  // Without the one, the other would refuse what it has let through.
  if (after === undefined)
    return keyword !== 'additionalProperties' || !Object.hasOwn(old, 'unevaluatedProperties')
  if (keyword === 'enum' && Array.isArray(after)) return allowsAll(after, old)
  if (keyword === 'const') return allowsAll([after], old)
  if (AT_MOST.has(keyword)) return isLess(before, after)
  if (AT_LEAST.has(keyword)) return isLess(after, before)
  if (keyword === 'multipleOf') return isMultiple(before, after)
  if (keyword === 'uniqueItems') return after === false
  return keyword === 'additionalProperties' && after === true
}

/** @returns whether a type, or a list of them, takes all that another one did */
export function typeWidens({ before, after }: Pair): boolean {
  const [old, young] = [typesOf(before), typesOf(after)]
  if (old === undefined || young === undefined) return after === undefined
  return old.every((type) => young.includes(type) || (type === 'integer' && young.includes('number')))
}

function typesOf(type: Json | undefined): readonly Json[] | undefined {
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type : undefined
}

function allowsAll(young: readonly Json[], old: JsonObject): boolean {
  const lists = [old['enum'], Object.hasOwn(old, 'const') ? [old['const'] as Json] : undefined]
  return lists.some(
    (list) =>
      Array.isArray(list) && list.every((value: Json) => young.some((other) => sameValue(value, other))),
  )
}

function isLess(less: Json | undefined, more: Json | undefined): boolean {
  const [a, b] = [numberOf(less), numberOf(more)]
  return a !== undefined && b !== undefined && a < b
}

function isMultiple(of: Json | undefined, by: Json | undefined): boolean {
  const [a, b] = [numberOf(of), numberOf(by)]
  return Number.isSafeInteger(a) && Number.isSafeInteger(b) && b !== 0 && (a as number) % (b as number) === 0
}

function numberOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  return value !== undefined && !isObject(value) && JSON.isRawJSON(value) ? Number(value.rawJSON) : undefined
}
