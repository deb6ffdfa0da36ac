/** What a script reads on standard output, what a dry run does, and what a terminal must never be sent. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { InteractionSchema } from '../../src/model.ts'
import type { TenantEvent } from '../../src/sandbox/events.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import {
  assertFit,
  clean,
  contactIds,
  type Ended,
  effects,
  guid,
  interactionEvent,
  launch,
  openWorld,
  plan,
  requests,
  stored,
  tenantNow,
  upgradeThrough,
} from './harness.ts'

const ID = 'repair'
const STEPS = ['export', 'pause-automations', 'delete-schema', 'recreate-schema', 'import']

describe.concurrent('With --json', () => {
  test('each command answers one object on standard output, and says all else on standard error', async () => {
    await using world = await openWorld({
      tenant: () => seedTenant({ seed: 4, contacts: 12, interactions: 2, schemas: [ID] }),
    })
    const count = (await stored(world, ID)).size
    const out = join(world.folder, 'my.plan.json')
    const planned = await world.cli(
      'plan',
      ID,
      '--segment',
      'brand',
      '--segment',
      'storeId',
      '--contacts',
      world.contacts,
      '--automation',
      'Thank you',
      '--no-canary-gate',
      '--out',
      out,
    )
    const { run } = planned.json as { run: string }
    expect(planned.json).toEqual({
      plan: out,
      run,
      coverage: { sure: true, statements: expect.any(Array) },
      estimate: expect.objectContaining({ calls: expect.any(Number), seconds: expect.any(Number) }),
    })
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ run, automations: ['Thank you'] })
    expect(planned.stderr).toContain('What changes in the schema')

    const waiting = await world.cli('upgrade', out)
    expect(waiting.json).toEqual({ run, state: 'waiting', gate: 'automations-paused', verification: null })
    expect(waiting.stderr).toContain('Named in the plan: Thank you')
    expect(waiting.stderr).toContain(`engage-migrate sign ${run} automations-paused --by`)

    const status = await world.cli('status', run)
    expect(status.json).toEqual({
      run,
      state: 'waiting',
      history: null,
      gate: 'automations-paused',
      request: { asks: expect.arrayContaining(['Named in the plan: Thank you']), needs: [] },
      direction: 'upgrade',
      failure: null,
      verification: null,
      steps: STEPS.map((name, at) => ({
        name,
        title: expect.any(String),
        state: at === 0 ? 'done' : at === 1 ? 'active' : 'pending',
        detail: at === 1 ? expect.any(String) : null,
      })),
      command: `engage-migrate upgrade ${run}`,
      remaining: { calls: expect.any(Number), seconds: expect.any(Number) },
    })
    expect(status.stderr).toContain(
      `Sign it with:\n  engage-migrate sign ${run} automations-paused --by "YOUR NAME" --note "WHICH ONES"\nThen:\n  engage-migrate upgrade ${run}\n`,
    )
    expect((await world.cli('status')).json).toEqual({ runs: [status.json] })

    const signing = ['sign', run, 'automations-paused', '--by', 'Ada', '--note', 'Thank you, paused']
    const signed = { run, gate: 'automations-paused', signed: true, by: 'Ada' }
    expect((await world.cli(...signing)).json).toEqual(signed)
    const twice = await world.cli(...signing)
    expect([twice.code, twice.json]).toEqual([0, signed])
    expect(twice.stderr).toContain('was signed before')
    expect(twice.stderr).toContain('Your note was NOT taken')

    const ended = await upgradeThrough(world, run, ID)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(ended.json).toEqual({ run, state: 'done', gate: null, verification: clean(count) })
    expect(ended.stderr).toContain('as noted: Thank you, paused')
    const requestsSofar = world.sandbox.stats().requests
    const again = await world.cli('upgrade', run)
    expect([again.code, again.json]).toEqual([0, ended.json])
    expect(world.sandbox.stats().requests).toBe(requestsSofar)

    const verified = await world.cli('verify', run, '--live')
    expect(verified.json).toEqual({
      snapshot: expect.stringContaining(world.data),
      ...{ whole: true, complete: true, sealed: false, links: 1 },
      contacts: 12,
      records: count,
      bytes: expect.any(Number),
      problems: [],
      leftovers: [],
      live: { ...clean(count), differences: [] },
    })
    const refused = await world.cli('status', 'nothing')
    expect(refused.json).toEqual({
      error: { what: expect.any(String), safe: expect.any(String), next: expect.any(String), exit: 2 },
    })
  })

  test('a read-back that finds differences names each of them', async () => {
    await using world = await openWorld({
      tenant: () => seedTenant({ seed: 4, contacts: 12, interactions: 2, schemas: [ID] }),
    })
    const { run } = await plan(world, ID, 'brand', '--no-canary-gate')
    expect((await upgradeThrough(world, run, ID)).code).toBe(0)
    const [first] = await stored(world, ID)
    if (first === undefined) throw new Error('there is nothing')
    const [id, { record }] = first
    const count = (await stored(world, ID)).size
    world.sandbox.tenant.apply({ type: 'interaction-deleted', id })
    const ended = await world.cli('verify', run, '--live')
    expect(ended, ended.stderr).toMatchObject({
      code: 5,
      json: {
        whole: true,
        live: {
          expected: count,
          found: count - 1,
          missing: 1,
          extra: 0,
          differences: [{ contactId: record.contactId, missing: [expect.any(Number)], extra: [] }],
        },
      },
    })
    expect(ended.stderr).toContain(`Contact ${record.contactId}: 1 missing`)
  })
})

test.concurrent('Without --json the result is for people, errors are on standard error, and a stack needs --debug', async () => {
  await using world = await openWorld({
    tenant: () => seedTenant({ seed: 4, contacts: 4, interactions: 1, schemas: [ID] }),
  })
  const env = { ENGAGE_BASE_URL: world.url, ENGAGE_MIGRATE_DATA: world.data }
  const args = ['plan', ID, '--segment', 'brand', '--contacts', world.contacts]
  const [fine, wrong, help] = await Promise.all([
    launch(args, world.folder, env).ended,
    launch(['plan', 'nothing', ...args.slice(2)], world.folder, env).ended,
    launch(['--help'], world.folder, env).ended,
  ])
  expect(fine).toMatchObject({ code: 0, stderr: '', json: undefined })
  expect(fine.stdout).toContain('The plan is in')
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toMatch(/^Error: .*\nSafe now: .*\nNext: .*\n$/)
  expect(help.code).toBe(0)
  for (const each of ['plan', 'upgrade', 'sign', 'status', 'verify', 'sandbox', 'demo', '130  interrupted']) {
    expect(help.stdout).toContain(each)
  }
})

test.concurrent('A dry run exports and reports, changes nothing, and its export is the base pass of the real run', async () => {
  await using world = await openWorld({
    tenant: () => seedTenant({ seed: 8, contacts: 25, interactions: 2, schemas: [ID] }),
  })
  const before = tenantNow(world)
  const { plan: file, run } = await plan(world, ID, 'brand')
  const ended = await world.cli('upgrade', file, '--dry-run')
  expect(ended, ended.stderr).toMatchObject({
    code: 0,
    json: { run, state: 'done', gate: null, verification: null, dryRun: true },
  })
  const count = (await stored(world, ID)).size
  expect(ended.stderr).toMatch(
    new RegExp(`deletion would take ${count} interactions of\\s+\\d+ contacts, out of 25 `),
  )
  expect(ended.stderr).toContain('"brand" can be used in segmentation')
  expect(effects(world)).toEqual({})
  expect(tenantNow(world)).toEqual(before)

  const reads = requests(world, 'GET /interactions')
  const again = await world.cli('upgrade', file, '--dry-run')
  expect(again, again.stderr).toMatchObject({ code: 0, json: { dryRun: true } })
  const real = await world.cli('upgrade', run)
  expect(real, real.stderr).toMatchObject({ code: 3, json: { run, gate: 'automations-paused' } })
  expect(requests(world, 'GET /interactions')).toBe(reads)
  expect(effects(world)).toEqual({})
})

const EVIL = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\u202eright-to-left\u200f\u2066\u061c\ufeff\u007f'

const EVIL_SCHEMA: InteractionSchema = {
  id: 'evil',
  displayName: `Evil ${EVIL}`,
  jsonSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      [`name${EVIL}`]: { type: 'string', displayName: `Name ${EVIL}` },
      text: { type: 'string', displayName: `Text ${EVIL}` },
    },
  },
}

function* evilTenant(): Generator<TenantEvent> {
  yield { type: 'schema-created', schema: EVIL_SCHEMA, visibleAt: 0 }
  yield {
    type: 'schema-created',
    schema: { ...EVIL_SCHEMA, id: `other${EVIL}` },
    visibleAt: 0,
  }
  for (let number = 1; number <= 3; number++) {
    yield { type: 'contact-created', id: guid(number), contactType: 'Member', at: 0 }
    yield interactionEvent({
      id: guid(100 + number),
      contactId: guid(number),
      schemaId: 'evil',
      createdDate: '2024-01-01T00:00:00.000Z',
      payload: { text: `${EVIL} spaces that are trimmed  `, [`name${EVIL}`]: EVIL },
    })
  }
}

test.concurrent('Whatever a tenant or a file holds, no character that steers a terminal is sent to one', async () => {
  await using world = await openWorld({ tenant: evilTenant, keeps: 'trimmed' })
  // What is shown of it is shown as escapes: that it is shown at all is part of the test.
  const shown = (ended: Ended, words: string): void => {
    expect(ended.stderr).toContain(words)
    expect(ended.stderr).toContain('\\u202e')
  }
  expect(() => assertFit(EVIL)).toThrow()

  shown(
    await world.cli('plan', 'none', '--segment', 'text', '--contacts', world.contacts),
    'there are: evil, other',
  )
  shown(
    await world.cli('plan', 'evil', '--segment', 'x', '--contacts', world.contacts),
    'Choose among its properties',
  )
  shown(await world.cli('plan', 'evil', '--segment', EVIL, '--contacts', world.contacts), 'has no property')
  shown(await world.cli('status', EVIL), 'There is no run')

  writeFileSync(world.contacts, `contactId\n${contactIds(world.sandbox).join('\n')}\n${EVIL}\n`)
  const planned = await world.cli(
    'plan',
    'evil',
    '--segment',
    `name${EVIL}`,
    '--contacts',
    world.contacts,
    '--automation',
    EVIL,
  )
  expect(planned, planned.stderr).toMatchObject({ code: 0 })
  shown(planned, 'can be used in segmentation')
  const { run } = planned.json as { run: string }
  shown(await world.cli('upgrade', run, '--dry-run'), 'What changes in evil')
  shown(await world.cli('upgrade', run), 'Named in the plan')
  const sign = await world.cli('sign', run, 'automations-paused', '--by', `Ada${EVIL}`, '--note', EVIL)
  expect(sign, sign.stderr).toMatchObject({ code: 0, json: { by: `Ada${EVIL}` } })
  shown(sign, 'Signed: automations-paused')

  world.sandbox.setFaults([
    { kind: 'refuse', method: 'POST', path: '/interactionschemas', message: `No ${EVIL} today` },
  ])
  expect((await upgradeThrough(world, run, 'evil')).stderr).toMatch(/No +\[2J/)
  const kept = await upgradeThrough(world, run, 'evil')
  expect(kept, kept.stderr).toMatchObject({ code: 4, gates: ['delete-schema'] })
  shown(kept, 'in another form')
})
