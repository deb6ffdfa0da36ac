/**
 * Looks at contacts outside the list: do they have history that an export would miss?
 * Guarantees: GETs only; each contact outside is as likely to be drawn as any other, and counts once; the same seed draws the
 * same contacts of the same ones; memory
 * is that of the sample, however many there are.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EngageReader } from '../engage/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type ContactList, openTemporaryContacts } from '../journal/contacts.ts'
import { type ContactSource, isNotOffered, loadContacts, sourceText } from '../transfer/contact-source.ts'
import { readContact } from '../transfer/export.ts'
import type { Progress } from '../transfer/progress.ts'
import { inOrder } from '../transfer/pump.ts'
import { boundOf, type CoverageSample, EXAMPLES } from './coverage-sample.ts'

export interface CoverageRequest {
  /** How many contacts are read at most; at least 1. */
  readonly size: number
  /** What names contacts that the list may lack. */
  readonly source: ContactSource
}

/** Contacts that may be outside the list. */
export interface Candidates extends Disposable {
  readonly request: CoverageRequest
  readonly contacts: ContactList
  /** Lines of a file that named none. */
  readonly unreadable: number
}

export interface OutsideTools {
  readonly reader: EngageReader
  readonly clock: Clock
  readonly concurrency: number
  readonly stop?: AbortSignal
  readonly progress?: Progress
}

/** Ids that are looked up in one go. */
const BATCH = 5_000

/**
 * Reads which contacts there may be besides those of the list.
 * @throws OperatorError (exit 2) where a file can't be read, or the tenant does not name contacts
 */
export async function openCandidates(
  request: CoverageRequest,
  reader: Pick<EngageReader, 'contactChanges'>,
): Promise<Candidates> {
  const contacts = openTemporaryContacts()
  try {
    const { unreadable } = await loadContacts(request.source, contacts, reader)
    return { request, contacts, unreadable, [Symbol.dispose]: () => contacts[Symbol.dispose]() }
  } catch (error) {
    contacts[Symbol.dispose]()
    if (error instanceof OperatorError || isNotOffered(error)) throw noCandidates(request.source, error)
    throw error
  }
}

/**
 * Reads a sample of the candidates that the list lacks.
 * @param list the contacts that an export would read
 * @param seed the same one draws the same contacts
 * @throws EngageError where a contact can't be read
 */
export async function sampleOutside(
  { request, contacts, unreadable }: Candidates,
  { list, schemaId, seed }: { readonly list: ContactList; readonly schemaId: string; readonly seed: string },
  tools: OutsideTools,
): Promise<CoverageSample> {
  const { outside, drawn } = draw(contacts, list, { size: request.size, seed }, tools)
  const found = { sampled: 0, gone: 0, withInteractions: 0, interactions: 0 }
  const examples: string[] = []
  const { reader, clock, concurrency, stop } = tools
  const reads = inOrder(until(stop, drawn), (id) => readContact(reader, clock, id, schemaId), {
    concurrency,
    window: concurrency * 4,
  })
  for await (const { contactId, state, interactions } of reads) {
    found.sampled += 1
    if (state === 'gone') found.gone += 1
    if (interactions.length > 0) {
      found.withInteractions += 1
      found.interactions += interactions.length
      if (examples.length < EXAMPLES) examples.push(contactId)
    }
    const { sampled: done } = found
    tools.progress?.({ phase: 'contacts outside the list read', done, total: drawn.length, doneHere: done })
  }
  stop?.throwIfAborted()
  const counts = { source: sourceText(request.source), unreadable, outside, ...found }
  return { ...counts, examples, upperBound: boundOf(counts) }
}

interface Lot {
  readonly id: string
  readonly lot: string
}

/** Of each contact a lot of its own, which nobody has chosen: those with the lowest ones are a random sample. */
function draw(
  candidates: ContactList,
  list: ContactList,
  { size, seed }: { readonly size: number; readonly seed: string },
  { stop }: OutsideTools,
): { readonly outside: number; readonly drawn: readonly string[] } {
  let outside = 0
  let lowest: readonly Lot[] = []
  for (let at = 0; at < candidates.count(); at += BATCH) {
    stop?.throwIfAborted()
    const lacking = candidates.slice(at, BATCH).filter((id) => !list.has(id))
    outside += lacking.length
    const lots = lacking.map((id): Lot => ({ id, lot: lotOf(seed, id) }))
    lowest = [...lowest, ...lots].sort((a, b) => (a.lot < b.lot ? -1 : 1)).slice(0, size)
  }
  return { outside, drawn: lowest.map(({ id }) => id) }
}

function* until(stop: AbortSignal | undefined, ids: readonly string[]): Generator<string> {
  for (const id of ids) {
    if (stop?.aborted) return
    yield id
  }
}

function lotOf(seed: string, id: string): string {
  return createHash('sha256').update(`${seed} ${id}`).digest('hex')
}

function noCandidates(source: ContactSource, cause: unknown): OperatorError {
  const what =
    source.kind === 'file'
      ? `the file of --coverage-contacts can't be used. ${cause instanceof Error ? cause.message : ''}`
      : cause instanceof OperatorError && cause.exit === EXIT.usage
        ? cause.message
        : 'the tenant does not say which contacts were created: "changes" is not activated for it.'
  return new OperatorError({
    what: `Contacts outside the list can't be sampled: ${what}`,
    safe: 'Nothing was changed.',
    next:
      source.kind === 'file'
        ? 'Give a file with the ids of contacts (--coverage-contacts FILE), and its column with --coverage-column where there are several.'
        : 'Name a file to sample from: --coverage-contacts FILE; or an earlier --coverage-since; or leave out --coverage-sample.',
    exit: EXIT.usage,
    cause,
  })
}
