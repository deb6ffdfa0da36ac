/**
 * The contacts of a plan: read from where it names them, frozen into a list.
 * Guarantees: the list that a run works on is the one that the plan was made from (by SHA-256), each contact once;
 * a line that holds no contact id is reported, never guessed at.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { contactsChanged } from '../contacts/changes.ts'
import { readContactFile } from '../contacts/file.ts'
import { EngageError } from '../engage/errors.ts'
import type { EngageReader } from '../engage/types.ts'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import type { ContactList } from '../journal/contacts.ts'

/** Where the contact ids come from. */
export type ContactSource =
  | {
      readonly kind: 'file'
      /** Absolute path. */
      readonly file: string
      readonly sha256: string
      readonly column: string | null
      /** When the list was made, ISO 8601: contacts created since are asked for. */
      readonly asOf: string
    }
  | { readonly kind: 'changes'; readonly since: string; readonly asOf: string }

/** @returns where the contacts come from, in words */
export function sourceText(source: ContactSource): string {
  return source.kind === 'file' ? source.file : `contacts/changes since ${source.since}`
}

export interface LoadedContacts {
  readonly listed: number
  readonly duplicates: number
  readonly unreadable: number
  readonly unreadableExamples: ReadonlyArray<{ readonly line: number; readonly problem: string }>
}

/** Ids that are added to the list in one commit. */
const BATCH = 5_000
const EXAMPLES = 20

/** @returns SHA-256 (hex) of a file @throws OperatorError (exit 2) where it can't be read */
export async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(file), hash)
  } catch (error) {
    throw new OperatorError({
      what: `The contacts file ${file} can't be read: ${codeOf(error) ?? messageOf(error)}.`,
      safe: 'Nothing was changed.',
      next: 'Give the path of a file with contact ids: --contacts FILE.',
      exit: EXIT.usage,
      cause: error,
    })
  }
  return hash.digest('hex')
}

/**
 * Fills a list from a source.
 * @throws OperatorError (exit 2) where there is not one contact id
 */
export async function loadContacts(
  source: ContactSource,
  list: ContactList,
  reader: Pick<EngageReader, 'contactChanges'>,
): Promise<LoadedContacts> {
  const examples: { line: number; problem: string }[] = []
  let unreadable = 0
  let ids = 0
  const batch: string[] = []
  const add = (id: string): void => {
    ids += 1
    if (batch.push(id) >= BATCH) list.add(batch.splice(0))
  }
  if (source.kind === 'file') {
    for await (const line of readContactFile(
      source.file,
      source.column === null ? {} : { column: source.column },
    )) {
      if ('id' in line) {
        add(line.id)
        continue
      }
      unreadable += 1
      if (examples.length < EXAMPLES)
        examples.push({
          line: line.line,
          problem: line.text.trim() === '' ? line.problem : `${line.problem}: ${line.text}`,
        })
    }
  } else {
    const window = { from: Date.parse(source.since), to: Date.parse(source.asOf) }
    for await (const id of contactsChanged(reader, { changeType: 'Created', ...window })) add(id)
  }
  list.add(batch)
  if (list.count() === 0) {
    throw new OperatorError({
      what:
        source.kind === 'file'
          ? `The contacts file ${source.file} holds no contact id (a GUID)${firstProblem(examples)}.`
          : `The tenant names no contact created since ${source.since}.`,
      safe: 'Nothing was changed.',
      next: 'Give a list of the ids of all contacts; name its column with --column where there are several.',
      exit: EXIT.usage,
    })
  }
  return { listed: list.count(), duplicates: ids - list.count(), unreadable, unreadableExamples: examples }
}

function firstProblem(examples: ReadonlyArray<{ line: number; problem: string }>): string {
  const [first] = examples
  return first === undefined ? '' : `; line ${first.line}: ${first.problem}`
}

/** Clocks differ a little: the window begins that much earlier, in milliseconds. */
const SLACK_BEFORE = 10 * 60_000
/** And the API may count in a time zone of its own, so the window ends a day later; a contact named twice is merged. */
const SLACK_AFTER = 24 * 3_600_000

/**
 * Adds the contacts that were created since the list was made.
 * @param since milliseconds since the epoch
 * @returns how many were new to the list; undefined where the tenant does not answer it (not activated)
 */
export async function addCreatedSince(
  since: number,
  list: ContactList,
  reader: Pick<EngageReader, 'contactChanges'>,
  now: number,
): Promise<number | undefined> {
  const before = list.count()
  const batch: string[] = []
  const span = { from: since - SLACK_BEFORE, to: now + SLACK_AFTER }
  try {
    for await (const id of contactsChanged(reader, { changeType: 'Created', ...span })) {
      if (batch.push(id) >= BATCH) list.add(batch.splice(0))
    }
  } catch (error) {
    // Over the cap is 400 too: `contactsChanged` halves the window then, and gives up with an OperatorError.
    if (!isNotOffered(error) && !(error instanceof OperatorError)) throw error
    return undefined
  }
  list.add(batch)
  return list.count() - before
}

/** @returns the tenant's own count of contacts; undefined where it refuses to say. */
export async function countContacts(
  reader: Pick<EngageReader, 'countContacts'>,
): Promise<number | undefined> {
  try {
    return await reader.countContacts()
  } catch (error) {
    if (isNotOffered(error)) return undefined
    throw error
  }
}

/**
 * The tenant, or this key, has no such endpoint. "Too many requests" does not say so: that is a failure that passes, and
 * must not be taken for an answer.
 */
export function isNotOffered(error: unknown): boolean {
  return (
    error instanceof EngageError && error.status !== undefined && [400, 403, 404, 405].includes(error.status)
  )
}
