/** A tenant that is backed up night after night, and changes by day. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BackupOutcome, backUp } from '../../src/backup/backup.ts'
import type { BackupContext, BackupRequest } from '../../src/backup/request.ts'
import { openJournal } from '../../src/journal/journal.ts'
import type { Interaction } from '../../src/model.ts'
import { localPlace, type Place } from '../../src/snapshot/place.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import type { Opener } from '../../src/snapshot/seal.ts'
import { type Bench, produce, TOOL } from '../support/bench.ts'
import { temporaryFolder } from '../support/folder.ts'

export const TENANT = 'test'

export interface Nights {
  readonly bench: Bench
  readonly folder: string
  readonly root: Place
  readonly said: string[]
  /** Contacts that the list names from now on. */
  list: readonly string[]
  /** One backup, by a process of its own; gone on with where the journal has another name than the last. */
  backUp(wishes?: Partial<Wishes>): Promise<readonly BackupOutcome[]>
}

export interface Wishes extends BackupRequest, BackupContext {
  /** Two with the same name are one backup by two processes. */
  readonly name: string
}

export async function openNights(bench: Bench, root?: Place): Promise<Nights> {
  const folder = await temporaryFolder()
  let number = 0
  const nights: Nights = {
    ...{ bench, folder, root: root ?? localPlace(join(folder, 'data')), said: [], list: bench.contacts },
    async backUp({ name = `night-${number++}`, ...wishes } = {}) {
      const file = join(folder, 'contacts.csv')
      writeFileSync(file, `contactId\n${nights.list.join('\n')}\n`)
      using journal = openJournal(join(folder, `${name}.db`), bench.clock)
      const asOf = new Date(bench.clock.now()).toISOString()
      return await backUp(
        {
          tenant: TENANT,
          schemaIds: [bench.schema.id],
          contacts: { kind: 'file', file, sha256: '', column: null, asOf },
          hot: undefined,
          sinceLatest: false,
          longestChain: 1_000,
          compression: 'zstd',
          seal: undefined,
          indexKey: undefined,
          secondLook: 5,
          ...wishes,
        },
        {
          ...{ reader: bench.reader, clock: bench.clock, journal, root: nights.root, tool: TOOL },
          spool: join(folder, 'spool', name),
          concurrency: 4,
          contactsPerPart: 10,
          stop: new AbortController().signal,
          progress: () => {},
          say: (text) => void nights.said.push(text),
          ...wishes,
        },
      )
    },
  }
  return nights
}

/** @returns what the tenant holds of the bench's schema now, record by record: of the contacts of the list */
export function heldBy({ bench, list }: Nights): readonly string[] {
  const alive = new Set(list.filter((id) => bench.sandbox.tenant.contact(id)?.deletedAt === undefined))
  const records = Array.from(bench.sandbox.tenant.interactionsOfSchema(bench.schema.id))
  return records
    .filter(({ contactId }) => alive.has(contactId))
    .map(lineOf)
    .sort()
}

/** @returns what a snapshot holds, read as one with all that it follows */
export async function heldIn(place: Place, opener?: Opener): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { interactions } of (await openSnapshot(place, opener)).contacts())
    lines.push(...interactions.map(lineOf))
  return lines.sort()
}

/** @returns an interaction as these tests compare it */
export function lineOf({ id, contactId, createdDate, payload }: Interaction): string {
  return `${contactId} ${id} ${new Date(createdDate).toISOString()} ${JSON.stringify(payload)}`
}

/** A day: a few interactions arrive, one goes, and sometimes a contact comes or goes. */
export function changeByDay(nights: Nights, day: number): void {
  const { bench, list } = nights
  const { tenant } = bench.sandbox
  const pick = (salt: number): string => list[(day * 7 + salt * 13) % list.length] ?? ''
  const isAlive = (id: string): boolean => tenant.contact(id)?.deletedAt === undefined
  const at = bench.clock.now()
  for (let n = 0; n < day % 3; n += 1) if (isAlive(pick(n))) produce(bench, pick(n))
  const [first] = tenant.interactionsOfSchema(bench.schema.id)
  if (day % 4 === 1 && first !== undefined) tenant.apply({ type: 'interaction-deleted', id: first.id })
  if (day % 9 === 2) {
    const id = `00000000-0000-4000-9000-${day.toString(16).padStart(12, '0')}`
    tenant.apply({ type: 'contact-created', id, contactType: 'Member', at })
    nights.list = [...list, id]
    produce(bench, id)
  }
  if (day % 11 === 3) tenant.apply({ type: 'contact-deleted', id: pick(5), at })
  if (day % 13 === 4) nights.list = nights.list.filter((id) => id !== pick(3))
}
