/** What is merged of Engage and of the source is one snapshot, proven; all that imports works on that one. */
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { distrust } from '../../src/upgrade/distrust.ts'
import { importedFolder, mergeResult } from '../../src/upgrade/imported.ts'
import { ONLY_IN_ENGAGE } from '../../src/upgrade/ledger.ts'
import { FORTH, itemsOf } from '../../src/upgrade/lot.ts'
import { snapshotsNamed } from '../../src/upgrade/needed.ts'
import { giveContactMap } from '../../src/upgrade/reopening.ts'
import { findOrphans } from '../../src/upgrade/repair.ts'
import { caller } from '../sandbox/caller.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import {
  all,
  asKept,
  figuresOf,
  first,
  historyIn,
  keptBySource,
  keysOf,
  older,
  runWith,
} from '../support/history.ts'
import { isPost, POSTS } from '../support/importing.ts'
import { linesOf } from '../support/lines.ts'
import { approve, go, goBack, passed, planRun, sign, walk } from '../support/run.ts'

describe('what works by the numbers of records', () => {
  it('posts and reads back what only the source has, where Engage holds nothing', async () => {
    const bench = openBench({ contacts: 8, interactions: 0 })
    const kept = bench.contacts.map((id) => older(id))
    const run = await runWith(bench, kept, 'only', { canaryGate: true })
    await walk(run, 'canary-seen')
    expect(bench.posts()).toBe(1)
    await walk(run)
    expect(held(bench)).toEqual(keysOf(bench, kept))
    expect(await findOrphans(run.context, FORTH)).toMatchObject({
      ...{ orphans: [], foreign: [], tally: { expected: 8, found: 8, missing: 0, live: 0 } },
    })
  })

  it('puts all of it in doubt where the journal is an older one', async () => {
    const bench = openBench({ contacts: 8 })
    const run = await runWith(bench, [...asKept(all(bench)), older(bench.contacts[0] ?? '')])
    await approve(run)
    const stopping = new AbortController()
    bench.between((request, sandbox) => {
      if (isPost(request)) stopping.abort()
      return sandbox(request)
    })
    await failureOf(go({ ...run, context: { ...run.context, stop: stopping.signal } }))
    bench.between(undefined)
    const { interactions } = mergeResult(run.context)
    const known = itemsOf(run.journal, FORTH).counts().confirmed
    expect(distrust(run.journal, 1_000)).toBe(interactions - known)
  })

  it('sees by it that others have taken the schema away, with what had been posted, and made it anew', async () => {
    const bench = openBench({ contacts: 8, interactions: 0 })
    const kept = bench.contacts.flatMap((id) => [older(id), older(id, 'TWO'), older(id, 'THREE')])
    const run = await runWith(bench, kept)
    await approve(run)
    let posts = 0
    bench.between(async (request, sandbox) => {
      if (isPost(request) && ++posts === 15)
        bench.sandbox.tenant.apply({ type: 'schema-deleted', id: bench.schema.id })
      return sandbox(request)
    })
    expect(await failureOf(go(run))).toMatchObject({ exit: 4 })
    bench.between(undefined)
    bench.sandbox.tenant.apply({ type: 'schema-created', schema: run.plan.after, visibleAt: 0 })
    expect(await go(run)).toEqual({ state: 'done' })
    expect(run.said.join('\n')).toContain('had been posted went with the schema')
    expect(held(bench)).toEqual(keysOf(bench, kept))
  })

  it('knows by it what it has posted itself, where the way back clears the new schema', async () => {
    const bench = openBench({ contacts: 8, interactions: 0 })
    const kept = bench.contacts.map((id) => older(id))
    const run = await runWith(bench, kept)
    await approve(run)
    const stopping = new AbortController()
    let posts = 0
    bench.between(async (request, sandbox) => {
      if (isPost(request) && ++posts === 4) stopping.abort()
      return sandbox(request)
    })
    // Their answers are lost: what became of them can only be told from what was to be posted.
    bench.sandbox.setFaults([{ ...POSTS, kind: 'reset-after', skip: 1, times: 8 }])
    await failureOf(go({ ...run, context: { ...run.context, stop: stopping.signal } }))
    bench.between(undefined)
    bench.sandbox.setFaults([])
    expect(itemsOf(run.journal, FORTH).counts().sent).toBeGreaterThan(0)
    expect(await goBack(run)).toMatchObject({ gate: 'roll-back' })
    sign(run, 'roll-back')
    expect(await walk(run)).toEqual([])
    expect(held(bench)).toEqual(keysOf(bench, kept))
  })

  it('does not part from its contact what only the source had', async () => {
    const bench = openBench({ contacts: 8, interactions: 0 })
    const [one = '', other = ''] = bench.contacts
    const run = await runWith(bench, [older(one), older(other)])
    await walk(run)
    const file = join(run.folder, 'map.csv')
    writeFileSync(file, `old;new\n${one};${other}\n`)
    expect(await failureOf(giveContactMap(run.context, FORTH, file))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('still there'),
    })
  })

  it.each(['first', 'at the gate of the deletion'])(
    'holds what the source has of contacts that go by another id now against that one, by a map given %s',
    async (when) => {
      const bench = openBench({ contacts: 12 })
      const { tenant } = bench.sandbox
      const withHistory = [...new Set(all(bench).map(({ contactId }) => contactId))]
      const [one = '', two = '', moving = ''] = withHistory
      const target = '00000000-0000-4000-8000-00000000cafe'
      tenant.apply({ type: 'contact-created', id: target, contactType: 'Contact', at: 0 })
      const more = [older(one), older(two)]
      const kept = [...asKept(all(bench)), ...more, older(moving)]
      const mapped = new Map([one, two, moving].map((id) => [id, target]))
      const expected = kept.map((each) => ({
        ...each,
        contactId: mapped.get(each.contactId) ?? each.contactId,
      }))
      for (const id of [one, two])
        tenant.apply({ type: 'contact-merged', id, into: target, at: bench.clock.now() })
      // This one Engage has under the old id yet, and the import takes it along.
      const listed =
        when === 'first'
          ? bench.contacts.filter((id) => ![one, two, moving].includes(id))
          : [...bench.contacts, target]
      const run = await runWith(bench, kept, 'only', { contacts: listed })
      const file = join(run.folder, 'map.csv')
      writeFileSync(file, `old;new\n${[...mapped].map((pair) => pair.join(';')).join('\n')}\n`)
      if (when === 'first') await giveContactMap(run.context, FORTH, file)
      await walk(run, 'delete-schema')
      if (when !== 'first') {
        const without = figuresOf(run)
        expect(without.gone).toBeGreaterThan(2)
        sign(run, 'delete-schema', { acceptLoss: without.onlyInEngage })
        await giveContactMap(run.context, FORTH, file)
        await walk(run, 'delete-schema')
      }
      expect(figuresOf(run)).toMatchObject({ onlyInEngage: 0, onlyInSource: 3, gone: 0 })
      expect(sign(run, 'delete-schema')).toBe('signed')
      expect(await walk(run)).toEqual([])
      expect(held(bench)).toEqual(keysOf(bench, expected))
      const olds = linesOf(join(run.folder, 'id-map.ndjson')).map(({ oldId }) => oldId)
      expect(new Set(olds).size).toBe(kept.length)
    },
  )

  it('says which map comes too late for the history of the source, or leads to whom nobody has read', async () => {
    const bench = openBench({ contacts: 12 })
    const [one = '', two = '', target = ''] = bench.contacts
    const listed = bench.contacts.filter((id) => id !== target)
    const run = await runWith(bench, [older(one), older(two)], 'besides', { contacts: listed })
    const file = join(run.folder, 'map.csv')
    writeFileSync(file, `old;new\n${one};${target}\n`)
    await walk(run, 'delete-schema')
    expect(await failureOf(giveContactMap(run.context, FORTH, file))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(`leads to ${target}, which is not in the contact list`),
    })
    const gate = await go(run)
    if (gate.state !== 'waiting') throw new Error('it did not wait')
    sign(run, 'delete-schema', { acceptCoverage: true })
    await walk(run)
    bench.sandbox.tenant.apply({ type: 'contact-merged', id: one, into: two, at: bench.clock.now() })
    writeFileSync(file, `old;new\n${one};${two}\n`)
    await giveContactMap(run.context, FORTH, file)
    expect(run.said.join('\n')).toContain('was merged before the deletion, without this map')
  })

  it('deletes nothing that was not exported, though the source has something of its id', async () => {
    const bench = openBench()
    const [contactId = ''] = bench.contacts
    const kept = { ...older(contactId), id: randomUUID() }
    const run = await runWith(bench, [kept])
    await approve(run)
    bench.between(async (request, sandbox) => {
      const response = await sandbox(request)
      const { tenant } = bench.sandbox
      if (request.method !== 'DELETE' || tenant.schema(bench.schema.id) !== undefined) return response
      tenant.apply({ type: 'schema-created', schema: bench.schema, visibleAt: 0 })
      const interaction = { ...kept, schemaId: bench.schema.id }
      tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at: 0, visibleAt: 0 })
      return response
    })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining(`not in the snapshot, such as ${kept.id}`),
    })
    expect(bench.sandbox.tenant.interaction(kept.id)).toBeDefined()
  })

  it('is merged anew with what a contact brings back that was gone, before anything is deleted', async () => {
    const bench = openBench()
    const before = held(bench)
    const { contactId } = first(all(bench))
    const more = older(contactId)
    const run = await runWith(bench, [more, older(bench.contacts.find((id) => id !== contactId) ?? '')])
    bench.sandbox.tenant.apply({ type: 'contact-deleted', id: contactId, at: bench.clock.now() })
    await approve(run)
    expect(figuresOf(run)).toMatchObject({ gone: 1, goneContacts: 1 })
    await caller(bench.sandbox.send)('POST', '/sandbox/contacts', { id: contactId })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('there again'),
    })
    expect(await walk(run)).toEqual(['delete-schema'])
    expect(figuresOf(run)).toMatchObject({ gone: 0, onlyInSource: 2 })
    expect(held(bench)).toHaveLength(before.length + 2)
  })
})

