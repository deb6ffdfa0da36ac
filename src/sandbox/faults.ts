/**
 * Faults on demand: which request goes wrong, and how.
 * Guarantees: rules are asked in their order and the first that strikes wins; the same rules, seed and order of
 * requests give the same faults; kinds ending in `-after`, and `truncated`, strike once the server has acted, those
 * ending in `-late` long before it acts, all others instead of that, so that nothing was done.
 */
import type { Random } from './random.ts'

/** Each kind, and what it does. */
export const FAULT_KINDS = {
  'refuse-connection': 'the connection is never made',
  'reset-before': 'the connection breaks before the server did anything',
  '429': '"too many requests"; with retryAfter where it is given',
  '500': 'a failure of the server, which has done nothing',
  '502': 'likewise',
  '503': 'likewise; with retryAfter where it is given',
  '504': 'likewise',
  html: 'a 200 with a page of HTML, as a gateway answers',
  refuse: 'a 400 with message',
  'no-id': 'a 200 without an id, and nothing is kept',
  'not-kept': 'a 200 with an id, of which nothing is kept',
  'reset-after': 'the server acts, then the connection breaks',
  'timeout-after': 'the server acts and never answers',
  'status-500-after': 'the server acts and answers 500',
  truncated: 'the server acts, and the body of its answer is cut short',
  'lands-late': 'the connection breaks; the server acts after delay',
  'acts-late': 'no answer ever comes; the server acts after delay',
  'page-again': 'a next page is answered with the one before it again',
} as const

export type FaultKind = keyof typeof FAULT_KINDS

export interface FaultRule {
  readonly kind: FaultKind
  /** Absent: any. */
  readonly method?: string
  /** Part of the path with its query, or a regular expression for it or for the path alone. Absent: any. */
  readonly path?: string
  /** Part of the body: an interaction by its contact, or by what its payload says. Absent: any. */
  readonly body?: string
  /** How often it strikes; 1 where absent. */
  readonly times?: number | 'always'
  /** How many matching requests pass before it strikes; 0 where absent. */
  readonly skip?: number
  /** How likely it strikes a matching request, 0 to 1; 1 where absent. */
  readonly probability?: number
  /** Seconds, with kinds that answer a 429 or 503. */
  readonly retryAfter?: number
  /** With kind 'refuse'. */
  readonly message?: string
  /** Seconds until the server acts, with kinds that end in '-late'; 180 where absent. */
  readonly delay?: number
}

export const DEFAULT_DELAY = 180

/** What stands in a rule besides its kind, and what is meant where it doesn't. */
export const FAULT_FIELDS: { readonly [Name in Exclude<keyof FaultRule, 'kind'>]: string } = {
  method: 'GET, POST, DELETE [any]',
  path: 'part of path and query, or a regular expression [any]',
  body: 'part of the body: of an interaction, its contact, say [any]',
  times: 'how often it strikes, or "always" [1]',
  skip: 'how many matching requests pass before it strikes [0]',
  probability: 'how likely it strikes a matching request, 0 to 1 [1]',
  retryAfter: 'seconds, sent as Retry-After [no such header]',
  message: 'with "refuse": what the server says ["The request is invalid"]',
  delay: `seconds until the server acts, with "…-late" [${DEFAULT_DELAY}]`,
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0

const CHECKS: { readonly [Name in keyof FaultRule]-?: (value: unknown) => boolean } = {
  kind: (value) => typeof value === 'string' && Object.hasOwn(FAULT_KINDS, value),
  method: isText,
  path: isText,
  body: isText,
  times: (value) => value === 'always' || isAmount(value),
  skip: isAmount,
  probability: isAmount,
  retryAfter: isAmount,
  message: isText,
  delay: isAmount,
}

interface Armed {
  readonly rule: FaultRule
  readonly matches: (method: string, url: URL, body: string) => boolean
  passed: number
  struck: number
}

/** The rules in force, and how often each kind has struck. */
export class Faults {
  readonly #random: Random
  #armed: readonly Armed[] = []
  readonly #struck = new Map<FaultKind, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Takes the place of all rules. Throws RangeError on a name or value that there isn't, SyntaxError on a bad expression. */
  replace(rules: readonly FaultRule[]): void {
    this.#armed = rules.map((rule) => {
      checkRule(rule)
      return { rule, matches: matcher(rule), passed: 0, struck: 0 }
    })
  }

  /** @returns the rule that strikes this request, if any does. */
  strike(method: string, url: URL, body = ''): FaultRule | undefined {
    for (const armed of this.#armed) {
      const { rule } = armed
      if (rule.times !== 'always' && armed.struck >= (rule.times ?? 1)) continue
      if (!armed.matches(method, url, body)) continue
      if (armed.passed < (rule.skip ?? 0)) {
        armed.passed++
        continue
      }
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue
      armed.struck++
      this.#struck.set(rule.kind, (this.#struck.get(rule.kind) ?? 0) + 1)
      return rule
    }
    return undefined
  }

  counts(): { readonly [kind: string]: number } {
    return Object.fromEntries(this.#struck)
  }
}

/** Rules also come from outside: a misspelt name would silently match everything. */
function checkRule(rule: unknown): void {
  if (typeof rule !== 'object' || rule === null) throw new RangeError('A rule must be an object')
  for (const [name, value] of Object.entries(rule)) {
    if (!isName(name)) {
      const names = Object.keys(CHECKS).join(', ')
      throw new RangeError(`There is no '${name}' in a rule; there are: ${names}`)
    }
    if (name === 'kind' && !CHECKS.kind(value)) throw noKind(`There is no kind '${String(value)}'`)
    if (!CHECKS[name](value)) throw new RangeError(`'${name}' of a rule can't be ${String(value)}`)
  }
  if (!('kind' in rule)) throw noKind('A rule needs a kind')
}

function noKind(what: string): RangeError {
  return new RangeError(`${what}; there are: ${Object.keys(FAULT_KINDS).join(', ')}`)
}

function isName(name: string): name is keyof FaultRule {
  return Object.hasOwn(CHECKS, name)
}

function matcher({ kind, method, path, body }: FaultRule): Armed['matches'] {
  const pattern = path === undefined ? undefined : new RegExp(path)
  return (asked, url, sent) => {
    const { pathname, search } = url
    if (kind === 'page-again' && !isNextPage(asked, url)) return false
    if (method !== undefined && method.toUpperCase() !== asked) return false
    if (body !== undefined && !sent.includes(body)) return false
    if (path === undefined || pattern === undefined) return true
    const whole = pathname + search
    return whole.includes(path) || pattern.test(whole) || pattern.test(pathname)
  }
}

function isNextPage(method: string, { pathname, searchParams }: URL): boolean {
  return method === 'GET' && pathname.endsWith('/interactions') && searchParams.has('continuation')
}
