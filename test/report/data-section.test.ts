/** What the page says of personal data: where nobody should segment on it, and where it has only strayed. */
import { expect, test } from 'vitest'
import { dataSection } from '../../src/report/page/sections/data.ts'
import { propertyOf } from '../profile/sample.ts'
import { FACTS, REPORT } from './sample.ts'

test('Personal data that has strayed is told apart, and what is hidden is not called infrequent', async () => {
  const channel = await propertyOf([...Array(500).fill('web'), ...Array(500).fill('app'), 'a@example.com'])
  const street = await propertyOf(['Storgatan 1', 'Storgatan 1'], undefined, 'street')
  const properties = [{ ...channel, name: 'channel' }, street]
  const { blocks } = dataSection({
    ...REPORT,
    facts: { ...FACTS, profile: { ...FACTS.profile, properties } },
  })
  const notes = blocks.filter((each) => each.block === 'note')
  expect(notes.map(({ tone, title }) => [tone, title])).toEqual([
    ['danger', 'Personal data: nobody should segment on it'],
    ['warning', 'Personal data has strayed into a few values'],
  ])
  const said = JSON.stringify(notes)
  expect(said).toMatch(/street.* holds what looks like .*2 addresses.*channel.*1 e-mail address"/)
  const table = JSON.stringify(blocks.filter((each) => each.block === 'table'))
  expect(table).toContain('Not shown')
  expect(table).toMatch(/"web".*"app"|"app".*"web"/)
  expect(table).not.toMatch(/example\.com|Storgatan/)
})
