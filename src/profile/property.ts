/**
 * All that is learned of one property, value by value.
 * Guarantees: flat memory; whatever type a value has, it counts; where personal data is found, or what people write in their own
 * words, nothing of the values is told but counts, lengths and dates.
 */
import { isObject, type Json, stringifyJson } from '../json.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { cut, KEY_LENGTH, shownOf } from './key.ts'
import { OwnWords } from './own-words.ts'
import { PersonalData } from './personal.ts'
import { namesPhone } from './phone.ts'
import type { PhonePlans } from './phone-plans.ts'
import type { FrequentValue, PropertyProfile, Range } from './profile.ts'
import { Ranges } from './range.ts'
import { type Reader, type Reading, readValue } from './reading.ts'
import { ValueCounts } from './values.ts'
import { type Kind, worthOf } from './worth.ts'

const SHOWN = 5
const KNOWN = 1024

export interface PropertyPlace {
  readonly name: string
  /** As the schema that the data is in has it, and the new one; undefined where one has none of that name. */
  readonly before: Json | undefined
  readonly after: Json | undefined
}

export class PropertyValues {
  readonly #place: PropertyPlace
  readonly #displayName: string
  readonly #type: Json | undefined
  readonly #format: Json | undefined
  readonly #values: ValueCounts
  readonly #reader: Reader
  /** What the first different values are. */
  readonly #known = new Map<Json, Reading>()
  readonly #personal = new PersonalData()
  readonly #ownWords = new OwnWords()
  readonly #ranges = new Ranges()
  #filled = 0
  /** How many contacts have it. */
  #contacts = 0
  #lastContact = -1
  #texts = 0
  #instants = 0

  /** @param room how many different values are counted exactly */
  constructor(place: PropertyPlace, room: number, plans: PhonePlans) {
    const { name, after } = place
    const property = isObject(after) ? after : {}
    this.#place = place
    this.#displayName = typeof property['displayName'] === 'string' ? property['displayName'] : ''
    this.#type = property['type']
    this.#format = property['format']
    this.#values = new ValueCounts(room)
    this.#reader = {
      plans,
      phones: namesPhone(name) || namesPhone(this.#displayName),
      instants: this.#format === 'date-time',
    }
  }

  /**
   * @param value undefined where an interaction does not have the property
   * @param contact the contact's place; all of one contact's values come together
   */
  add(value: Json | undefined, contact: number): void {
    if (value === undefined || value === null) return
    if (contact !== this.#lastContact) this.#contacts += 1
    this.#lastContact = contact
    const reading = this.#read(value)
    this.#filled += 1
    this.#values.add(reading.key)
    this.#personal.add(reading.personal)
    this.#ranges.add(reading)
    if (reading.length !== undefined) this.#texts += 1
    if (reading.instant !== undefined) this.#instants += 1
    if (reading.wording !== undefined) this.#ownWords.add(reading.wording)
  }

  /** @param interactions how many there are in all */
  profile(interactions: number): PropertyProfile {
    const { name, before, after } = this.#place
    const filled = this.#filled
    const kind = this.#kind()
    const distinct = this.#values.distinct()
    const personal = this.#personal.found(distinct.count, this.#contacts)
    const freeText = kind !== 'instant' && this.#ownWords.found(distinct.count, filled - this.#texts)
    const range = this.#range(kind)
    const [most] = this.#values.mostFrequent(1)
    return {
      name,
      displayName: this.#displayName,
      type: this.#typeText(),
      segmentable: { before: isSegmentable(before), after: isSegmentable(after) },
      ...{ filled, distinct },
      range: personal.length > 0 && range?.of === 'numbers' ? null : range,
      frequent: personal.length > 0 || freeText ? [] : this.#frequent(distinct.count),
      frequentError: this.#values.error,
      ...{ personal, freeText },
      worth: worthOf({
        ...{ name, interactions, filled, distinct, personal, freeText, range, kind },
        most: most?.count ?? 0,
      }),
    }
  }

  /** Where few different ones come again and again, to remember what they are is faster than to read them. */
  #read(value: Exclude<Json, null>): Reading {
    if (!this.#values.areFew) return readValue(value, this.#reader)
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const reading = readValue(value, this.#reader)
    const short = typeof value === 'string' ? value.length <= KEY_LENGTH : typeof value !== 'object'
    if (short && this.#known.size < KNOWN) this.#known.set(value, reading)
    return reading
  }

  /** What the schema says; of texts, what they all are ("String (date is stored as a string)"). */
  #kind(): Kind {
    if (this.#type === 'integer' || this.#type === 'number' || this.#type === 'boolean') return this.#type
    const dated = this.#format === 'date-time' || this.#format === 'date'
    return this.#instants > 0 && (dated || this.#instants === this.#texts) ? 'instant' : 'text'
  }

  #range(kind: Kind): Range | null {
    if (kind === 'boolean') return null
    if (kind === 'text') return this.#ranges.of('lengths')
    return this.#ranges.of(kind === 'instant' ? 'instants' : 'numbers')
  }

  /** A value that is there once is frequent among a few only; and not one that many others may be as frequent as. */
  #frequent(distinct: number): readonly FrequentValue[] {
    const least = Math.max(distinct > SHOWN ? 2 : 1, this.#values.error + 1)
    return this.#values
      .mostFrequent(SHOWN)
      .filter(({ count }) => count >= least)
      .map(({ key, count }) => ({ value: shownOf(key), count }))
  }

  #typeText(): string {
    const type = typeof this.#type === 'string' ? this.#type : stringifyJson(this.#type ?? null)
    return cut(typeof this.#format === 'string' ? `${type} (${this.#format})` : type)
  }
}
