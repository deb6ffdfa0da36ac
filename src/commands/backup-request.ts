/**
 * What a backup is asked for on the command line.
 * Guarantees: everything that can be wrong with it is told before anything is begun; keys come from files, and are in no
 * message.
 */
import type { readConfig } from '../config.ts'
import { readContactFile } from '../contacts/file.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type IndexKey, indexKeyOf } from '../snapshot/digests.ts'
import { keysIn, type Seal, sealFor } from '../snapshot/seal.ts'
import { type Args, amountOf, type Flag, listOf, textOf } from './command.ts'
import { CONTACTS } from './contacts.ts'
import { readText } from './open.ts'

export const BACKUP_FLAGS = {
  all: { type: 'boolean', describe: 'every schema of the tenant' },
  except: { type: 'string', array: true, describe: 'with --all: ids of schemas to leave out on purpose' },
  ...CONTACTS,
  to: {
    type: 'string',
    describe: 'where snapshots are kept: a folder, or s3://bucket/prefix [the data folder]',
  },
  since: {
    type: 'string',
    choices: ['latest'],
    describe: 'write only what is new or gone since the latest snapshot; all contacts are read all the same',
  },
  'full-every': {
    type: 'number',
    default: 30,
    describe: 'with --since: a full one again when a chain has so many snapshots',
  },
  hot: {
    type: 'string',
    describe: 'with --since: file of the contacts to read again; the others are taken as they were (partial)',
  },
  'may-shrink': {
    type: 'number',
    default: 10,
    describe: 'percent of contacts that the list may lack against the latest backup; more ends with 5',
  },
  'second-look': {
    type: 'number',
    default: 100,
    describe: 'contacts, of those read first, that are looked at again at the end',
  },
  'encrypt-to': { type: 'string', array: true, describe: 'age public key (age1…) to encrypt for' },
  'recipients-file': { type: 'string', describe: 'file of age public keys, one a line' },
  plain: {
    type: 'boolean',
    describe: 'write unencrypted where the latest backup is encrypted: refused without this',
  },
  'index-key-file': {
    type: 'string',
    describe: 'file with 32 random characters or more: increments of encrypted snapshots are made by it',
  },
  'max-duration': {
    type: 'string',
    describe: 'stop clean after that time, such as 90m; the next run goes on',
  },
  jitter: { type: 'string', describe: 'begin after a random wait of up to that time, such as 10m' },
  'ping-url': {
    type: 'string',
    describe: 'cron monitor to tell of start, success and failure (ENGAGE_MIGRATE_PING_URL)',
  },
  'metrics-file': { type: 'string', describe: 'file for a node exporter (….prom) to write figures to' },
} as const satisfies { readonly [name: string]: Flag }

/** How snapshots are written. */
export interface Wishes {
  readonly sinceLatest: boolean
  readonly longestChain: number
  readonly hotFile: string | undefined
  readonly secondLook: number
  /** Percent. */
  readonly mayShrink: number
  readonly seal: Seal | undefined
  readonly recipients: readonly string[]
  /** Whether it may be unencrypted where the backups before are not. */
  readonly plain: boolean
  readonly indexKey: IndexKey | undefined
}

/** @throws OperatorError (exit 2) where flags don't go together, or a file can't be used */
export function wishesOf(args: Args, env: Parameters<typeof readConfig>[1]): Wishes {
  const sinceLatest = textOf(args, 'since') === 'latest'
  const hotFile = textOf(args, 'hot')
  if (hotFile !== undefined && !sinceLatest) throw wrong('--hot goes with --since latest only.')
  const recipients = recipientsOf(args)
  const keyFile = textOf(args, 'index-key-file') ?? env['ENGAGE_MIGRATE_INDEX_KEY_FILE']?.trim()
  const encrypted = recipients.length > 0
  const plain = args['plain'] === true
  if (plain && encrypted) throw wrong('--plain does not go with public keys to encrypt for.')
  if (encrypted && sinceLatest && (keyFile ?? '') === '') {
    throw wrong(
      '--since latest of encrypted snapshots takes an index key, since this machine cannot read them: --index-key-file FILE (made by: openssl rand -hex 32).',
    )
  }
  return {
    ...{ sinceLatest, hotFile, recipients, plain },
    longestChain: amountOf(args, 'full-every', 1),
    secondLook: amountOf(args, 'second-look'),
    mayShrink: amountOf(args, 'may-shrink'),
    seal: encrypted ? sealFor(recipients) : undefined,
    indexKey:
      encrypted && keyFile !== undefined && keyFile !== '' ? indexKeyOf(readText(keyFile)) : undefined,
  }
}

/** @returns the age public keys to encrypt for @throws OperatorError (exit 2) where a file of them holds none */
export function recipientsOf(args: Args): readonly string[] {
  const file = textOf(args, 'recipients-file')
  const listed = file === undefined ? [] : keysIn(readText(file))
  if (file !== undefined && listed.length === 0) throw wrong(`${file} holds no age public key (age1…).`)
  return [...listOf(args, 'encrypt-to'), ...listed]
}

/** @returns the ids in a file of contacts @throws OperatorError (exit 2) where it names none */
export async function contactsInFile(file: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const line of readContactFile(file)) if ('id' in line) ids.add(line.id)
  if (ids.size === 0) throw wrong(`${file} holds no contact id (a GUID).`)
  return ids
}

/** @returns the schemas that are named; undefined where all are meant @throws OperatorError (exit 2) */
export function schemasAsked(args: Args): readonly string[] | undefined {
  const named = [...new Set(listOf(args, 'schemaIds'))]
  const all = args['all'] === true
  if (all === named.length > 0)
    throw wrong('Say what to back up: either the ids of schemas, or --all for every schema of the tenant.')
  return all ? undefined : named
}

/** @returns the schemas that `--all` is to leave out @throws OperatorError (exit 2) where it is not all that are meant */
export function schemasExcepted(args: Args): ReadonlySet<string> {
  const except = new Set(listOf(args, 'except'))
  if (except.size > 0 && args['all'] !== true) throw wrong('--except goes with --all only.')
  return except
}

function wrong(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'engage-migrate backup --help',
    exit: EXIT.usage,
  })
}
