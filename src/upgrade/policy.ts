/**
 * The bounds that an organisation sets itself for deletions.
 * Guarantees: pure; what a policy does not bound is not forbidden; days and times of day are told by its own clock.
 */
import type { JsonObject } from '../json.ts'
import { countOf } from '../words.ts'

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

/** What holds for the tenants of one kind; what is absent is not bounded. */
export interface Rules extends JsonObject {
  /** How many different people sign for a deletion: 1 or 2. */
  readonly signatures?: number
  readonly noDeletionOn?: ReadonlyArray<(typeof DAYS)[number]>
  /** Two times of day, `08:00` and `15:00`: a deletion begins between them. */
  readonly deletionBetween?: readonly [string, string]
  /** Interactions that the new schema may refuse. */
  readonly mostRefused?: number
  /** Interactions that may be given up (`--accept-loss`). */
  readonly mostLost?: number
  /** Then `--accept-coverage` is not open to anyone. */
  readonly coverage?: 'sure'
  /** Then `--accept-no-preflight` is not, either. */
  readonly preflight?: 'proven'
  readonly finalPass?: 'full'
}

/** A policy as a plan keeps it: the rules for its tenant. */
export interface Policy extends JsonObject {
  readonly file: string
  /** SHA-256 (hex) of the file. */
  readonly digest: string
  /** IANA name: the clock that days and times of day are told by. */
  readonly timeZone: string
  readonly environment: 'production' | 'staging' | 'sandbox'
  readonly rules: Rules
}

/** @returns when a deletion may begin, in sentences; none where it may at any time */
export function policyTimes({ rules, timeZone }: Policy): readonly string[] {
  const { noDeletionOn = [], deletionBetween } = rules
  return [
    ...(noDeletionOn.length === 0
      ? []
      : [`No deletion on ${noDeletionOn.map(capitalized).join(', ')} (${timeZone}).`]),
    ...(deletionBetween === undefined
      ? []
      : [`A deletion must begin between ${deletionBetween.join(' and ')} (${timeZone}).`]),
  ]
}

/** @returns the rules in sentences, for whoever approves */
export function policyLines(policy: Policy): readonly string[] {
  const { rules, environment } = policy
  const { signatures, mostRefused, mostLost } = rules
  return [
    ...(signatures === 2 ? ['Two different people must sign for a deletion.'] : []),
    ...policyTimes(policy),
    ...(mostRefused === undefined
      ? []
      : [`The new schema must not refuse more than ${countOf(mostRefused, 'interaction')}.`]),
    ...(mostLost === undefined ? [] : [`No more than ${countOf(mostLost, 'interaction')} may be given up.`]),
    ...(rules.coverage === undefined ? [] : ['The contact list must be known to hold every contact.']),
    ...(rules.preflight === undefined ? [] : ['Engage must have accepted the new schema on trial.']),
    ...(rules.finalPass === undefined ? [] : ['The final pass must read every contact.']),
  ].map((line) => `${environment}: ${line}`)
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

/** What a deletion would rest on. */
export interface Subject {
  readonly refused: number
  readonly loss: number
  readonly sure: boolean
  readonly proven: boolean
  readonly fullPass: boolean
}

/** @returns why no signature can approve it, in sentences; none where it may be approved */
export function forbidden({ rules }: Policy, subject: Subject): readonly string[] {
  const { mostRefused = Number.POSITIVE_INFINITY, mostLost = Number.POSITIVE_INFINITY } = rules
  return [
    ...(subject.refused > mostRefused
      ? [
          `the new schema refuses ${countOf(subject.refused, 'interaction')}, and at most ${mostRefused} may be`,
        ]
      : []),
    ...(subject.loss > mostLost
      ? [
          `${countOf(subject.loss, 'interaction')} would not come back, and at most ${mostLost} may be given up`,
        ]
      : []),
    ...(rules.coverage === 'sure' && !subject.sure
      ? ['it is not known that the contact list holds every contact']
      : []),
    ...(rules.preflight === 'proven' && !subject.proven
      ? ['Engage has not accepted the new schema on trial']
      : []),
    ...(rules.finalPass === 'full' && !subject.fullPass
      ? ['the final pass does not read every contact']
      : []),
  ]
}

/**
 * @param at milliseconds since the epoch
 * @returns why no deletion may begin then, in words; undefined where it may
 */
export function whyNotNow({ rules, timeZone }: Policy, at: number): string | undefined {
  const { noDeletionOn = [], deletionBetween } = rules
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const day = part('weekday').toLowerCase()
  const time = `${part('hour')}:${part('minute')}`
  if (noDeletionOn.some((each) => each === day)) return `it is ${part('weekday')} there (${timeZone})`
  if (deletionBetween === undefined) return undefined
  const [from, to] = deletionBetween
  // A night goes over midnight.
  const within = from <= to ? time >= from && time < to : time >= from || time < to
  return within ? undefined : `it is ${time} there (${timeZone}), not between ${from} and ${to}`
}
