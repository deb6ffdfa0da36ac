/** One interaction first: a tenant that keeps history in another form is found out before anything else is posted. */
import { expect, test } from 'vitest'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { canonicalForm } from '../../src/schema/canonical.ts'
import {
  awkwardTenant,
  clean,
  openWorld,
  plan,
  requests,
  stored,
  texts,
  upgradeJson,
  upgradeThrough,
} from './harness.ts'

const ID = 'preownedProduct'

test.concurrent('A tenant that trims texts stops the run after a single post, with both forms shown', async () => {
  await using world = await openWorld({
    keeps: 'trimmed',
    *tenant() {
      for (const event of awkwardTenant({ seed: 2, contacts: 10, interactions: 2, schemas: [ID] })) {
        if (event.type !== 'interaction-created') yield event
        else {
          const { interaction } = event
          const payload = { ...interaction.payload, storeName: '  Hötorget  ' }
          yield { ...event, interaction: { ...interaction, payload } }
        }
      }
    },
  })
  const { run } = await plan(world, ID, 'condition')
  const ended = await upgradeThrough(world, run, ID)
  expect(ended, ended.stderr).toMatchObject({ code: 4, json: { run, state: 'failed', gate: null } })
  expect(ended.stderr).toMatch(
    /keeps the first interaction .*in another form: storeName\.\s+Sent: \{.*" {2}Hötorget {2}".*\}\.?\s+Kept: \{.*"Hötorget".*\}/,
  )
  expect(ended.stderr).toContain('Only this one was posted.')
  expect(requests(world, 'POST /interactions')).toBe(1)
  expect((await stored(world, ID)).size).toBe(1)
  // Nor does trying again post a second one.
  expect(await world.cli('upgrade', run)).toMatchObject({ code: 4 })
  expect(requests(world, 'POST /interactions')).toBe(1)
})

test.concurrent('A tenant that only writes the same values differently is no hindrance', async () => {
  await using world = await openWorld({
    keeps: 'dotnet',
    tenant: () => awkwardTenant({ seed: 2, contacts: 10, interactions: 2, schemas: [ID] }),
  })
  const schema = SCHEMAS.find(({ id }) => id === ID)
  if (schema === undefined) throw new Error('there is no such schema')
  const form = canonicalForm(schema)
  const before = await stored(world, ID)
  const { run } = await plan(world, ID, 'condition')
  const ended = await upgradeThrough(world, run, ID)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  expect(upgradeJson(ended).verification).toEqual(clean(before.size))
  const after = await stored(world, ID)
  const forms = (all: typeof before) => [...all.values()].map(({ record }) => form(record)).sort()
  expect(forms(after)).toEqual(forms(before))
  // It did write them differently.
  expect(texts(after)).not.toEqual(texts(before))
})
