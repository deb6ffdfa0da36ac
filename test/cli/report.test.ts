/** The report that a deletion is approved on, and what becomes of a signature when something of it changes. */
import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Report } from '../../src/report/report.ts'
import { seedTenant } from '../../src/sandbox/seed.ts'
import { type Ended, openWorld, plan, upgradeThrough, type World } from './harness.ts'

const ID = 'wishlist'

function smallWorld(): Promise<World> {
  return openWorld({
    tenant: () => seedTenant({ seed: 5, contacts: 20, interactions: 2, schemas: [ID, 'recycled'] }),
  })
}

function reportIn(folder: string): Report {
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report
}

function signing(world: World, run: string, by: string, ...more: readonly string[]): Promise<Ended> {
  return world.cli('sign', run, 'delete-schema', '--by', by, '--confirm', ID, ...more)
}

describe.concurrent('The report', () => {
  test('is left by a dry run, is written anew at the gate, and takes signatures without changing what they are on', async () => {
    await using world = await smallWorld()
    const people = [
      '--producer',
      'Shop, web',
      '--audience',
      'Wishers',
      '--begin',
      '2030-01-08T20:00:00+01:00',
    ]
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate', '--require-two', ...people)
    const folder = join(world.data, 'runs', run)
    expect(await world.cli('report', run)).toMatchObject({ code: 4 })

    const dry = await world.cli('upgrade', run, '--dry-run')
    expect(dry, dry.stderr).toMatchObject({ code: 0, json: { report: join(folder, 'report.html') } })
    const count = world.sandbox.stats().interactions[ID] ?? 0
    const early = reportIn(folder)
    expect(early.facts).toMatchObject({
      subject: { run, schemaId: ID, environment: 'sandbox', pass: 'base pass' },
      verdict: { may: 'not-yet' },
      deletion: { interactions: count },
      profile: { interactions: count },
      time: { begin: '2030-01-08T19:00:00.000Z' },
    })
    expect(early.facts.hands.flatMap(({ names }) => names)).toContain('Shop, web')

    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    const put = reportIn(folder)
    expect(put.facts).toMatchObject({ subject: { pass: 'final pass' }, verdict: { may: 'may' } })
    expect(put.digest).not.toBe(early.digest)
    expect(put.gates.find(({ name }) => name === 'delete-schema')).toMatchObject({
      state: 'open',
      signatures: [],
    })

    expect(await signing(world, run, 'Grace')).toMatchObject({ code: 0, json: { signed: false } })
    expect(await signing(world, run, 'grace')).toMatchObject({ code: 4 })
    expect((await world.cli('status', run)).stderr).toContain('Signed by Grace on')
    expect(await world.cli('report', run)).toMatchObject({ code: 0, json: { digest: put.digest } })
    expect(await signing(world, run, 'Ada')).toMatchObject({ code: 0, json: { signed: true } })
    expect(reportIn(folder)).toMatchObject({
      digest: put.digest,
      gates: expect.arrayContaining([
        expect.objectContaining({
          ...{ name: 'delete-schema', state: 'signed' },
          signatures: [
            expect.objectContaining({
              by: 'Grace',
              void: null,
              on: expect.objectContaining({ report: put.digest }),
            }),
            expect.objectContaining({ by: 'Ada', void: null }),
          ],
        }),
      ]),
    })

    const done = await world.cli('upgrade', run)
    expect(done, done.stderr).toMatchObject({ code: 0, json: { state: 'done' } })
    const audit = await world.cli('audit', run)
    expect(audit, audit.stderr).toMatchObject({ code: 0, json: { run } })
    expect(audit.stderr).toMatch(
      /delete-schema: signed by Ada, as the second, after Grace, on plan [0-9a-f]{64}, snapshot/,
    )
    const archive = join(world.folder, 'archive')
    cpSync(folder, archive, { recursive: true })
    expect((await world.cli('audit', archive)).code).toBe(0)
    expect(reportIn(folder).outcome).toEqual([
      expect.stringMatching(/^The schema was deleted on 20/),
      expect.stringMatching(/^The new schema was created on 20/),
      expect.stringMatching(
        new RegExp(`${count} interactions expected, ${count} found, 0 missing, 0 refused`),
      ),
      'The run has ended.',
    ])
    // Away from its snapshots these are not here to be looked at, which is no fault; a plan that was changed is one.
    const away = { ENGAGE_MIGRATE_DATA: join(world.folder, 'nothing') }
    expect(await world.cliWith(away, 'audit', archive)).toMatchObject({ code: 0 })
    writeFileSync(
      join(archive, 'plan.json'),
      readFileSync(join(archive, 'plan.json'), 'utf8').replace(ID, 'another'),
    )
    const changed = await world.cliWith(away, 'audit', archive)
    expect(changed).toMatchObject({ code: 5 })
    expect(changed.stderr).toMatch(/✗ plan\.json.*begun with another one/)
    expect(changed.stderr).toContain('delete-schema: signed by Ada')
  })

  test('that is changed after it was signed stops the deletion; so does one that is gone', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    const folder = join(world.data, 'runs', run)
    await upgradeThrough(world, run, ID, 'delete-schema')
    const page = join(folder, 'report.html')

    // Before the signature: nothing is signed on what nobody has put up.
    appendFileSync(page, ' ')
    const early = await signing(world, run, 'Grace')
    expect(early, early.stderr).toMatchObject({ code: 4 })
    expect(early.stderr).toContain('the report has changed since')
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 3 })

    expect(await signing(world, run, 'Grace')).toMatchObject({ code: 0 })
    writeFileSync(page, readFileSync(page, 'utf8').replace(ID, 'something else'))
    const stopped = await world.cli('upgrade', run)
    expect(stopped).toMatchObject({ code: 4 })
    expect(stopped.stderr).toMatch(/the report: was the one that was signed for, is another one, or gone/)
    expect(world.sandbox.tenant.schema(ID)).toBeDefined()
    expect(await world.cli('audit', run)).toMatchObject({ code: 5 })

    const again = await world.cli('upgrade', run)
    expect(again, again.stderr).toMatchObject({ code: 3, json: { gate: 'delete-schema' } })
    expect(again.stderr).toContain('The last signature is void')
    const markdown = join(folder, 'report.md')
    const before = readFileSync(markdown)
    expect(await signing(world, run, 'Grace')).toMatchObject({ code: 0 })
    // As a process leaves it that dies while it adds the signature: of the same facts, in part.
    expect(readFileSync(markdown).equals(before)).toBe(false)
    writeFileSync(markdown, before)
    expect(
      reportIn(folder)
        .gates.flatMap(({ signatures }) => signatures)
        .map((each) => each.void),
    ).toEqual([null, null, expect.stringContaining('the report'), null])
    expect(await world.cli('upgrade', run)).toMatchObject({ code: 0, json: { state: 'done' } })
  })

  test('is not needed to see that a schema was emptied: a plan says so, and a run names what it has', async () => {
    await using world = await smallWorld()
    const { run } = await plan(world, ID, 'productSku', '--no-canary-gate')
    expect((await upgradeThrough(world, run, ID, 'delete-schema')).code).toBe(3)
    expect(await signing(world, run, 'Grace')).toMatchObject({ code: 0 })
    const { tenant } = world.sandbox
    const schema = tenant.schema(ID)?.schema
    const again = { ...schema, displayName: 'Made anew' } as NonNullable<typeof schema>
    tenant.apply({ type: 'schema-deleted', id: ID })
    tenant.apply({ type: 'schema-created', schema: again, visibleAt: 0 })
    const stopped = await world.cli('upgrade', run)
    expect(stopped).toMatchObject({ code: 4 })
    expect(stopped.stderr).toMatch(/displayName: expected "Wishlist", found "Made anew"/)
    expect(stopped.stderr).toMatch(/that the final pass read are in .*wishlist/)
    expect(stopped.stderr).toMatch(/engage-migrate restore .* --dry-run/)
    expect(
      reportIn(join(world.data, 'runs', run))
        .gates.flatMap(({ signatures }) => signatures)
        .at(-1)?.void,
    ).toMatch(/has changed since the plan was made/)
    const anew = await world.cli('plan', ID, '--segment', 'productSku', '--contacts', world.contacts)
    expect(anew, anew.stderr).toMatchObject({ code: 0 })
    expect(anew.stderr).toMatch(/Warning: the tenant seems to hold some 0 interactions of wishlist/)
  })

  test('of a snapshot by itself has no verdict, and is held against a schema where one is named', async () => {
    await using world = await smallWorld()
    const backup = await world.cli('backup', ID, '--contacts', world.contacts)
    expect(backup, backup.stderr).toMatchObject({ code: 0 })
    const out = join(world.folder, 'out')
    const alone = await world.cli('report', `${ID}@latest`, '--out', out)
    expect(alone, alone.stderr).toMatchObject({ code: 0, json: { folder: out, verdict: { may: 'no-plan' } } })
    expect(reportIn(out).facts).toMatchObject({ change: null, strategies: null, hands: [] })
    const held = await world.cli('report', `${ID}@latest`, '--segment', 'productSku', '--out', out)
    expect(held, held.stderr).toMatchObject({ code: 0 })
    expect(reportIn(out).facts.change?.segmentable.count).toBe(1)
    expect(existsSync(join(out, 'report.md'))).toBe(true)
  })
})
