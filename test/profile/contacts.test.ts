/** Contacts by what they have: history or none, most, the same event twice. */
import { describe, expect, it } from 'vitest'
import { Busiest } from '../../src/profile/busiest.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { guid, profiled } from './sample.ts'

describe('contacts', () => {
  it('are counted by what became of them', async () => {
    const { contacts, interactions } = await profiled([[{}], [], null, [{}, {}], null])
    expect([contacts, interactions]).toEqual([{ withHistory: 2, without: 1, gone: 2 }, 3])
  })

  it('with most interactions come first, and at most ten of them', async () => {
    const counts = [0, 3, 1, 7, 3, 2, 2, 9, 2, 2, 2, 2]
    const { busiest } = await profiled(counts.map((count) => Array(count).fill({})))
    expect(busiest.map(({ contactId, interactions }) => [contactId, interactions])).toEqual(
      [
        [7, 9],
        [3, 7],
        [1, 3],
        [4, 3],
        [5, 2],
        [6, 2],
        [8, 2],
        [9, 2],
        [10, 2],
        [11, 2],
      ].map(([number = 0, count]) => [guid(number), count]),
    )
  })

  it('are the same ones in whatever order they come', () => {
    const busiest = new Busiest()
    for (const contactId of ['d', 'b', 'a', 'c']) busiest.add(contactId, 1)
    expect(busiest.contacts().map(({ contactId }) => contactId)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('twins', () => {
  const schema = schemaOf('{"n": {"type": "number"}, "on": {"type": "string", "format": "date-time"}}')
  const noon = '2026-01-01T12:00:00Z'
  const event = (n: number, createdDate = noon, more = {}) => ({ createdDate, payload: { n, ...more } })

  it('are told by instant and what the new schema names, within one contact', async () => {
    const { twins } = await profiled(
      [
        [event(1), event(2)],
        [
          event(1),
          event(1, '2026-01-01T13:00:00.000+01:00', { unnamed: 5 }),
          event(1, '2026-01-01T12:00:01Z'),
        ],
        [event(1), event(2), event(2), event(1), event(1)],
      ],
      schema,
    )
    expect(twins).toEqual({
      surplus: 4,
      contacts: 2,
      example: { contactId: guid(1), ids: ['i-2', 'i-3'] },
    })
  })

  it('are not told by the schema that the data is in', async () => {
    const { twins } = await profiled([[event(1), event(2)]], schema, schemaOf('{}'))
    expect(twins.surplus).toBe(0)
  })

  it('are those without a date, too, where that is the same text', async () => {
    const dates = ['0001-01-01T00:00:00', '0001-01-01T00:00:00Z', 'soon', 'soon', 'later']
    const { twins } = await profiled([dates.map((createdDate) => event(1, createdDate))], schema)
    expect(twins.surplus).toBe(2)
  })

  it('are none where there are none', async () => {
    const { twins } = await profiled([[event(1)], [event(1)]], schema)
    expect(twins).toEqual({ surplus: 0, contacts: 0, example: null })
  })
})
