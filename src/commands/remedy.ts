/**
 * What helps where a snapshot is damaged.
 * Guarantees: pure; whoever has no copy is told the command that makes such a snapshot anew, which its pass tells.
 */
import { BACKUP, HISTORY, type Manifest, RESTORED } from '../snapshot/format.ts'

/**
 * @param manifest undefined where it can't be read
 * @returns what to do next, in a sentence
 */
export function remedyFor(manifest: Pick<Manifest, 'pass' | 'schemaId'> | undefined): string {
  return `Put the damaged files back from a copy, or ${anewBy(manifest)}`
}

function anewBy(manifest: Pick<Manifest, 'pass' | 'schemaId'> | undefined): string {
  if (manifest === undefined)
    return 'make it anew, as it was made: engage-migrate backup, snapshots create, or plan and upgrade'
  const { pass, schemaId } = manifest
  if (pass === BACKUP)
    return `make a new backup, a full one (without --since): engage-migrate backup ${schemaId} --contacts FILE`
  if (pass === HISTORY)
    return 'create it again from what the source system has kept: engage-migrate snapshots create --from FILE …'
  if (pass === RESTORED)
    return 'begin the restore anew, from the snapshot that this was taken out of: engage-migrate restore SNAPSHOT'
  return `export again: engage-migrate plan ${schemaId} …, then engage-migrate upgrade PLAN --dry-run`
}
