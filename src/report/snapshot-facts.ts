/**
 * What a snapshot says of itself → lines of text.
 * Guarantees: pure; nothing of a person is in it but counts; what is not whole, or not all, says so.
 */
import { type ContactCoverage, filesOf, type Manifest } from '../snapshot/format.ts'
import { addUp } from '../snapshot/tally.ts'
import { sizeText } from '../upgrade/space.ts'
import { countOf } from '../words.ts'

/**
 * @param manifest of the snapshot
 * @param chain names of the snapshots that it is read from, a full one first, itself last
 */
export function factLines(manifest: Manifest, chain: readonly string[]): readonly string[] {
  const { schemaId, tenant, pass, tool, compression } = manifest
  const parts = addUp(manifest.parts)
  return [
    `${schemaId} in ${tenant}, ${pass}, made ${manifest.createdAt} by ${tool.name} ${tool.version}`,
    ...(manifest.complete === false
      ? [`  INCOMPLETE: ${countOf(manifest.contacts.failed, 'contact')} could not be read`]
      : []),
    `  asked: ${manifest.startedAt} to ${manifest.finishedAt}`,
    ...(parts.firstReadAt === undefined
      ? []
      : [`  contacts read: ${parts.firstReadAt} to ${parts.lastReadAt ?? ''}`]),
    ...secondLookLines(manifest),
    ...coverageLines(manifest.contacts),
    `  interactions: ${manifest.interactions.records}${spanOf(manifest)}`,
    ...chainLines(manifest, chain),
    `  encrypted: ${encryptionOf(manifest)}`,
    `  size: ${sizeText(bytesOf(manifest))} in ${countOf(manifest.parts.length, 'part')}, ${compression}`,
    ...forgottenLines(manifest),
    `  digest: ${manifest.digest}`,
  ]
}

/** @returns bytes of the snapshot's own files, its manifest not counted */
export function bytesOf({ schema, parts, encryption }: Manifest): number {
  const files = [schema, ...parts.flatMap(filesOf), ...(encryption?.index ? [encryption.index.key] : [])]
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

function coverageLines(contacts: ContactCoverage): readonly string[] {
  const { source, listed, read, empty, gone, failed, carried, counted } = contacts
  return [
    `  contacts: ${listed} in ${source}; ${read} read, ${empty} of them without interactions; ${gone} gone, ${failed} failed`,
    ...(counted === undefined ? [] : [`  the tenant's own count: ${counted}`]),
    ...(carried === undefined
      ? []
      : [`  PARTIAL: ${countOf(carried, 'contact')} not asked for, as in the one before`]),
  ]
}

function spanOf({ interactions: { oldestCreated, newestCreated } }: Manifest): string {
  return oldestCreated === undefined ? '' : `, created ${oldestCreated} to ${newestCreated ?? ''}`
}

function chainLines({ parent, parts }: Manifest, chain: readonly string[]): readonly string[] {
  if (parent === undefined) return ['  full: it follows no other']
  const { records, removed = 0, contactCount } = addUp(parts)
  return [
    `  follows ${parent.snapshot}: ${countOf(contactCount, 'contact')} changed, ${countOf(records, 'interaction')} new, ${removed} gone by themselves`,
    `  read from ${countOf(chain.length, 'snapshot')}: ${chain.join(' → ')}`,
  ]
}

function encryptionOf({ encryption }: Manifest): string {
  if (encryption === undefined) return 'no'
  const { method, recipients, index } = encryption
  const key = index === undefined ? '' : `, with an index (key ${index.fingerprint.slice(0, 8)})`
  return `with ${method}, for ${countOf(recipients, 'recipient')}${key}`
}

function secondLookLines({ secondLook }: Manifest): readonly string[] {
  if (secondLook === undefined) return []
  const { contacts, arrived, vanished } = secondLook
  return [
    `  second look at ${countOf(contacts, 'contact')}: ${countOf(arrived, 'interaction')} had arrived meanwhile (not in it), ${vanished} gone (in it)`,
  ]
}

function forgottenLines({ forgotten = [] }: Manifest): readonly string[] {
  return forgotten.map(({ at, contact }) => `  forgotten ${at}: a contact whose digest is ${contact}`)
}
