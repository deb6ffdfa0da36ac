/** What `snapshots show`, `snapshots diff` and `verify` say of plain snapshots, chains and encrypted ones. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import type { BackupOutcome } from '../../src/backup/backup.ts'
import { restore } from '../../src/commands/restore.ts'
import { snapshotsCreate } from '../../src/commands/snapshots-create.ts'
import { snapshotsDiff } from '../../src/commands/snapshots-diff.ts'
import { snapshotsForgetContact } from '../../src/commands/snapshots-forget-contact.ts'
import { snapshotsList } from '../../src/commands/snapshots-list.ts'
import { snapshotsPrune } from '../../src/commands/snapshots-prune.ts'
import { snapshotsShow } from '../../src/commands/snapshots-show.ts'
import { verify } from '../../src/commands/verify.ts'
import { EXIT } from '../../src/errors.ts'
import type { ContactRead } from '../../src/model.ts'
import { indexKeyOf } from '../../src/snapshot/digests.ts'
import { sealFor } from '../../src/snapshot/seal.ts'
import { finishSnapshot, writeSchema } from '../../src/snapshot/writer.ts'
import { type Nights, openNights, TENANT, type Wishes } from '../backup/nights.ts'
import { contact, factsOf, schema, writePart, writeSnapshot } from '../snapshot/sample.ts'
import { BASE_URL, openBench, produce, RATING } from '../support/bench.ts'
import { temporaryFolder } from '../support/folder.ts'
import { linesOf } from '../support/lines.ts'
import { tellOf } from '../support/told.ts'

interface TwoNights {
  readonly nights: Nights
  readonly a: BackupOutcome
  readonly b: BackupOutcome
  /** Ids of interactions that came, and that went, between the two. */
  readonly added: readonly string[]
  readonly gone: readonly string[]
}

/** Two interactions arrive, two go, a contact with history comes, and one goes. */
async function twoNights(wishes: Partial<Wishes> = {}): Promise<TwoNights> {
  const nights = await openNights(openBench({ contacts: 25 }))
  const { bench } = nights
  const { tenant } = bench.sandbox
  const [a] = await nights.backUp(wishes)
  await bench.clock.advance(86_400_000)
  const at = bench.clock.now()
  const before = idsIn(nights)
  const [first, second, ...others] = tenant.interactionsOfSchema(RATING)
  const leaving = others.find(({ contactId }) => contactId !== second?.contactId)?.contactId ?? ''
  const staying = nights.list.filter((each) => each !== leaving)
  produce(bench, staying[3] ?? '')
  produce(bench, staying[20] ?? '')
  for (const each of [first, second]) tenant.apply({ type: 'interaction-deleted', id: each?.id ?? '' })
  const id = '00000000-0000-4000-9000-000000000001'
  tenant.apply({ type: 'contact-created', id, contactType: 'Member', at })
  nights.list = [...nights.list, id]
  produce(bench, id)
  tenant.apply({ type: 'contact-deleted', id: leaving, at })
  const [b] = await nights.backUp({ sinceLatest: true, ...wishes })
  if (a === undefined || b === undefined) throw new Error('no backup')
  const after = idsIn(nights)
  return {
    ...{ nights, a, b },
    added: after.filter((each) => !before.includes(each)).sort(),
    gone: before.filter((each) => !after.includes(each)).sort(),
  }
}

function idsIn({ bench, list }: Nights): readonly string[] {
  const { tenant } = bench.sandbox
  return Array.from(tenant.interactionsOfSchema(RATING))
    .filter(({ contactId }) => list.includes(contactId) && tenant.contact(contactId)?.deletedAt === undefined)
    .map(({ id }) => id)
}

function dataOf({ nights }: TwoNights): { readonly data: string } {
  return { data: nights.root.name }
}

async function sealed(): Promise<{ readonly wishes: Partial<Wishes>; readonly identity: string }> {
  const key = await generateIdentity()
  const identity = join(await temporaryFolder(), 'key.txt')
  writeFileSync(identity, `${key}\n`)
  const seal = sealFor([await identityToRecipient(key)])
  return { wishes: { seal, indexKey: indexKeyOf('k'.repeat(32)) }, identity }
}

