/**
 * A deletion that two different people sign for.
 * Guarantees: the first signature lets nobody pass, and is not lost when the run is asked where it stands; it counts only
 * together with a second one, of somebody else, on the very same digests.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JournalEvent } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import type { Plan } from './plan.ts'
import type { GateRequest } from './strategy.ts'

/** Name of the note that the first of two signatures leaves. */
export const FIRST_SIGNATURE = 'first-signature'

/** The gate that may take two. */
const DELETION = 'delete-schema'

/** @returns how many different people a gate takes, by the plan and the organisation's policy */
export function signaturesNeeded(
  gate: string,
  { requireTwo, policy }: Pick<Plan, 'requireTwo' | 'policy'>,
): 1 | 2 {
  if (gate !== DELETION) return 1
  return requireTwo === true || policy?.rules.signatures === 2 ? 2 : 1
}

/**
 * @param on what a second signature would be on
 * @returns the first signature, where it counts yet: it was on the same, and nothing was signed or withdrawn since
 */
export function firstSignature({ events }: Pick<Journal, 'events'>, on: unknown): JournalEvent | undefined {
  const first = lastFirst(events)
  if (first === undefined || !isDeepStrictEqual((first.detail as JsonObject)['on'], on)) return undefined
  const since = events.all().slice(events.all().indexOf(first))
  return since.some(({ name, kind }) => name === DELETION && kind === 'withdrawn') ? undefined : first
}

/** @returns who has signed first, in vain: what that was on has changed, or was withdrawn; undefined where nobody has */
export function voidedFirst(journal: Pick<Journal, 'events'>, on: unknown): string | undefined {
  const first = lastFirst(journal.events)
  if (first === undefined || firstSignature(journal, on) !== undefined) return undefined
  return String((first.detail as JsonObject)['by'])
}

/** Of those that no second one has followed. */
function lastFirst(events: Journal['events']): JournalEvent | undefined {
  const last = events
    .all()
    .findLast(({ name, kind }) => name === FIRST_SIGNATURE || (name === DELETION && kind === 'signed'))
  return last?.name === FIRST_SIGNATURE ? last : undefined
}

/** What a gate says that takes two, before and after the first has signed. */
export const TWO_NEEDED = 'Two different people have to sign.'

/** @returns the same request where somebody has signed first since it was made: it says who */
export function withFirst(journal: Pick<Journal, 'events'>, request: GateRequest): GateRequest {
  const first = firstSignature(journal, request.on)
  if (first === undefined) return request
  const asks = request.asks.map((line) => (line === TWO_NEEDED ? firstLine(first) : line))
  return { ...request, asks }
}

/** @returns who has signed first, and that it takes another one, in words */
export function firstLine({ at, detail }: JournalEvent): string {
  return `Signed by ${(detail as JsonObject)['by']} on ${new Date(at).toISOString()}; somebody else has to sign as well.`
}

/** @returns whether two names are most likely of one person: however they are written, and whatever is in them that nobody sees */
export function samePerson(a: string, b: string): boolean {
  return plain(a) === plain(b)
}

function plain(name: string): string {
  const visible = name.normalize('NFKC').replace(/[\p{Cc}\p{Cf}]/gu, '')
  return visible.trim().replace(/\s+/g, ' ').toLocaleLowerCase('en')
}
