/** `plan --coverage-sample` through the command line: from a file, from the tenant, and what the dry run says of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { contactIds, effects, openWorld, requests } from './harness.ts'

const ID = 'repair'

test('contacts outside the list are sampled, and plan and dry run say what was found', async () => {
  await using world = await openWorld({
    tenant: () =>
      seedTenant({ seed: 2, contacts: 30, interactions: 4, schemas: [ID], until: Date.UTC(2020, 0) }),
  })
  const { tenant } = world.sandbox
  const count = (id: string): number => [...tenant.interactionsOf(ID, id)].length
  const [most = ''] = contactIds(world.sandbox).toSorted((a, b) => count(b) - count(a))
  const [list, all] = ['list.csv', 'all.csv'].map((name) => join(world.folder, name)) as [string, string]
  const named = contactIds(world.sandbox).filter((id) => id !== most)
  writeFileSync(list, `${named.join('\n')}\n`)
  writeFileSync(all, `guid;customer\n${[...named, most].map((id) => `${id};${id}`).join('\n')}\n`)
  const planned = ['plan', ID, '--segment', 'brand', '--contacts', list, '--coverage-sample', '3000']

  const found = await world.cli(...planned, '--coverage-contacts', all)
  expect(found, found.stderr).toMatchObject({ code: 0, json: { coverageSample: { outside: 1 } } })
  const out = join(world.folder, 'plan.json')
  const ended = await world.cli(
    ...planned,
    ...['--coverage-contacts', all, '--coverage-column', 'customer', '--out', out],
  )
  const sample = {
    ...{ source: all, unreadable: 0, outside: 1, sampled: 1, gone: 0, withInteractions: 1 },
    ...{ interactions: count(most), examples: [most], upperBound: 1 },
  }
  expect(ended, ended.stderr).toMatchObject({ code: 0, json: { coverageSample: sample } })
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ coverageSample: sample })
  const said = `names 1 contact that the list does not; each was read: 1 has ${count(most)} interactions of this schema (${most}).`
  expect(ended.stderr).toContain(said)

  const dry = await world.cli('upgrade', out, '--dry-run')
  expect(dry, dry.stderr).toMatchObject({ code: 0 })
  expect(dry.stderr).toContain(said)
  expect(dry.stderr).toContain('Add every contact that')

  const since = await world.cli(...planned, '--coverage-since', '2010-01-01')
  expect(since.json).toMatchObject({
    coverageSample: { ...sample, source: expect.stringContaining('2010-01-01') },
  })
  // The whole of a tenant's past lies more than a year back.
  const none = await world.cli(...planned)
  expect(none.code).toBe(2)
  expect(none.stderr).toMatch(/names no contact created since.*earlier --coverage-since/s)
  expect(effects(world)).toEqual({})
  expect(requests(world, 'GET /interactions')).toBeGreaterThan(30)
})
