/**
 * What a plan says of the history that the source system has kept.
 * Guarantees: what can't be imported from is refused here, before there is a run: it is proven in full; nothing is read from
 * the tenant.
 */
import { parseGuid } from '../contacts/guid.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { ContactList } from '../journal/contacts.ts'
import { MERGED, RESTORED } from '../snapshot/format.ts'
import { openSnapshot, type Snapshot } from '../snapshot/reader.ts'
import type { HistoryMode, HistoryTerms } from './history-terms.ts'
import { problemsOf } from './source.ts'
import { volumeOf } from './space.ts'
import type { ReadContext, Source } from './strategy.ts'

export interface HistoryRequest {
  readonly source: Source
  readonly mode: HistoryMode
}

/** What it is planned for. */
export interface HistorySubject extends Pick<ReadContext, 'progress'> {
  readonly tenant: string
  readonly schemaId: string
  /** The contact list; the source's contacts are added to it. */
  readonly contacts: ContactList
}

/** @throws OperatorError (exit 4) where the snapshot is not fit for it */
export async function planHistory(
  { source, mode }: HistoryRequest,
  subject: HistorySubject,
): Promise<HistoryTerms> {
  const { place, opener } = source
  const snapshot = await openSnapshot(place, opener)
  const { manifest, manifestDigest } = snapshot
  const reason = unfitness(snapshot, subject)
  if (reason !== undefined) throw unfit(snapshot, reason)
  const problems = await problemsOf(subject, source, manifestDigest)
  if (problems.length > 0) throw unfit(snapshot, `it is damaged: ${problems.slice(0, 5).join('; ')}`)
  const { contacts, unlisted } = await addContacts(snapshot, subject.contacts)
  if (unlisted === contacts)
    throw unfit(snapshot, `none of its ${contacts} contacts is in the contact list: they may have other ids`)
  const { interactions } = manifest
  return {
    ...{ snapshot: snapshot.folder, manifestDigest, pass: manifest.pass, mode, contacts, unlisted },
    ...{ interactions: interactions.records, recordBytes: volumeOf(snapshot).recordBytes },
    encrypted: manifest.encryption !== undefined,
    oldestCreated: interactions.oldestCreated ?? null,
    newestCreated: interactions.newestCreated ?? null,
  }
}

/** @returns why a snapshot can't be the whole history of the source; undefined where nothing speaks against it */
function unfitness(
  { manifest }: Snapshot,
  { tenant, schemaId }: Pick<HistorySubject, 'tenant' | 'schemaId'>,
): string | undefined {
  const { contacts, interactions } = manifest
  if (manifest.schemaId !== schemaId) return `it is of schema ${manifest.schemaId}, not of ${schemaId}`
  if (manifest.tenant !== tenant)
    return `it is of ${manifest.tenant}, not of ${tenant} (snapshots create --tenant says whose history it is)`
  if (manifest.complete === false) return `it is incomplete: ${contacts.failed} contacts could not be read`
  if (contacts.carried !== undefined)
    return `it is partial: ${contacts.carried} contacts were not asked for when it was made`
  if (manifest.pass === RESTORED) return 'it is what a restore took out of another snapshot'
  if (manifest.pass === MERGED) return 'it is what an upgrade has merged of Engage and a source'
  if (interactions.records === 0) return 'it holds no interaction'
  return undefined
}

/** Ids that are added to the list in one commit. */
const BATCH = 5_000

/**
 * Adds the source's contacts to a list: it knows of contacts that a list may lack, whatever Engage holds of them.
 * @returns how many have anything in the source, and how many of them were new to the list
 */
export async function addContacts(
  snapshot: Snapshot,
  list: ContactList,
): Promise<{ readonly contacts: number; readonly unlisted: number }> {
  let contacts = 0
  let unlisted = 0
  const batch: string[] = []
  for await (const { contactId, interactions } of snapshot.contacts()) {
    if (interactions.length === 0) continue
    // The list keeps the digits of an id only: anything else would come out as another contact.
    if (parseGuid(contactId) !== contactId)
      throw unfit(snapshot, `contact ${contactId} is no contact id of Engage (a GUID)`)
    contacts += 1
    if (batch.push(contactId) >= BATCH) unlisted += list.add(batch.splice(0))
  }
  unlisted += list.add(batch)
  return { contacts, unlisted }
}

function unfit({ folder }: Pick<Snapshot, 'folder'>, reason: string): OperatorError {
  return new OperatorError({
    what: `The snapshot ${folder} can't be the history of an upgrade: ${reason}.`,
    safe: 'Nothing was changed, and no plan was written.',
    next: 'Make one of what the source system has kept: engage-migrate snapshots create --from FILE --schema FILE',
    exit: EXIT.precondition,
  })
}
