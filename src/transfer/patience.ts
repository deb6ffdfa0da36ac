/**
 * How long an import waits for a clear answer, and what it gives up after that: one interaction, or the whole.
 * Guarantees: pure; an interaction is given up only where the server has accepted others meanwhile, or has been asked
 * again by a later process as well: a server that answers nobody clearly costs none of them.
 */
import { EXIT, OperatorError } from '../errors.ts'

/** The vendor's retry policy, as multiples of its first wait: 10 s, 30 s, 60 s, 300 s. */
const WAITS: readonly number[] = [1, 3, 6, 30]

/** So many others accepted meanwhile say that the server works, and that it is the one interaction that it stumbles over. */
const OTHERS_ACCEPTED = 10

/** Attempts to get further with one contact, one after the other, that decided nothing. */
export interface Attempts {
  /** 0 where it got further since the one before. */
  readonly fruitless: number
  /** Its items that are not decided. */
  readonly undecided: number
  /** Interactions that the whole import had confirmed when it got further with this contact for the last time. */
  readonly confirmedThen: number
}

export const NO_ATTEMPT: Attempts = {
  fruitless: 0,
  undecided: Number.POSITIVE_INFINITY,
  confirmedThen: 0,
}

/**
 * Only attempts that got nothing decided add up: else a contact of many would give up on a server that works.
 * @param confirmed interactions that the whole import has confirmed so far
 */
export function countAttempt(before: Attempts, undecided: number, confirmed: number): Attempts {
  if (undecided < before.undecided) return { fruitless: 0, undecided, confirmedThen: confirmed }
  return { ...before, fruitless: before.fruitless + 1, undecided }
}

/** @returns whether all waits have been waited in vain */
export function isOver({ fruitless }: Attempts): boolean {
  return fruitless >= WAITS.length
}

/** @returns how long to wait before asking, as a multiple of the settle time */
export function timesToWait({ fruitless }: Attempts): number {
  return WAITS[fruitless] ?? 1
}

/**
 * @param posts how many POSTs of it got no clear answer, those of earlier processes among them
 * @param confirmed interactions that the whole import has confirmed so far
 * @returns whether an interaction in doubt is to be refused unless it turns out to be there
 */
export function isGivenUp(attempts: Attempts, posts: number, confirmed: number): boolean {
  if (!isOver(attempts)) return false
  return confirmed - attempts.confirmedThen >= OTHERS_ACCEPTED || posts >= 2 * WAITS.length
}

/** @param said the last answer, in the server's words */
export function givenUpReason(posts: number, said: string): string {
  return `Engage gave no clear answer to ${posts} attempts to post it, and does not show it; the last answer: ${said}`
}

/** What ends the run where nothing of a contact is given up. */
export function noClearAnswer(contactId: string): OperatorError {
  return new OperatorError({
    what: `Engage gave no clear answer to ${WAITS.length} attempts to post interactions of contact ${contactId}.`,
    safe: 'Everything that was sent is in the journal; what is in doubt will be asked about, not sent again.',
    next: 'Look whether Engage is in trouble, then run the same command again.',
    exit: EXIT.failed,
  })
}

/** What ends the run where no connection came about each time. */
export function notReached(contactId: string): OperatorError {
  return new OperatorError({
    what: `Engage could not be reached in ${WAITS.length} attempts to post interactions of contact ${contactId}.`,
    safe: 'None of these attempts left this machine; everything that was sent before is in the journal.',
    next: 'Look whether Engage can be reached from here, then run the same command again.',
    exit: EXIT.failed,
  })
}
