/** A list of contacts that is cut off: what it lacks is not backed up, and must not go unnoticed. */
import { expect, it } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { openBench } from '../support/bench.ts'
import { openDesk } from './desk.ts'

it('is told, and is no success, where it lacks more than it may; the snapshot is written as before', async () => {
  const bench = openBench({ contacts: 20 })
  const desk = await openDesk(bench)
  const args = { schemaIds: [bench.schema.id], since: 'latest' }
  const night = async (contacts: number, more: object = {}) => {
    await bench.clock.advance(86_400_000)
    desk.list = bench.contacts.slice(0, contacts)
    return desk.backUp({ ...args, ...more })
  }
  const first = await night(20)
  expect(first, first.said).toMatchObject({ code: EXIT.done, json: { shrunk: [] } })
  // As many as it may lack.
  expect(await night(18)).toMatchObject({ code: EXIT.done, json: { shrunk: [] } })
  const short = await night(16)
  expect(short).toMatchObject({
    code: EXIT.differences,
    json: {
      state: 'incomplete',
      snapshots: [{ links: 3, complete: true, contacts: { listed: 16 } }],
      shrunk: [{ schemaId: bench.schema.id, before: 18, listed: 16 }],
    },
  })
  expect(short.said).toContain('is the list cut off?')
  expect(short.said).toContain('--may-shrink')
  expect(await night(8, { 'may-shrink': 50 })).toMatchObject({ code: EXIT.done })
  // A full one is held against the one before, too.
  expect(await night(4, { since: undefined })).toMatchObject({ code: EXIT.differences })
  expect(await night(20)).toMatchObject({ code: EXIT.done })
})
