import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/sandbox/random.ts'
import { inOrder } from '../../src/transfer/pump.ts'
import { failureOf } from '../support/failure.ts'

function* numbers(count: number): Generator<number> {
  for (let at = 0; at < count; at++) yield at
}

/** Work that takes a random number of turns of the event loop. */
function restless(seed: string) {
  const random = seededRandom(seed)
  const now = { running: 0, worst: 0, begun: 0 }
  const work = async (input: number): Promise<number> => {
    now.begun += 1
    now.running += 1
    now.worst = Math.max(now.worst, now.running)
    for (let turns = Math.floor(random() * 8); turns > 0; turns--) await turn()
    now.running -= 1
    return input
  }
  return { now, work }
}

describe('inOrder', () => {
  it('gives results in the order of the source, however long each takes', async () => {
    const { work, now } = restless('order')
    const results = await Array.fromAsync(inOrder(numbers(200), work, { concurrency: 7, window: 20 }))
    expect(results).toEqual([...numbers(200)])
    expect(now.worst).toBe(7)
  })

  it('takes no more from the source than fits into the window', async () => {
    let pulled = 0
    let taken = 0
    let widest = 0
    function* counted(): Generator<number> {
      for (const each of numbers(100)) {
        pulled += 1
        widest = Math.max(widest, pulled - taken)
        yield each
      }
    }
    const { work } = restless('window')
    for await (const _ of inOrder(counted(), work, { concurrency: 4, window: 10 })) {
      taken += 1
      await turn()
    }
    expect(taken).toBe(100)
    expect(widest).toBe(10)
  })

  it('throws the first failure in its place, waits for what runs, and begins nothing more', async () => {
    const begun: number[] = []
    let ended = 0
    const results: number[] = []
    const slow = Promise.withResolvers<void>()
    const run = async (): Promise<void> => {
      const work = async (input: number): Promise<number> => {
        begun.push(input)
        if (input === 1) throw new Error('one')
        if (input === 0) await slow.promise
        ended += 1
        return input
      }
      async function* endless(): AsyncGenerator<number> {
        for (let at = 0; ; at++) {
          await turn()
          yield at
        }
      }
      for await (const each of inOrder(endless(), work, { concurrency: 2, window: 50 })) results.push(each)
    }
    const failed = failureOf(run())
    for (let turns = 0; turns < 30; turns++) await turn()
    const before = begun.length
    slow.resolve()
    expect(await failed).toMatchObject({ message: 'one' })
    expect(results).toEqual([0])
    expect(begun).toHaveLength(before)
    expect(begun).toEqual([0, 1])
    expect(ended).toBe(1)
  })

  it('leaves no rejection unhandled when several fail', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const work = async (input: number): Promise<never> => {
        for (let turns = input % 3; turns > 0; turns--) await turn()
        throw new Error(String(input))
      }
      const failed = await failureOf(
        Array.fromAsync(inOrder(numbers(40), work, { concurrency: 8, window: 20 })),
      )
      expect(failed).toMatchObject({ message: '0' })
      for (let turns = 0; turns < 10; turns++) await turn()
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('begins nothing more once nobody takes results', async () => {
    const { work, now } = restless('left')
    for await (const _ of inOrder(numbers(100), work, { concurrency: 4, window: 8 })) break
    const begun = now.begun
    for (let turns = 0; turns < 30; turns++) await turn()
    expect(now.begun).toBe(begun)
    expect(now.running).toBe(0)
  })

  it('throws what the source throws, after what was begun has ended', async () => {
    const { work, now } = restless('source')
    function* broken(): Generator<number> {
      yield* numbers(5)
      throw new Error('source')
    }
    expect(
      await failureOf(Array.fromAsync(inOrder(broken(), work, { concurrency: 2, window: 50 }))),
    ).toMatchObject({
      message: 'source',
    })
    expect(now.running).toBe(0)
  })
})
