/** Two snapshots side by side, sorted on disk where they are not: what differs is what a set of ids would say. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ContactRead } from '../../src/model.ts'
import { type Changed, compareContacts } from '../../src/snapshot/difference.ts'
import { inOneOrder } from '../../src/snapshot/ordered.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import { contact, temporaryFolder, writeSnapshot } from './sample.ts'

/** Contacts in no order, each with a few interactions. */
function history(salt: number): readonly ContactRead[] {
  return Array.from({ length: 60 }, (_, index) => (index * 37) % 61)
    .filter((number) => (number + salt) % 5 !== 0)
    .map((number) => contact(number, Array(((number * salt) % 4) + 1).fill('{"n":1}')))
}

it.each([1_000_000, 1])('added and gone are what only one of them has (runs of %s)', async (runSize) => {
  const folder = await temporaryFolder()
  const [a, b] = [history(1), history(2)]
  await writeSnapshot(join(folder, 'a'), [a.slice(0, 20), a.slice(20)])
  await writeSnapshot(join(folder, 'b'), [b])
  const places = [localPlace(join(folder, 'a')), localPlace(join(folder, 'b'))] as const
  const sorting = join(folder, 'sorting')
  const found: Changed[] = []
  let contacts = 0
  {
    const [first, second] = await inOneOrder(places, { opener: undefined, folder: sorting, runSize })
    await using _first = first
    await using _second = second
    await compareContacts(first.contacts, second.contacts, {
      onChange: async (changed) => void found.push(changed),
      onContact: () => {
        contacts += 1
      },
    })
  }
  const idsOf = (all: readonly ContactRead[]) =>
    all.flatMap(({ interactions }) => interactions.map(({ id }) => id))
  const only = (these: readonly ContactRead[], those: readonly ContactRead[]) =>
    idsOf(these)
      .filter((id) => !idsOf(those).includes(id))
      .sort()
  const ids = (change: string) =>
    found
      .filter((each) => each.change === change)
      .map(({ interaction }) => interaction.id)
      .sort()
  expect(only(a, b).length * only(b, a).length).toBeGreaterThan(100)
  expect([ids('added'), ids('gone'), ids('altered')]).toEqual([only(b, a), only(a, b), []])
  expect(contacts).toBe(new Set([...a, ...b].map(({ contactId }) => contactId)).size)
  expect(runSize > 1 || readdirSync(sorting).length === 0).toBe(true)
})
