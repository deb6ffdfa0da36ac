/**
 * All that is learned of one property, value by value.
 * Guarantees: flat memory, but for the values of one contact; whatever type a value has, it counts; no value is told that holds
 * personal data, and none of a property that nobody should segment on: counts and lengths at most, and dates that are nobody's own.
 */
import { isObject, type Json, stringifyJson } from '../json.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { namesVersion } from './ip-address.ts'
import { cut, KEY_LENGTH, shownOf, wholeOf } from './key.ts'
import { OwnWords } from './own-words.ts'
import { type Found, PersonalData, tracesIn } from './personal.ts'
import { type Named, namedAs } from './personal-name.ts'
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
  readonly #named: Named | undefined
  /** What the first different values are. */
  readonly #known = new Map<Json, Reading>()
  readonly #personal = new PersonalData()
  readonly #ownWords = new OwnWords()
  readonly #ranges = new Ranges()
  #filled = 0
  /** How many contacts have it. */
  #contacts = 0
  #lastContact = -1
  /** The different values of the contact that is added to, and how many the contacts before had. */
  readonly #ofContact = new Set<string>()
  #owned = 0
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
      meant: {
        phones: namesPhone(name) || namesPhone(this.#displayName),
        versions: namesVersion(name) || namesVersion(this.#displayName),
      },
      instants: this.#format === 'date-time',
    }
    this.#named = namedAs(name, this.#displayName)
  }

  /**
   * @param value undefined where an interaction does not have the property
   * @param contact the contact's place; all of one contact's values come together
   */
  add(value: Json | undefined, contact: number): void {
    if (value === undefined || value === null) return
    if (contact !== this.#lastContact) {
      this.#contacts += 1
      this.#owned += this.#ofContact.size
      this.#ofContact.clear()
    }
    this.#lastContact = contact
    const reading = this.#read(value)
    this.#filled += 1
    this.#values.add(reading.key)
    this.#ofContact.add(reading.key)
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
    const [contacts, owned] = [this.#contacts, this.#owned + this.#ofContact.size]
    const found = this.#personal.found(
      { filled, distinct: distinct.count, contacts, owned },
      this.#namedOf(kind),
    )
    const personal = found.kinds
    const freeText = kind !== 'instant' && this.#ownWords.found(distinct.count, filled - this.#texts)
    const range = this.#range(kind)
    const [most] = this.#values.mostFrequent(1)
    const worth = worthOf({
      ...{ name, interactions, filled, distinct, contacts, owned, personal, freeText, range, kind },
      most: most?.count ?? 0,
    })
    const hidden = worth.verdict === 'never'
    return {
      name,
      displayName: this.#displayName,
      type: this.#typeText(),
      segmentable: { before: isSegmentable(before), after: isSegmentable(after) },
      ...{ filled, distinct },
      range: isTold(range, hidden, personal.length > 0) ? range : null,
      frequent: hidden ? [] : this.#frequent(distinct.count, found),
      frequentError: this.#values.error,
      ...{ personal, freeText, worth },
    }
  }

  /** Yes and no are nobody's name, nor is a number but where people have one. */
  #namedOf(kind: Kind): Named | undefined {
    const named = this.#named
    if (named === undefined || kind === 'boolean') return undefined
    return kind === 'text' || named.kind === 'date of birth' || named.kind === 'national id'
      ? named
      : undefined
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
  #frequent(distinct: number, found: Found): readonly FrequentValue[] {
    const least = Math.max(distinct > SHOWN ? 2 : 1, this.#values.error + 1)
    return this.#values
      .mostFrequent(found.kinds.length === 0 ? SHOWN : Number.POSITIVE_INFINITY)
      .values()
      .filter(({ key, count }) => count >= least && !this.#isHeld(key, found))
      .take(SHOWN)
      .map(({ key, count }) => ({ value: shownOf(key), count }))
      .toArray()
  }

  /** Of a value that is not known whole, nobody can say that it holds nothing. */
  #isHeld(key: string, found: Found): boolean {
    if (found.kinds.length === 0) return false
    const text = wholeOf(key)
    return text === undefined || found.holds(tracesIn(text, this.#reader.plans, this.#reader.meant))
  }

  #typeText(): string {
    const type = typeof this.#type === 'string' ? this.#type : stringifyJson(this.#type ?? null)
    return cut(typeof this.#format === 'string' ? `${type} (${this.#format})` : type)
  }
}

/** The ends of numbers and of instants are values themselves. */
function isTold(range: Range | null, hidden: boolean, personal: boolean): boolean {
  if (range === null || range.of === 'lengths') return true
  return !hidden && !(range.of === 'numbers' && personal)
}
