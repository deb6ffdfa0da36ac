/**
 * Names for contacts and interactions that tell nothing of them: keyed digests.
 * Guarantees: the same contact, or interaction with the same content, has the same name under the same key, and without
 * the key nobody can tell whose it is, not by trying either; 128 bits, so two never share one by chance.
 */
import { createHash, createHmac } from 'node:crypto'
import { EXIT, OperatorError } from '../errors.ts'
import { type Json, stringifyJson } from '../json.ts'
import type { Interaction } from '../model.ts'

/** What contacts and interactions are called where chains are compared and sorted. */
export interface Names {
  contact(id: string): string
  interaction(record: Interaction): string
}

/** In plain snapshots everything is called by its id. */
export const BY_ID: Names = { contact: (id) => id, interaction: ({ id }) => id }

/** @returns what an interaction holds, as text: where it differs, the interaction is another one */
export function contentText({ createdDate, payload }: Interaction): string {
  return stringifyJson([createdDate, payload as Json])
}

export interface IndexKey {
  readonly names: Names
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
  return {
    secret,
    names: {
      contact: (id) => digest('contact:', id),
      // Whoever can't read the parent must see all the same when the content of an interaction is another one.
      interaction: (record) => digest('interaction:', `${record.id} ${contentText(record)}`),
    },
    fingerprint: digest('fingerprint', ''),
  }
}

/** @returns what a snapshot remembers a contact by that was removed from it: SHA-256 (hex) of the id */
export function forgottenDigestOf(contactId: string): string {
  return createHash('sha256').update(contactId).digest('hex')
}
