/**
 * JSON that survives a journey unchanged.
 * Guarantees: a number whose text a double can't give back (a large integer, 1.0, 1e2, 0.10) is kept as that
 * text and written out again as it came; every other value is an ordinary JavaScript value.
 */

declare global {
  /** A number kept as its text; what `JSON.rawJSON` returns (ES2026, in Node since 21). */
  interface RawJson {
    readonly rawJSON: string
  }
  interface JSON {
    rawJSON(text: string): RawJson
    isRawJSON(value: unknown): value is RawJson
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown
  }
}

export type Json = null | boolean | number | string | RawJson | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * Where a number may stand whose text a double can't give back: after the colon behind a name, in a list, or alone. A
 * text within quotes may look like one, which costs time and nothing else.
 */
const ODD_NUMBER = /(?:^|"\s*:|[,[])\s*(?:-0|-?\d{16}|-?\d+[.eE])/

/** @throws SyntaxError where the text is not JSON. */
export function parseJson(text: string): Json {
  // To be asked about each value takes several times as long as all the rest.
  return (ODD_NUMBER.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text)) as Json
}

function keepNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === 'number' && context.source !== undefined && String(value) !== context.source
    ? JSON.rawJSON(context.source)
    : value
}

/** @returns the text of a value, numbers as they came in. */
export function stringifyJson(value: Json, indent?: number): string {
  return JSON.stringify(value, undefined, indent)
}

/** @returns whether the value is a JSON object (not a list, null, or a number kept as text). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
}

/** @returns the value with every kept number turned into a double: for validators, which know no other. */
export function toPlain(value: Json): unknown {
  if (JSON.isRawJSON(value)) return Number(value.rawJSON)
  if (Array.isArray(value)) return value.map((each: Json) => toPlain(each))
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPlain(each)]))
  return value
}
