/**
 * Names for contacts and interactions that tell nothing of them: keyed digests of their ids.
 * Guarantees: the same id has the same name under the same key, and without the key nobody can tell whose it is, not by
 * trying either; 128 bits, so two ids never share one by chance.
 */
import { createHmac } from 'node:crypto'
import { EXIT, OperatorError } from '../errors.ts'

/** @returns what a contact's or an interaction's id is called where chains are compared and sorted */
export type NameOf = (id: string) => string

/** In plain snapshots everything is called by its id. */
export const byId: NameOf = (id) => id

export interface IndexKey {
  readonly nameOf: NameOf
  /** Tells one key from another; nothing follows from it. */
  readonly fingerprint: string
  /** What it is made of, to be kept for whoever may read the snapshot. */
  readonly secret: string
}

/**
 * @param text what the key file holds: 32 random characters at least
 * @throws OperatorError (exit 2) where it is shorter
 */
export function indexKeyOf(text: string): IndexKey {
  const secret = text.trim()
  if (secret.length < 32) {
    throw new OperatorError({
      what: 'The index key is too short: it takes 32 random characters at least.',
      safe: 'Nothing was changed.',
      next: 'Make one, and keep it: openssl rand -hex 32 > index.key',
      exit: EXIT.usage,
    })
  }
  const digest = (use: string, id: string): string =>
    createHmac('sha256', secret).update(use).update(id).digest().subarray(0, 16).toString('hex')
  return { secret, nameOf: (id) => digest('id:', id), fingerprint: digest('fingerprint', '') }
}
