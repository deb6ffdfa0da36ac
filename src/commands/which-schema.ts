/**
 * Which schema a text on the command line means: one in a file, in the tenant, or in a snapshot.
 * Guarantees: by the way it is written alone; where a file or folder here is called like an id, neither is taken. Nothing is
 * asked of anybody.
 */
import { statSync } from 'node:fs'
import { EXIT, OperatorError } from '../errors.ts'
import { isWrittenAsSnapshot } from './which-snapshot.ts'

/** What a command's help says of such an argument. */
export const SCHEMA =
  'id of a schema in the tenant; or path of a JSON file with one ({id, displayName, jsonSchema}); or a snapshot, as `snapshots list` has it, or its folder'

/** What a command's help says below its flags. */
export const WRITTEN =
  'ID is a schema in the tenant, and live:ID too; what has a dot or a slash in it is a file (./NAME), or the folder of a ' +
  'snapshot. Where a file or folder here is called like an ID, say which is meant: live:ID or ./ID. Files and snapshots need ' +
  'no tenant.'

export type SchemaRef =
  | { readonly kind: 'live'; readonly id: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'snapshot'; readonly text: string }

const LIVE = 'live:'
/** All that an id is made of ("Creating a schema"). */
const ID = /^[A-Za-z0-9_-]+$/

/** @throws OperatorError (exit 2) where it could be two of these */
export function schemaRefOf(text: string): SchemaRef {
  if (text.startsWith(LIVE)) return { kind: 'live', id: text.slice(LIVE.length) }
  const here = whatIs(text)
  if (isWrittenAsSnapshot(text)) {
    if (here === 'file') throw twofold(text, `the file ./${text} and a snapshot`, `./${text} or its folder`)
    return { kind: 'snapshot', text }
  }
  if (ID.test(text)) {
    if (here !== undefined)
      throw twofold(text, `the ${here} ./${text} and a schema of the tenant`, `./${text} or ${LIVE}${text}`)
    return { kind: 'live', id: text }
  }
  return here === 'folder' ? { kind: 'snapshot', text } : { kind: 'file', file: text }
}

function whatIs(path: string): 'file' | 'folder' | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return undefined
    return found.isDirectory() ? 'folder' : 'file'
  } catch {
    // Not to be looked at; whoever opens it says why.
    return undefined
  }
}

function twofold(text: string, what: string, how: string): OperatorError {
  return new OperatorError({
    what: `${text} could mean two things: ${what}.`,
    safe: 'Nothing was changed.',
    next: `Say which is meant: ${how}.`,
    exit: EXIT.usage,
  })
}
