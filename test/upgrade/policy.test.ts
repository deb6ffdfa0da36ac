/** The bounds that an organisation sets itself: read strictly, applied to the tenants that they are for. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { forbidden, policyLines, whyNotNow } from '../../src/upgrade/policy.ts'
import { missingPolicy, readPolicy, whyAnotherPolicy } from '../../src/upgrade/policy-file.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const HEAD = { format: 'engage-migrate policy', formatVersion: 1 }
const PRODUCTION = 'acme.voyado.com'
const STAGING = 'acme.staging.voyado.com'

async function fileOf(value: unknown): Promise<string> {
  const file = join(await temporaryFolder(), 'policy.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

describe('a policy file', () => {
  it('that is the example of the runbooks has every rule, in words', () => {
    const file = resolve(import.meta.dirname, '../../runbooks/policy.json')
    const policy = readPolicy(file, PRODUCTION)
    expect(policyLines(policy)).toEqual([
      'production: Two different people must sign for a deletion.',
      'production: No deletion on Friday, Saturday, Sunday (Europe/Stockholm).',
      'production: A deletion must begin between 08:00 and 15:00 (Europe/Stockholm).',
      'production: The new schema must not refuse more than 100 interactions.',
      'production: No more than 0 interactions may be given up.',
      'production: The contact list must be known to hold every contact.',
      'production: Engage must have accepted the new schema on trial.',
      'production: The final pass must read every contact.',
    ])
    expect(Object.keys(policy.rules)).toHaveLength(policyLines(policy).length)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject(HEAD)
  })

  it('holds for the tenants of its kind; one that nobody can tell counts as production', async () => {
    const file = await fileOf({ ...HEAD, production: { signatures: 2 }, staging: { mostLost: 1 } })
    expect(readPolicy(file, PRODUCTION).rules).toEqual({ signatures: 2 })
    expect(readPolicy(file, STAGING).rules).toEqual({ mostLost: 1 })
    expect(readPolicy(file, 'gateway.example.org').rules).toEqual({ signatures: 2 })
    // What listens on this machine may lead on to a tenant.
    expect(readPolicy(file, '127.0.0.1_8080').rules).toEqual({ signatures: 2 })
    const rehearsed = await fileOf({ ...HEAD, production: { signatures: 2 }, sandbox: {} })
    expect(readPolicy(rehearsed, '127.0.0.1_8080')).toMatchObject({ environment: 'sandbox', rules: {} })
  })

  it.each([
    ['not JSON', '{', 'it is not JSON'],
    ['no policy', {}, "it must have required property 'format'"],
    [
      'of another version',
      { ...HEAD, formatVersion: 2, production: {} },
      'formatVersion must be equal to constant (1)',
    ],
    ['with a rule that is not known', { ...HEAD, production: { signature: 2 } }, '("signature")'],
    ['with an environment that is not known', { ...HEAD, production: {}, prod: {} }, '("prod")'],
    ['with three signatures', { ...HEAD, production: { signatures: 3 } }, 'production/signatures'],
    [
      'with a day that is none',
      { ...HEAD, production: { noDeletionOn: ['Fri'] } },
      'production/noDeletionOn/0',
    ],
    [
      'with a time that is none',
      { ...HEAD, production: { deletionBetween: ['8:00', '15:00'] } },
      'deletionBetween/0',
    ],
    [
      'with a time zone that is none',
      { ...HEAD, timeZone: 'Mars', production: {} },
      'there is no time zone Mars',
    ],
    [
      'with a time that never is',
      { ...HEAD, production: { deletionBetween: ['08:00', '08:00'] } },
      'production/deletionBetween begins when it ends',
    ],
    ['with less than nothing', { ...HEAD, production: { mostRefused: -1 } }, 'production/mostRefused'],
  ])('%s is refused as a whole', async (_, value, words) => {
    const file = await fileOf(value)
    expect(thrownBy(() => readPolicy(file, STAGING))).toMatchObject({
      name: 'OperatorError',
      exit: 2,
      message: expect.stringContaining(words),
    })
  })

  it('that is not there is told', () => {
    expect(thrownBy(() => readPolicy('/nowhere/policy.json', STAGING))).toMatchObject({
      exit: 2,
      message: expect.stringContaining('ENOENT'),
    })
  })

  it('in a plan is held to the same form', async () => {
    const policy = readPolicy(await fileOf({ ...HEAD, production: { signatures: 2 } }), PRODUCTION)
    expect(missingPolicy(undefined)).toEqual([])
    expect(missingPolicy(policy)).toEqual([])
    expect(missingPolicy({ ...policy, rules: { signatures: 'two' } })).toEqual(['policy'])
    expect(missingPolicy({ ...policy, timeZone: 'Mars' })).toEqual(['policy'])
    expect(missingPolicy(true)).toEqual(['policy'])
  })
})

describe('the policy that is set', () => {
  it('is the one that the plan was made with, in every part, or nothing may be deleted', async () => {
    const file = await fileOf({ ...HEAD, production: { signatures: 2, noDeletionOn: ['friday'] } })
    const policy = readPolicy(file, PRODUCTION)
    const why = (changed?: object): readonly string[] =>
      whyAnotherPolicy(file, {
        tenant: PRODUCTION,
        ...(changed && { policy: { ...policy, ...changed } as never }),
      })
    expect(why({})).toEqual([])
    expect(why({ file: '/elsewhere/policy.json' })).toEqual([])
    expect(whyAnotherPolicy(undefined, { tenant: PRODUCTION })).toEqual([])
    for (const changed of [
      { rules: {} },
      { rules: { signatures: 1, noDeletionOn: ['friday'] } },
      { timeZone: 'Asia/Tokyo' },
      { environment: 'staging' },
      { digest: 'another' },
    ])
      expect(why(changed)).toEqual([expect.stringContaining('it takes a new plan')])
    expect(why()).toEqual([expect.stringContaining('it takes a new plan')])
  })
})

describe('what a policy forbids', () => {
  const fine = { refused: 0, loss: 0, sure: true, proven: true, fullPass: true }
  const rules = { mostRefused: 3, mostLost: 0, coverage: 'sure', preflight: 'proven', finalPass: 'full' }

  it.each([
    [{ refused: 4 }, 'the new schema refuses 4 interactions, and at most 3 may be'],
    [{ loss: 1 }, '1 interaction would not come back, and at most 0 may be given up'],
    [{ sure: false }, 'it is not known that the contact list holds every contact'],
    [{ proven: false }, 'Engage has not accepted the new schema on trial'],
    [{ fullPass: false }, 'the final pass does not read every contact'],
  ])('%j', async (change, words) => {
    const policy = readPolicy(await fileOf({ ...HEAD, production: rules }), PRODUCTION)
    expect(forbidden(policy, fine)).toEqual([])
    expect(forbidden(policy, { ...fine, refused: 3 })).toEqual([])
    expect(forbidden(policy, { ...fine, ...change })).toEqual([words])
    const none = readPolicy(await fileOf({ ...HEAD, production: {} }), PRODUCTION)
    expect(forbidden(none, { ...fine, ...change })).toEqual([])
  })

  it.each([
    // Summer time: 12:00 in Stockholm is 10:00 UTC; in winter it is 11:00.
    ['2026-07-02T10:00:00Z', undefined],
    ['2026-07-03T10:00:00Z', 'it is Friday there (Europe/Stockholm)'],
    // Friday has begun in Stockholm, and not yet in UTC.
    ['2026-07-02T22:30:00Z', 'it is Friday there (Europe/Stockholm)'],
    ['2026-07-02T05:59:59Z', 'it is 07:59 there (Europe/Stockholm), not between 08:00 and 15:00'],
    ['2026-07-02T06:00:00Z', undefined],
    ['2026-07-02T13:00:00Z', 'it is 15:00 there (Europe/Stockholm), not between 08:00 and 15:00'],
    ['2026-12-01T13:59:59Z', undefined],
  ])('a deletion at %s: %s', async (at, why) => {
    const rules = { noDeletionOn: ['friday'], deletionBetween: ['08:00', '15:00'] }
    const file = await fileOf({ ...HEAD, timeZone: 'Europe/Stockholm', production: rules })
    expect(whyNotNow(readPolicy(file, PRODUCTION), Date.parse(at))).toBe(why)
  })

  it('a time of day may go over midnight', async () => {
    const policy = readPolicy(
      await fileOf({ ...HEAD, production: { deletionBetween: ['22:00', '04:00'] } }),
      PRODUCTION,
    )
    expect(whyNotNow(policy, Date.parse('2026-07-02T23:00:00Z'))).toBeUndefined()
    expect(whyNotNow(policy, Date.parse('2026-07-02T03:00:00Z'))).toBeUndefined()
    expect(whyNotNow(policy, Date.parse('2026-07-02T12:00:00Z'))).toContain('12:00')
  })
})
