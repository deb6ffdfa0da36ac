/**
 * From a method and a path to what answers it.
 * Guarantees: handlers run without a pause, so that no two requests see each other's half-done work; the first
 * route that fits wins.
 */
import type { Json } from '../json.ts'
import type { Behaviour } from './behaviour.ts'
import type { PageMemory } from './pages.ts'
import type { State } from './state.ts'

/** One request, taken apart. */
export interface Call {
  /** '/api/v3' or '/api/v2': links in the answer stay in the same version. */
  readonly base: string
  readonly params: { readonly [name: string]: string }
  readonly query: URLSearchParams
  readonly body: Json | undefined
}

/** What a handler works with. */
export interface Desk {
  readonly state: State
  readonly behaviour: Behaviour
  /** Milliseconds since the epoch at which the server acts. */
  readonly now: number
  /** What lags are drawn from. */
  readonly seed: string
  /** What the ids of new interactions are made from. */
  readonly idSeed: string
  readonly pages: PageMemory
  /** Whether a next page is to be answered with the one before it. */
  readonly again: boolean
}

export interface Route {
  readonly method: string
  /** Segments in braces are parameters: `/interactions/{id}`. */
  readonly template: string
  handle(call: Call, desk: Desk): Response
}

export interface Match {
  readonly route: Route
  readonly params: { readonly [name: string]: string }
}

/** @returns the route, 'method' where the path exists but not with this method, or undefined. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Match | 'method' | undefined {
  let known = false
  for (const route of routes) {
    const params = paramsOf(route.template, path)
    if (params === undefined) continue
    if (route.method === method) return { route, params }
    known = true
  }
  return known ? 'method' : undefined
}

function paramsOf(template: string, path: string): Match['params'] | undefined {
  const wanted = template.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: { [name: string]: string } = {}
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? ''
    if (segment.startsWith('{')) {
      if (value === '') return undefined
      params[segment.slice(1, -1)] = decoded(value)
    } else if (segment !== value) return undefined
  }
  return params
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray % names nothing that exists: the handler answers 404.
    return text
  }
}
