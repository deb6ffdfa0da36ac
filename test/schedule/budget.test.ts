/** The end of the time that a run has, told apart from a person who stops it. */
import { describe, expect, test } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { jitter, OutOfTime, withBudget } from '../../src/schedule/budget.ts'
import { createManualClock } from '../support/clock.ts'

const HOUR = 3_600_000

describe('A budget', () => {
  test('stops the run when its time is up, no sooner, and says that it was this', async () => {
    const clock = createManualClock()
    const budget = withBudget(new AbortController().signal, clock, HOUR)
    await clock.advance(HOUR - 1)
    expect([budget.stop.aborted, budget.isSpent()]).toEqual([false, false])
    await clock.advance(1)
    expect([budget.stop.aborted, budget.isSpent()]).toEqual([true, true])
    expect(budget.stop.reason).toBeInstanceOf(OutOfTime)
    expect(budget.stop.reason).toMatchObject({
      exit: EXIT.failed,
      message: 'It was not finished within the 60 minutes that --max-duration gives it.',
    })
  })

  test('that a person is ahead of is not spent, however long it goes on, and waits no longer', async () => {
    const clock = createManualClock()
    const person = new AbortController()
    const budget = withBudget(person.signal, clock, HOUR)
    person.abort('Ctrl-C')
    expect(budget.stop.reason).toBe('Ctrl-C')
    await clock.advance(0)
    expect(clock.sleeping()).toBe(0)
    await clock.advance(2 * HOUR)
    expect([budget.stop.reason, budget.isSpent(), clock.sleeping()]).toEqual(['Ctrl-C', false, 0])
  })

  test('leaves nothing waiting once the run has ended', async () => {
    const clock = createManualClock()
    const budget = withBudget(new AbortController().signal, clock, HOUR)
    expect(clock.sleeping()).toBe(1)
    budget.dispose()
    await clock.advance(2 * HOUR)
    expect([budget.stop.aborted, budget.isSpent(), clock.sleeping()]).toEqual([false, false, 0])
  })

  test('of no length lasts as long as the run', async () => {
    const clock = createManualClock()
    const { signal } = new AbortController()
    const budget = withBudget(signal, clock)
    expect([budget.stop, clock.sleeping()]).toEqual([signal, 0])
    budget.dispose()
    expect(budget.isSpent()).toBe(false)
  })
})

test('a jitter is spread over all of its length', () => {
  expect([0, 0.5, 0.9999].map((chance) => jitter(() => chance, 600_000))).toEqual([0, 300_000, 599_940])
  expect(jitter(() => 0.9, 0)).toBe(0)
})
