/**
 * The identity that encrypted snapshots are read with.
 * Guarantees: it comes from a file, never from an argument; no key is in a message.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { keysIn, type Opener, openWith } from '../snapshot/seal.ts'
import { type Args, type Flag, textOf } from './command.ts'
import { readText } from './open.ts'

export const IDENTITY: Flag = {
  type: 'string',
  describe:
    'file with the age identity that encrypted snapshots are read with (ENGAGE_MIGRATE_IDENTITY_FILE)',
}

/**
 * @param args may hold `identity`, the path of a file of age secret keys, one a line
 * @returns undefined where no file is named
 * @throws OperatorError (exit 2) where the file can't be read, holds no key, or something that is none
 */
export function openerOf(args: Args, env: Readonly<Record<string, string | undefined>>): Opener | undefined {
  const file = textOf(args, 'identity') ?? env['ENGAGE_MIGRATE_IDENTITY_FILE']?.trim()
  if (file === undefined || file === '') return undefined
  const keys = keysIn(readText(file))
  if (keys.length > 0) return openWith(keys)
  throw new OperatorError({
    what: `${file} holds no age identity.`,
    safe: 'Nothing was changed.',
    next: 'Name a file with one, a line that begins with AGE-SECRET-KEY-: --identity FILE (ENGAGE_MIGRATE_IDENTITY_FILE).',
    exit: EXIT.usage,
  })
}
