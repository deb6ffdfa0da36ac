/**
 * The contact map of a run: contacts whose records go to another contact, since they were merged or came back under
 * another id.
 * Guarantees: every process of a run works with the very map that was given last, by its digest; a map takes effect
 * whole, in one durable step, and earlier ones are kept beside it.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ContactMap, contactMapText, NO_MAP } from '../contacts/map.ts'
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { writeWhole } from '../snapshot/durable.ts'
import { countOf } from '../words.ts'
import type { ReadContext } from './strategy.ts'

/** Name of the event that a map leaves. */
const MAP = 'contact-map'

/** @returns the map that was given last; an empty one where none was @throws OperatorError (exit 4) where it is damaged */
export function contactMapOf({ journal, folder }: Pick<ReadContext, 'journal' | 'folder'>): ContactMap {
  const given = journal.events.latest(MAP, 'finished')?.detail as JsonObject | undefined
  if (given === undefined) return NO_MAP
  const file = join(folder, String(given['file']))
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw damaged(file, `can't be read: ${messageOf(cause)}`, cause)
  }
  if (digestOf(text) !== given['digest']) throw damaged(file, 'is not the one that was given')
  const lines = text.trimEnd().split('\n').slice(1)
  return new Map(lines.map((line) => line.split(',') as [string, string]))
}

/** @returns what a run's map is called, for people; undefined where it has none */
export function contactMapName({ journal }: Pick<ReadContext, 'journal'>): string | undefined {
  const given = journal.events.latest(MAP, 'finished')?.detail as JsonObject | undefined
  return given && `the contact map ${given['file']} (${countOf(Number(given['contacts']), 'contact')})`
}

/** Keeps a map as the one to work with from now on. */
export async function keepContactMap(
  { journal, folder }: Pick<ReadContext, 'journal' | 'folder'>,
  map: ContactMap,
): Promise<void> {
  const text = contactMapText(map)
  const digest = digestOf(text)
  const file = `contact-map-${digest.slice(0, 12)}.csv`
  await writeWhole(folder, file, Buffer.from(text))
  // Only now does it count: a file without this event is nobody's.
  journal.events.append('finished', MAP, { file, digest, contacts: map.size })
}

/** @returns whether two maps say the same */
export function sameMap(a: ContactMap, b: ContactMap): boolean {
  return a.size === b.size && [...a].every(([from, to]) => b.get(from) === to)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function damaged(file: string, what: string, cause?: unknown): OperatorError {
  return new OperatorError({
    what: `The contact map ${file} ${what}.`,
    safe: 'Nothing was changed.',
    next: 'Put it back as it was, from a copy of the run folder.',
    exit: EXIT.precondition,
    cause,
  })
}
