import { expect, it } from 'vitest'
import { retryNotices } from '../../src/commands/retries.ts'

it('says one line for all requests that wait, and the next after some seconds, with how many wait', () => {
  let now = 0
  const said: string[] = []
  const told = retryNotices({
    clock: { elapsed: () => now },
    output: { say: (text) => void said.push(text) },
  })
  told({ reason: '503', waitMs: 900 })
  for (let request = 0; request < 63; request++) told({ reason: '503', waitMs: 1_000 })
  expect(said).toEqual(['Engage: 503; asking again in 1 s'])
  // The first have been asked again by now, and have failed again.
  for (now = 1_000; now < 5_000; now += 100) told({ reason: '503', waitMs: 9_000 })
  expect(said).toHaveLength(1)
  now = 5_000
  told({ reason: 'connect ECONNREFUSED', waitMs: 3_000 })
  expect(said.slice(1)).toEqual([
    'Engage: connect ECONNREFUSED; 41 requests wait, and are asked again within 9 s',
  ])
  now = 60_000
  told({ reason: '429', waitMs: 27_000 })
  expect(said.at(-1)).toBe('Engage: 429; asking again in 27 s')
})
