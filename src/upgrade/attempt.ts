/**
 * One effect on the tenant that may be sent again, since it does nothing the second time.
 * Guarantees: too many requests is no answer, and is waited out; an answer that leaves open whether the server acted is
 * told apart from one that says no; a refused key ends it.
 */
import { EngageError } from '../engage/errors.ts'
import { THROTTLED_MS } from '../transfer/post.ts'
import type { WriteContext } from './strategy.ts'

/** @returns what went wrong, where something did: `refused` where the server said clearly that it did not do it */
export async function attemptTo(
  context: WriteContext,
  effect: () => Promise<unknown>,
): Promise<EngageError | undefined> {
  for (;;) {
    try {
      await effect()
      return undefined
    } catch (error) {
      if (!(error instanceof EngageError)) throw error
      if (error.outcome === 'unknown') return error
      if (error.status === 401 || error.status === 403) throw error
      if (error.status !== 429) return error
      await context.clock.sleep(error.retryAfterMs ?? THROTTLED_MS, context.stop)
    }
  }
}
