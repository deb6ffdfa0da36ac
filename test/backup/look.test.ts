/** When it is not one contact that can't be read, but the tenant. */
import { expect, test } from 'vitest'
import { createFailureWatch } from '../../src/backup/look.ts'

const FAILED = { contactId: 'x', state: 'failed', readAt: 0, why: 'it says nothing' } as const
const READ = { contactId: 'x', state: 'read', readAt: 0, interactions: [] } as const

test('ten in a row are the tenant, and contacts that nobody was asked for are none of them', () => {
  const watch = createFailureWatch()
  for (let asked = 1; asked < 10; asked += 1) {
    watch([FAILED, FAILED])
    watch([])
  }
  expect(() => watch([FAILED])).toThrow('10 contacts in a row')
})

test('one that is read for any schema begins the row anew', () => {
  const watch = createFailureWatch()
  for (let asked = 1; asked < 30; asked += 1) watch(asked % 10 === 0 ? [FAILED, READ] : [FAILED])
  expect(() => watch([FAILED])).toThrow()
})
