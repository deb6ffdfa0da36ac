import type { InteractionSchema } from '../model.ts'
import type { SnapshotContact } from '../snapshot/reader.ts'
import type { Profile } from './profile.ts'
export async function profileOf(
  contacts: AsyncIterable<SnapshotContact>,
  _o: {
    before: InteractionSchema
    after: InteractionSchema
    asOf: number
    stop?: AbortSignal
    onProgress?: (n: number) => void
  },
): Promise<Profile> {
  let n = 0
  for await (const c of contacts) n += c.interactions.length
  return {
    interactions: n,
    contacts: { withHistory: 0, without: 0, gone: 0 },
    oldestCreated: null,
    newestCreated: null,
    months: [],
    undated: 0,
    recent: null,
    busiest: [],
    twins: { surplus: 0, contacts: 0, example: null },
    refused: { interactions: 0, reasons: [] },
    unnamed: [],
    properties: [],
  }
}
