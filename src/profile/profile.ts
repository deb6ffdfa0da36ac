/**
 * What the data of a snapshot says: the values that a profile is made of.
 * Guarantees: every type here is a plain JSON value, so that a report can be written and read again; nothing of a payload is in
 * it but values that are cut where they are long; none that holds personal data, and none of a property that nobody should segment on.
 */
import type { JsonObject } from '../json.ts'
import type { PersonalKind } from './personal-kind.ts'

export interface Profile extends JsonObject {
  readonly interactions: number
  /** Contacts by what became of them: `withHistory + without + gone` are all. */
  readonly contacts: {
    readonly withHistory: number
    readonly without: number
    readonly gone: number
  }
  /** Instants, ISO 8601 in UTC, of the interactions that are in a month; null where none is. */
  readonly oldestCreated: string | null
  readonly newestCreated: string | null
  /** Every month (UTC) from the first to the last, those without any included, in order. */
  readonly months: readonly MonthCount[]
  /**
   * Interactions in no month: their createdDate is no date, or one that programs write which have none (before 1990, or more than
   * a year after the snapshot was read).
   */
  readonly undated: number
  /** What arrived of late; null where nothing is dated, or all of it in the future of the snapshot. */
  readonly recent: RecentRate | null
  /** Contacts with most interactions, most first; at most 10. */
  readonly busiest: ReadonlyArray<{ readonly contactId: string; readonly interactions: number }>
  readonly twins: Twins
  readonly refused: Refused
  /**
   * Names that payloads have and the new schema does not, most frequent first, cut where they are long; `before`: whether the schema
   * that they are in names it. At most 50: where there are more, the last one is `(other names)`, with all that they come to.
   */
  readonly unnamed: ReadonlyArray<{
    readonly name: string
    readonly count: number
    readonly before: boolean
  }>
  /** Of every property of the new schema, in its order. */
  readonly properties: readonly PropertyProfile[]
}

export interface MonthCount extends JsonObject {
  /** `2026-03` */
  readonly month: string
  readonly interactions: number
}

/** The 28 days up to the one on which the snapshot was read, or as many as there are since the first interaction. */
export interface RecentRate extends JsonObject {
  readonly days: number
  readonly interactions: number
  /** The day (UTC) with most of them: `2026-03-01`; null where there are none. */
  readonly busiestDay: { readonly day: string; readonly interactions: number } | null
  /** The day (UTC) of the newest one, within these days or before. */
  readonly newest: string
}

/** Interactions of one contact that are the same event, by the new schema's canonical form: legal, and kept as they are. */
export interface Twins extends JsonObject {
  /** How many there are beyond the first of each. */
  readonly surplus: number
  readonly contacts: number
  /** Ids of two that are twins; null where there are none. */
  readonly example: { readonly contactId: string; readonly ids: readonly string[] } | null
}

/** What the new schema's rules say to the payloads. */
export interface Refused extends JsonObject {
  /** Interactions that break at least one rule. */
  readonly interactions: number
  /**
   * Most frequent first; an interaction counts under each rule that it breaks. At most 20: where there are more, the last one is
   * `other rules`, with all that they come to.
   */
  readonly reasons: readonly RefusalReason[]
}

export interface RefusalReason extends JsonObject {
  /** As `createPayloadCheck` has it: `rating: must be integer`. */
  readonly reason: string
  readonly count: number
  /** The first of them, at most 3. */
  readonly examples: ReadonlyArray<{
    readonly id: string
    readonly contactId: string
    readonly createdDate: string
  }>
}

export interface PropertyProfile extends JsonObject {
  readonly name: string
  /** As the new schema has it; empty where it has none. */
  readonly displayName: string
  /** `string`, `integer`, …, with the format where there is one: `string (date-time)`. */
  readonly type: string
  /** In the schema that the data is in, and in the new one. */
  readonly segmentable: { readonly before: boolean; readonly after: boolean }
  /** Interactions that have it, with another value than null. */
  readonly filled: number
  readonly distinct: Distinct
  /** Null where there is nothing to tell, or where the values that it goes from and to are not to be shown. */
  readonly range: Range | null
  /**
   * Most frequent first, at most 5; none that holds personal data, and none of a property that nobody should segment on. One that is there once is named only where there
   * are no more than 5 different ones, and none that others may be as frequent as.
   */
  readonly frequent: readonly FrequentValue[]
  /** How far each count in `frequent` may lie below the truth; 0 where they are exact. */
  readonly frequentError: number
  /** Kinds of personal data that the values hold, by their form or by the property's name, with how many of them do. */
  readonly personal: ReadonlyArray<{
    readonly kind: PersonalKind
    readonly count: number
  }>
  /** Whether people write here in their own words. */
  readonly freeText: boolean
  /** Is it worth one of the segmentable places? */
  readonly worth: Worth
}

export interface Distinct extends JsonObject {
  readonly count: number
  /** Standard error in percent of the count; 0 where it is exact. */
  readonly errorPercent: number
}

/** Of numbers by value, of date-times by instant, of other texts by length in characters. */
export type Range =
  | { readonly of: 'numbers'; readonly least: string; readonly most: string }
  | { readonly of: 'instants'; readonly least: string; readonly most: string }
  | { readonly of: 'lengths'; readonly least: number; readonly most: number }

export interface FrequentValue extends JsonObject {
  /** As a person is shown it: cut where it is long. */
  readonly value: string
  readonly count: number
}

/** `good`: marketers can segment on it. `poor`: it would hardly tell contacts apart. `never`: nobody should. */
export interface Worth extends JsonObject {
  readonly verdict: 'good' | 'poor' | 'never'
  /** In a sentence: `3 different values, in 98 % of the interactions`. */
  readonly why: string
}
