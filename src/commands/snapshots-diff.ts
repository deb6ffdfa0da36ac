/** `snapshots diff`: which interactions one snapshot has and another has not. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Change, type Changed, compareContacts, type DifferenceCounts } from '../snapshot/difference.ts'
import type { Manifest } from '../snapshot/format.ts'
import { manifestAt } from '../snapshot/manifest-file.ts'
import { inOneOrder } from '../snapshot/ordered.ts'
import type { Place } from '../snapshot/place.ts'
import { PlainLines } from '../snapshot/plain-lines.ts'
import type { Opener } from '../snapshot/seal.ts'
import { countOf } from '../words.ts'
import { amountOf, type Command, type Tools, textOf } from './command.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { FROM, SNAPSHOT, snapshotNamed } from './which-snapshot.ts'

const WORDS: Readonly<Record<Change, string>> = {
  added: 'Added',
  gone: 'Gone',
  altered: 'With another content',
}

export const snapshotsDiff: Command = {
  group: 'snapshots',
  usage: 'diff <a> <b>',
  describe: 'which interactions came and went from one snapshot to another',
  positionals: { a: `the earlier one: ${SNAPSHOT}`, b: 'the later one' },
  flags: {
    from: FROM,
    identity: IDENTITY,
    limit: { type: 'number', default: 20, describe: 'how many of a kind are shown one by one' },
    out: { type: 'string', describe: 'NDJSON file that lists all of them' },
  },
  settings: ['data'],
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const opener = openerOf(args, tools.env)
    const limit = amountOf(args, 'limit')
    const out = textOf(args, 'out')
    const list = out === undefined ? undefined : new PlainLines(out)
    await list?.assertFree('{"change":', '--out')
    const where = { from: textOf(args, 'from'), config, stop: tools.stop }
    const places = [
      await snapshotNamed(textOf(args, 'a') ?? '', where),
      await snapshotNamed(textOf(args, 'b') ?? '', where),
    ] as const
    await assertOneSchema(places)
    const { shown, counts, manifests } = await compare(places, { opener, limit, list }, tools)
    tell(manifests, shown, counts, tools)
    if (list !== undefined) tools.output.say(`All of them are in ${list.path}`)
    tools.output.result({
      ...{ a: places[0].name, b: places[1].name, ...counts },
      out: list?.path ?? null,
    })
    return EXIT.done
  },
}

/** @throws OperatorError (exit 2) where they are of different schemas: all of the one would be gone, all of the other added */
async function assertOneSchema(places: readonly [Place, Place]): Promise<void> {
  const [a, b] = [await manifestAt(places[0]), await manifestAt(places[1])]
  if (a.schemaId === b.schemaId) return
  throw new OperatorError({
    what: `They can't be compared: ${places[0].name} is of the schema ${a.schemaId}, ${places[1].name} of ${b.schemaId}.`,
    safe: 'Nothing was changed.',
    next: 'Name two snapshots of one schema: engage-migrate snapshots list   (lists them)',
    exit: EXIT.usage,
  })
}

interface Wishes {
  readonly opener: Opener | undefined
  readonly limit: number
  readonly list: PlainLines | undefined
}

interface Compared {
  /** The first of each kind. */
  readonly shown: ReadonlyMap<Change, readonly Changed[]>
  readonly counts: DifferenceCounts
  readonly manifests: readonly [Manifest, Manifest]
}

async function compare(
  places: readonly [Place, Place],
  { opener, limit, list }: Wishes,
  { output, stop }: Tools,
): Promise<Compared> {
  const shown = new Map<Change, Changed[]>()
  const folder = await mkdtemp(join(tmpdir(), 'engage-migrate-'))
  try {
    const [a, b] = await inOneOrder(places, { opener, folder })
    await using _a = a
    await using _b = b
    const counts = await compareContacts(a.contacts, b.contacts, {
      async onChange(changed) {
        const { change, interaction } = changed
        const { id, contactId, createdDate } = interaction
        const known = shown.get(change) ?? []
        if (known.length < limit) shown.set(change, [...known, changed])
        await list?.add({ change, id, contactId, createdDate })
      },
      onContact(contacts) {
        stop.throwIfAborted()
        output.progress({
          phase: 'comparing contacts',
          done: contacts,
          total: undefined,
          doneHere: contacts,
        })
      },
    })
    await list?.close()
    return { shown, counts, manifests: [a.manifest, b.manifest] }
  } catch (error) {
    await list?.abandon()
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function tell(
  [a, b]: readonly [Manifest, Manifest],
  shown: Compared['shown'],
  counts: DifferenceCounts,
  { output }: Tools,
): void {
  if (a.tenant !== b.tenant)
    output.say(`Not of the same tenant: the first is of ${a.tenant}, the second of ${b.tenant}.`)
  for (const [change, word] of Object.entries(WORDS) as [Change, string][]) {
    for (const { interaction } of shown.get(change) ?? []) {
      const { id, contactId, createdDate } = interaction
      output.say(`${word}: ${id} of contact ${contactId}, created ${createdDate}`)
    }
    const more = counts[change] - (shown.get(change)?.length ?? 0)
    if (more > 0) output.say(`${word}: ${more} more`)
  }
  const { added, gone, altered, same, contactsAdded, contactsGone, contactsUnknown } = counts
  output.say(
    `${countOf(added, 'interaction')} added, ${gone} gone, ${altered} with another content, ${same} the same; ` +
      `${countOf(contactsAdded, 'contact')} added, ${contactsGone} gone.`,
  )
  if (contactsUnknown > 0) {
    output.say(
      `Not compared: ${countOf(contactsUnknown, 'contact')} that could not be read when one of the snapshots was made.`,
    )
  }
}
