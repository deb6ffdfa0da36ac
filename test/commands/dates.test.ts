/** Dates as a person types them: a day that there is not is refused wherever one is read. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { contactSourceOf } from '../../src/commands/contacts.ts'
import { isDateTyped } from '../../src/commands/dates.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

test.each([
  ['2026-02-28', true],
  ['2024-02-29', true],
  ['2026-02-29', false],
  ['2026-02-30', false],
  ['2026-04-31T08:00:00Z', false],
  ['2026-13-01', false],
  ['2026-00-01', false],
  ['2026-01-31T08:00:00+01:00', true],
  ['2026-01-31 08:00', true],
  ['2026', true],
  ['2026-02', true],
  ['30 Feb 2026', false],
  ['', false],
])('%j reads back as it was typed: %s', (text, is) => {
  expect(isDateTyped(text)).toBe(is)
})

test('no list of contacts is of such a day', async () => {
  const now = Date.parse('2026-06-01T00:00:00Z')
  const file = join(await temporaryFolder(), 'contacts.csv')
  writeFileSync(file, 'contactId\n')
  for (const args of [
    { 'contacts-since': '2026-02-30' },
    { contacts: file, 'contacts-as-of': '2026-02-30T08:00:00Z' },
  ])
    expect(await failureOf(contactSourceOf(args, now, 'plan'))).toMatchObject({ exit: 2 })
  expect(await contactSourceOf({ 'contacts-since': '2026-02-28' }, now, 'plan')).toMatchObject({
    since: '2026-02-28T00:00:00.000Z',
  })
})
