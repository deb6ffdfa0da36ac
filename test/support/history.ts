/** What a source system has kept of the bench's schema: made into a snapshot as `snapshots create` does. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSnapshot } from '../../src/history/create.ts'
import { parseMapping } from '../../src/history/mapping.ts'
import { type Json, stringifyJson } from '../../src/json.ts'
import type { Interaction, InteractionSchema } from '../../src/model.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import type { HistoryRequest } from '../../src/upgrade/history-plan.ts'
import { type HistoryFigures, historyFiguresOf } from '../../src/upgrade/ledger.ts'
import { type Bench, multiset, TOOL } from './bench.ts'
import { temporaryFolder } from './folder.ts'
import { planRun, type Run, type RunOptions } from './run.ts'

export type Kept = Pick<Interaction, 'contactId' | 'createdDate' | 'payload'> & { readonly id?: string }

export const OLD = '2019-05-04T10:00:00.000Z'

/** An event that Engage never had. */
export function older(contactId: string, productSku = 'OLD'): Kept {
  return { contactId, createdDate: OLD, payload: { productSku, rating: 5 } }
}

/** @returns all that the tenant holds of the schema */
export function all({ sandbox, schema }: Bench): readonly Interaction[] {
  return [...sandbox.tenant.interactionsOfSchema(schema.id)]
}

/** As the source has them: the same events, under no ids that Engage knows. */
export function asKept(records: readonly Interaction[]): readonly Kept[] {
  return records.map(({ contactId, createdDate, payload }) => ({ contactId, createdDate, payload }))
}

export function first<T>(values: readonly T[]): T {
  const [value] = values
  if (value === undefined) throw new Error('nothing there')
  return value
}

/** @returns what it comes to as `held` has it */
export function keysOf({ schema }: Bench, records: readonly Kept[]): readonly string[] {
  return multiset(schema, records as readonly Interaction[])
}

export interface Keeping {
  readonly tenant?: string
  /** As the source knows it; the bench's where absent. */
  readonly schema?: InteractionSchema
}

/** @returns the folder of a snapshot of these records; where they have no ids, ids are made up */
export async function keptBySource(
  { schema, clock }: Bench,
  records: readonly Kept[],
  { tenant = 'test', schema: theirs = schema }: Keeping = {},
): Promise<string> {
  const within = await temporaryFolder()
  const from = join(within, 'history.ndjson')
  const lines = records.map(({ id, contactId, createdDate, payload }) =>
    stringifyJson({ ...(id !== undefined && { id }), contactId, createdDate, payload } as Json),
  )
  writeFileSync(from, `${lines.join('\n')}\n`)
  const folder = join(within, 'source')
  const { snapshot, bad } = await createSnapshot({
    ...{ from, schema: theirs, mapping: parseMapping([], theirs), zone: undefined, tenant, folder },
    ...{ compression: 'gzip', contactsPerPart: 20, bad: join(within, 'bad.ndjson'), skipBad: false },
    ...{ tool: TOOL, clock, stop: new AbortController().signal },
  })
  if (snapshot === undefined) throw new Error(`no snapshot: ${bad.shown[0]?.reason}`)
  return folder
}

export function historyIn(folder: string, mode: HistoryRequest['mode'] = 'besides'): HistoryRequest {
  return { source: { place: localPlace(folder), opener: undefined }, mode }
}

/** An upgrade with what the source has kept. */
export async function runWith(
  bench: Bench,
  records: readonly Kept[],
  mode: HistoryRequest['mode'] = 'besides',
  options: RunOptions = {},
): Promise<Run> {
  return planRun(bench, { ...options, history: historyIn(await keptBySource(bench, records), mode) })
}

/** @returns what the run has told last of both sides */
export function figuresOf({ journal }: Pick<Run, 'journal'>): HistoryFigures {
  const figures = historyFiguresOf(journal)
  if (figures === null) throw new Error('nothing was compared')
  return figures
}
