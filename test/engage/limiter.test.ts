import { describe, expect, it } from 'vitest'
import { createLimiter, limited } from '../../src/engage/limiter.ts'
import { createManualClock } from '../support/clock.ts'
import { rejection } from './server.ts'

function worstSecond(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length))
}

describe('limiter', () => {
  it('spaces 1000 takes at 50/s evenly, 52 at most in any second', async () => {
    const clock = createManualClock({ autoUpTo: 1e6 })
    const limiter = createLimiter({ ratePerSecond: 50, clock })
    const times: number[] = []
    await Promise.all(
      Array.from({ length: 1000 }, async () => {
        await limiter.take()
        times.push(clock.elapsed())
      }),
    )
    expect(worstSecond(times)).toBeLessThanOrEqual(52)
    expect(times.slice(0, 4)).toEqual([0, 0, 0, 20])
    for (let at = 3; at < times.length; at++) expect(times[at]).toBeCloseTo((at - 2) * 20, 6)
  })

  it('lets no more than the burst leave together after a pause', async () => {
    const clock = createManualClock()
    const limiter = createLimiter({ ratePerSecond: 10, burst: 2, clock })
    await limiter.take()
    await clock.advance(60_000)
    const times: number[] = []
    for (let at = 0; at < 5; at++) void limiter.take().then(() => times.push(clock.elapsed() - 60_000))
    await clock.advance(1000)
    expect(times).toEqual([0, 0, 100, 200, 300])
  })

  it('lets no more than the burst leave together after the process was held up', async () => {
    let elapsed = 0
    const wake: Array<() => void> = []
    const clock = {
      now: () => elapsed,
      elapsed: () => elapsed,
      sleep: () => new Promise<void>((resolve) => wake.push(resolve)),
    }
    const limiter = createLimiter({ ratePerSecond: 50, clock })
    const times: number[] = []
    const all = Array.from({ length: 30 }, () => limiter.take().then(() => times.push(elapsed)))
    await new Promise(setImmediate)
    elapsed = 500 // Nobody was woken in time: all slots up to here are past.
    while (times.length < 30) {
      for (const each of wake.splice(0)) each()
      await new Promise(setImmediate)
      if (wake.length > 0) elapsed += 20
    }
    await Promise.all(all)
    expect(times.filter((at) => at === 500).length).toBeLessThanOrEqual(3)
  })

  it('is first come, first served, and an aborted wait gives its slot away', async () => {
    const clock = createManualClock()
    const limiter = createLimiter({ ratePerSecond: 10, burst: 1, clock })
    const order: string[] = []
    const inLine = new AbortController()
    const asleep = new AbortController()
    const take = (name: string, signal?: AbortSignal) =>
      limiter.take(signal).then(() => order.push(`${name}@${clock.elapsed()}`))
    void take('a')
    const b = rejection(take('b', asleep.signal))
    const c = rejection(take('c', inLine.signal))
    void take('d')
    void take('e')
    await clock.advance(50)
    inLine.abort('c left')
    expect(await c).toBe('c left')
    expect(order).toEqual(['a@0'])
    asleep.abort('b left')
    expect(await b).toBe('b left')
    await clock.advance(1000)
    expect(order).toEqual(['a@0', 'd@100', 'e@200'])
    expect(await rejection(limiter.take(AbortSignal.abort('late')))).toBe('late')
  })

  it('lets nobody past those ahead when someone in line gives up', async () => {
    const clock = createManualClock()
    const limiter = createLimiter({ ratePerSecond: 10, burst: 1, clock })
    const order: string[] = []
    const take = (name: string) => limiter.take().then(() => order.push(`${name}@${clock.elapsed()}`))
    const abort = new AbortController()
    void take('a')
    void take('b')
    const gone = rejection(limiter.take(abort.signal))
    void take('d')
    await clock.advance(50)
    abort.abort('left')
    expect(await gone).toBe('left')
    await clock.advance(1000)
    expect(order).toEqual(['a@0', 'b@100', 'd@200'])
  })

  it('makes every request of a Send wait for its slot', async () => {
    const clock = createManualClock({ autoUpTo: 1e6 })
    const times: number[] = []
    const send = limited(
      async () => {
        times.push(clock.elapsed())
        return new Response()
      },
      createLimiter({ ratePerSecond: 1, burst: 1, clock }),
    )
    await Promise.all([1, 2, 3].map(() => send(new Request('http://localhost/'))))
    expect(times).toEqual([0, 1000, 2000])
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a rate of %s', (ratePerSecond) => {
    expect(() => createLimiter({ ratePerSecond, clock: createManualClock() })).toThrow(RangeError)
  })
  it.each([0, 4, 1.5])('refuses a burst of %s', (burst) => {
    expect(() => createLimiter({ ratePerSecond: 1, burst, clock: createManualClock() })).toThrow(RangeError)
  })
})
