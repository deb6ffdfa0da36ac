/** What is computed purely: coverage, estimate, and plans read back. */

import { describe, expect, it } from 'vitest'
import { type Json, type JsonObject, stringifyJson } from '../../src/json.ts'
import { schemaDigest } from '../../src/schema/diff.ts'
import { assessCoverage } from '../../src/upgrade/coverage.ts'
import { duration, estimateUpgrade } from '../../src/upgrade/estimate.ts'
import { checkUpgrade, type Plan, parsePlan } from '../../src/upgrade/plan.ts'
import { schemaWith } from '../schema/fixtures.ts'
import { openBench } from '../support/bench.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { planFor } from '../support/run.ts'

describe('assessCoverage', () => {
  it.each([
    [{ listed: 10, gone: 0, counted: 10, createdSince: 0 }, true],
    [{ listed: 11, gone: 1, counted: 10, createdSince: 0 }, true],
    [{ listed: 12, gone: 0, counted: 10, createdSince: 0 }, true],
    [{ listed: 10, gone: 0, counted: 10, createdSince: undefined }, true],
    [{ listed: 9, gone: 0, counted: 10, createdSince: 0 }, false],
    [{ listed: 10, gone: 1, counted: 10, createdSince: 0 }, false],
    [{ listed: 10, gone: 0, counted: undefined, createdSince: 0 }, false],
    [{ listed: 10, gone: 0, counted: undefined, createdSince: undefined }, false],
  ])('of %j is sure: %s', (facts, sure) => {
    expect(assessCoverage(facts).sure).toBe(sure)
  })

  it('says in words how many are lacking, who is gone, and what could not be asked', () => {
    const text = assessCoverage({
      listed: 990,
      gone: 10,
      counted: 1000,
      createdSince: undefined,
    }).statements.join(' ')
    expect(text).toContain('20 (2 %) are not in it')
    expect(text).toContain('10 contacts of the list are gone')
    expect(text).toContain('not activated')
  })
})

describe('estimateUpgrade', () => {
  it('counts a call for each contact, each further page and each interaction', () => {
    const { phases, calls, seconds } = estimateUpgrade({
      contacts: 1_000,
      interactions: 3_000,
      furtherPages: 7,
      contactsWithHistory: 400,
      finalPassContacts: 450,
      recordBytes: 90_000,
      ratePerSecond: 45,
    })
    expect(phases.map(({ calls: each }) => each)).toEqual([1_007, 457, 3_000, 407])
    expect(calls).toBe(4_871)
    expect(seconds).toBe(109)
    expect(phases.map(({ seconds: each }) => each)).toEqual([23, 11, 67, 10])
  })

  it.each([
    [0, '0 s'],
    [45.2, '46 s'],
    [99, '99 s'],
    [100, '2 min'],
    [5_939, '99 min'],
    [5_941, '1 h 40 min'],
    [6_000, '1 h 40 min'],
    [20_000, '5 h 34 min'],
  ])('says %i seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })
})

describe('checkUpgrade', () => {
  const schema = (property: JsonObject) =>
    schemaWith({ type: 'string', displayName: 'P', showInContactCard: 'true', ...property })

  it('takes a rule that refuses less, and no type that takes more', () => {
    const refused = (before: JsonObject, after: JsonObject) => () =>
      checkUpgrade(schema(before), schema(after), [])
    expect(refused({ enum: ['a'] }, { enum: ['a', 'b'] })).not.toThrow()
    expect(refused({ maxLength: 5 }, { maxLength: 9 })).not.toThrow()
    expect(refused({ enum: ['a', 'b'] }, { enum: ['a'] })).toThrow(/enum/)
    expect(refused({ type: 'integer' }, { type: 'number' })).toThrow(/The type of "p" changes/)
  })
})

describe('a plan', () => {
  async function planned(): Promise<Plan> {
    return planFor(openBench({ contacts: 10, schemaId: 'preownedProduct' }), await temporaryFolder())
  }
  const read = (value: unknown): Plan => parsePlan(stringifyJson(value as Json), 'plan.json')

  it('is read back as it was written', async () => {
    const plan = await planned()
    expect(read(plan)).toEqual(plan)
  })

  it.each(['', '{', 'null', '[]', '7', '{"format":"another"}'])('is not %j', (text) => {
    expect(thrownBy(() => parsePlan(text, 'plan.json'))).toMatchObject({ name: 'OperatorError', exit: 2 })
  })

  it.each([
    ['another version', { formatVersion: 2 }],
    ['a run id that leads elsewhere', { run: '../../etc' }],
    ['a run id with a slash', { run: 'a/b' }],
    ['a run id with a backslash', { run: 'a\\b' }],
    ['an empty run id', { run: '' }],
    ['another strategy', { strategy: 'delete-all' }],
    ['no contacts', { contacts: null }],
    ['no source of contacts', { contacts: {} }],
    ['a gate that is no flag', { canaryGate: 'yes' }],
    ['another schema id than its schemas', { schemaId: 'other' }],
    ['another digest', { liveDigest: '0'.repeat(64) }],
    ['no final pass', { finalPass: null }],
    ['a final pass of no known mode', { finalPass: { mode: 'some', sample: 10, risk: '' } }],
    ['a final pass without a sample', { finalPass: { mode: 'hot', risk: '' } }],
  ])('with %s is refused', async (_what, changes) => {
    const plan = await planned()
    expect(thrownBy(() => read({ ...plan, ...changes }))).toMatchObject({ name: 'OperatorError', exit: 2 })
  })

  it.each([
    'run',
    'strategy',
    'tenant',
    'baseUrl',
    'schemaId',
    'contacts',
    'coverage',
    'finalPass',
    'canaryGate',
    'automations',
    'liveDigest',
    'before',
    'after',
  ])('without %s is refused', async (name) => {
    const { [name]: _left, ...rest } = (await planned()) as unknown as JsonObject
    expect(thrownBy(() => read(rest))).toMatchObject({ name: 'OperatorError', exit: 2 })
  })

  it('whose new schema was edited to have seven segmentable properties is refused', async () => {
    const plan = await planned()
    const properties = Object.entries(plan.after.jsonSchema.properties)
    expect(properties.length).toBeGreaterThan(7)
    const seven = Object.fromEntries(
      properties.map(([name, property], at) => [
        name,
        at < 7 ? { ...property, addToSegmentation: 'true' } : property,
      ]),
    )
    const after = { ...plan.after, jsonSchema: { ...plan.after.jsonSchema, properties: seven } }
    expect(thrownBy(() => read({ ...plan, after }))).toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/segment/i),
    })
  })

  it('whose new schema was edited to lose a property is refused', async () => {
    const plan = await planned()
    const properties = Object.fromEntries(Object.entries(plan.after.jsonSchema.properties).slice(1))
    const after = { ...plan.after, jsonSchema: { ...plan.after.jsonSchema, properties } }
    expect(thrownBy(() => read({ ...plan, after }))).toMatchObject({ name: 'OperatorError', exit: 4 })
  })

  it('that changes nothing is refused', async () => {
    const plan = await planned()
    expect(schemaDigest(plan.before)).toBe(plan.liveDigest)
    expect(thrownBy(() => read({ ...plan, after: plan.before }))).toMatchObject({ exit: 4 })
  })
})
