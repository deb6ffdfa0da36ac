/** A restore takes whatever can be read as a snapshot: encrypted, or a chain; what is lacking is told. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { localPlace } from '../../src/snapshot/place.ts'
import type { ContactChange } from '../../src/snapshot/record.ts'
import { openWith, sealFor } from '../../src/snapshot/seal.ts'
import { StateTally } from '../../src/snapshot/state.ts'
import { unencryptedFolder } from '../../src/upgrade/selected.ts'
import { type Bench, held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { restoreRun } from '../support/restore.ts'
import { go, passed, walk } from '../support/run.ts'
import { contactsOf, write } from '../support/sources.ts'

function loseAll({ sandbox, schema }: Bench): void {
  for (const { id } of [...sandbox.tenant.interactionsOfSchema(schema.id)])
    sandbox.tenant.apply({ type: 'interaction-deleted', id })
}

describe('a restore', () => {
  it('of an encrypted snapshot takes its identity, and says that what is restored is kept in the clear', async () => {
    const bench = openBench()
    const history = held(bench)
    const identity = await generateIdentity()
    const seal = sealFor([await identityToRecipient(identity)])
    const source = join(await temporaryFolder(), 'sealed')
    const contacts = await contactsOf(bench)
    const encryption = { method: 'age' as const, recipients: 1 }
    await write(bench, source, contacts, contacts.length, { seal, encryption })
    loseAll(bench)
    const run = await restoreRun(bench, source)
    const opened = (identities: readonly string[]) => ({
      ...run.context,
      source: async () => ({ place: localPlace(source), opener: openWith(identities) }),
    })
    const wrong = { ...run, context: opened([await generateIdentity()]) }
    expect(await failureOf(go(wrong))).toMatchObject({
      exit: 4,
      message: expect.stringMatching(/^\S+ was encrypted for other keys: none of the identities given/),
    })
    const right = { ...run, context: opened([identity]) }
    await walk(right)
    expect(held(bench)).toEqual(history)
    expect(run.said.join('\n')).toContain('unencrypted in')
    const { folder } = passed(right, 'final-pass')
    expect(unencryptedFolder(right.context)).toBe(folder)
    const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('interactions-'))
    expect(gunzipSync(readFileSync(join(folder, file))).toString()).toContain(
      contacts[0]?.contactId.slice(0, 8),
    )
  })

  it('of a chain is of its last night: with what was new then, without what was gone', async () => {
    const bench = openBench()
    const home = await temporaryFolder()
    const contacts = await contactsOf(bench)
    const at = contacts.findIndex(({ interactions }) => interactions.length > 2)
    const [first, second, ...others] = contacts[at]?.interactions ?? []
    if (first === undefined || second === undefined) throw new Error('none has as many')
    const { contactId = '', readAt = 0 } = contacts[at] ?? {}
    const earlier = contacts.map((each) =>
      each.contactId === contactId ? { ...each, interactions: [first, ...others] } : each,
    )
    const base = await write(bench, join(home, '20260101T000000000Z'), earlier, contacts.length, {
      order: 'id',
    })
    const change: ContactChange = {
      ...{ contactId, readAt, state: 'read', interactions: [second], removed: [first.id] },
    }
    const now = contacts.map((each) =>
      each.contactId === contactId ? { ...each, interactions: [second, ...others] } : each,
    )
    const tally = new StateTally()
    for (const each of now) tally.add(each)
    const source = join(home, '20260102T000000000Z')
    const parent = { snapshot: '20260101T000000000Z', origin: base.digest }
    const increment = { parent, state: tally.state() }
    await write(bench, source, [change], contacts.length, { order: 'id', increment })
    bench.sandbox.tenant.apply({ type: 'interaction-deleted', id: first.id })
    const history = held(bench)
    loseAll(bench)
    const run = await restoreRun(bench, source)
    await walk(run)
    expect(held(bench)).toEqual(history)
    expect(unencryptedFolder(run.context)).toBeUndefined()
  })

  it('of an incomplete snapshot restores what it has, and tells what it lacks', async () => {
    const bench = openBench()
    const contacts = await contactsOf(bench)
    const failed = contacts.map(
      (each, index): ContactChange => (index === 0 ? { ...each, state: 'failed', interactions: [] } : each),
    )
    const source = join(await temporaryFolder(), 'incomplete')
    await write(bench, source, failed, contacts.length)
    const rest = failed.flatMap(({ interactions }) => interactions).length
    loseAll(bench)
    const run = await restoreRun(bench, source)
    expect(run.plan.warnings).toEqual([
      expect.stringContaining(`1 of ${contacts.length} contacts could not be read`),
    ])
    await walk(run)
    expect(held(bench)).toHaveLength(rest)
  })
})
