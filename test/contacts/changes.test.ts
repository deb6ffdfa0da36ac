import { expect, test } from 'vitest'
import { contactsChanged } from '../../src/contacts/changes.ts'
import { EngageError } from '../../src/engage/errors.ts'
import type { ChangesQuery } from '../../src/engage/types.ts'
import { EXIT } from '../../src/errors.ts'

type Ends = 'inclusive' | 'exclusive'

/** A tenant whose contacts changed at these instants, with a cap on an answer. */
function tenant(instants: readonly number[], cap: number, ends: Ends = 'inclusive') {
  const windows: [number, number][] = []
  return {
    windows,
    async contactChanges({ from, to }: ChangesQuery): Promise<readonly string[]> {
      const end = to ?? Number.POSITIVE_INFINITY
      const found = instants.filter((at) => at >= from && (ends === 'inclusive' ? at <= end : at < end))
      if (found.length > cap) throw refusal(400)
      windows.push([from, end])
      return found.map((at) => `id-${at}`)
    },
  }
}

function refusal(status: number): EngageError {
  return new EngageError({
    method: 'GET',
    path: '/api/v3/contacts/changes',
    status,
    serverMessage: 'too many',
    outcome: 'refused',
  })
}

async function collect(from: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const each of from) all.push(each)
  return all
}

const HOUR = 3_600_000
const span = { changeType: 'Updated', from: 0, to: HOUR } as const

test.each<Ends>(['inclusive', 'exclusive'])(
  'ends %s: nobody is missed, windows meet without a gap',
  async (ends) => {
    // Half of them in one minute, and one at every instant where a window could be cut.
    const instants = [
      ...Array.from({ length: 500 }, (_, n) => n * 7000),
      ...Array.from({ length: 500 }, (_, n) => 600_000 + n * 113),
      ...Array.from({ length: 10 }, (_, n) => Math.floor(HOUR / 2 ** n) - 1),
      ...Array.from({ length: 10 }, (_, n) => Math.floor(HOUR / 2 ** (n + 1))),
    ]
    const remote = tenant(instants, 20, ends)
    const found = await collect(contactsChanged(remote, span))
    expect(new Set(found)).toEqual(new Set(instants.map((at) => `id-${at}`)))
    expect(remote.windows[0]?.[0]).toBe(0)
    expect(remote.windows.at(-1)?.[1]).toBe(HOUR)
    for (const [index, window] of remote.windows.entries())
      if (index > 0) expect(window[0]).toBe(remote.windows[index - 1]?.[1])
  },
)

test('one request where it fits', async () => {
  const remote = tenant([1, 2, 3], 3)
  expect(await collect(contactsChanged(remote, span))).toEqual(['id-1', 'id-2', 'id-3'])
  expect(remote.windows).toEqual([[0, HOUR]])
})

test('a window of a second that is refused ends it, with the server’s words, after few requests', async () => {
  let requests = 0
  const remote = {
    async contactChanges(): Promise<readonly string[]> {
      requests += 1
      throw refusal(400)
    },
  }
  const year = { ...span, to: 365 * 24 * HOUR }
  await expect(collect(contactsChanged(remote, year))).rejects.toMatchObject({
    exit: EXIT.precondition,
    message: expect.stringContaining('too many'),
  })
  expect(requests).toBeLessThan(30)
})

test('any other error goes through, and a span that runs backwards is refused', async () => {
  const remote = {
    async contactChanges(): Promise<readonly string[]> {
      throw refusal(500)
    },
  }
  await expect(collect(contactsChanged(remote, span))).rejects.toMatchObject({ status: 500 })
  await expect(collect(contactsChanged(remote, { ...span, to: -1 }))).rejects.toMatchObject({
    exit: EXIT.usage,
  })
})
