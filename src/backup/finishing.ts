/**
 * From a pass that is done to a snapshot that is kept.
 * Guarantees: done again after a kill it comes to the same; a snapshot is proven on this machine before it goes elsewhere,
 * and read back there; the index key is encrypted once.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { SnapshotFacts } from '../snapshot/facts.ts'
import { BACKUP, MANIFEST, type Manifest, type SecondLook } from '../snapshot/format.ts'
import { hasManifest, manifestAt } from '../snapshot/manifest-file.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { finishSnapshot, writeIndexKey, writeSchema } from '../snapshot/writer.ts'
import { countContacts } from '../transfer/contact-source.ts'
import type { BackupLane } from './lanes.ts'
import { type PassCheckpoint, sumOf } from './pass.ts'
import { publish } from './publish.ts'
import type { BackupContext, BackupRequest } from './request.ts'

/** What is found once the pass is done, for all schemas together. */
export interface Findings {
  readonly checkpoints: readonly PassCheckpoint[]
  /** What the tenant's own count says; undefined where it does not answer. */
  readonly counted: number | undefined
  readonly secondLooks: ReadonlyMap<string, SecondLook>
}

/** Writes the manifest, proves the snapshot, and brings it to where it is kept. @returns its manifest */
export async function finishLane(
  request: BackupRequest,
  context: BackupContext,
  lane: BackupLane,
  findings: Findings,
): Promise<Manifest> {
  const { place, folder } = lane
  const elsewhere = place.folder === undefined
  if (elsewhere && (await hasManifest(place))) return manifestAt(place)
  const facts = await factsOf(request, context, lane, findings)
  const manifest = await finishSnapshot(folder, facts, sumOf(findings.checkpoints, lane.schemaId).parts)
  // What stands beside its parent is proven together with it; else the parent was proven before it was followed.
  const proof = await proveSnapshot(folder, { alone: elsewhere })
  if (!proof.ok) {
    // What nobody may rely on must not look like a snapshot.
    await rm(join(folder, MANIFEST))
    throw notWhatWasRead(folder, proof.problems)
  }
  if (elsewhere) {
    await lane.assertParentUntouched()
    await publish(folder, place, (done, of) =>
      context.progress({ phase: `${place.name}: files kept and read back`, done, total: of, doneHere: done }),
    )
  }
  return manifest
}

/** @returns the tenant's own count of contacts, asked for once */
export async function countedOnce({ journal, reader }: BackupContext): Promise<number | undefined> {
  const known = journal.events.latest('counted', 'finished')?.detail as JsonObject | undefined
  if (known !== undefined) return (known['counted'] as number | null) ?? undefined
  const counted = await countContacts(reader)
  journal.events.append('finished', 'counted', { counted: counted ?? null })
  return counted
}

/** The list that was read, which may not be the one that is named now. */
function sourceOf({ events }: Journal): string {
  const detail = events.latest('contacts', 'finished')?.detail as JsonObject | undefined
  return String(detail?.['source'] ?? '')
}

async function factsOf(
  request: BackupRequest,
  { journal, clock, tool }: BackupContext,
  { schemaId, schema, folder, parent }: BackupLane,
  { checkpoints, counted, secondLooks }: Findings,
): Promise<SnapshotFacts> {
  const { state, carried } = sumOf(checkpoints, schemaId)
  const secondLook = secondLooks.get(schemaId)
  const at = (kind: 'started' | 'finished'): string =>
    new Date(journal.events.latest('pass', kind)?.at ?? clock.now()).toISOString()
  return {
    ...{ tool, tenant: request.tenant, schemaId, pass: BACKUP },
    ...{ createdAt: at('finished'), startedAt: at('started'), finishedAt: at('finished') },
    compression: request.compression,
    order: request.indexKey === undefined ? 'id' : 'keyed',
    ...(request.seal && { encryption: await encryptionOf(request, journal, schemaId, folder) }),
    ...(secondLook && { secondLook }),
    contacts: {
      source: sourceOf(journal),
      listed: journal.contacts.count(),
      ...(counted !== undefined && { counted }),
      ...(request.hot && { carried }),
    },
    schema: await writeSchema(folder, schema),
    ...(parent && { increment: { parent: parent.parent, state } }),
  }
}

async function encryptionOf(
  { seal, indexKey }: BackupRequest,
  journal: Journal,
  schemaId: string,
  folder: string,
): Promise<NonNullable<Manifest['encryption']>> {
  const { recipients = 0, keys } = seal ?? {}
  const base = { method: 'age' as const, recipients, ...(keys !== undefined && { keys }) }
  if (seal === undefined || indexKey === undefined) return base
  // Encrypted anew, it would have other bytes than the proof says.
  const name = `index-key:${schemaId}`
  const known = journal.events.latest(name, 'finished')?.detail as Manifest['schema'] | undefined
  const key = known ?? (await writeIndexKey(folder, indexKey.secret, seal))
  if (known === undefined) journal.events.append('finished', name, { ...key })
  return { ...base, index: { fingerprint: indexKey.fingerprint, key } }
}

function notWhatWasRead(folder: string, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `The snapshot ${folder} is not what was read: ${problems.slice(0, 5).join('; ')}.`,
    safe: 'Earlier snapshots are as they were; the tenant was only read.',
    next: 'Look at that disk, then make a full backup: the same command without --since. What was written is removed.',
    exit: EXIT.differences,
  })
}
