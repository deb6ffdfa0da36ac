/**
 * Many at once, one after the other: work in parallel, results in the order of the source.
 * Guarantees: at most `concurrency` pieces of work run at once and at most `window` results wait, so memory is
 * flat whatever the source's length; after the first failure nothing more is begun, and no rejection goes unseen.
 */
import PQueue from 'p-queue'

export interface PumpOptions {
  readonly concurrency: number
  /** How many pieces may be under way or waiting for their turn. */
  readonly window: number
}

/**
 * @param source what to work on, pulled only as fast as results are taken
 * @returns the results of `work`, in the source's order; throws what the first failing piece threw
 */
export async function* inOrder<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  work: (input: In) => Promise<Out>,
  { concurrency, window }: PumpOptions,
): AsyncGenerator<Out, void, undefined> {
  const queue = new PQueue({ concurrency })
  const waiting: Promise<Out>[] = []
  let failed = false
  try {
    for await (const input of source) {
      if (failed) break
      const result = queue.add(() => work(input))
      // Its failure is thrown where its turn comes; until then it must not count as unhandled.
      result.catch(() => {
        failed = true
        queue.clear()
      })
      waiting.push(result)
      if (waiting.length >= window) yield await (waiting.shift() as Promise<Out>)
    }
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield await next
  } finally {
    queue.clear()
    await queue.onIdle()
  }
}