describe('diff', () => {
  it.each(['plain', 'sealed'])('names what came and went between two nights: %s', async (kind) => {
    const { wishes, identity } = kind === 'sealed' ? await sealed() : { wishes: {}, identity: undefined }
    const two = await twoNights(wishes)
    const { added, gone } = two
    expect(added).toHaveLength(3)
    expect(gone.length).toBeGreaterThan(2)
    const out = join(two.nights.folder, 'diff.ndjson')
    const args = { a: two.a.place.name, b: `${RATING}@latest`, ...dataOf(two), out, limit: 1, identity }
    const told = await tellOf(snapshotsDiff, args)
    expect(told, told.text).toMatchObject({
      exit: EXIT.done,
      json: {
        ...{ added: added.length, gone: gone.length, altered: 0, out },
        ...{ contactsAdded: 1, contactsGone: 1, contactsUnknown: 0 },
      },
    })
    const listed = (change: string) =>
      linesOf(out)
        .filter((each) => each['change'] === change)
        .map(({ id }) => id)
        .sort()
    expect([listed('added'), listed('gone')]).toEqual([added, gone])
    expect(linesOf(out)).toHaveLength(added.length + gone.length)
    expect(told.text.match(/^(Added|Gone): \S+ of contact/gm)).toHaveLength(2)
    expect(told.text).toContain(`Added: ${added.length - 1} more`)
    expect(told.text).toContain(`Gone: ${gone.length - 1} more`)
    const back = await tellOf(snapshotsDiff, { ...args, a: args.b, b: args.a, out: undefined })
    expect(back.json).toMatchObject({ added: gone.length, gone: added.length, out: null })
  })

  it('of encrypted snapshots needs an identity, and leaves no list behind', async () => {
    const { wishes } = await sealed()
    const two = await twoNights(wishes)
    const out = join(two.nights.folder, 'diff.ndjson')
    const args = { a: two.a.place.name, b: two.b.place.name, ...dataOf(two), out }
    expect(await tellOf(snapshotsDiff, args)).toMatchObject({
      exit: EXIT.precondition,
      text: expect.stringContaining('--identity'),
    })
    expect(existsSync(out)).toBe(false)
  })

  it('of encrypted snapshots that are sorted by other keys is refused, rather than written in clear', async () => {
    const nights = await openNights(openBench({ contacts: 3 }))
    const { wishes, identity } = await sealed()
    const [a] = await nights.backUp(wishes)
    await nights.bench.clock.advance(1_000)
    const [b] = await nights.backUp({ ...wishes, indexKey: indexKeyOf('o'.repeat(32)) })
    const args = { a: a?.place.name, b: b?.place.name, data: nights.root.name, identity }
    expect(await tellOf(snapshotsDiff, args)).toMatchObject({
      exit: EXIT.precondition,
      text: expect.stringContaining('not sorted in the same way'),
    })
  })

  it('of snapshots in the order of their lists, and with other contents, is the same', async () => {
    const folder = await temporaryFolder()
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    const failed = { ...contact(9, []), state: 'failed' } as unknown as ContactRead
    await writeSnapshot(a, [
      [contact(5, ['{"n":1}', '{"n":2}']), contact(1, ['{"n":1}'])],
      [contact(9, ['{}']), contact(7, ['{}'])],
    ])
    await writeSnapshot(b, [
      [contact(3, ['{}']), contact(5, ['{"n":1}', '{"n":2.0}'])],
      [failed, contact(1, [], 'gone')],
    ])
    const told = await tellOf(snapshotsDiff, { a, b })
    expect(told.json).toMatchObject({
      ...{ added: 1, gone: 2, altered: 1, same: 1 },
      ...{ contactsAdded: 1, contactsGone: 2, contactsUnknown: 1 },
    })
    expect(told.text).toContain('With another content: i-0001-5')
    expect(told.text).toContain('Not compared: 1 contact')
    expect(await tellOf(verify, { snapshot: b })).toMatchObject({
      exit: EXIT.done,
      json: { whole: true, complete: false },
      text: expect.stringContaining('INCOMPLETE'),
    })
  })

  it('of two schemas is refused: neither is the other one, changed', async () => {
    const two = await twoNights()
    const other = join(await temporaryFolder(), 'other')
    await writeSnapshot(other, [[contact(1, ['{}'])]])
    const told = await tellOf(snapshotsDiff, { a: two.a.place.name, b: other, ...dataOf(two) })
    expect(told).toMatchObject({ exit: EXIT.usage })
    expect(told.text).toMatch(new RegExp(`of the schema ${RATING}.* of ${schema.id}`))
  })

  it('does not touch what stands in the place of its list', async () => {
    const folder = await temporaryFolder()
    const out = join(folder, 'precious')
    writeFileSync(out, 'precious')
    await writeSnapshot(join(folder, 'a'), [])
    const same = join(folder, 'a')
    expect(await tellOf(snapshotsDiff, { a: same, b: same, out })).toMatchObject({ exit: EXIT.usage })
    expect(readFileSync(out, 'utf8')).toBe('precious')
  })
})

