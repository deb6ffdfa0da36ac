import { expect, it } from 'vitest'
import { assessCoverage } from '../../src/upgrade/coverage.ts'
import { countOf } from '../../src/words.ts'

it('one is one', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'contact'))).toEqual([
    '0 contacts',
    '1 contact',
    '2 contacts',
  ])
})

it('a list that lacks one contact, of which one is gone, says so in the singular', () => {
  const { statements } = assessCoverage({ listed: 2, gone: 1, counted: 2, createdSince: 1 })
  expect(statements.join(' ')).toMatch(
    /1 \(50 %\) is not in it.*1 contact of the list is gone.*: 1 contact created/s,
  )
})
