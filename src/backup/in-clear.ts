/**
 * Whether a backup may be written in the clear.
 * Guarantees: changes nothing, and asks nothing of the tenant; a schema whose backups are encrypted gets no plain one beside
 * them by oversight.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Place } from '../snapshot/place.ts'
import { latestBackup } from './latest.ts'

/**
 * @param home where the backups of the tenant are
 * @param schemaIds what is to be backed up unencrypted
 * @throws OperatorError (exit 4) where the latest backup of one of them is encrypted
 */
export async function assertNoneEncrypted(home: Place, schemaIds: readonly string[]): Promise<void> {
  for (const schemaId of schemaIds) {
    const latest = await latestBackup(home.at(schemaId))
    if (latest?.manifest.encryption === undefined) continue
    throw new OperatorError({
      what: `The latest backup of ${schemaId}, ${latest.stamp}, is encrypted, and this one would not be: no public key is given.`,
      safe: 'Nothing was read or written.',
      next: 'Give the public keys (--recipients-file FILE, --encrypt-to KEY). Where it is meant to be readable by whoever gets hold of it: --plain.',
      exit: EXIT.precondition,
    })
  }
}