describe('show', () => {
  it('says what a link of a chain is, and shows interactions from the first on', async () => {
    const two = await twoNights()
    const { bench } = two.nights
    const told = await tellOf(snapshotsShow, { snapshot: `${RATING}@latest`, ...dataOf(two), sample: 3 })
    const [older, newer] = [two.a, two.b].map(({ place }) => place.name.split('/').at(-1) ?? '')
    expect(told.json).toMatchObject({
      ...{ at: two.b.place.name, tenant: TENANT, schemaId: RATING, complete: true, parent: older },
      ...{ chain: [older, newer], encryption: null, forgotten: [] },
      contacts: { listed: 26, read: 25, gone: 1, failed: 0 },
      interactions: { records: idsIn(two.nights).length },
    })
    expect(told.text).toContain(`follows ${older}`)
    expect(told.text).toMatch(/26 in \S+contacts\.csv; 25 read/)
    expect(told.text).toMatch(/second look at 5 contacts/)
    const sample = told.json['sample'] as readonly { readonly id: string }[]
    expect(sample).toHaveLength(3)
    for (const { id } of sample) {
      expect(told.text).toContain(`{"id":"${id}"`)
      expect(Array.from(bench.sandbox.tenant.interactionsOfSchema(RATING), (each) => each.id)).toContain(id)
    }
  })

  it('shows nothing of an encrypted one but what its manifest says, unless there is an identity', async () => {
    const { wishes, identity } = await sealed()
    const two = await twoNights(wishes)
    const args = { snapshot: two.b.place.name, ...dataOf(two) }
    const told = await tellOf(snapshotsShow, args)
    expect(told.text).toMatch(/encrypted: with age, for 1 recipient, with an index/)
    expect(told).toMatchObject({ exit: EXIT.done, json: { encryption: { method: 'age' }, sample: [] } })
    expect(await tellOf(snapshotsShow, { ...args, sample: 1 })).toMatchObject({ exit: EXIT.precondition })
    const shown = await tellOf(
      snapshotsShow,
      { ...args, sample: 1 },
      { ENGAGE_MIGRATE_IDENTITY_FILE: identity },
    )
    expect(shown.json['sample']).toHaveLength(1)
  })

  it('shows data as text that steers no terminal, and numbers as they are', async () => {
    const folder = join(await temporaryFolder(), 'a')
    await writeSnapshot(folder, [[contact(1, ['{"t":"\\u001b[31m\u202e","n":12345678901234567890}'])]])
    const told = await tellOf(snapshotsShow, { snapshot: folder, sample: 5 })
    expect(told.text).toContain('"n":12345678901234567890')
    expect(told.text).toContain('\\u202e')
    expect(told.text).not.toMatch(/[\u001b\u202e]/)
    expect(told.text).toContain(schema.id)
  })
})

