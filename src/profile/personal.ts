/**
 * Personal data among the values of a property: e-mail addresses and phone numbers.
 * Guarantees: every value counts; none is kept; flat memory.
 *
 * An e-mail address, and a phone number that begins with a + or stands in a sentence, is one wherever it is. 0701234567 may be an
 * article as well, and 46701234567 an order: those are phone numbers where nearly all that are written like them in the property
 * are, and contacts do not have the same ones; or where the property's name says so.
 */
import { holdsEmail } from './email.ts'
import { type Dress, type Likenesses, phonesIn } from './phone.ts'
import type { PhonePlans } from './phone-plans.ts'
import type { PropertyProfile } from './profile.ts'

/** Of what is written alike: a few are mistyped, and of numbers for something else a third or so is valid by chance. */
const NEARLY_ALL = 0.8
/** From so many contacts on, it tells something whether they have values of their own. */
const ENOUGH = 100

const DRESSES: readonly Dress[] = ['spaced', 'trunk', 'code']

/** What one value holds, whatever others do. */
export interface Traces {
  readonly email: boolean
  /** True where there is a phone number; else what may be one. */
  readonly phone: true | Likenesses
}

/**
 * @param text a value: a text, or a number as its text
 * @param meant whether the property is one for phone numbers, by its name
 */
export function tracesIn(text: string, plans: PhonePlans, meant: boolean): Traces {
  return { email: holdsEmail(text), phone: phonesIn(text, plans, meant) }
}

export class PersonalData {
  #emails = 0
  #phones = 0
  readonly #alike = { spaced: 0, trunk: 0, code: 0 }
  readonly #valid = { spaced: 0, trunk: 0, code: 0 }

  add({ email, phone }: Traces): void {
    if (email) this.#emails += 1
    if (phone === true) {
      this.#phones += 1
      return
    }
    for (const dress of DRESSES) if (phone[dress] !== undefined) this.#alike[dress] += 1
    // A value counts once, whatever else it has.
    const valid = DRESSES.find((dress) => phone[dress])
    if (valid !== undefined) this.#valid[valid] += 1
  }

  /**
   * @param distinct how many different values there are
   * @param contacts how many have one of them
   * @returns the kinds that there are, with how many values hold each
   */
  found(distinct: number, contacts: number): PropertyProfile['personal'] {
    const shared = contacts >= ENOUGH && distinct * 2 < contacts
    const likely = DRESSES.filter((dress) => !shared && this.#valid[dress] >= this.#alike[dress] * NEARLY_ALL)
    const phones = likely.reduce((sum, dress) => sum + this.#valid[dress], this.#phones)
    return [
      { kind: 'e-mail address' as const, count: this.#emails },
      { kind: 'phone number' as const, count: phones },
    ].filter(({ count }) => count > 0)
  }
}

/** @returns whether a name, of which there are no others to compare it with, holds such a thing itself */
export function isPersonal(name: string, plans: PhonePlans): boolean {
  const { email, phone } = tracesIn(name, plans, false)
  return email || phone === true || DRESSES.some((dress) => phone[dress])
}
