/**
 * The contacts that were read first, looked at once more: what a pass that takes hours could not see.
 * Guarantees: only counts; nothing that is found changes the snapshot, for the next one will have it.
 */
import type { EngageReader } from '../engage/types.ts'
import type { SecondLook } from '../snapshot/format.ts'
import { lookAt } from './look.ts'
import type { BackupPass } from './pass.ts'

/** What was read of a contact: ids of its interactions, for each schema. */
export interface FirstLook {
  readonly contactId: string
  readonly ids: { readonly [schemaId: string]: readonly string[] }
}

/** @returns for each schema what has changed; a contact that can't be read now is not counted */
export async function lookAgain(
  { reader, clock }: { readonly reader: EngageReader } & Pick<BackupPass, 'clock'>,
  first: readonly FirstLook[],
  stop: AbortSignal,
): Promise<ReadonlyMap<string, SecondLook>> {
  const found = new Map<string, SecondLook>()
  for (const { contactId, ids } of first) {
    if (stop.aborted) break
    const looks = await lookAt(reader, clock, contactId, Object.keys(ids), stop)
    for (const [schemaId, look] of looks) {
      if (look.state === 'failed') continue
      const before = new Set(ids[schemaId])
      const now = new Set(look.interactions.map(({ id }) => id))
      const { contacts, arrived, vanished } = found.get(schemaId) ?? { contacts: 0, arrived: 0, vanished: 0 }
      found.set(schemaId, {
        contacts: contacts + 1,
        arrived: arrived + [...now].filter((id) => !before.has(id)).length,
        vanished: vanished + [...before].filter((id) => !now.has(id)).length,
      })
    }
  }
  return found
}