describe('verify', () => {
  it('takes any name of a snapshot, and says what chain it is read from', async () => {
    const two = await twoNights()
    const told = await tellOf(verify, { snapshot: `${TENANT}/${RATING}@latest`, ...dataOf(two) })
    expect(told, told.text).toMatchObject({
      exit: EXIT.done,
      json: { snapshot: two.b.place.name, whole: true, complete: true, sealed: false, links: 2 },
    })
    expect(told.text).toContain('read from a chain of 2 snapshots')
    const elsewhere = { snapshot: `${RATING}@latest`, from: two.nights.root.name, data: '/nowhere' }
    expect(await tellOf(verify, elsewhere)).toMatchObject({ exit: EXIT.done })
  })

  it('says of an encrypted one what it could prove, and proves the rest with an identity', async () => {
    const { wishes, identity } = await sealed()
    const two = await twoNights(wishes)
    const args = { snapshot: two.b.place.name, ...dataOf(two) }
    const without = await tellOf(verify, args)
    expect(without.json).toMatchObject({ whole: true, sealed: true, links: 2 })
    expect(without.text).toContain('only its bytes and its index could be proven')
    const proven = await tellOf(verify, { ...args, identity })
    expect(proven.json).toMatchObject({ whole: true, sealed: false, records: idsIn(two.nights).length })
    expect(proven.text).toContain('each proven')
  })

  it.each([
    ['backup', `backup ${schema.id} --contacts`],
    ['history', 'snapshots create --from'],
    ['restore', 'restore SNAPSHOT'],
    ['base', `plan ${schema.id} …`],
    ['merged', `plan ${schema.id} …`],
  ])('of a damaged one says how another is made: %s', async (pass, command) => {
    const folder = await temporaryFolder()
    const proof = await writeSchema(folder, schema)
    const part = await writePart(folder, 1, [contact(1, ['{}'])])
    await finishSnapshot(folder, { ...factsOf(1, proof), pass }, [part])
    rmSync(join(folder, part.interactions.name))
    const told = await tellOf(verify, { snapshot: folder })
    expect(told).toMatchObject({ exit: EXIT.differences, text: expect.stringContaining(command) })
    expect(told.text.match(/engage-migrate (backup|snapshots|restore|plan)/g)).toHaveLength(1)
    rmSync(join(folder, part.contacts.name))
    writeFileSync(join(folder, 'manifest.json'), '{}')
    expect((await tellOf(verify, { snapshot: folder })).text).toContain('make it anew, as it was made')
  })

  it('refuses half a snapshot, and what is neither that nor a run', async () => {
    const data = await temporaryFolder()
    const half = join(data, TENANT, RATING, '20260101T000000000Z')
    await writeSnapshot(half, [])
    const told = await tellOf(verify, { snapshot: 'nothing', data })
    expect(told).toMatchObject({ exit: EXIT.usage, text: expect.stringContaining('nothing is no snapshot') })
    writeFileSync(join(half, 'manifest.json'), '')
    expect(await tellOf(verify, { snapshot: half, data })).toMatchObject({ exit: EXIT.differences })
    rmSync(join(half, 'manifest.json'))
    for (const snapshot of [half, '20260101T000000000Z']) {
      expect(await tellOf(verify, { snapshot, data })).toMatchObject({
        exit: EXIT.usage,
        text: expect.stringContaining('it has no manifest.json'),
      })
    }
  })
})

