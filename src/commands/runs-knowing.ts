/**
 * Which runs have contacts in files of their own.
 * Guarantees: changes nothing; all that a run keeps beside its snapshots is looked through, its journal too; what can't be
 * read is taken to hold them; memory doesn't grow with the files.
 */
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { codeOf, OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
/** Files in which a contact stands as its id. */
const TEXTS = /\.(ndjson|json|csv)$/
/** Characters of an id but one: so many at the end of a piece may be the beginning of one. */
const CUT = 35

/**
 * @param data folder of runs and snapshots
 * @param contacts lower-case GUIDs
 * @returns the ids of these runs, sorted
 */
export async function runsKnowing(
  data: string,
  contacts: ReadonlySet<string>,
  clock: Clock,
): Promise<readonly string[]> {
  const knowing: string[] = []
  for (const run of namesIn(join(data, 'runs'))) {
    if (await isKnownTo(join(data, 'runs', run), contacts, clock)) knowing.push(run)
  }
  return knowing
}

async function isKnownTo(folder: string, contacts: ReadonlySet<string>, clock: Clock): Promise<boolean> {
  const names = namesIn(folder)
  if (names.includes('run.db') && isInJournal(join(folder, 'run.db'), contacts, clock)) return true
  for (const name of names.filter((each) => TEXTS.test(each)))
    if (await isInText(join(folder, name), contacts)) return true
  return false
}

function isInJournal(file: string, contacts: ReadonlySet<string>, clock: Clock): boolean {
  try {
    using journal = openJournal(file, clock, 'read')
    return [...contacts].some((id) => journal.contacts.has(id))
  } catch (error) {
    if (error instanceof OperatorError) return true
    throw error
  }
}

async function isInText(file: string, contacts: ReadonlySet<string>): Promise<boolean> {
  let rest = ''
  try {
    for await (const piece of createReadStream(file, 'latin1')) {
      const text = rest + String(piece)
      for (const [id] of text.matchAll(GUID)) if (contacts.has(id.toLowerCase())) return true
      rest = text.slice(-CUT)
    }
    return false
  } catch {
    return true
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw error
  }
}
