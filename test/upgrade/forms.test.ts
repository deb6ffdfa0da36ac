/** Every form in which a server may keep a record: the legal ones lose nothing, the others end at the canary. */
import { describe, expect, it } from 'vitest'
import { ILLEGAL_FORMS, type Keeps, LEGAL_FORMS } from '../../src/sandbox/forms.ts'
import { addHistory, type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, planRun, verification } from '../support/run.ts'

const SCHEMA = 'Reuse-Spring-2023'

/** History in which every form finds something to change, at a contact that is not the first. */
function open(keeps: Keeps): Bench {
  const bench = openBench({ keeps, schemaId: SCHEMA, contacts: 12, interactions: 2 })
  const [contactId = ''] = bench.contacts.slice(-1)
  const payload = {
    name: ' Cafe\u0301 ',
    price: JSON.rawJSON('10.0'),
    'purchase-timestamp': '2024-02-29T23:59:59.123+05:45',
  }
  for (const date of ['2024-05-05T05:05:05.055Z', '2024-05-05T05:05:05.055Z', '2024-05-06T00:00:00.001Z'])
    addHistory(bench, contactId, payload, date)
  return bench
}

/** What a form changes, as the message names it. */
const CHANGED: { readonly [Form in (typeof ILLEGAL_FORMS)[number]]: string } = {
  nfc: 'name',
  trimmed: 'name',
  seconds: 'createdDate',
}

describe('An upgrade in a tenant that keeps records in another form', () => {
  it.each(LEGAL_FORMS)('brings all of them back where that is but notation (%s)', async (keeps) => {
    const bench = open(keeps)
    const history = held(bench)
    const run = await planRun(bench)
    await approve(run)
    expect(await go(run)).toEqual({ state: 'done' })
    expect(held(bench)).toEqual(history)
    expect(bench.posts()).toBe(history.length)
    const clean = { found: history.length, missing: 0, extra: 0, foreign: 0, altered: 0, live: 0 }
    expect(verification(run)).toMatchObject(clean)
  })

  it.each(ILLEGAL_FORMS)(
    'is stopped where something is lost (%s), having posted one interaction',
    async (keeps) => {
      const bench = open(keeps)
      const run = await planRun(bench)
      await approve(run)
      expect(await failureOf(go(run))).toMatchObject({
        exit: 4,
        message: expect.stringMatching(new RegExp(`in another form: ${CHANGED[keeps]}\\.\n`)),
        safe: expect.stringContaining('Only this one was posted'),
      })
      expect(bench.posts()).toBe(1)
      expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
      expect(bench.posts()).toBe(1)
    },
  )
})