describe('what is merged', () => {
  it('is begun anew after a kill, and what had been written of it goes', async () => {
    const bench = openBench({ contacts: 60 })
    const run = await runWith(bench, asKept(all(bench)), 'besides', { settings: { contactsPerPart: 5 } })
    const before = held(bench)
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    const parts = (): readonly string[] => {
      const known = [passed(run, 'base-pass').snapshot, passed(run, 'final-pass').snapshot]
      return readdirSync(run.context.snapshots, { recursive: true, encoding: 'utf8' }).filter(
        (name) => name.includes('contacts-') && !known.some((each) => name.startsWith(each)),
      )
    }
    const progress = ({ phase }: { readonly phase: string }): void => {
      if (phase.startsWith('comparing') && parts().length > 1) throw new Error('killed')
    }
    expect(await failureOf(go({ ...run, context: { ...run.context, progress } }))).toMatchObject({
      message: 'killed',
    })
    const half = first(parts())
    await bench.clock.advance(1_000)
    await walk(run)
    expect(held(bench)).toEqual(before)
    expect(existsSync(join(run.context.snapshots, half))).toBe(false)
    expect(readdirSync(run.context.snapshots)).toHaveLength(3)
  })

  it('is made only of the very final pass that the run has read', async () => {
    const bench = openBench()
    const run = await runWith(bench, [older(bench.contacts[0] ?? '')])
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    const { events } = run.journal
    const append: typeof events.append = (kind, name, detail) => {
      if (kind === 'started' && name === 'merge') throw new Error('killed')
      return events.append(kind, name, detail)
    }
    const journal = { ...run.journal, events: { ...events, append } }
    const dying = { ...run, journal, context: { ...run.context, journal } }
    expect(await failureOf(go(dying))).toMatchObject({ message: 'killed' })
    const final = passed(run, 'final-pass').folder
    rmSync(final, { recursive: true })
    cpSync(passed(run, 'base-pass').folder, final, { recursive: true })
    expect(await failureOf(go(run))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('not the one that the run wrote'),
    })
  })

  it('counts only together with the final pass that it was merged from', async () => {
    const bench = openBench({ contacts: 5 })
    const run = await runWith(bench, [older(bench.contacts[0] ?? '')])
    await walk(run, 'delete-schema')
    const { folder: _, ...final } = passed(run, 'final-pass')
    run.journal.events.append('finished', 'final-pass', {
      ...final,
      manifestDigest: 'another',
    } as unknown as Json)
    expect(() => mergeResult(run.context)).toThrow('not of this final pass')
  })

  it('is read back from the disk before it counts', async () => {
    const bench = openBench()
    const run = await runWith(bench, asKept(all(bench)))
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    let flipped = false
    const flip = (): void => {
      const intent = run.journal.events.latest('merge', 'intent')?.detail as JsonObject | undefined
      const file = join(run.context.snapshots, String(intent?.['snapshot']), 'interactions-00003.ndjson.gz')
      if (flipped || intent === undefined || !existsSync(file)) return
      const bytes = readFileSync(file)
      bytes[20] = (bytes[20] ?? 0) ^ 1
      writeFileSync(file, bytes)
      flipped = true
    }
    const now = (): number => {
      flip()
      return bench.clock.now()
    }
    const clock = { ...bench.clock, now }
    expect(await failureOf(go({ ...run, context: { ...run.context, clock } }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('is damaged'),
    })
    expect(flipped).toBe(true)
  })

  it('holds every contact in its place, proven, and no latest backup of anything', async () => {
    const bench = openBench()
    const run = await runWith(bench, [older(bench.contacts[4] ?? '')])
    await walk(run, 'delete-schema')
    const [final, merged] = [
      await openSnapshot(passed(run, 'final-pass').folder),
      await openSnapshot(importedFolder(run.context)),
    ]
    const ids = async (snapshot: typeof final): Promise<readonly string[]> =>
      (await Array.fromAsync(snapshot.contacts())).map(({ contactId }) => contactId)
    expect(await ids(merged)).toEqual(await ids(final))
    expect(merged.manifest).toMatchObject({ pass: 'merged', complete: true })
  })

  it.each(['final-pass', 'merge'])(
    'is proven right before the deletion, as the export is (%s)',
    async (which) => {
      const bench = openBench()
      const run = await runWith(bench, [older(bench.contacts[0] ?? '')])
      await approve(run)
      const folder = which === 'merge' ? importedFolder(run.context) : passed(run, 'final-pass').folder
      // Whoever only reads it does not see this.
      writeFileSync(join(folder, 'interactions-00099.ndjson.gz'), 'x')
      expect(await failureOf(go(run))).toMatchObject({
        exit: 4,
        message: expect.stringContaining('is damaged'),
      })
      expect(all(bench).length).toBeGreaterThan(0)
    },
  )

  it('and the history are needed while the run is', async () => {
    const bench = openBench()
    const source = await keptBySource(bench, [older(bench.contacts[0] ?? '')])
    const run = await planRun(bench, { history: historyIn(source) })
    await walk(run, 'automations-paused')
    expect(snapshotsNamed(run.journal)).toContain('source')
    await approve(run)
    const names = [passed(run, 'final-pass').folder, importedFolder(run.context)].map(
      (folder) => folder.split('/').at(-1) ?? '',
    )
    expect(snapshotsNamed(run.journal)).toEqual(expect.arrayContaining(names))
  })

  it('needs room, which is counted', async () => {
    const bench = openBench()
    const run = await runWith(bench, asKept(all(bench)))
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    const tight = { ...run.context, freeSpace: async () => 4_560_000 }
    expect(await failureOf(go({ ...run, context: tight }))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('free'),
    })
    expect(run.journal.events.latest('final-pass', 'intent')).toBeUndefined()
    // It may be somebody else who fills the disk.
    const { events } = run.journal
    const freeSpace = async () => (events.latest('merge', 'started') === undefined ? undefined : 1_000)
    expect(await failureOf(go({ ...run, context: { ...run.context, freeSpace } }))).toMatchObject({ exit: 4 })
    expect(events.latest('merge', 'intent')).toBeUndefined()
    expect(readFileSync(join(run.folder, ONLY_IN_ENGAGE), 'utf8')).toBe('')
  })
})