describe('the identity of somebody else', () => {
  it.each(['a chain', 'a full one'])('is told as that, and never as damage: %s', async (kind) => {
    const { wishes } = await sealed()
    const plain = { seal: wishes.seal }
    const two = await twoNights(kind === 'a chain' ? wishes : { ...plain, sinceLatest: false })
    const { identity } = await sealed()
    const args = { ...dataOf(two), identity }
    const a = two.a.place.name
    const b = two.b.place.name
    for (const told of [
      await tellOf(verify, { ...args, snapshot: b }),
      await tellOf(snapshotsShow, { ...args, snapshot: b, sample: 1 }),
      await tellOf(snapshotsDiff, { ...args, a, b }),
      await tellOf(restore, { ...args, snapshot: b, 'base-url': BASE_URL }, { ENGAGE_API_KEY: 'key' }),
    ]) {
      expect(told).toMatchObject({ exit: EXIT.precondition })
      expect(told.text).toMatch(/Z was encrypted for other keys: none of the identities given can read it/)
      expect(told.text).not.toMatch(/damage/i)
    }
  })

  it('is not what a damaged head of one file is taken for', async () => {
    const { wishes, identity } = await sealed()
    const two = await twoNights({ seal: wishes.seal, sinceLatest: false })
    const folder = two.b.place.name
    const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('interactions-'))
    const bytes = readFileSync(join(folder, file))
    // Within what only the recipient can unwrap.
    const at = bytes.indexOf('\n---') - 5
    bytes.set([bytes[at] === 65 ? 66 : 65], at)
    writeFileSync(join(folder, file), bytes)
    const told = await tellOf(verify, { snapshot: folder, identity, ...dataOf(two) })
    expect(told).toMatchObject({ exit: EXIT.differences, text: expect.stringContaining('Damaged') })
  })
})

describe('where nothing is', () => {
  const nowhere = '/nowhere/at/all'
  const id = '00000000-0000-4000-9000-000000000001'
  const three = [
    [snapshotsList, {}],
    [snapshotsPrune, { 'keep-last': 1 }],
    [snapshotsForgetContact, { contactIds: [id] }],
  ] as const

  it.each(three)(
    'a folder that is named and does not exist is told as that: $usage',
    async (command, args) => {
      const data = await temporaryFolder()
      const file = join(data, 'file')
      writeFileSync(file, '')
      const absent = await tellOf(command, { ...args, data, from: nowhere })
      expect(absent).toMatchObject({
        exit: EXIT.usage,
        text: expect.stringContaining(`${nowhere} does not exist`),
      })
      expect(await tellOf(command, { ...args, data, from: file })).toMatchObject({
        exit: EXIT.usage,
        text: expect.stringContaining('is no folder'),
      })
      expect(await tellOf(command, { ...args, data, from: data })).toMatchObject({
        exit: command === snapshotsForgetContact ? EXIT.usage : EXIT.done,
        text: expect.stringContaining('There are no snapshots'),
      })
    },
  )

  it('the data folder need not be there yet, but nobody is forgotten in it', async () => {
    const told = await tellOf(snapshotsList, { data: nowhere })
    expect(told).toMatchObject({ exit: EXIT.done, json: { snapshots: [] } })
    const forgotten = await tellOf(snapshotsForgetContact, { contactIds: [id], data: nowhere })
    expect(forgotten).toMatchObject({
      exit: EXIT.usage,
      text: expect.stringContaining('nothing was looked at'),
    })
  })
})

describe('create', () => {
  it.each([
    ['without a tenant', { 'base-url': undefined }, /whose history/],
    ['for a tenant that is no name', { tenant: '../x' }, /--tenant must be/],
    ['for a zone that is none', { 'time-zone': 'CET' }, /--time-zone must be/],
    ['for a map that can not be meant', { map: ['size=x'] }, /no property "size"/],
    ['for two files', { from: ['a', 'b'] }, /--from is given more than once/],
    ['for a schema that is none', { schema: 'history' }, /history is not JSON/],
    ['for bad lines in the place of the history', { bad: 'history' }, /is there already/],
  ])('is refused %s', async (_name, wishes, words) => {
    const folder = await temporaryFolder()
    const paths = { from: join(folder, 'history'), schema: join(folder, 'schema.json') }
    writeFileSync(paths.from, 'who,at\n')
    writeFileSync(paths.schema, JSON.stringify(openBench({ contacts: 1 }).schema))
    const within = Object.entries(wishes).map(([name, value]) => [
      name,
      value === 'history' ? paths.from : value,
    ])
    const told = await tellOf(snapshotsCreate, {
      ...{ ...paths, data: join(folder, 'data'), 'base-url': 'https://acme.voyado.com' },
      ...Object.fromEntries(within),
    })
    expect(told).toMatchObject({ exit: EXIT.usage, text: expect.stringMatching(words) })
    expect(readdirSync(folder).sort()).toEqual(['history', 'schema.json'])
  })
})
