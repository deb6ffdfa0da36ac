/** Contacts created since the list was made, and a tenant that does not say. */
import { describe, expect, it } from 'vitest'
import { EngageError } from '../../src/engage/errors.ts'
import { openTemporaryContacts } from '../../src/journal/contacts.ts'
import { addCreatedSince, countContacts as countOf } from '../../src/transfer/contact-source.ts'
import { json } from '../support/answers.ts'
import { type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { planRun, walk } from '../support/run.ts'

const NEW = '0b9a4a1c-0000-4000-8000-00000000c0de'
const HOUR = 3_600_000

function refusing(status: number) {
  return {
    contactChanges: () =>
      Promise.reject(
        new EngageError({ method: 'GET', path: '/', status, serverMessage: 'no', outcome: 'refused' }),
      ),
  }
}

function create({ sandbox }: Bench, at: number): void {
  sandbox.tenant.apply({ type: 'contact-created', id: NEW, contactType: 'Member', at })
}

describe('contacts created since', () => {
  it.each([400, 403, 404])('are not known where every window is answered with %i', async (status) => {
    using list = openTemporaryContacts()
    expect(await addCreatedSince(0, list, refusing(status), HOUR)).toBeUndefined()
    expect(list.count()).toBe(0)
  })

  it.each([
    ['the key is refused', 401],
    ['there are too many requests: that passes, and says nothing of the endpoint', 429],
  ])('fail where %s', async (_why, status) => {
    using list = openTemporaryContacts()
    expect(await failureOf(addCreatedSince(0, list, refusing(status), HOUR))).toMatchObject({ status })
  })

  it('and the count fail alike where there are too many requests', async () => {
    const { contactChanges: countContacts } = refusing(429)
    expect(await failureOf(countOf({ countContacts }))).toMatchObject({ status: 429 })
    const { contactChanges: absent } = refusing(404)
    expect(await countOf({ countContacts: absent })).toBeUndefined()
  })

  it.each([
    ['an hour ahead of our clock', HOUR, 1],
    ['five minutes before the list was made', -5 * 60_000, 1],
    ['long before', -HOUR, 0],
  ])('are found when they were created %s', async (_when, offset, found) => {
    const bench = openBench({ contacts: 0 })
    const now = bench.clock.now()
    create(bench, now + offset)
    using list = openTemporaryContacts()
    expect(await addCreatedSince(now, list, bench.reader, now)).toBe(found)
    expect(list.has(NEW)).toBe(found === 1)
  })

  it('may be asked for in vain: the plan says so, and the upgrade is done all the same', async () => {
    const bench = openBench({ contacts: 8 })
    const history = held(bench)
    bench.between(async (request, sandbox) =>
      new URL(request.url).pathname.endsWith('/contacts/changes')
        ? json(400, { message: 'not for you' })
        : sandbox(request),
    )
    const run = await planRun(bench)
    expect(run.plan.coverage.statements.join(' ')).toContain('not activated')
    await walk(run)
    expect(held(bench)).toEqual(history)
  })

  it('while the run is under way are read by the final pass, also where our clock is behind', async () => {
    const bench = openBench({ contacts: 8 })
    const run = await planRun(bench)
    await walk(run, 'producers-stopped')
    create(bench, bench.clock.now() + HOUR)
    await walk(run, 'delete-schema')
    expect(run.journal.contacts.has(NEW)).toBe(true)
    await walk(run)
  })
})
