/**
 * Requests that wait to be sent again, told to the operator.
 * Guarantees: while a tenant is down there is one line for all requests that wait, and the next one not before some
 * seconds have passed.
 */
import type { Retry } from '../engage/retry.ts'
import type { Tools } from './command.ts'

/** Between two such lines, in milliseconds. */
const EVERY = 5_000

/** @returns what is told each wait of one connection, as it begins */
export function retryNotices({
  clock,
  output,
}: {
  readonly clock: Pick<Tools['clock'], 'elapsed'>
  readonly output: Pick<Tools['output'], 'say'>
}): (retry: Pick<Retry, 'reason' | 'waitMs'>) => void {
  let told = -EVERY
  let ends: readonly number[] = []
  return ({ reason, waitMs }) => {
    const now = clock.elapsed()
    ends = [...ends.filter((end) => end > now), now + waitMs]
    if (now - told < EVERY) return
    told = now
    const seconds = Math.ceil((Math.max(...ends) - now) / 1_000)
    output.say(
      ends.length === 1
        ? `Engage: ${reason}; asking again in ${seconds} s`
        : `Engage: ${reason}; ${ends.length} requests wait, and are asked again within ${seconds} s`,
    )
  }
}
